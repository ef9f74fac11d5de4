"""What a note's activation says of the chance that it is there: a line on log odds, fitted on held-out music.

The top of an onset's triangle depends on where it falls between two frames, so the activation itself is no chance: notes at 0.75 are right
98 times in a hundred. The two numbers lie in the card beside the weights; `tecla evaluate confidence --fit` finds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tecla.transcription.card import stated_in_card

_EDGE = 1e-4


@dataclass(frozen=True)
class Calibration:
    """chance = 1 / (1 + exp(-(slope * log odds of the activation + intercept)))."""

    slope: float = 1.0
    intercept: float = 0.0

    def __call__(self, activation: NDArray[np.float64]) -> NDArray[np.float64]:
        """Activations 0..1 -> chances 0..1; `Calibration()` changes nothing.

        >>> float(Calibration(2.0, 0.0)(np.array([0.5]))[0])
        0.5
        """
        if self == Calibration():
            return activation
        clipped = np.clip(activation, _EDGE, 1 - _EDGE)
        return np.asarray(1 / (1 + np.exp(-np.clip(self.slope * np.log(clipped / (1 - clipped)) + self.intercept, -500, 500))))


def load_calibration(weights: Path) -> Calibration:
    """The calibration in the card beside an .onnx file; none where there is no card, or where it has none.

    Raises:
        InputError: the card is damaged.
    """
    return stated_in_card(weights, "calibration", Calibration) or Calibration()
