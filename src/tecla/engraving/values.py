"""How long each note is written, from the rhythm network's reading of its length and from what follows in its staff.

Editors write a note up to where the next one of its voice begins, however short it was played; so an end that meets an
onset of the staff, or a bar line, is preferred.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.beatwise import LENGTHS
from tecla.engraving.counting import TICKS, ticks

VALUES: Final = tuple(
    map(Fraction, "1/12 1/8 1/6 1/5 1/4 1/3 3/8 2/5 1/2 2/3 3/4 1 5/4 4/3 3/2 2 5/2 3 4 6 8".split())
)  # written lengths, in quarters
MEETS_ONSET: Final = 2.0  # log-likelihood gained where an end meets an onset of the staff; chosen on development pieces
MEETS_BAR: Final = 1.0
MIXED: Final = 4.0  # cost of an end that divides its quarter otherwise than its onsets do: a triplet bracket for one note, and no rhythm
_EIGHTHS, _SIXTHS, _FIFTHS = 15, 20, 24  # of a quarter, in ticks
_FLOOR: Final = -8.0
_UNLISTED: Final = 2.5  # cost of a length that the network's table does not hold
_VALUE_TICKS: Final = np.array([ticks(value) for value in VALUES])
_SAME: Final = 0.02  # how far, in proportion, a length may be from that of the table


def in_quarters(log_length: NDArray[np.float64], unit: NDArray[np.int64]) -> NDArray[np.float64]:
    """Readings of lengths in beats (N, 29) as readings of VALUES, in quarters, (N, 21); a beat of note i has `unit[i]` ticks."""
    table, out = np.array([float(length) for length in LENGTHS]), np.full((len(log_length), len(VALUES)), _FLOOR)
    for ticks_a_beat in np.unique(unit):
        beats = _VALUE_TICKS / ticks_a_beat
        nearest = np.abs(beats[:, None] - table).argmin(axis=1)
        listed = np.abs(table[nearest] - beats) <= _SAME * beats
        here = unit == ticks_a_beat
        out[here] = np.where(listed, log_length[here][:, nearest], _FLOOR)
    return out


def length_merit(log_value: NDArray[np.float64], length: int) -> float:
    """Log-likelihood of a written length in ticks, from one note's row of readings in quarters, (21,)."""
    nearest = int(np.abs(np.log(_VALUE_TICKS / max(length, 1))).argmin())
    cost = 0.0 if _VALUE_TICKS[nearest] == length else _UNLISTED
    return float(max(log_value[nearest], _FLOOR)) - cost


def surely(lasts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Readings of VALUES that leave no doubt of lengths that are known, `lasts` (N,) in ticks; (N, 21)."""
    octaves = np.abs(np.log2(_VALUE_TICKS / np.maximum(lasts, 1)[:, None]))
    return np.asarray(np.maximum(-octaves / _SAME, _FLOOR))


def written_ends(
    onset: NDArray[np.int64],
    staff: NDArray[np.int64],
    pitch: NDArray[np.int64],
    log_value: NDArray[np.float64],
    bar_lines: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Best end of each note in ticks, (N,); none lasts beyond the next onset of its own pitch."""
    ends = np.zeros(len(onset), np.int64)
    again = _next_of_pitch(onset, pitch)
    by_staff = {s: np.unique(onset[staff == s]) for s in np.unique(staff)}
    divided = {s: {(begin // TICKS, _division(begin)) for begin in onsets.tolist()} for s, onsets in by_staff.items()}
    lines = set(bar_lines.tolist())
    for i, start in enumerate(onset.tolist()):
        onsets = by_staff[staff[i]]
        place = int(np.searchsorted(onsets, start, side="right"))
        near = onsets[place : place + 4].tolist()
        later = set(onsets[place : place + 64].tolist())
        lengths = {int(v) for v in _VALUE_TICKS} | {e - start for e in near}
        allowed = [n for n in lengths if 0 < n <= again[i] - start] or [max(1, int(again[i]) - start)]

        merits = [
            length_merit(log_value[i], n)
            + MEETS_ONSET * (start + n in later)
            + MEETS_BAR * (start + n in lines)
            - MIXED * _mixes(start + n, divided[staff[i]])
            for n in allowed
        ]
        ends[i] = start + allowed[int(np.argmax(merits))]
    return ends


def _division(place: int) -> int:
    """What a place divides its quarter into; 0 where it lies on the quarter or its half, or on none of them."""
    return 0 if place % (TICKS // 2) == 0 else next((part for part in (_EIGHTHS, _SIXTHS, _FIFTHS) if place % part == 0), 0)


def _mixes(end: int, divided: set[tuple[int, int]]) -> bool:
    """Whether an end divides its quarter as no onset of the staff does: into a tuplet at all, or into eighths where there is a tuplet."""
    own, quarter = _division(end), end // TICKS
    if own == _EIGHTHS:
        return (quarter, own) not in divided and bool({(quarter, _SIXTHS), (quarter, _FIFTHS)} & divided)
    return own != 0 and (quarter, own) not in divided


def _next_of_pitch(onset: NDArray[np.int64], pitch: NDArray[np.int64]) -> NDArray[np.int64]:
    """Onset of the next note of the same pitch that begins later, (N,); far away for the last."""
    out = np.full(len(onset), np.iinfo(np.int64).max // 2)
    last: dict[int, tuple[int, int]] = {}  # pitch -> (latest onset seen from the right, the one after it)
    for i in np.argsort(-onset, kind="stable").tolist():
        here, after = last.get(int(pitch[i]), (int(out[i]), int(out[i])))
        following = here if here > onset[i] else after
        out[i] = following
        last[int(pitch[i])] = (int(onset[i]), following)
    return out
