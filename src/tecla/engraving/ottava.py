"""Octave lines: where a passage lies so high (or low) that reading it an octave nearer the staff saves more than the line costs.

A staff with two voices in a bar keeps its ledger lines: programs disagree about which voice such a line moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.music.score import LEFT, RIGHT, Direction, Measure

LINE_COST: Final = 9.0  # ledger lines that an octave line must save
UNDER_COST: Final = 0.5  # ledger lines that a chord must save to stand under it without need
_OCTAVE: Final = 7  # staff degrees
_SIDES: Final = {RIGHT: ("G", 30, 38, -1, "down"), LEFT: ("F", 18, 26, 1, "up")}  # clef, lowest and highest degree on it, move, sign


@dataclass(frozen=True)
class _Chord:
    measure: int
    start: Fraction
    stop: Fraction
    degrees: tuple[int, ...]
    free: bool  # an octave line may stand here


def add_octave_lines(measures: Sequence[Measure]) -> tuple[Measure, ...]:
    """The measures with octave-shift directions: 8va above the right hand's staff, 8vb below the left hand's."""
    out = list(measures)
    for staff, (sign, low, high, move, word) in _SIDES.items():
        chords = _chords(measures, staff, sign)
        if not chords:
            continue
        plain, moved = (np.array([_lines(c.degrees, low, high, shift) for c in chords]) for shift in (0, move * _OCTAVE))
        moved += UNDER_COST
        moved[[not c.free for c in chords]] = 1e6
        for first, last in _runs(_cheapest(plain, moved)):
            begin, end = chords[first], chords[last]
            _tell(out, begin.measure, Direction(begin.start, "octave-shift", word, staff))
            _tell(out, end.measure, Direction(end.stop, "octave-shift", "stop", staff))
    return tuple(out)


def _chords(measures: Sequence[Measure], staff: int, sign: str) -> list[_Chord]:
    chords, clef = [], "G" if staff == RIGHT else "F"
    for index, measure in enumerate(measures):
        clef = next((c.sign for c in measure.clefs if c.staff == staff), clef)
        voices = [events for events in measure.voices.values() if any(e.heads and e.staff == staff for e in events)]
        for events in voices:
            at = Fraction(0)
            for event in events:
                if event.heads and event.staff == staff:
                    degrees = tuple(head.pitch.diatonic for head in event.heads)
                    chords.append(_Chord(index, at, at + event.duration, degrees, len(voices) == 1 and clef == sign))
                at += event.duration
    return chords


def _lines(degrees: Sequence[int], low: int, high: int, shift: int) -> float:
    """Ledger lines that the outermost notes of a chord need once moved by `shift` degrees."""
    bottom, top = min(degrees) + shift, max(degrees) + shift
    return float(max(0, low - bottom) // 2 + max(0, top - high) // 2)


def _cheapest(plain: NDArray[np.float64], moved: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each chord stands under an octave line, (C,): Viterbi over two ways of writing."""
    total, came = np.array([0.0, LINE_COST]), []
    for row in np.stack([plain, moved], axis=1):
        opened, closed = total[0] + LINE_COST, total[1]
        came.append((bool(closed < total[0]), bool(opened < total[1])))
        total = np.array([min(total[0], closed), min(total[1], opened)]) + row
    under, path = bool(total[1] < total[0]), []
    for closing, opening in reversed(came):
        path.append(under)
        under = (not opening) if under else closing
    return np.array(path[::-1])


def _runs(under: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(under, prepend=False, append=False))
    return [(int(a), int(b) - 1) for a, b in edges.reshape(-1, 2)]


def _tell(measures: list[Measure], index: int, direction: Direction) -> None:
    measures[index] = replace(measures[index], directions=(*measures[index].directions, direction))
