"""Passages: where in the music it went wrong, and how errors are spread over time.

Aim
    Lead the ear to the worst seconds, and show whether errors gather at beginnings, ends or everywhere.

Conventions
    A passage is a stretch of `PASSAGE_SEC`; its errors are the misses and inventions that begin in it. No two listed passages overlap, and
    the worst of every piece comes before the second worst of any.

Metrics
    Passages by their errors (`Passage`); share of wrong notes and mean confidence over the course of a piece (`Course`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.evaluation.curves import Judged

PASSAGE_SEC: Final = 8.0
COURSE_BINS: Final = 25
_STEP_SEC: Final = 1.0


@dataclass(frozen=True)
class Passage:
    """A stretch of the piece number `piece`, from `begin_sec` on, with its counts."""

    piece: int
    begin_sec: float
    misses: int
    inventions: int
    played: int


@dataclass(frozen=True)
class Course:
    """Shape: each (COURSE_BINS,), over the course of the pieces from beginning to end; NaN where nothing was played or heard.

    `missed` and `invented` are shares of the notes played and heard; confidence is given by its mean and its standard deviation.
    """

    missed: NDArray[np.float64]
    invented: NDArray[np.float64]
    confidence: NDArray[np.float64]
    spread: NDArray[np.float64]


def evaluate(pieces: Sequence[Judged], n_passages: int) -> list[Passage]:
    """The worst passages of several pieces, worst first."""
    by_piece = [_of_piece(index, piece) for index, piece in enumerate(pieces)]
    ranked = [(rank, passage) for passages in by_piece for rank, passage in enumerate(passages)]
    ranked.sort(key=lambda item: (item[0], -(item[1].misses + item[1].inventions)))
    return [passage for _, passage in ranked[:n_passages]]


def course(pieces: Sequence[Judged]) -> Course:
    """How errors and doubt are spread from the beginnings of pieces to their ends."""
    missed, played = np.zeros(COURSE_BINS), np.zeros(COURSE_BINS)
    invented, heard, total, square = (np.zeros(COURSE_BINS) for _ in range(4))
    for piece in pieces:
        length_sec = max(piece.reference.duration_sec, 1e-9)
        at = np.clip(piece.reference.notes["onset_sec"] / length_sec * COURSE_BINS, 0, COURSE_BINS - 1).astype(int)
        there = np.clip(piece.estimate.notes["onset_sec"] / length_sec * COURSE_BINS, 0, COURSE_BINS - 1).astype(int)
        believed = piece.estimate.notes["confidence"].astype("f8")
        np.add.at(played, at, 1)
        np.add.at(missed, at, ~piece.found)
        np.add.at(heard, there, 1)
        np.add.at(invented, there, ~piece.right)
        np.add.at(total, there, believed)
        np.add.at(square, there, believed**2)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / heard
        return Course(missed / played, invented / heard, mean, np.sqrt(np.maximum(square / heard - mean**2, 0)))


def _of_piece(index: int, piece: Judged) -> list[Passage]:
    """Passages of one piece, worst first, none overlapping another."""
    played_sec, heard_sec = piece.reference.notes["onset_sec"], piece.estimate.notes["onset_sec"]
    missed_sec, invented_sec = played_sec[~piece.found], heard_sec[~piece.right]
    begins = np.arange(0, max(piece.reference.duration_sec - PASSAGE_SEC, 0) + _STEP_SEC, _STEP_SEC)
    counts = [_within(missed_sec, begins) + _within(invented_sec, begins)]
    chosen: list[Passage] = []
    for i in np.argsort(-counts[0], kind="stable"):
        begin_sec = float(begins[i])
        if counts[0][i] and all(abs(begin_sec - other.begin_sec) >= PASSAGE_SEC for other in chosen):
            at = begins[i : i + 1]
            n = (int(_within(times, at)[0]) for times in (missed_sec, invented_sec, played_sec))
            chosen.append(Passage(index, begin_sec, *n))
    return chosen


def _within(times_sec: NDArray[np.float64], begins_sec: NDArray[np.float64]) -> NDArray[np.int64]:
    times_sec = np.sort(times_sec)
    return np.searchsorted(times_sec, begins_sec + PASSAGE_SEC) - np.searchsorted(times_sec, begins_sec)
