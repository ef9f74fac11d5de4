"""Shift: the one constant delay that brings a take's estimate closest to its reference.

Aim
    Tell what a system heard from when its labels say it sounded: MAPS' ambient labels run 20 to 30 ms early, and a recording starts where
    someone pressed a button. One constant per take, never a warp.

Conventions
    A positive shift means that the estimate is late; `estimate.shifted(-shift_sec)` mends it. Shifts lie on a grid of 5 ms in -30..60 ms.
    Among equals the smallest counts.

Metrics
    The shift with the highest onset F1 (`Shift`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from tecla.errors import OptionError
from tecla.evaluation import matching
from tecla.evaluation.matching import Detection
from tecla.evaluation.notes import ONSET_TOLERANCE_SEC
from tecla.music import Performance

EARLIEST_SEC: Final = -0.030
LATEST_SEC: Final = 0.060
STEP_SEC: Final = 0.005


@dataclass(frozen=True)
class Shift:
    """How late the estimate is, and what its onsets are worth once that is mended."""

    shift_sec: float
    onset: Detection


def validate(earliest_sec: float, latest_sec: float, step_sec: float) -> None:
    """Raises OptionError for a range that holds no shift."""
    if not (earliest_sec <= latest_sec and step_sec > 0):
        raise OptionError(f"shifts from {earliest_sec} to {latest_sec} s by {step_sec} s: give a range and a positive step")


def evaluate(
    reference: Performance,
    estimate: Performance,
    *,
    earliest_sec: float = EARLIEST_SEC,
    latest_sec: float = LATEST_SEC,
    step_sec: float = STEP_SEC,
    tolerance_sec: float = ONSET_TOLERANCE_SEC,
) -> Shift:
    """The best constant shift of a take.

    Raises:
        OptionError: an empty range, or a tolerance out of bounds.

    >>> played = Performance.from_arrays([1.0, 2.0], [1.5, 2.5], [60, 64])
    >>> evaluate(played, played.shifted(0.06)).shift_sec
    0.01
    """
    validate(earliest_sec, latest_sec, step_sec)
    matching.validate(tolerance_sec)
    played, heard = reference.notes, estimate.notes
    reach = tolerance_sec + max(abs(earliest_sec), abs(latest_sec))
    pairs = matching.near_pairs(played["onset_sec"], heard["onset_sec"], reach, played["pitch"], heard["pitch"])
    played_sec, heard_sec = played["onset_sec"][pairs[:, 0]], heard["onset_sec"][pairs[:, 1]]

    def hits(shift_sec: float) -> int:
        return len(matching.maximum_matching(pairs[matching.is_near(played_sec, heard_sec - shift_sec, tolerance_sec)]))

    steps = np.arange(np.ceil(earliest_sec / step_sec - 1e-9), np.floor(latest_sec / step_sec + 1e-9) + 1)
    shifts = sorted((round(float(step * step_sec), 6) for step in steps), key=abs)
    if not shifts:
        raise OptionError(f"no multiple of {step_sec} s lies between {earliest_sec} and {latest_sec} s")
    best_sec = max(shifts, key=hits)  # the first of equals, that is the smallest
    return Shift(best_sec, Detection(hits(best_sec), len(played), len(heard)))
