"""Sound in pieces: the notes of the whole, soon, in order, and never one that does not end."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tecla.errors import OptionError
from tecla.evaluation.notes import evaluate
from tecla.io.audio import load_audio
from tecla.io.midi import load_midi
from tecla.music import Performance
from tecla.music.events import Event, events_to_performance
from tecla.transcription.level import NOMINAL_DB, RunningLevel, block_power, passage_db
from tecla.transcription.live import LiveTranscriber

DEMO = Path(__file__).parents[2] / "demo" / "evening-waltz.ogg"
SECONDS = 6
RATE = 16_000


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    return load_audio(DEMO)[: SECONDS * RATE]


def hear(sound: np.ndarray, look_ahead_sec: float = 0.3, pieces: Sequence[int] = (1600,), hurry: bool = False) -> list[Event]:
    """All events of a sound pushed in pieces of these sizes, in turn."""
    live, events, at = LiveTranscriber.load("default", look_ahead_sec), list[Event](), 0
    while at < len(sound):
        for size in pieces:
            events += live.push(sound[at : at + size], hurry)
            at += size
    return events + live.flush()


@pytest.fixture(scope="module")
def heard(sound: np.ndarray) -> list[Event]:
    return hear(sound)


def played() -> Performance:
    performance = load_midi(DEMO.with_suffix(".mid"))
    return Performance(performance.notes[performance.notes["onset_sec"] < SECONDS - 0.1], performance.controls)


def test_it_hears_what_was_played(heard: list[Event]) -> None:
    assert evaluate(played(), events_to_performance(heard), offsets="key").onset.f1 > 0.9


def test_the_way_a_sound_is_cut_changes_nothing(sound: np.ndarray, heard: list[Event]) -> None:
    assert hear(sound[: 2 * RATE], pieces=(1, 7_000, 320, 1_599)) == hear(sound[: 2 * RATE])


def test_who_hurries_hears_the_same_music(sound: np.ndarray) -> None:
    estimate = events_to_performance(hear(sound, pieces=(7_500,), hurry=True))
    assert evaluate(played(), estimate, offsets="key").onset.f1 > 0.9


def test_a_note_is_told_in_time_and_not_before_it_is_played(sound: np.ndarray) -> None:
    live = LiveTranscriber.load("default", 0.15)
    for start in range(0, 3 * RATE, 160):
        now_sec = (start + 160) / RATE
        for event in live.push(sound[start : start + 160]):
            if event.kind == "note_on":
                assert now_sec - 0.15 - 0.1 - 0.06 <= event.time_sec < now_sec - 0.1


def test_every_note_ends_once_and_before_its_key_is_struck_again(sound: np.ndarray, heard: list[Event]) -> None:
    rng = np.random.default_rng(3)
    torn = np.concatenate([np.roll(sound[at : at + 9_000], 77) for at in rng.integers(0, 5 * RATE, 5)]).astype(np.float32)
    for events in (heard, hear(torn), hear(rng.normal(0, 0.3, RATE).astype(np.float32))):
        for pitch in {event.pitch for event in events if event.pitch}:
            own = [event for event in events if event.pitch == pitch]
            assert [event.kind for event in own] == ["note_on", "note_off"] * (len(own) // 2)
            assert all(first.time_sec <= second.time_sec for first, second in pairwise(own))
        pedal = [event.kind for event in events if not event.pitch]
        assert pedal == ["pedal_down", "pedal_up"] * (len(pedal) // 2)


def test_silence_and_numbers_that_are_none_are_no_notes() -> None:
    assert hear(np.zeros(RATE, np.float32)) == []
    assert hear(np.full(RATE // 2, np.nan, np.float32)) == []
    assert LiveTranscriber.load().flush() == []


def test_a_look_ahead_out_of_bounds_is_refused() -> None:
    with pytest.raises(OptionError, match="look-ahead is 0.01 s: must be 0.1 to 2.0 s"):
        LiveTranscriber.load("default", 0.01)


@pytest.mark.parametrize("level_db", [-50, -30, -6])
def test_the_running_level_finds_the_loud_part(level_db: float) -> None:
    level = RunningLevel()
    tone = np.sqrt(2) * 10 ** (level_db / 20) * np.sin(np.arange(20 * RATE) * 0.3)
    level.hear(tone.astype(np.float32))
    level.hear(np.zeros(60 * RATE, np.float32))  # a rest is no soft playing
    assert 20 * np.log10(level.gain) + level_db == pytest.approx(NOMINAL_DB, abs=0.1)


def test_a_passage_of_a_stream_is_as_loud_as_it_is_in_the_file() -> None:
    rng = np.random.default_rng(0)
    sound = (0.1 * rng.standard_normal(40 * 16_000)).astype(np.float32)  # -20 dB, as most takes are
    sound[20 * 16_000 : 25 * 16_000] *= 10 ** (-15 / 20)
    heard = RunningLevel()
    heard.hear(sound[: round(23.3 * 16_000)])
    at = np.array([18.0, 20.0, 22.0, 23.0])
    assert heard.passage_db(at) == pytest.approx(passage_db(block_power([sound]), at), abs=0.5)
    assert heard.passage_db(at)[2:] == pytest.approx(-15, abs=0.5)
