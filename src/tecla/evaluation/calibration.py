"""Calibration: whether a note that is believed at 80 % is right four times in five.

Aim
    Judge confidences by what became of their notes, and find the two numbers that mend them.

Conventions
    A note is right when the maximum onset matching pairs it (50 ms). Bins are of equal width, 15 over 0..1; the expected
    calibration error is the mean distance between what a bin believes and what it holds, weighed by its notes (Naeini et al., AAAI
    2015; Guo et al., ICML 2017).

Metrics
    Reliability by bin, expected calibration error, Brier score, area under the curve (`Reliability`); Platt's line, the temperature alone,
    and the isotonic staircase as comparison (Platt 1999; Guo et al. 2017; Zadrozny & Elkan, KDD 2002).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tecla.errors import OptionError

N_BINS: Final = 15
_STEPS: Final = 50
_EDGE: Final = 1e-4  # activations are not told apart closer to 0 and 1


@dataclass(frozen=True)
class Reliability:
    """What confidences are worth.

    Shape:
        believed, right: (N_BINS,) means of each bin, NaN where it is empty; count: (N_BINS,)
    """

    believed: NDArray[np.float64]
    right: NDArray[np.float64]
    count: NDArray[np.int64]
    expected_error: float
    brier: float
    area: float


def validate(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> None:
    """Raises OptionError unless there is one confidence in 0..1 for each note."""
    if confidence.shape != right.shape or confidence.ndim != 1 or not len(confidence):
        raise OptionError(f"{confidence.size} confidences of {right.size} notes: give one each, and at least one")
    if not ((confidence >= 0) & (confidence <= 1)).all():
        raise OptionError("a confidence lies outside 0..1")


def evaluate(confidence: ArrayLike, right: ArrayLike) -> Reliability:
    """How far confidences can be believed.

    Shape:
        confidence, right: (N,)

    Raises:
        OptionError: not one of each, or a confidence outside 0..1.

    >>> evaluate([0.9] * 10, [True] * 9 + [False]).expected_error < 1e-9
    True
    """
    believed, true = np.asarray(confidence, "f8"), np.asarray(right, bool)
    validate(believed, true)
    bins = np.clip((believed * N_BINS).astype(int), 0, N_BINS - 1)
    count = np.bincount(bins, minlength=N_BINS)
    with np.errstate(invalid="ignore"):
        means = np.bincount(bins, believed, N_BINS) / count
        shares = np.bincount(bins, true, N_BINS) / count
    error = float(np.nansum(np.abs(means - shares) * count) / len(true))
    return Reliability(means, shares, count, error, float(np.mean((believed - true) ** 2)), _area(believed, true))


def fit_line(activation: ArrayLike, right: ArrayLike) -> tuple[float, float]:
    """Slope and intercept of Platt's line on log odds: the likeliest (slope * logit + intercept), by Newton's method.

    Raises:
        OptionError: not one activation for each note.
    """
    seen, true = np.asarray(activation, "f8"), np.asarray(right, bool)
    validate(seen, true)
    columns = np.stack([log_odds(seen), np.ones(len(seen))], axis=1)
    line = np.array([1.0, 0.0])
    # Platt's own prior: a count more of either kind, so that notes that are all right do not send the line to infinity.
    wanted = np.where(true, (true.sum() + 1) / (true.sum() + 2), 1 / ((~true).sum() + 2))
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-columns @ line))
        weight = chance * (1 - chance) + 1e-9
        step = np.linalg.solve(columns.T @ (weight[:, None] * columns) + 1e-6 * np.eye(2), columns.T @ (wanted - chance))
        line = line + np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-8:
            break
    return float(line[0]), float(line[1])


def fit_temperature(activation: ArrayLike, right: ArrayLike) -> float:
    """The slope alone, intercept 0: one over the temperature, by ternary search over its logarithm.

    Raises:
        OptionError: not one activation for each note.
    """
    seen, true = np.asarray(activation, "f8"), np.asarray(right, bool)
    validate(seen, true)
    odds = log_odds(seen)

    def loss(slope: float) -> float:
        return float(np.mean(np.logaddexp(0, slope * odds) - true * slope * odds))

    low, high = np.log(0.05), np.log(20.0)
    for _ in range(80):
        third = (high - low) / 3
        if loss(np.exp(low + third)) < loss(np.exp(high - third)):
            high -= third
        else:
            low += third
    return float(np.exp((low + high) / 2))


def fit_staircase(activation: ArrayLike, right: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The best rising staircase, by pooling neighbours that fall: (where each step begins, how high it is).

    Raises:
        OptionError: not one activation for each note.
    """
    seen, true = np.asarray(activation, "f8"), np.asarray(right, bool)
    validate(seen, true)
    order = np.argsort(seen, kind="stable")
    steps: list[tuple[float, float, float]] = []  # begin, sum, count
    for begin, value in zip(seen[order].tolist(), true[order].tolist(), strict=True):
        steps.append((begin, float(value), 1.0))
        while len(steps) > 1 and steps[-2][1] / steps[-2][2] >= steps[-1][1] / steps[-1][2]:
            last = steps.pop()
            before = steps.pop()
            steps.append((before[0], before[1] + last[1], before[2] + last[2]))
    begins, sums, counts = np.array(steps).T
    return begins, sums / counts


def log_odds(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """log(p / (1 - p)), kept finite."""
    clipped = np.clip(probability, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(clipped / (1 - clipped)))


def _area(believed: NDArray[np.float64], true: NDArray[np.bool_]) -> float:
    """Chance that a right note is believed more than a wrong one; ties count half; NaN where all are alike."""
    if true.all() or not true.any():
        return float("nan")
    _, inverse, counts = np.unique(believed, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    n_right = int(true.sum())
    return float((rank[true].sum() - n_right * (n_right + 1) / 2) / (n_right * (len(true) - n_right)))
