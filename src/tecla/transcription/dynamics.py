"""Velocities in their take: what the network heard of a stroke, and how loud the passage around it is.

The shipped network learned from stretches of ten seconds, each brought to about the same level, so it hears how hard a note was struck
against its neighbours, but hardly that a passage is soft. The first pass over the sound knows that. A line through both, squared, as the
loud end of real pianos is steeper than that of the sampled ones. The numbers lie in the card beside the weights
(`benchmarks/dynamics.py` fits them); a network whose card has none is taken at its word.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.transcription.card import stated_in_card

_EDGE: Final = 0.01
_LEVEL_DB: Final = (-60.0, 10.0)
_MIDDLE_KEY: Final = 44


@dataclass(frozen=True)
class Dynamics:
    """velocity = least + span * max(0, rest + heard * log odds + level * dB / 20 + key * (key index - 44) / 44) ** 2."""

    rest: float
    heard: float
    level: float
    key: float
    least: float
    span: float

    def __call__(self, velocity: NDArray[np.float64], passage_db: NDArray[np.float64], key_index: NDArray[np.intp]) -> NDArray[np.float64]:
        """Velocities 0..1 as the network heard them -> as they were in the take, 0..1; passage_db as `level.passage_db` measures it.

        >>> taken = Dynamics(rest=0.5, heard=0.2, level=0.2, key=0.0, least=0.2, span=1.0)
        >>> taken(np.array([0.5, 0.5]), np.array([0.0, -20.0]), np.array([44, 44])).round(2).tolist()
        [0.45, 0.29]
        """
        clipped = np.clip(velocity, _EDGE, 1 - _EDGE)
        loudness = self.level * np.clip(passage_db, *_LEVEL_DB) / 20 + self.key * (key_index - _MIDDLE_KEY) / _MIDDLE_KEY
        line = self.rest + self.heard * np.log(clipped / (1 - clipped)) + loudness
        return np.asarray(np.clip(self.least + self.span * np.maximum(line, 0) ** 2, 0, 1))


def load_dynamics(weights: Path) -> Dynamics | None:
    """The dynamics in the card beside an .onnx file, if it has some.

    Raises:
        InputError: the card is damaged.
    """
    return stated_in_card(weights, "dynamics", Dynamics)
