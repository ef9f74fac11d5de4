"""What a page says besides notes: tempo, dynamics, hairpins, sustain pedal."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.counting import TICKS, Grid
from tecla.engraving.placed import Placed
from tecla.music import Performance
from tecla.music.beatmap import BeatMap
from tecla.music.score import LEFT, RIGHT, Direction

DYNAMICS: Final = ((26, "pp"), (42, "p"), (56, "mp"), (70, "mf"), (86, "f"), (128, "ff"))  # velocity below which a mark holds
_HOLDS_BARS: Final = 2  # bars a new loudness must last to be said
_SECTION_BARS: Final = 6  # bars a new tempo must last to be said
_RIT_BARS: Final = 3  # the most that a last ritardando takes, without the last bar
_SLOWER, _SLOW = 0.88, 0.8  # of the tempo before: where it begins, and what it reaches at least
_NEW_TEMPO: Final = 0.4  # octaves by which it differs, and by half as much in each of these bars
_HAIRPIN_STEP: Final = 14.0  # change of mean velocity over two bars that a hairpin says
_PEDAL_GRID: Final = TICKS // 2
_FOLLOWS_SEC: Final = 0.5  # most time by which a pedal follows the stroke that it catches
_LIFTED_SEC: Final = 0.25  # and by which the one before is lifted after that stroke
_ON_SEC: Final = 0.06  # and by which it comes before it
_LEAST_PEDAL: Final = TICKS  # what is shorter than both is a touch
_LEAST_PEDAL_SEC: Final = 0.6

Told = dict[int, list[Direction]]


def directions(performance: Performance, notes: Sequence[Placed], grid: Grid, bridge: BeatMap, tempo_bpm: float | None) -> Told:
    """Directions of each bar, by index; positions in quarters from its bar line."""
    told: Told = {}
    if not notes:
        return told
    _say_tempo(told, notes, grid, bridge, tempo_bpm)
    _say_loudness(told, notes, grid)
    _say_pedal(told, performance, notes, grid, bridge)
    return told


def _say_tempo(told: Told, notes: Sequence[Placed], grid: Grid, bridge: BeatMap, stated_bpm: float | None) -> None:
    """The usual tempo where the music begins, or that of its first section, and each section's where it lasts in another."""
    first = max(0, bisect_right([bar.start for bar in grid.bars], notes[0].onset) - 1)
    said = first_bpm = stated_bpm or _tempo(bridge, notes)
    lines = np.array([bar.start for bar in grid.bars]) / TICKS
    bars_bpm = 60 * np.diff(lines) / np.diff(bridge.seconds_at(lines))  # not of the last bar: nobody knows when it ends
    for i in range(first, len(bars_bpm) - _SECTION_BARS + 1 if stated_bpm is None else first):
        ahead = bars_bpm[i : i + _SECTION_BARS]
        off = np.log2(ahead / said)
        usual = float(np.median(off))
        if abs(usual) > _NEW_TEMPO and (off * np.sign(usual) > _NEW_TEMPO / 2).all():
            said = float(np.clip(np.median(ahead), 10, 400))
            told.setdefault(i, []).append(Direction(Fraction(0), "tempo", str(round(said))))
    if first not in told:  # the usual tempo is that of the first section too
        told[first] = [Direction(Fraction(0), "tempo", str(round(first_bpm)))]
    slowing = _last_slowing(bars_bpm)
    if slowing is not None:
        told.setdefault(slowing, []).append(Direction(Fraction(0), "words", "rit.", RIGHT))


def _last_slowing(bars_bpm: NDArray[np.float64]) -> int | None:
    """The bar from which the music grows slower to its end; None where it does not, or has long been slow."""
    count = len(bars_bpm)
    if count <= _RIT_BARS + _SECTION_BARS:
        return None
    usual = float(np.median(bars_bpm[count - _RIT_BARS - _SECTION_BARS : count - _RIT_BARS]))
    begin = int(np.flatnonzero(bars_bpm >= _SLOWER * usual)[-1]) + 1
    return begin if count - _RIT_BARS <= begin < count and bars_bpm[-1] < _SLOW * usual else None


def _tempo(bridge: BeatMap, notes: Sequence[Placed]) -> float:
    """The piece's usual tempo: median of quarters a minute over windows of four."""
    last = max(n.onset for n in notes) / TICKS
    return float(np.clip(np.median(bridge.tempo_bpm(np.arange(0.0, max(last, 1.0), 2.0))), 10, 400))


def _say_loudness(told: Told, notes: Sequence[Placed], grid: Grid) -> None:
    starts = [bar.start for bar in grid.bars]
    sums, counts = np.zeros(len(starts)), np.zeros(len(starts))
    for n in notes:
        index = max(0, bisect_right(starts, n.onset) - 1)
        sums[index] += n.velocity
        counts[index] += 1
    loudness = _filled(sums, counts)
    said = ""
    for i in range(len(loudness)):
        ahead = loudness[i : i + _HOLDS_BARS]
        marks = {_mark(v) for v in ahead}
        opening = not said and counts[i]  # a page begins with one, whatever comes next
        if opening or (len(marks) == 1 and said not in marks and counts[i] and _clearly(said, float(ahead.mean()))):
            said = _mark(float(ahead.mean()))
            told.setdefault(i, []).append(Direction(Fraction(0), "dynamics", said, RIGHT))
    _say_hairpins(told, loudness, grid)


def _filled(sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    known = np.flatnonzero(counts)
    return np.asarray(np.interp(np.arange(len(sums)), known, sums[known] / counts[known]))


def _mark(velocity: float) -> str:
    return next(name for bound, name in DYNAMICS if velocity < bound)


def _clearly(said: str, velocity: float) -> bool:
    """Whether a loudness lies well outside the range of the mark in force, so that marks do not flicker."""
    index = [name for _, name in DYNAMICS].index(said)
    low, high = (DYNAMICS[index - 1][0] if index else 0), DYNAMICS[index][0]
    return velocity < low - 4 or velocity > high + 4


def _say_hairpins(told: Told, loudness: NDArray[np.float64], grid: Grid) -> None:
    i = 0
    while i + 2 < len(loudness):
        rise = loudness[i + 2] - loudness[i]
        steady = np.sign(loudness[i + 1] - loudness[i]) == np.sign(loudness[i + 2] - loudness[i + 1]) == np.sign(rise)
        if steady and abs(rise) > _HAIRPIN_STEP:
            told.setdefault(i, []).append(Direction(Fraction(0), "wedge", "crescendo" if rise > 0 else "diminuendo", RIGHT))
            last = i if any(d.kind == "dynamics" for d in told.get(i + 1, ())) else i + 1
            told.setdefault(last, []).append(Direction(Fraction(grid.bars[last].length, TICKS), "wedge", "stop", RIGHT))
            i += 2
        i += 1


def _say_pedal(told: Told, performance: Performance, notes: Sequence[Placed], grid: Grid, bridge: BeatMap) -> None:
    """Lines of pedal; a touch is none."""
    for down, up in _pedal_lines(performance, notes, grid, bridge):  # not "change" where they touch: verovio 6 draws nothing after one
        seconds = float(np.diff(bridge.seconds_at(np.array([down, up]) / TICKS))[0])
        if up - down >= _LEAST_PEDAL or seconds >= _LEAST_PEDAL_SEC:
            _add(told, grid, down, "start")
            _add(told, grid, up, "stop")


def _pedal_lines(performance: Performance, notes: Sequence[Placed], grid: Grid, bridge: BeatMap) -> list[list[int]]:
    """Ticks at which lines of pedal begin, each at the bass that it catches, and end, on the nearest eighth or where the next begins.

    A foot that changes the pedal follows the stroke by a little; the page has it on the stroke.
    """
    end = grid.bars[-1].start + grid.bars[-1].length
    struck = sorted((n.onset, n.pitch) for n in notes if not n.grace)
    lines: list[list[int]] = []
    lifted_sec = -np.inf
    for down_sec, up_sec in performance.pedal_intervals():
        earliest_sec = max(down_sec - _FOLLOWS_SEC, lifted_sec - _LIFTED_SEC, 0.0)
        earliest, latest, up = (round(float(bridge.quarters_at(t)) * TICKS) for t in (earliest_sec, down_sec + _ON_SEC, up_sec))
        near = struck[bisect_left(struck, (earliest, 0)) : bisect_right(struck, (latest, 127))]
        down = max(0, min(near, key=lambda n: (n[1], -n[0]), default=(latest, 0))[0])
        up, lifted_sec = min(end, round(up / _PEDAL_GRID) * _PEDAL_GRID), up_sec
        if lines and down < lines[-1][1]:
            lines[-1][1] = down = max(down, lines[-1][0])
        if lines and lines[-1][0] == lines[-1][1]:
            lines.pop()
        if up > down:
            lines.append([down, up])
    return lines


def _add(told: Told, grid: Grid, tick: int, word: str) -> None:
    starts = [bar.start for bar in grid.bars]
    index = max(0, bisect_right(starts, tick - (word == "stop")) - 1)
    told.setdefault(index, []).append(Direction(Fraction(tick - starts[index], TICKS), "pedal", word, LEFT))
