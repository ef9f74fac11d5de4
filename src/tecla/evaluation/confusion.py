"""Confusion: which key was heard in place of which, and where misses and inventions live.

Aim
    Tell octave errors from neighbours from plain deafness, by register and loudness.

Conventions
    Each missed note is given to the invention nearest in pitch that begins within 50 ms and lies within an octave, each invention once.

Metrics
    Counts by register and interval heard; recall by register and velocity, precision by register and confidence (`Confusion`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.evaluation import matching
from tecla.evaluation.curves import Judged
from tecla.evaluation.mistakes import PITCH_BANDS, VELOCITY_BANDS
from tecla.evaluation.notes import ONSET_TOLERANCE_SEC

OCTAVE: Final = 12
CONFIDENCE_BANDS: Final = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 1.01)


@dataclass(frozen=True)
class Confusion:
    """Counts and shares, note by note.

    Shape:
        intervals: (registers, 25) notes of the reference by the interval heard, -12..12; the middle column are the hits
        missed: (registers,) notes for which nothing near was heard; played: (registers,)
        recall, recall_count: (registers, velocity bands); precision, precision_count: (registers, confidence bands); NaN for none
    """

    intervals: NDArray[np.int64]
    missed: NDArray[np.int64]
    played: NDArray[np.int64]
    recall: NDArray[np.float64]
    recall_count: NDArray[np.int64]
    precision: NDArray[np.float64]
    precision_count: NDArray[np.int64]


def evaluate(pieces: Sequence[Judged]) -> Confusion:
    """The confusions of several pieces together."""
    n_bands = len(PITCH_BANDS) - 1
    intervals, missed = np.zeros((n_bands, 2 * OCTAVE + 1), np.int64), np.zeros(n_bands, np.int64)
    for piece in pieces:
        heard_as = _heard_as(piece)
        band = _band(piece.reference.notes["pitch"], PITCH_BANDS)
        near = heard_as < 99
        np.add.at(intervals, (band[near], heard_as[near] + OCTAVE), 1)
        np.add.at(missed, band[~near], 1)
    played = _table(pieces, "reference", "velocity", VELOCITY_BANDS)
    heard = _table(pieces, "estimate", "confidence", CONFIDENCE_BANDS)
    return Confusion(intervals, missed, intervals.sum(1) + missed, *played, *heard)


def _heard_as(piece: Judged) -> NDArray[np.int64]:
    """For each note of the reference the interval at which it was heard: 0 for a hit, 99 for nothing near."""
    interval = np.where(piece.found, 0, 99).astype(np.int64)
    missed, invented = np.flatnonzero(~piece.found), np.flatnonzero(~piece.right)
    played, heard = piece.reference.notes[missed], piece.estimate.notes[invented]
    pairs = matching.near_pairs(played["onset_sec"], heard["onset_sec"], ONSET_TOLERANCE_SEC)
    apart = heard["pitch"][pairs[:, 1]].astype(np.int64) - played["pitch"][pairs[:, 0]]
    used: set[int] = set()
    for index in np.argsort(np.abs(apart), kind="stable"):
        (i, j), far = pairs[index], int(apart[index])
        if 0 < abs(far) <= OCTAVE and interval[missed[i]] == 99 and int(j) not in used:
            interval[missed[i]] = far
            used.add(int(j))
    return interval


def _table(pieces: Sequence[Judged], side: str, value: str, edges: Sequence[float]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Share and number of notes by register and a value: recall of the reference, precision of the estimate."""
    good, count = np.zeros((len(PITCH_BANDS) - 1, len(edges) - 1)), np.zeros((len(PITCH_BANDS) - 1, len(edges) - 1), np.int64)
    for piece in pieces:
        notes = getattr(piece, side).notes
        where = (_band(notes["pitch"], PITCH_BANDS), _band(notes[value], edges))
        np.add.at(count, where, 1)
        np.add.at(good, where, piece.found if side == "reference" else piece.right)
    with np.errstate(invalid="ignore"):
        return good / count, count


def _band(values: NDArray[np.generic], edges: Sequence[float]) -> NDArray[np.intp]:
    return np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
