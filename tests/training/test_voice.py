"""What the single-line network learns from: labels that the sound keeps, batches by number, transposing by moving the picture."""

import numpy as np
import pytest
import torch

from tecla.music import Performance
from tecla.training.singing import CONTROL_RATE, loudness_curve, pitch_curve, random_line, random_notes
from tecla.training.voice import N_FRAMES, PITCHES, LineExamples, LineMix, line_loss, make_line_network, transposed
from tecla.transcription.monophonic.features import HOP_SAMPLES, MARGIN_SAMPLES, spectrogram

SMALL = LineMix(seed=3, pool=2, sung=2, piano=0, recorded=0)


@pytest.fixture(scope="module")
def examples() -> LineExamples:
    return LineExamples(SMALL, None, [])


def test_a_line_is_one_note_at_a_time() -> None:
    for seed in range(20):
        notes = random_notes(np.random.default_rng(seed), 4.0, 48, 60).notes
        assert (notes["onset_sec"][1:] >= notes["offset_sec"][:-1] - 1e-9).all()
        assert notes["pitch"].min() >= 48
        assert notes["pitch"].max() <= 60


def test_the_curve_stays_by_its_notes() -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        notes = random_notes(rng, 4.0, 48, 60)
        pitch, loud = pitch_curve(rng, notes, 4.0), loudness_curve(rng, notes, 4.0, "voice")
        for note in notes.notes:
            first, stop = (int(note[name] * CONTROL_RATE) for name in ("onset_sec", "offset_sec"))
            assert abs(np.median(pitch[first:stop]) - note["pitch"]) < 1.2
            assert loud[first : stop + 1].max() > 0.02


def test_the_sound_has_the_pitch_of_its_label() -> None:
    right = []
    for seed in range(8):
        line = random_line(np.random.default_rng(seed), 2.0)
        for note in line.notes.notes:
            middle = int((note["onset_sec"] + note["offset_sec"]) / 2 * 16000)
            wanted = line.pitch[middle * CONTROL_RATE // 16000]
            if note["offset_sec"] - note["onset_sec"] > 0.3 and 1024 <= middle < len(line.samples) - 1024:
                frame = line.samples[middle - 1024 : middle + 1024]
                correlation = np.fft.irfft(np.square(np.abs(np.fft.rfft(frame * np.hanning(2048), 8192))))
                period = 16000 / (440 * 2 ** ((wanted - 69) / 12))
                right.append(correlation[round(period) - 1 : round(period) + 2].max() / correlation[0] > 0.5)
    assert len(right) > 8
    assert np.mean(right) > 0.85


def test_a_batch_is_a_function_of_its_number(examples: LineExamples) -> None:
    again = LineExamples(SMALL, None, [])
    for number in (1, 3):
        first, second = examples[number], again[number]
        assert torch.equal(first.features, second.features)
        assert torch.equal(first.state, second.state)
    assert examples[0].features.shape == (2, 2, N_FRAMES, 336)
    assert not torch.equal(examples[0].features, examples[1].features)


def test_transposing_moves_picture_and_labels_together(examples: LineExamples) -> None:
    batch = examples[0]
    moved = transposed(batch, 5)
    sounding = (batch.state > 0) & (moved.surely > 0)
    assert (moved.state[sounding] - batch.state[sounding] == 5).all()
    assert torch.equal(moved.features[..., 20:], batch.features[..., :-20])
    back = transposed(moved, -5)
    assert torch.equal(back.state[sounding], batch.state[sounding])


def test_a_recording_counts_only_where_its_label_is_sure() -> None:
    clip = np.random.default_rng(0).normal(size=64000).astype(np.float32) * 0.1
    batch = LineExamples(LineMix(sung=1, piano=0, recorded=1), None, [(clip, Performance.from_arrays([1.0], [3.0], [60]))])[0]
    time_sec = np.arange(N_FRAMES) * HOP_SAMPLES / 16000
    assert PITCHES[int(batch.state[1][time_sec.searchsorted(2.0)]) - 1] == 48  # sung an octave below its label
    assert batch.surely[1][np.abs(time_sec - 1.0) < 0.1].sum() == 0
    assert batch.surely[1][time_sec.searchsorted(2.0)] == 1
    assert batch.exactly[1].sum() == 0


def test_gradients_reach_every_parameter(examples: LineExamples) -> None:
    torch.manual_seed(0)
    network = make_line_network()
    line_loss(network, examples[0])[0].backward()
    assert [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []


def test_the_picture_is_that_of_the_transcriber() -> None:
    samples = np.random.default_rng(0).normal(size=2 * MARGIN_SAMPLES + 10 * HOP_SAMPLES).astype(np.float32)
    assert spectrogram(samples).shape == (2, 11, 336)
