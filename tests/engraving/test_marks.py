"""What a page says besides notes: tempo once, and again where the music goes on in another; loudness; pedal."""

import numpy as np
import pytest

from tecla.engraving.counting import TICKS, Bar, Grid
from tecla.engraving.marks import directions
from tecla.engraving.placed import Placed
from tecla.music import Performance
from tecla.music.beatmap import BeatMap
from tecla.music.notation import TimeSignature


def said(bars_bpm: list[float], kind: str, stated_bpm: float | None = None) -> list[tuple[int, str]]:
    """Bars and values of a kind of direction, where bars of four quarters are played at these tempi."""
    beats = np.arange(4 * len(bars_bpm) + 1)
    seconds = np.concatenate([[0.0], np.cumsum(np.repeat(60 / np.array(bars_bpm), 4))])
    bars = tuple(Bar(4 * TICKS * k, 4 * TICKS, TimeSignature(4, 4)) for k in range(len(bars_bpm)))
    notes = [Placed(TICKS * int(b), TICKS * int(b + 1), 60, 1, int(b)) for b in beats[:-1]]
    performance = Performance.from_arrays(seconds[:-1], seconds[1:], np.full(len(notes), 60), np.full(len(notes), 64))
    grid = Grid(beats[:-1] * TICKS, beats * TICKS, bars)
    told = directions(performance, notes, grid, BeatMap(beats.astype(float), seconds), stated_bpm)
    return [(index, d.value) for index in sorted(told) for d in told[index] if d.kind == kind]


def test_one_tempo_is_said_once_however_freely_it_is_played() -> None:
    free = (100 * 2 ** np.random.default_rng(0).normal(0, 0.15, 40)).tolist()
    assert len(said(free, "tempo")) == 1
    assert said([100.0] * 9 + [50.0] * 2 + [100.0] * 9, "tempo") == [(0, "100")]  # two slow bars are no section


def test_sections_say_their_tempi() -> None:
    assert said([60.0] * 8 + [120.0] * 8 + [60.0] * 12, "tempo") == [(0, "60"), (8, "120"), (16, "60")]
    assert said([120.0] * 8 + [60.0] * 20, "tempo") == [(0, "120"), (8, "60")]  # not the usual one first
    assert said([60.0] * 8 + [120.0] * 8, "tempo", stated_bpm=96) == [(0, "96")]


@pytest.mark.parametrize(
    ("last", "begins"), [([98, 85, 70, 40], 9), ([98, 98, 70, 40], 10), ([98, 98, 98, 40], None), ([98, 95, 90, 40], None)]
)
def test_a_last_ritardando_is_said_where_it_begins(last: list[float], begins: int | None) -> None:
    assert said([100.0] * 8 + last, "words") == ([] if begins is None else [(begins, "rit.")])


def test_music_that_has_long_been_slow_does_not_slow_down() -> None:
    assert said([100.0] * 12 + [60.0] * 12, "words") == []
    assert said([60.0], "words") == []


def pedal(feet: list[tuple[float, float]]) -> list[tuple[float, str]]:
    """Lines of pedal, in quarters, under eight quarters of one second, each a bass and two eighths above it."""
    onsets = np.sort(np.concatenate([np.arange(8.0), np.arange(8.0), np.arange(8.0) + 0.5]))
    pitches = np.tile([40, 64, 67], 8)
    notes = [Placed(round(TICKS * t), round(TICKS * (t + 0.5)), int(p), 1, i) for i, (t, p) in enumerate(zip(onsets, pitches, strict=True))]
    controls = [move for down, up in feet for move in ((down, 64, 127), (up, 64, 0))]
    performance = Performance.from_arrays(onsets, onsets + 0.4, pitches, 64, controls=controls)
    bars = tuple(Bar(4 * TICKS * k, 4 * TICKS, TimeSignature(4, 4)) for k in range(2))
    grid = Grid(np.round(onsets * TICKS).astype(np.int64), np.arange(9) * TICKS, bars)
    told = directions(performance, notes, grid, BeatMap(np.arange(9.0), np.arange(9.0)), None)
    return [(4 * bar + float(d.position), d.value) for bar in sorted(told) for d in told[bar] if d.kind == "pedal"]


def test_a_pedal_that_follows_the_bass_stands_on_it() -> None:
    assert pedal([(0.2, 2.1), (2.3, 4.1)]) == [(0.0, "start"), (2.0, "stop"), (2.0, "start"), (4.0, "stop")]
    assert pedal([(3.97, 6.0)]) == [(4.0, "start"), (6.0, "stop")]  # and one that comes a little before it


def test_a_touch_of_the_pedal_is_not_on_the_page() -> None:
    assert pedal([(0.1, 0.4)]) == []


def test_a_page_begins_with_a_loudness() -> None:
    assert len(said([100.0], "dynamics")) == 1
