"""How much of a performance the page keeps: faithful, clean or easy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.counting import TICKS
from tecla.engraving.placed import Placed
from tecla.music.score import LEFT, RIGHT

_GHOST_VELOCITY: Final = 18
_GHOST_ODDS: Final = 0.6
_EASY_GRID: Final = TICKS // 2
_FAR_BELOW: Final = 7  # semitones: melodies seldom fall so far while their note is held


def arrange(notes: Sequence[Placed], extra: NDArray[np.float64], level: str) -> list[Placed]:
    """faithful keeps every note; clean drops ghost notes and slips; easy keeps the melody over a simple left hand.

    `extra` (N,) are the odds that a note of the performance is not meant to be written.
    """
    if level == "faithful":
        return list(notes)
    kept = [n for n in notes if extra[n.source] < _GHOST_ODDS and not (n.velocity < _GHOST_VELOCITY and extra[n.source] > 0.3)]
    return _clean_rhythm(kept) if level == "clean" else _easy(kept)


def _clean_rhythm(notes: Sequence[Placed]) -> list[Placed]:
    """Ends on the nearest 16th (or triplet eighth): a rest shorter than that is the player's touch, not the page's."""

    def tidy(n: Placed) -> Placed:
        if n.grace:
            return n
        grid = TICKS // 3 if n.onset % (TICKS // 4) and n.onset % (TICKS // 3) == 0 else TICKS // 4
        return replace(n, end=max(n.onset + TICKS // 8, -(-n.end // grid) * grid))

    return [tidy(n) for n in notes]


def _easy(notes: Sequence[Placed]) -> list[Placed]:
    """The top line on eighths in the right hand; in the left the lowest note and one above it, on quarters."""
    chords: dict[tuple[int, int], list[Placed]] = {}
    for n in sorted(notes, key=lambda n: (n.onset, n.pitch)):
        grid = _EASY_GRID if n.staff == RIGHT else TICKS
        if not n.grace and (n.staff == RIGHT or n.onset % TICKS == 0):
            chords.setdefault((n.staff, n.onset // grid * grid), []).append(n)
    top = _top_line({at: chord for (staff, at), chord in chords.items() if staff == RIGHT})
    low = [replace(n, end=max(n.end, at + TICKS), marks=()) for (staff, at), chord in chords.items() if staff == LEFT for n in _thin(chord)]
    return _joined([*top, *low])


def _top_line(chords: Mapping[int, Sequence[Placed]]) -> list[Placed]:
    """The melody, one note an eighth: the highest of those on its place if there is one; what begins far under a held note is not of it."""
    line: list[Placed] = []
    for at, chord in chords.items():
        top = max([n for n in chord if n.onset == at] or chord, key=lambda n: n.pitch)
        if not line or line[-1].end <= at or (top.onset == at and line[-1].pitch - top.pitch < _FAR_BELOW):
            end = max(-(-top.end // _EASY_GRID) * _EASY_GRID, at + _EASY_GRID)
            line.append(replace(top, onset=at, end=end, marks=()))
    return line


def _thin(chord: Sequence[Placed]) -> list[Placed]:
    """The bass and the nearest note above it that is no octave and lies within one."""
    bass = chord[0]
    above = [n for n in chord[1:] if 0 < n.pitch - bass.pitch < 12]
    return [bass, *above[:1]]


def _joined(notes: Sequence[Placed]) -> list[Placed]:
    """Each hand's notes end where its next ones begin."""
    out = []
    for staff in (RIGHT, LEFT):
        own = [n for n in notes if n.staff == staff]
        places = sorted({n.onset for n in own})
        following = dict(zip(places, [*places[1:], 10**9], strict=False))
        out += [replace(n, end=min(n.end, following[n.onset])) for n in own]
    return sorted(out, key=lambda n: n.source)
