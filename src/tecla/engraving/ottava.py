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

LINE_COST: Final = 16.0  # what an octave line must save
UNDER_COST: Final = 1.0  # what a chord must save to stand under it without need
_OCTAVE: Final = 7  # staff degrees


@dataclass(frozen=True)
class _Side:
    """One hand's staff: its usual clef, the lowest and highest degree on it, and when editors write an octave line there.

    `easy` ledger lines cost a reader nothing, more of them the power `hardness`. These and the two constants above agree best, chord by
    chord, with 200 printed scores of ASAP's training pieces.
    """

    sign: str
    low: int
    high: int
    move: int
    word: str
    easy: int
    hardness: float


_SIDES: Final = {RIGHT: _Side("G", 30, 38, -_OCTAVE, "down", 2, 2.0), LEFT: _Side("F", 18, 26, _OCTAVE, "up", 3, 1.5)}


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
    for staff, side in _SIDES.items():
        chords = _chords(measures, staff, side.sign)
        if not chords:
            continue
        plain, moved = _cost(chords, side, 0), _cost(chords, side, side.move) + UNDER_COST
        moved[[not c.free for c in chords]] = 1e6
        for first, last in _runs(_cheapest(plain, moved)):
            begin, end = chords[first], chords[last]
            _tell(out, begin.measure, Direction(begin.start, "octave-shift", side.word, staff))
            _tell(out, end.measure, Direction(end.stop, "octave-shift", "stop", staff))
    return tuple(out)


def _chords(measures: Sequence[Measure], staff: int, sign: str) -> list[_Chord]:
    chords, before = [], "G" if staff == RIGHT else "F"
    for index, measure in enumerate(measures):
        clefs = [(Fraction(-1), before), *sorted((c.position, c.sign) for c in measure.clefs if c.staff == staff)]
        before = clefs[-1][1]
        voices = [events for events in measure.voices.values() if any(e.heads and e.staff == staff for e in events)]
        for events in voices:
            at = Fraction(0)
            for event in events:
                if event.heads and event.staff == staff:
                    degrees = tuple(head.pitch.diatonic for head in event.heads)
                    clef = next(name for position, name in reversed(clefs) if position <= at)
                    chords.append(_Chord(index, at, at + event.duration, degrees, len(voices) == 1 and clef == sign))
                at += event.duration
    return chords


def _cost(chords: Sequence[_Chord], side: _Side, move: int) -> NDArray[np.float64]:
    """What the ledger lines of each chord cost a reader once its notes are moved by so many degrees, (C,)."""
    bottom, top = (np.array([choose(c.degrees) for c in chords]) + move for choose in (min, max))
    lines = np.maximum(side.low - bottom, 0) // 2 + np.maximum(top - side.high, 0) // 2
    return np.asarray(np.maximum(lines - side.easy, 0.0) ** side.hardness)


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
