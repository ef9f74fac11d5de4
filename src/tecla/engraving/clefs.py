"""Clefs by bar: another clef is written where it saves more ledger lines than the change costs the reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.music.score import LEFT, RIGHT, Clef, Measure

CHANGE_LINES: Final = 14.0  # ledger lines that a change of clef must save
_CLEFS: Final = (("G", 2, 30, 38), ("F", 4, 18, 26))  # sign, line, lowest and highest staff degree without ledger lines
_USUAL: Final = {RIGHT: 0, LEFT: 1}


def choose_clefs(measures: Sequence[Measure]) -> tuple[Measure, ...]:
    """The measures with `clefs` where a staff's clef changes; each staff begins in its usual clef unless that is far off."""
    out = list(measures)
    for staff, usual in _USUAL.items():
        ledgers = np.array([[_ledger_lines(m, staff, low, high) for _, _, low, high in _CLEFS] for m in measures])
        for index, clef in _changes(_cheapest(ledgers, usual), usual):
            sign, line, _, _ = _CLEFS[clef]
            out[index] = replace(out[index], clefs=(*out[index].clefs, Clef(Fraction(0), staff, sign, line)))
    return tuple(out)


def _ledger_lines(measure: Measure, staff: int, low: int, high: int) -> float:
    degrees = [head.pitch.diatonic for events in measure.voices.values() for e in events if e.staff == staff for head in e.heads]
    return float(sum((max(0, low - d) + max(0, d - high)) // 2 for d in degrees))


def _cheapest(ledgers: NDArray[np.float64], usual: int) -> list[int]:
    """Clef of each bar: fewest ledger lines, with a price for each change (Viterbi over two clefs)."""
    total = np.where(np.arange(len(_CLEFS)) == usual, 0.0, CHANGE_LINES)
    came: list[list[int]] = []
    for row in ledgers:
        switched = total[::-1] + CHANGE_LINES
        came.append([k if total[k] <= switched[k] else 1 - k for k in range(len(_CLEFS))])
        total = np.minimum(total, switched) + row
    clef = int(total.argmin()) if abs(total[0] - total[1]) > 0 else usual
    path = []
    for before in reversed(came):
        path.append(clef)
        clef = before[clef]
    return path[::-1]


def _changes(path: Sequence[int], usual: int) -> list[tuple[int, int]]:
    return [(i, clef) for i, clef in enumerate(path) if clef != (path[i - 1] if i else usual)]
