"""Classes: which of a few things a frame is, when it can only be one (silence, C, E or G).

Aim
    The figures of small single-voice systems: how many frames are right, and whether every class is served.

Conventions
    Frames of all clips count alike in the confusion matrix; accuracy is a mean over clips, of equal length here, so that its interval
    (`uncertainty`) has the clip as its unit. Macro F1 is the plain mean of the classes' F1 over all frames; a class that occurs on neither
    side is left out.

Metrics
    Accuracy a clip, macro F1, confusion matrix (`ClassMetrics`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tecla.errors import OptionError


@dataclass(frozen=True)
class ClassMetrics:
    """Shape: accuracy (N,) a clip; confusion (K, K) frames, rows the reference, columns the estimate."""

    accuracy: NDArray[np.float64]
    confusion: NDArray[np.int64]

    @property
    def macro_f1(self) -> float:
        """Mean F1 of the classes that occur.

        >>> evaluate(np.array([[0, 0, 1, 1]]), np.array([[0, 1, 1, 1]]), 3).macro_f1.__round__(3)
        0.733
        """
        right, said, true = np.diag(self.confusion), self.confusion.sum(0), self.confusion.sum(1)
        occurs = said + true > 0
        return float(np.mean(2 * right[occurs] / (said + true)[occurs])) if occurs.any() else 0.0


def validate(reference: NDArray[np.integer], estimate: NDArray[np.integer], n_classes: int) -> None:
    """Raises OptionError unless both are (N, T) of classes 0 .. n_classes - 1."""
    if reference.shape != estimate.shape or reference.ndim != 2 or not reference.size:
        raise OptionError(f"classes of shape {reference.shape} against {estimate.shape}: both must be (clips, frames), and some")
    worst = max(int(reference.max()), int(estimate.max()))
    if worst >= n_classes or min(int(reference.min()), int(estimate.min())) < 0:
        raise OptionError(f"a class {worst}: must be 0 to {n_classes - 1}")


def evaluate(reference: NDArray[np.integer], estimate: NDArray[np.integer], n_classes: int) -> ClassMetrics:
    """Metrics of (N, T) classes.

    Raises:
        OptionError: shapes differ, or a class is out of bounds.
    """
    validate(reference, estimate, n_classes)
    counts = np.bincount((reference * n_classes + estimate).ravel(), minlength=n_classes**2)
    return ClassMetrics((reference == estimate).mean(1), counts.reshape(n_classes, n_classes))


def far_from_changes(reference: NDArray[np.integer], reach: int) -> NDArray[np.bool_]:
    """Frames with no change of the reference's class within `reach` frames to either side, (N, T): what no late label excuses.

    >>> far_from_changes(np.array([[0, 0, 0, 1, 1, 1]]), 1).tolist()
    [[True, True, False, False, True, True]]
    """
    near = np.zeros(reference.shape, bool)
    clip, frame = np.nonzero(np.diff(reference, axis=1))
    for offset in range(-reach + 1, reach + 1):
        at = frame + offset
        inside = (at >= 0) & (at < reference.shape[1])
        near[clip[inside], at[inside]] = True
    return ~near
