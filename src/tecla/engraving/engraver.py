"""Performance -> Score: each stage callable alone, chained here.

notes -> network readings -> grid (beats, bars, onsets) -> hands -> written lengths -> voices -> keys and spelling ->
measures -> what the player reads besides notes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.bars import build_measures
from tecla.engraving.beats import Bar, Grid, beat_map, find_grid
from tecla.engraving.clefs import choose_clefs
from tecla.engraving.hands import split_hands
from tecla.engraving.levels import arrange
from tecla.engraving.marks import directions
from tecla.engraving.metre import TICKS
from tecla.engraving.network import read_notes
from tecla.engraving.notewise import FLAGS, PLAIN_PLACES, PLAIN_SHIFTS, Readings
from tecla.engraving.ornaments import find_ornaments
from tecla.engraving.ottava import add_octave_lines
from tecla.engraving.placed import Placed
from tecla.engraving.spelling import NEARNESS, find_keys, spell
from tecla.engraving.values import rescaled_values, written_ends
from tecla.engraving.voices import split_voices
from tecla.errors import OptionError
from tecla.music import Performance
from tecla.music.beatmap import BeatMap
from tecla.music.notation import TimeSignature
from tecla.music.score import Score

LEVELS: Final = ("faithful", "clean", "easy")
MOST_NOTES: Final = 200_000
_SAME_TEMPO: Final = 0.3  # octaves between the stated and the read tempo that rubato explains


@dataclass(frozen=True)
class Wishes:
    """What the user states and is obeyed; None is inferred. `tempo_bpm` is quarters a minute, `key_fifths` -7..7."""

    title: str = ""
    composer: str = ""
    time: TimeSignature | None = None
    key_fifths: int | None = None
    tempo_bpm: float | None = None
    level: str = "faithful"

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise OptionError(f"level {self.level!r} is unknown: choose {', '.join(LEVELS)}")
        if self.key_fifths is not None and not -7 <= self.key_fifths <= 7:
            raise OptionError(f"a key of {self.key_fifths} fifths: must be -7 (seven flats) to 7 (seven sharps)")
        if self.tempo_bpm is not None and not 10 <= self.tempo_bpm <= 400:
            raise OptionError(f"a tempo of {self.tempo_bpm}: must be 10 to 400 quarters a minute")


@dataclass(frozen=True, eq=False)
class Engraving:
    """The page and the way to it: the score, the bridge from its quarters to the performance's seconds, and its grid.

    `beats_sec` and `downbeats_sec` are felt beats and bar lines in the performance.
    """

    score: Score
    beat_map: BeatMap
    grid: Grid

    @property
    def beats_sec(self) -> NDArray[np.float64]:
        """Felt beats in seconds, (K,)."""
        return self.beat_map.seconds_at(self.grid.beats)

    @property
    def downbeats_sec(self) -> NDArray[np.float64]:
        """Bar lines in seconds, (D,)."""
        return self.beat_map.seconds_at(self.grid.downbeats)


def engrave(performance: Performance, wishes: Wishes = Wishes()) -> Score:
    """The page of a performance.

    Raises:
        OptionError: more than 200,000 notes.
    """
    return engrave_with_grid(performance, wishes).score


def engrave_with_grid(performance: Performance, wishes: Wishes = Wishes()) -> Engraving:
    """The page of a performance with its beat map, for whoever wants to know when a bar was played."""
    if len(performance) > MOST_NOTES:
        raise OptionError(f"{len(performance)} notes are too many for one score: cut the performance below {MOST_NOTES}")
    return engrave_readings(performance, read_notes(performance), wishes)


def engrave_readings(performance: Performance, readings: Readings, wishes: Wishes = Wishes()) -> Engraving:
    """The page from a performance and what the network reads in it."""
    readings = _obey_tempo(readings, wishes.tempo_bpm)
    onset_sec = performance.notes["onset_sec"].astype(float)
    grid = find_grid(onset_sec, readings, wishes.time)
    ornaments = readings.flags[:, FLAGS.index("grace")] + readings.flags[:, FLAGS.index("extra")] > 0.5
    bridge = beat_map(onset_sec, grid, ornaments) if len(performance) else BeatMap.steady(wishes.tempo_bpm or 100.0)
    notes = place_notes(performance, readings, grid)
    notes = arrange(find_ornaments(notes, performance, readings), readings, wishes.level)
    grid = _reach(grid, max((n.end for n in notes), default=0))
    notes = split_voices(notes, readings.flags[:, FLAGS.index("second_voice")], readings.log_value, [bar.start for bar in grid.bars])
    keys = _keys(performance.notes["pitch"].astype(np.int64), readings, grid, wishes.key_fifths)
    notes = _spell(notes, readings, grid, keys, wishes.key_fifths is not None)
    told = directions(performance, notes, grid, bridge, wishes.tempo_bpm)
    pickup = _pickup(notes, grid)
    measures = add_octave_lines(choose_clefs(build_measures(notes, grid.bars, keys.tolist(), told, pickup)))
    tempo = wishes.tempo_bpm or (float(bridge.tempo_bpm(0.0, 8.0)) if len(performance) else None)
    return Engraving(Score(measures, wishes.title, wishes.composer, tempo), bridge, grid)


def place_notes(performance: Performance, readings: Readings, grid: Grid) -> list[Placed]:
    """Notes with staff, onset and written end, in order of performance."""
    played = performance.notes
    pitch = played["pitch"].astype(np.int64)
    staff = split_hands(readings.left, grid.onset, pitch)
    lines = np.array([bar.start for bar in grid.bars] + [grid.bars[-1].start + grid.bars[-1].length])
    ends = written_ends(grid.onset, staff, pitch, readings.log_value, lines)
    return [
        Placed(int(grid.onset[i]), int(ends[i]), int(pitch[i]), int(staff[i]), i, int(played["velocity"][i]))
        for i in range(len(played))
    ]  # fmt: skip


def _obey_tempo(readings: Readings, tempo_bpm: float | None) -> Readings:
    """Readings at the stated tempo: where the network reads another, its steps and places are of no use, its pulse is."""
    if tempo_bpm is None or not len(readings.quarter_sec):
        return readings
    stated, middle = 60.0 / tempo_bpm, float(np.median(readings.quarter_sec))
    if abs(np.log2(stated / middle)) < _SAME_TEMPO:
        return readings
    n = len(readings.quarter_sec)
    return replace(
        readings,
        quarter_sec=stated * np.sqrt(readings.quarter_sec / middle),
        log_shift=np.tile(PLAIN_SHIFTS, (n, 1)),
        log_place=np.tile(PLAIN_PLACES, (n, 1)),
        log_bar_eighth=np.zeros_like(readings.log_bar_eighth),
        log_value=readings.log_value[:, rescaled_values(stated / middle)],
    )


def _reach(grid: Grid, end: int) -> Grid:
    """The grid with enough bars for the last note to end in."""
    bars = list(grid.bars)
    last = bars[-1]
    while bars[-1].start + bars[-1].length < end and len(bars) < len(grid.bars) + 8:
        bars.append(Bar(bars[-1].start + bars[-1].length, last.length, last.time))
    return Grid(grid.onset, tuple(bars))


def _bar_of(onset: NDArray[np.int64], grid: Grid) -> NDArray[np.int64]:
    starts = np.array([bar.start for bar in grid.bars])
    return np.clip(np.searchsorted(starts, onset, side="right") - 1, 0, len(starts) - 1)


def _keys(pitch: NDArray[np.int64], readings: Readings, grid: Grid, stated: int | None) -> NDArray[np.int64]:
    if stated is not None:
        return np.full(len(grid.bars), stated)
    return find_keys(readings.log_key, readings.log_alter, pitch, _bar_of(grid.onset, grid), len(grid.bars))


def _spell(notes: list[Placed], readings: Readings, grid: Grid, keys: NDArray[np.int64], stated: bool) -> list[Placed]:
    """Spelt notes; a key that the user states outweighs what the network reads."""
    trust, nearness = (0.1, 0.5) if stated else (1.0, NEARNESS)
    bars = _bar_of(np.array([n.onset for n in notes], np.int64), grid)
    return [
        replace(n, fifths=spell(n.pitch, int(keys[bar]), trust * readings.log_alter[n.source], nearness))
        for n, bar in zip(notes, bars, strict=True)
    ]


def _pickup(notes: list[Placed], grid: Grid) -> int:
    """Ticks that the first bar lacks: what comes before the first note, to the beat, if that is not its bar line."""
    first = min((n.onset for n in notes), default=0)
    return first // TICKS * TICKS if grid.bars[0].length > first >= TICKS else 0
