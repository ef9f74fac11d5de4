"""Batches: a function of seed and number, labels that agree with the sound, excerpts that carry their pedals along."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch

from tecla.music import SUSTAIN, Performance
from tecla.training.acoustics import active_rms
from tecla.training.examples import PRE_ROLL_SEC, Batch, ExampleConfig, Examples, excerpt
from tecla.training.sampled_piano import NoteTable, load_banks
from tecla.training.sound import Sound
from tecla.transcription.features import FRAME_RATE, HOP_SAMPLES, MARGIN_SAMPLES, SAMPLE_RATE
from tecla.transcription.level import NOMINAL_DB
from tecla.transcription.targets import KEY_CHANNELS

CONFIG = ExampleConfig(seed=1, n_frames=60, rendered=2, recorded=1, texture_share=0.3)


def recital(seed: int, duration_sec: float = 30.0) -> Performance:
    rng = np.random.default_rng(seed)
    onset = np.sort(rng.uniform(0, duration_sec, 200))
    pedal = [(time, SUSTAIN, value) for time, value in zip(np.arange(1, duration_sec, 1.5), [127, 0] * 10, strict=False)]
    return Performance.from_arrays(
        onset, onset + rng.uniform(0.05, 2, 200), rng.integers(30, 100, 200), rng.integers(20, 110, 200), controls=pedal
    )


def examples(config: ExampleConfig = CONFIG) -> Examples:
    return Examples(config, [recital(0), recital(1)], [recital(2)])


def assert_same(one: Batch, other: Batch) -> None:
    for a, b in zip(values(one), values(other), strict=True):
        assert torch.equal(torch.as_tensor(a), torch.as_tensor(b))


def values(batch: Batch) -> list[float | torch.Tensor]:
    flat = [getattr(batch, field.name) for field in fields(Batch)]
    return [inner for value in flat for inner in (vars(value).values() if isinstance(value, NoteTable) else [value])]


def test_a_batch_is_a_function_of_its_number() -> None:
    assert_same(examples()[7], examples()[7])
    first, second = examples()[7], examples()[8]
    assert not torch.equal(first.keys, second.keys)


def test_another_seed_makes_other_batches() -> None:
    assert not torch.equal(examples()[0].keys, examples(ExampleConfig(seed=2, n_frames=60, rendered=3, recorded=2))[0].keys)


def test_shapes_and_order() -> None:
    batch = examples()[0]
    assert batch.keys.shape == (3, 60, 88, len(KEY_CHANNELS))
    assert batch.pedals.shape == (3, 60, 4)
    assert batch.recording.shape == batch.start_sec.shape == batch.speed.shape == (1,)
    assert batch.lift.shape == batch.table.damping.shape
    assert int(batch.table.segment.max()) <= 1


def test_targets_of_rendered_examples_are_those_of_their_notes() -> None:
    batch = examples(ExampleConfig(seed=3, n_frames=60, rendered=4, recorded=0))[0]
    for segment in range(4):
        mine = batch.table.segment == segment
        frame = (batch.table.onset_sec[mine] - PRE_ROLL_SEC) * FRAME_RATE
        inside = (frame >= 0) & (frame <= 59)
        nearest, key = frame[inside].round().long(), batch.table.pitch[mine][inside].long() - 21
        assert (batch.keys[segment, nearest, key, 0] >= 1 - 0.5 / 3 - 1e-3).all()


def test_without_performances_textures_play() -> None:
    batch = Examples(ExampleConfig(n_frames=60, rendered=2, recorded=0), [], [])[0]
    assert batch.keys.shape[0] == 2
    assert batch.keys.any()


def test_an_excerpt_keeps_the_pedal_that_went_down_long_before() -> None:
    whole = Performance.from_arrays([0.0, 100.0], [1.0, 101.0], [60, 62], controls=[(0.5, SUSTAIN, 127), (110.0, SUSTAIN, 0)])
    part = excerpt(whole, 95.0, 10.0, 1.0)
    assert part.notes["onset_sec"].tolist() == [5.0]
    ((down, up),) = part.pedal_intervals()
    assert down < 0
    assert up == pytest.approx(15.0)


def test_a_faster_excerpt_is_shorter() -> None:
    whole = Performance.from_arrays([10.0, 12.0], [11.0, 13.0], [60, 62])
    part = excerpt(whole, 10.0, 5.0, 2.0)
    assert part.notes["onset_sec"].tolist() == [0.0, 1.0]
    assert part.notes["offset_sec"].tolist() == [0.5, 1.5]


@pytest.fixture
def sound(banks_folder: Path) -> Sound:
    time_sec = np.arange(30 * SAMPLE_RATE) / SAMPLE_RATE
    recording = (8000 * np.sin(2 * np.pi * 440 * time_sec)).astype(np.int16)
    return Sound(CONFIG, load_banks(banks_folder), torch.from_numpy(recording), torch.tensor([0, len(recording)]))


def test_the_sound_of_a_batch_has_the_frames_of_its_targets(sound: Sound) -> None:
    samples = sound(examples()[0])
    assert samples.shape == (3, (CONFIG.n_frames - 1) * HOP_SAMPLES + 2 * MARGIN_SAMPLES)
    assert samples.isfinite().all()
    assert (samples.square().mean(1) > 0).all()


def test_the_sound_of_a_batch_is_a_function_of_its_number(sound: Sound) -> None:
    first = sound(examples()[3])
    assert torch.equal(first, sound(examples()[3]))
    assert not torch.equal(first, sound(examples()[4]))


def test_rooms_do_not_move_the_onsets(banks_folder: Path) -> None:
    """In most rooms and microphones the sound rises where the label says, within two steps of 10 ms."""
    config = ExampleConfig(n_frames=100, rendered=8, recorded=0, texture_share=0.0)
    strikes = Performance.from_arrays(np.arange(1, 60, 1.5), np.arange(1, 60, 1.5) + 0.3, 64, 100)
    batch = Examples(config, [strikes], [])[0]
    sound = Sound(config, load_banks(banks_folder), torch.zeros(2, dtype=torch.int16), torch.tensor([0]))(batch)
    energy = sound.unfold(1, 160, 160).square().mean(-1)
    energy += energy.amax(1, keepdim=True) * 1e-3
    step = ((batch.table.onset_sec - PRE_ROLL_SEC + MARGIN_SAMPLES / SAMPLE_RATE) * 100).floor().long()
    rises = [
        energy[segment, at - 20 : at + 21].log().diff().argmax() - 19
        for segment, at in zip(batch.table.segment.tolist(), step.tolist(), strict=True)
        if 20 <= at < energy.shape[1] - 21
    ]
    assert len(rises) >= 8
    assert np.percentile(np.abs(rises), 75) <= 2


def levels_db(samples: torch.Tensor) -> torch.Tensor:
    return 20 * torch.log10(active_rms(samples)[:, 0])


def test_a_quiet_passage_of_a_performance_is_rendered_quietly(banks_folder: Path) -> None:
    """The network hears files that were levelled as a whole: it must meet quiet passages as it will find them there."""
    onset = np.arange(0, 240, 0.25)
    dynamics = Performance.from_arrays(onset, onset + 0.2, 64, np.where(onset < 120, 30, 100))
    config = ExampleConfig(n_frames=100, rendered=24, recorded=0, texture_share=0.0)
    batch = Examples(config, [dynamics], [])[0]
    level_db = levels_db(Sound(config, load_banks(banks_folder), torch.zeros(2, dtype=torch.int16), torch.tensor([0]))(batch))
    quiet = batch.relative_db < -10
    assert 4 <= int(quiet.sum()) <= 20
    assert level_db[~quiet].median() - level_db[quiet].median() > 8
    assert abs(float(level_db[~quiet].median()) - NOMINAL_DB) < 4


def test_a_quiet_passage_of_a_recording_stays_quiet(banks_folder: Path) -> None:
    time_sec = np.arange(60 * SAMPLE_RATE) / SAMPLE_RATE
    recording = (np.where(time_sec < 30, 1000, 10_000) * np.sin(2 * np.pi * 440 * time_sec)).astype(np.int16)
    config = ExampleConfig(n_frames=100, rendered=0, recorded=24)
    batch = Examples(config, [], [recital(2, 60.0)])[0]
    level_db = levels_db(Sound(config, None, torch.from_numpy(recording), torch.tensor([0, len(recording)]))(batch))
    quiet, loud = batch.start_sec < 26, batch.start_sec > 31
    assert level_db[loud].median() - level_db[quiet].median() == pytest.approx(20, abs=5)
