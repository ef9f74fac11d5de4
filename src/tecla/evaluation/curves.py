"""Curves: what a single figure hides. How errors are distributed, and what other thresholds would have given.

Aim
    Show whether a miss is deafness or lateness, and what believing more or fewer notes would cost.

Conventions
    Notes of several pieces together, after each piece's constant shift. Errors are those of onset-matched notes (50 ms).

Metrics
    Onset F1 over the tolerance; precision and recall over the confidence; distributions of onset, end and velocity errors (`Curves`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.errors import OptionError
from tecla.evaluation import notes
from tecla.evaluation.matching import Detection, Pairs
from tecla.music import Performance

TOLERANCES_SEC: Final = (0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.065, 0.08, 0.1, 0.125, 0.15)


@dataclass(frozen=True)
class Judged:
    """One piece that was judged: both sides, the estimate's shift mended, and its onset matching."""

    name: str
    reference: Performance
    estimate: Performance
    pairs: Pairs

    @property
    def found(self) -> NDArray[np.bool_]:
        """Which notes of the reference were heard, (N,)."""
        found = np.zeros(len(self.reference), bool)
        found[self.pairs[:, 0]] = True
        return found

    @property
    def right(self) -> NDArray[np.bool_]:
        """Which notes of the estimate were played, (M,)."""
        right = np.zeros(len(self.estimate), bool)
        right[self.pairs[:, 1]] = True
        return right


@dataclass(frozen=True)
class Curves:
    """What `evaluate` found.

    Shape:
        f1: one value for each of TOLERANCES_SEC; precision, recall, confidence: (K,) as notes are let in, surest first
        onset_error_sec, end_error_sec, velocity_error: (H,) estimate less reference, of the matched notes
    """

    f1: tuple[float, ...]
    confidence: NDArray[np.float64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    onset_error_sec: NDArray[np.float64]
    end_error_sec: NDArray[np.float64]
    velocity_error: NDArray[np.float64]


def validate(pieces: Sequence[Judged]) -> None:
    """Raises OptionError without a piece."""
    if not pieces:
        raise OptionError("no piece to draw curves of: give at least one")


def evaluate(pieces: Sequence[Judged]) -> Curves:
    """The curves of several pieces together.

    Raises:
        OptionError: there is none.
    """
    validate(pieces)
    confidence, precision, recall = _operating_points(pieces)
    matched = [(piece.reference.notes[piece.pairs[:, 0]], piece.estimate.notes[piece.pairs[:, 1]]) for piece in pieces]
    ends = [
        (piece.estimate.sounding_offset_sec()[piece.pairs[:, 1]] - piece.reference.sounding_offset_sec()[piece.pairs[:, 0]])
        for piece in pieces
    ]
    return Curves(
        tuple(_f1(pieces, tolerance_sec) for tolerance_sec in TOLERANCES_SEC),
        confidence,
        precision,
        recall,
        np.concatenate([heard["onset_sec"] - played["onset_sec"] for played, heard in matched]),
        np.concatenate(ends),
        np.concatenate([heard["velocity"].astype("f8") - played["velocity"] for played, heard in matched]),
    )


def _f1(pieces: Sequence[Judged], tolerance_sec: float) -> float:
    hits = sum(len(notes.match_onsets(piece.reference, piece.estimate, tolerance_sec)) for piece in pieces)
    return Detection(hits, sum(len(piece.reference) for piece in pieces), sum(len(piece.estimate) for piece in pieces)).f1


def _operating_points(pieces: Sequence[Judged]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Confidence, precision and recall after each note, surest first; at most 200 points."""
    confidence = np.concatenate([piece.estimate.notes["confidence"].astype("f8") for piece in pieces])
    right = np.concatenate([piece.right for piece in pieces])
    order = np.argsort(-confidence, kind="stable")
    hits, n_reference = np.cumsum(right[order]), max(1, sum(len(piece.reference) for piece in pieces))
    # Only where the confidence changes: notes that are believed alike come in together.
    last = np.flatnonzero(np.append(np.diff(confidence[order]) != 0, True)) if len(order) else np.zeros(0, np.intp)
    last = last[np.unique(np.linspace(0, len(last) - 1, min(200, len(last))).astype(int))] if len(last) else last
    return confidence[order][last], hits[last] / (last + 1), hits[last] / n_reference
