"""What the voice network learns from: the windows of the rhythm network (beatwise.py), and whether each note lies below another voice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from tecla.engraving.voicewise import voice_features
from tecla.training.beatwise import draw
from tecla.training.beatwise_targets import Counted
from tecla.training.readers import Row

HEADS: Final = {"second": 1}
WEIGHTS: Final = {"second": 1.0}


def windows(pieces: Sequence[Sequence[Counted]], rng: np.random.Generator) -> Iterator[Row]:
    """Random windows, `pieces` being the takes of each piece."""
    return map(row, draw(pieces, rng))


def row(piece: Counted) -> Row:
    """What the network sees of a performance over its beats, and what it is told."""
    return voice_features(piece.piece.performance, piece.pulse, piece.left_odds), {"second": piece.second}
