"""Uncertainty: how far a mean over pieces may be trusted.

Aim
    Say whether a gain is one. On 40 pieces a note F1 is known to about one point; two systems heard on the same pieces compare much finer.

Conventions
    The piece is the unit: notes within a piece are not independent. Percentile bootstrap over pieces (Efron & Tibshirani 1993, chapter 13),
    10,000 resamples, a given seed. Two systems are compared by the differences of their pieces, never by whether intervals overlap.
    Few pieces make the interval too narrow, by a fifth at 9 and a third at 5 (it lacks Student's t and the n - 1); one has none (NaN).

Metrics
    Mean and its 95 % interval (`Interval`); or one figure of all pieces together, a ratio of sums (all bits over all notes), with its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tecla.errors import OptionError

RESAMPLES: Final = 10_000
CONFIDENCE: Final = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean over `n_pieces`, and the bounds between which it lies with 95 % confidence."""

    mean: float
    low: float
    high: float
    n_pieces: int


def validate(values: NDArray[np.float64]) -> None:
    """Raises OptionError unless there is one finite value a piece."""
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise OptionError(f"a mean of {values.tolist()}: give one finite number a piece")


def paired_difference(first: ArrayLike, second: ArrayLike, *, seed: int = 0) -> Interval:
    """Mean of `first - second` over pieces that both systems heard, in the same order.

    Raises:
        OptionError: not as many of one as of the other.

    >>> paired_difference([0.9, 0.8, 0.7], [0.8, 0.7, 0.6]).low > 0
    True
    """
    left, right = np.asarray(first, "f8"), np.asarray(second, "f8")
    if left.shape != right.shape:
        raise OptionError(f"{left.size} pieces against {right.size}: a paired difference needs both systems on the same pieces")
    return evaluate(left - right, seed=seed)


def evaluate(values: ArrayLike, *, seed: int = 0) -> Interval:
    """Mean of one figure a piece, with its interval.

    Shape:
        values: (N,)

    Raises:
        OptionError: no values, or one that is not finite.
    """
    sample = np.asarray(values, "f8")
    validate(sample)
    if len(sample) == 1:
        return Interval(float(sample[0]), float("nan"), float("nan"), 1)
    drawn = np.random.default_rng(seed).integers(0, len(sample), (RESAMPLES, len(sample)))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(sample[drawn].mean(axis=1), [tail, 1 - tail])
    return Interval(float(sample.mean()), float(low), float(high), len(sample))


def evaluate_ratio(numerators: ArrayLike, denominators: ArrayLike, *, seed: int = 0) -> Interval:
    """Sum over sum with its interval: long pieces weigh more, as they do in bits a note of a whole corpus.

    Shape:
        numerators, denominators: (N,), one pair a piece

    Raises:
        OptionError: no values, one that is not finite, not as many of one as of the other, or a denominator that is not positive.

    >>> evaluate_ratio([10.0, 30.0], [1.0, 3.0])
    Interval(mean=10.0, low=10.0, high=10.0, n_pieces=2)
    """
    above, below = np.asarray(numerators, "f8"), np.asarray(denominators, "f8")
    if above.shape != below.shape:
        raise OptionError(f"{above.size} numerators over {below.size} denominators: give one of each a piece")
    validate(above)
    validate(below)
    if below.min() <= 0:
        raise OptionError(f"a denominator is {below.min():g}: must be above 0")
    whole = float(above.sum() / below.sum())
    if len(above) == 1:
        return Interval(whole, float("nan"), float("nan"), 1)
    drawn = np.random.default_rng(seed).integers(0, len(above), (RESAMPLES, len(above)))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(above[drawn].sum(axis=1) / below[drawn].sum(axis=1), [tail, 1 - tail])
    return Interval(whole, float(low), float(high), len(above))
