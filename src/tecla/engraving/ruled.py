"""Music that a program wrote: its file tells where beats, bars and notes stand, and need only be believed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.counting import TICKS, Bar, Count, beat_quarters, beats_a_bar, ticks
from tecla.engraving.tracking import Pulse
from tecla.music import Performance
from tecla.music.notation import TimeSignature
from tecla.music.ruled import Metres, Ruled

_EARLY: Final = 0.02  # quarters by which a note may come before its bar line
_GRIDS: Final = (TICKS, TICKS // 2, TICKS // 4, TICKS // 3, TICKS // 8, TICKS // 6, TICKS // 5, TICKS // 12)  # plain ones first
_NEAR: Final = TICKS / 96  # ticks by which a place of a grid may be off
_GATE: Final = 0.08  # share of a note by which a program lets it go early
_WRITTEN: Final = 0.8  # share of notes whose ends must lie on a grid for all to be believed


def count_ruled(ruled: Ruled, first_sec: float, last_sec: float, beats_later: int = 0) -> Count:
    """Beats and bars as a file that states its metre has ruled them, from the bar in which the first note begins to two after the last.

    All bar lines lie `beats_later` beats later than the file says.
    """
    usual = ruled.metres[0][1]
    first, last = (float(ruled.beat_map.quarters_at(sec)) for sec in (first_sec, last_sec))
    shift = beats_later % beats_a_bar(usual) * Fraction(beat_quarters(usual))
    lines = [
        (at + shift, stop + shift, time)
        for at, stop, time in _ruled_lines(ruled.metres, Fraction(last) - shift)
        if stop + shift > first + _EARLY
    ]
    zero = lines[0][0]
    beats: list[Fraction] = []
    place: list[int] = []
    in_bar: list[int] = []
    for at, stop, time in lines:
        beat = Fraction(beat_quarters(time))
        count = int(-(-(stop - at) // beat))
        beats += [at + j * beat for j in range(count)]
        place += range(count)
        in_bar += [count] * count
    begun = max(0, bisect_right(beats, first + _EARLY) - 1)  # beats that a pickup lacks
    seconds = ruled.beat_map.seconds_at(np.array(beats[begun:], float))
    bars = tuple(Bar(ticks(at - zero), ticks(stop - at), time) for at, stop, time in lines)
    return Count(
        Pulse(seconds, np.array(place[begun:]), np.array(in_bar[begun:])), np.array([ticks(b - zero) for b in beats[begun:]]), bars
    )


def _ruled_lines(metres: Metres, last: Fraction) -> Iterator[tuple[Fraction, Fraction, TimeSignature]]:
    """Begin and end of each bar in quarters, to two bars after `last`; a first bar that is shorter than the second one is a pickup."""
    if len(metres) > 1 and metres[1][0] - metres[0][0] <= metres[0][1].bar_quarters < metres[1][1].bar_quarters:
        metres = ((metres[1][0] - metres[1][1].bar_quarters, metres[1][1]), *metres[2:])
    begin = metres[0][0] - metres[0][1].bar_quarters  # one before the first: bar lines may be wished later
    for k, (since, time) in enumerate(metres):
        at, end = since if k else begin, metres[k + 1][0] if k + 1 < len(metres) else last + 2 * time.bar_quarters
        while at < min(end, last + 2 * time.bar_quarters):
            stop = min(at + time.bar_quarters, end) if k + 1 < len(metres) else at + time.bar_quarters
            yield at, stop, time
            at = stop


def ruled_quarters(ruled: Ruled, onset_sec: NDArray[np.float64]) -> NDArray[np.float64]:
    """Seconds of a file's quarters from the first note to beyond the last, (K,)."""
    first, last = (float(ruled.beat_map.quarters_at(sec)) for sec in (onset_sec.min(), onset_sec.max()))
    return ruled.beat_map.seconds_at(np.arange(np.floor(first), np.ceil(last) + 3))


def ruled_onsets(onset_sec: NDArray[np.float64], count: Count) -> NDArray[np.int64]:
    """Written onset of each note in ticks, (N,): where the file has it, to the plainest place so near."""
    return _on_grid(np.interp(onset_sec, count.beats_sec, count.beat_ticks), 0.0)


def ruled_lengths(performance: Performance, count: Count, onset: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """How long each note is written, in ticks, (N,): a little longer than it is held; None where notes are not held as they are written.

    `onset` (N,) are their written onsets.
    """
    held = np.interp(performance.notes["offset_sec"].astype(float), count.beats_sec, count.beat_ticks) - onset
    lasts = _on_grid(onset + held, _GATE * held) - onset
    believed = (lasts > 0) & (lasts - held <= _NEAR + _GATE * held) & (lasts - held >= -_NEAR)
    return np.maximum(lasts, _GRIDS[-1]) if np.mean(believed) >= _WRITTEN else None


def ruled_keys(ruled: Ruled, time_sec: NDArray[np.float64]) -> NDArray[np.int64]:
    """The key signature that a file has at each time, in fifths, (N,)."""
    since = np.array([float(quarter) for quarter, _ in ruled.keys])
    at = np.searchsorted(since, ruled.beat_map.quarters_at(time_sec), side="right") - 1
    return np.array([fifths for _, fifths in ruled.keys])[np.maximum(at, 0)]


def _on_grid(place: NDArray[np.float64], ahead: NDArray[np.float64] | float) -> NDArray[np.int64]:
    """The place of the plainest grid that lies near each of `place` (N,), or up to `ahead` later; the nearest 32nd where none does."""
    out = np.rint(place / _GRIDS[4]).astype(np.int64) * _GRIDS[4]
    for grid in _GRIDS[::-1]:
        at = np.ceil((place - _NEAR) / grid) * grid
        out = np.where(at - place <= _NEAR + ahead, at, out)
    return np.asarray(out, np.int64)
