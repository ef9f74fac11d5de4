"""Clefs by beat: another clef is written where it saves more ledger lines than the change costs the reader."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.music.score import LEFT, RIGHT, Clef, Event, Measure

# What ledger lines cost is their square. Of the prices tried these agree best with the clefs of printed pages (benchmarks/clefs.py).
CHANGE: Final = 20.0
WITHIN_BAR: Final = 1.5  # times as much, where it is not at a bar line
_HARDNESS: Final = 2.0
_CLEFS: Final = (("G", 2, 30, 38), ("F", 4, 18, 26))  # sign, line, lowest and highest staff degree without ledger lines
_USUAL: Final = {RIGHT: 0, LEFT: 1}


@dataclass(frozen=True, eq=False)
class _Stretch:
    """A beat of a staff: where it begins, what its notes cost in either clef, and what another clef costs here."""

    measure: int
    position: Fraction
    notes: NDArray[np.float64]
    change: float


def choose_clefs(measures: Sequence[Measure]) -> tuple[Measure, ...]:
    """The measures with `clefs` where a staff's clef changes; each staff begins in its usual clef unless that is far off."""
    out = list(measures)
    for staff, usual in _USUAL.items():
        stretches = [stretch for index, measure in enumerate(measures) for stretch in _stretches(index, measure, staff)]
        before = usual
        for stretch, clef in zip(stretches, _cheapest(stretches, usual), strict=True):
            if clef != before:
                sign, line, _, _ = _CLEFS[clef]
                measure = out[stretch.measure]
                out[stretch.measure] = replace(measure, clefs=(*measure.clefs, Clef(stretch.position, staff, sign, line)))
            before = clef
    return tuple(out)


def _stretches(index: int, measure: Measure, staff: int) -> list[_Stretch]:
    """The beats of a bar, those together on which none of the staff's first voice begins: nobody changes clefs under a held note."""
    voices = [_placed(events) for events in measure.voices.values() if events]
    first = next((voice for voice in voices if voice[0][1].staff == staff), [])
    edges = sorted({Fraction(0), *(at for at, _ in first if at % measure.time.beat_quarters == 0)})
    costs = np.zeros((len(edges), len(_CLEFS)))
    for at, event in (placed for voice in voices for placed in voice if placed[1].staff == staff):
        for clef, (_, _, low, high) in enumerate(_CLEFS):
            costs[bisect_right(edges, at) - 1, clef] += sum(_lines(head.pitch.diatonic, low, high) ** _HARDNESS for head in event.heads)
    return [_Stretch(index, at, row, CHANGE * (WITHIN_BAR if at else 1.0)) for at, row in zip(edges, costs, strict=True)]


def _placed(events: Sequence[Event]) -> list[tuple[Fraction, Event]]:
    """Events with the position in the bar at which they begin."""
    begins = accumulate((event.duration for event in events), initial=Fraction(0))
    return list(zip(begins, events, strict=False))


def _lines(degree: int, low: int, high: int) -> int:
    return (max(0, low - degree) + max(0, degree - high)) // 2


def _cheapest(stretches: Sequence[_Stretch], usual: int) -> list[int]:
    """Clef of each stretch: fewest ledger lines, with a price for each change (Viterbi over two clefs)."""
    total: NDArray[np.float64] = np.where(np.arange(len(_CLEFS)) == usual, 0.0, CHANGE)
    came: list[list[int]] = []
    for stretch in stretches:
        switched = total[::-1] + stretch.change
        came.append([k if total[k] <= switched[k] else 1 - k for k in range(len(_CLEFS))])
        total = np.minimum(total, switched) + stretch.notes
    clef = int(total.argmin()) if total[0] != total[1] else usual
    path = []
    for before in reversed(came):
        path.append(clef)
        clef = before[clef]
    return path[::-1]
