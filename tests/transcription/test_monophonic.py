"""A single line: targets and decoding are inverses; vibrato stays one note; repeats are told; bends are kept."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tecla.music import Performance
from tecla.transcription.monophonic.decode import LineBelief, decode_line
from tecla.transcription.monophonic.features import FRAME_RATE, HOP_SAMPLES, MARGIN_SAMPLES, N_BINS, spectrogram
from tecla.transcription.monophonic.targets import encode_line
from tecla.transcription.monophonic.transcriber import bends_of

PITCHES = np.arange(36, 109)


def belief(state: NDArray[np.intp], onset: NDArray[np.float32], sure: float = 0.9, n_states: int = 74) -> LineBelief:
    states = np.full((len(state), n_states), (1 - sure) / (n_states - 1), np.float32)
    states[np.arange(len(state)), state] = sure
    zeros = np.zeros(len(state), np.float32)
    return LineBelief(states, onset, zeros, zeros)


def test_targets_and_decode_are_inverses() -> None:
    sung = Performance.from_arrays([0.2, 0.7, 1.3, 1.8], [0.7, 1.2, 1.8, 2.4], [60, 64, 67, 67])
    targets = encode_line(sung, PITCHES, 250, FRAME_RATE)
    notes = decode_line(belief(targets.state, targets.onset), FRAME_RATE)
    assert PITCHES[notes.state - 1].tolist() == [60, 64, 67, 67]
    assert notes.onset / FRAME_RATE == pytest.approx(sung.notes["onset_sec"], abs=0.006)
    assert notes.offset / FRAME_RATE == pytest.approx(sung.notes["offset_sec"], abs=0.013)


def test_transposing_the_line_transposes_the_notes() -> None:
    sung = Performance.from_arrays([0.2, 0.7], [0.7, 1.2], [60, 64])
    low, high = (encode_line(line, PITCHES, 120, FRAME_RATE) for line in (sung, sung.transposed(7)))
    first, second = (decode_line(belief(t.state, t.onset), FRAME_RATE) for t in (low, high))
    assert (second.state - first.state).tolist() == [7, 7]
    assert first.onset.tolist() == second.onset.tolist()


def test_vibrato_across_a_semitone_is_one_note() -> None:
    frame = np.arange(120)
    states = np.full((120, 74), 1e-3, np.float32)
    above = 0.5 + 0.2 * np.sin(2 * np.pi * 5.5 * frame / FRAME_RATE)
    states[:, 30], states[:, 31] = 0.9 - 0.8 * above, 0.8 * above
    states[(frame < 10) | (frame >= 110)] = np.eye(74)[0] * 0.9 + 1e-3
    onset = np.maximum(0, 1 - np.abs(frame - 10) / 3).astype(np.float32)
    notes = decode_line(LineBelief(states, onset, onset, onset), FRAME_RATE)
    assert notes.state.tolist() == [30]
    assert notes.onset == pytest.approx([10], abs=0.5)


def test_silence_and_nothing_have_no_notes() -> None:
    for n_frames in (0, 50):
        assert not len(decode_line(belief(np.zeros(n_frames, np.intp), np.zeros(n_frames, np.float32)), FRAME_RATE).state)


def test_later_note_wins_where_two_overlap() -> None:
    legato = Performance.from_arrays([0.0, 0.5], [0.7, 1.0], [60, 64])
    state = encode_line(legato, PITCHES, 90, FRAME_RATE).state
    assert set(state[: int(0.5 * FRAME_RATE)]) == {25}
    assert set(state[int(0.5 * FRAME_RATE) + 1 : 83]) == {29}


def test_bends_begin_at_onsets_and_end_at_zero() -> None:
    state = np.repeat([0, 30, 0], [10, 60, 10])
    onset = np.maximum(0, 1 - np.abs(np.arange(80) - 10) / 3).astype(np.float32)
    notes = decode_line(belief(state, onset), FRAME_RATE)
    curve = (0.4 * np.sin(2 * np.pi * 5.5 * np.arange(80) / FRAME_RATE)).astype(np.float32)
    bends = bends_of(notes, curve, FRAME_RATE)
    assert bends["time_sec"][0] == pytest.approx(10 / FRAME_RATE, abs=0.001)
    assert bends["semitones"][-1] == 0
    assert 0.3 < np.abs(bends["semitones"]).max() < 0.41
    assert (np.diff(bends["time_sec"]) >= 0).all()


def test_a_transposed_sine_is_a_moved_picture() -> None:
    def seen(pitch: float) -> NDArray[np.float32]:
        time = np.arange(2 * MARGIN_SAMPLES + 20 * HOP_SAMPLES) / 16000
        return spectrogram(np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * time).astype(np.float32))

    a, b = seen(69), seen(76)
    assert a.shape == (2, 21, N_BINS)
    assert (a.argmax(-1) // 4 == 69 - 36).all()
    assert (b.argmax(-1) // 4 == 76 - 36).all()


def test_without_onsets_the_path_says_when() -> None:
    state = np.repeat([0, 30, 0], [10, 60, 10])
    notes = decode_line(belief(state, np.full(80, 0.5, np.float32)), FRAME_RATE)
    assert (notes.onset.tolist(), notes.offset.tolist()) == ([10], [70])
