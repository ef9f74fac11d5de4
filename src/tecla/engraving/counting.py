"""Beats in seconds -> bars on paper: which time signature each bar has, and where in ticks every beat lies."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.pulse import METRES, Strokes
from tecla.engraving.tracking import Pulse, PulseReadings
from tecla.engraving.viterbi import likeliest_path
from tecla.music.notation import TimeSignature

TICKS: Final = 120  # to a quarter: 8ths of a quarter, 12ths and 5ths all divide it
_CHANGE_COST: Final = 15.0
_READING: Final = 0.01  # how much the network's metre counts, a stroke
_DIVISION: Final = 0.15  # how much a stroke's place in its beat counts
_THIRDS: Final = ((1 / 3, 1.0), (2 / 3, 1.0), (1 / 6, 0.4), (1 / 2, 0.4), (5 / 6, 0.4))  # places and how usual they are
_HALVES: Final = ((1 / 2, 1.5), (1 / 4, 0.8), (3 / 4, 0.8))
_STRAY: Final = 0.06  # beats
_PLAIN: Final = 0.2  # log-odds a stroke by which thirds must win: triplets come in simple metres too
_SLOW_SEC: Final = 1.6  # nobody counts beats slower than 38 a minute: what is slower is a half bar or a bar
_VERY_SLOW_SEC: Final = 2.8
_THIRD_OR_DOTTED: Final = 0.47  # beats: between a third, which would be a quarter, and two thirds
_USUAL: Final = {"2/4": 21, "2/2": 13, "3/4": 29, "3/8": 8, "3/2": 2, "4/4": 59, "4/2": 1, "6/8": 24, "6/4": 1, "9/8": 6, "12/8": 11}
# how many of ASAP's training pieces have each metre


def ticks(quarters: Fraction | float) -> int:
    """Quarters as a whole number of ticks (rounded)."""
    return round(quarters * TICKS)


@dataclass(frozen=True)
class Bar:
    """One bar: where it begins, in ticks from the first bar line, how long it is, in which metre."""

    start: int
    length: int
    time: TimeSignature


@dataclass(frozen=True, eq=False)
class Grid:
    """Every note's onset in ticks from the first bar line (a pickup begins inside the first bar), the beats, and the bars.

    Shape:
        onset (N,); beat_ticks (K,) felt beats
    """

    onset: NDArray[np.int64]
    beat_ticks: NDArray[np.int64]
    bars: tuple[Bar, ...]


@dataclass(frozen=True, eq=False)
class Count:
    """Beats in time (K,) and on paper, and the bars around them. Shape: beat_ticks (K,) strictly rising."""

    pulse: Pulse
    beat_ticks: NDArray[np.int64]
    bars: tuple[Bar, ...]

    @property
    def beats_sec(self) -> NDArray[np.float64]:
        """Beats in seconds, (K,)."""
        return self.pulse.beats_sec

    def unit(self, time_sec: NDArray[np.float64]) -> NDArray[np.int64]:
        """Ticks of the beat in which each time lies, (N,)."""
        beat = np.searchsorted(self.beats_sec, time_sec, side="right") - 1
        return np.asarray(np.diff(self.beat_ticks)[np.clip(beat, 0, len(self.beat_ticks) - 2)])


def without_empty_start(grid: Grid) -> Grid:
    """The grid without a first bar in which no note begins."""
    if len(grid.bars) < 2 or not len(grid.onset) or grid.onset.min() < grid.bars[1].start:
        return grid
    shift = grid.bars[1].start
    return Grid(grid.onset - shift, grid.beat_ticks - shift, tuple(Bar(bar.start - shift, bar.length, bar.time) for bar in grid.bars[1:]))


def beat_quarters(time: TimeSignature) -> float:
    """Length of a counted beat: a quarter in 3/4, a dotted quarter in 6/8, an eighth in 3/8, a half in 2/2."""
    return (12 if time.compound else 4) / time.unit


def beats_a_bar(time: TimeSignature) -> int:
    """Counted beats of a bar."""
    return time.beats // 3 if time.compound else time.beats


def count_bars(
    pulse: Pulse, readings: PulseReadings, strokes: Strokes, metre: TimeSignature | None = None, quarter_sec: float | None = None
) -> Count:
    """Bars for a pulse that begins before the first stroke and ends after the last one."""
    lines = np.flatnonzero(pulse.place == 0)
    single = 1 if metre is not None and beats_a_bar(metre) == 1 else 2
    kept = np.diff(lines, prepend=-9) >= single  # no bar of one beat, unless it is stated
    kept[1:2] |= metre is not None and lines[:1] == 0  # or a pickup to bars that are stated
    lines = lines[kept]
    edges = np.unique(np.concatenate([[0], lines, [len(pulse.place)]]))
    sizes = np.diff(edges)
    sizes[0] = sizes[0] if pulse.place[0] == 0 else pulse.in_bar[0]
    sizes[-1] = max(sizes[-1], min(int(pulse.in_bar[-1]), 4))
    if metre is not None:
        sizes[:] = beats_a_bar(metre)
    bar_of_stroke = np.clip(np.searchsorted(pulse.beats_sec[edges[:-1]], strokes.onset_sec, side="right") - 1, 0, len(sizes) - 1)
    thirds = _DIVISION * _thirds(strokes.onset_sec, pulse.beats_sec)
    names = _signatures(sizes, readings, thirds, bar_of_stroke, metre, _beat_sec(pulse), quarter_sec)
    bars, beat_ticks, at = [], [], 0
    for k, (size, time) in enumerate(zip(sizes.tolist(), names, strict=True)):
        unit = ticks(beat_quarters(time))
        own = edges[k + 1] - edges[k]
        late = max(0, size - own) if k == 0 else 0  # beats that a pickup bar lacks
        bars.append(Bar(at, size * unit, time))
        beat_ticks += [at + (late + j) * unit for j in range(own)]
        at += size * unit
    return Count(pulse, np.array(beat_ticks, np.int64), tuple(bars))


def _beat_sec(pulse: Pulse) -> float:
    return float(np.median(np.diff(pulse.beats_sec))) if len(pulse.beats_sec) > 1 else 0.5


def _signatures(
    sizes: NDArray[np.int64],
    readings: PulseReadings,
    thirds: NDArray[np.float64],
    bar_of_stroke: NDArray[np.int64],
    metre: TimeSignature | None,
    beat_sec: float,
    quarter_sec: float | None,
) -> list[TimeSignature]:
    """One signature a bar: the stated one, else that of its kind of beat, with as many beats as the bar has."""
    if metre is not None:
        return [_resized(metre, int(size)) for size in sizes]
    kinds = [TimeSignature.parse(name) for name in METRES[:-1]]
    usual = int(np.bincount(sizes).argmax())
    kinds = [k for k in kinds if beats_a_bar(k) == usual] or [TimeSignature(4, 4), TimeSignature(12, 8)]
    merit = np.zeros((len(sizes), len(kinds)))
    for j, kind in enumerate(kinds):
        column = METRES.index(str(kind))
        division = thirds * (1 if kind.compound else -1)
        np.add.at(merit[:, j], bar_of_stroke, _READING * np.maximum(readings.log_metre[:, column], -6.0) + division)
        merit[:, j] += 5 * np.log(_USUAL.get(str(kind), 1)) / len(sizes)
        if quarter_sec is not None:
            merit[:, j] -= 60.0 * abs(np.log2(beat_sec / beat_quarters(kind) / quarter_sec)) / len(sizes)
    path = likeliest_path(merit, _CHANGE_COST * (np.eye(len(kinds)) - 1))
    return [_resized(kinds[k], int(size)) for k, size in zip(path, sizes, strict=True)]


def stated_beat(quarter_sec: float, beats_sec: NDArray[np.float64], onset_sec: NDArray[np.float64]) -> float:
    """Quarters of the beat that a stated tempo means: a dotted one where beats found without it fall into thirds that are no quarters.

    >>> stated_beat(0.5, np.arange(0.0, 30.0), np.arange(0.0, 30.0, 0.25))
    1.0
    >>> stated_beat(0.667, np.arange(0.0, 30.0), np.arange(0.0, 30.0, 1 / 3))
    1.5
    """
    if len(beats_sec) < 2 or _thirds(onset_sec, beats_sec).sum() <= 0:
        return 1.0
    return 1.5 if quarter_sec > _THIRD_OR_DOTTED * float(np.median(np.diff(beats_sec))) else 1.0


def beats_in_one(metre: TimeSignature, found: Pulse, onset_sec: NDArray[np.float64]) -> float:
    """How many beats of a stated metre each beat is that was found without it.

    A beat of a waltz that falls into thirds is its bar, a very slow one of 4/4 half of it; one of two eighths is two thirds of one in 6/8.

    >>> found = Pulse(np.arange(0.0, 30.0), np.arange(30) % 2, np.full(30, 2))
    >>> beats_in_one(TimeSignature(3, 4), found, np.arange(0.0, 30.0, 1 / 3))
    3.0
    """
    if len(found.beats_sec) < 3:
        return 1.0
    thirds, usual = bool(_thirds(onset_sec, found.beats_sec).sum() > 0), int(np.bincount(found.in_bar).argmax())
    if metre.compound:
        return 1.0 if thirds else 2 / 3
    if usual == beats_a_bar(metre):
        return 1.0
    if thirds and metre.beats % 3 == 0:
        return 3.0
    slow = _beat_sec(found)
    return 1.0 if slow < _SLOW_SEC else 2.0 if slow < _VERY_SLOW_SEC else 4.0


def _thirds(onset_sec: NDArray[np.float64], beats_sec: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-odds, stroke by stroke, that beats fall into thirds rather than halves, (E,), bounded."""
    place = np.interp(onset_sec, beats_sec, np.arange(len(beats_sec))) % 1.0

    def likelihood(places: tuple[tuple[float, float], ...]) -> NDArray[np.float64]:
        near = [usual * np.exp(-0.5 * ((place - where) / _STRAY) ** 2) for where, usual in places]
        return np.asarray(np.log(0.1 + np.sum(near, axis=0)))

    return np.asarray(likelihood(_THIRDS) - likelihood(_HALVES) - _PLAIN)


def _resized(time: TimeSignature, beats: int) -> TimeSignature:
    """A signature of the same kind of beat with another number of beats."""
    return time if beats_a_bar(time) == beats else TimeSignature(3 * beats if time.compound else beats, time.unit)
