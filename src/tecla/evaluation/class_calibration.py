"""Class calibration: whether what is believed of one class among a few can be believed, as a whole and class by class.

Aim
    A frame that is called C at 80 % should be C four times in five, and so for silence, E and G: an average over classes can hide one
    that is overbelieved and another that is underbelieved.

Conventions
    Beliefs are (M, K), a row a frame, summing to one. The answer is the likeliest class; its reliability is that of `calibration` (15
    bins). A class's own reliability takes its belief in every frame, whatever the answer. Temperature: every log belief times one slope,
    renewed to sum to one (Guo et al., ICML 2017); the slope is one over the temperature.

Metrics
    Reliability of the answers and of each class, mean negative log likelihood (`ClassReliability`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.errors import OptionError
from tecla.evaluation import calibration
from tecla.evaluation.calibration import Reliability

_LEAST: Final = 1e-6  # a belief is not smaller: one certain error would be worth more than all the others


@dataclass(frozen=True)
class ClassReliability:
    """What beliefs about classes are worth; `classes` has one entry a class, in order."""

    answers: Reliability
    classes: tuple[Reliability, ...]
    negative_log_likelihood: float

    @property
    def worst_class_error(self) -> float:
        """The largest expected calibration error of a class."""
        return max(found.expected_error for found in self.classes)


def validate(belief: NDArray[np.floating], reference: NDArray[np.integer]) -> None:
    """Raises OptionError unless there is a row of beliefs that sums to one for every reference class."""
    if belief.ndim != 2 or reference.shape != belief.shape[:1] or not len(reference):
        raise OptionError(f"beliefs of shape {belief.shape} for {reference.shape} frames: give (frames, classes) and (frames,)")
    if not np.allclose(belief.sum(1), 1, atol=1e-3):
        raise OptionError("the beliefs of a frame do not sum to one")
    if reference.min() < 0 or reference.max() >= belief.shape[1]:
        raise OptionError(f"a class {reference.max()}: must be 0 to {belief.shape[1] - 1}")


def evaluate(belief: NDArray[np.floating], reference: NDArray[np.integer]) -> ClassReliability:
    """How far beliefs can be believed.

    Shape:
        belief: (M, K); reference: (M,) classes 0 .. K - 1

    Raises:
        OptionError: shapes that do not fit, rows that do not sum to one, or a class out of bounds.

    >>> found = evaluate(np.array([[0.75, 0.25]] * 4), np.array([0, 0, 0, 1]))
    >>> found.answers.expected_error, found.worst_class_error
    (0.0, 0.0)
    """
    validate(belief, reference)
    clipped = np.clip(belief.astype(np.float64), 0, 1)
    answer = clipped.argmax(1)
    own = clipped[np.arange(len(clipped)), reference]
    return ClassReliability(
        calibration.evaluate(clipped.max(1), answer == reference),
        tuple(calibration.evaluate(clipped[:, k], reference == k) for k in range(clipped.shape[1])),
        float(-np.log(np.maximum(own, _LEAST)).mean()),
    )


def sharpen(belief: NDArray[np.floating], slope: float) -> NDArray[np.float64]:
    """Beliefs at another temperature, same shape; a slope above one makes them surer, the answers stay.

    >>> sharpen(np.array([[0.8, 0.2]]), 0.0).tolist()
    [[0.5, 0.5]]
    """
    powers = np.exp(slope * np.log(np.maximum(belief.astype(np.float64), _LEAST)))
    return np.asarray(powers / powers.sum(-1, keepdims=True))


def fit_slope(belief: NDArray[np.floating], reference: NDArray[np.integer]) -> float:
    """The slope with the highest likelihood, by ternary search over its logarithm.

    Raises:
        OptionError: as `evaluate`.
    """
    validate(belief, reference)
    rows, low, high = np.arange(len(belief)), np.log(0.1), np.log(10.0)

    def loss(log_slope: float) -> float:
        return float(-np.log(sharpen(belief, float(np.exp(log_slope)))[rows, reference]).mean())

    for _ in range(40):
        third = (high - low) / 3
        if loss(low + third) < loss(high - third):
            high -= third
        else:
            low += third
    return float(np.exp((low + high) / 2))
