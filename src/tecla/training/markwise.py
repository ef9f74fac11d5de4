"""What the marks network learns from: the windows of the rhythm network (beatwise.py), and what is written of each note."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from tecla.engraving.markwise import HEADS, mark_features
from tecla.training.beatwise import draw
from tecla.training.beatwise_targets import Counted
from tecla.training.readers import Row

WEIGHTS: Final = {"kind": 6.0, "sign": 10.0, "staccato": 0.3, "accent": 0.3, "tenuto": 0.3, "fermata": 1.0, "arpeggiate": 1.0}


def windows(pieces: Sequence[Sequence[Counted]], rng: np.random.Generator) -> Iterator[Row]:
    """Random windows, `pieces` being the takes of each piece."""
    return map(row, draw(pieces, rng))


def row(piece: Counted) -> Row:
    """What the network sees of a performance over its beats, and what it is told."""
    told = dict(zip(HEADS, piece.marks.T, strict=True))
    return mark_features(piece.piece.performance, piece.pulse, piece.left_odds), told
