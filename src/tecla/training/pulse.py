"""What the beat network learns from: windows of strokes that nobody played."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np

from tecla.engraving.pulse import HEADS, find_strokes, stroke_features
from tecla.training.pulse_targets import Beaten, bend, join_hands, tell, window
from tecla.training.readers import Row, any_take

WEIGHTS: Final = {"beat": 2.0, "downbeat": 2.0, "phase": 0.7, "metre": 0.3, "beat_in_bar": 0.7}
STROKES: Final = 256
JOINED: Final = 0.4  # share of windows whose hands come from two pieces


def windows(pieces: Sequence[Sequence[Beaten]], rng: np.random.Generator) -> Iterator[Row]:
    """Random windows, `pieces` being the takes of each piece; the hands of two are joined now and then, all are bent."""
    some = performances(pieces, rng)
    while True:
        piece = some()
        length = 2 * STROKES
        played = window(piece, int(rng.integers(0, max(1, len(piece.performance) - length // 4))), length)
        if rng.random() < JOINED:
            played = join_hands(played, some(), rng)
        yield row(bend(played, rng))


def row(played: Beaten) -> Row:
    """What the network sees of a performance, and what it is told."""
    strokes = find_strokes(played.performance.notes["onset_sec"])
    told = tell(strokes, played)
    return stroke_features(played.performance, strokes), {name: getattr(told, name) for name in HEADS}


def performances(pieces: Sequence[Sequence[Beaten]], rng: np.random.Generator) -> Callable[[], Beaten]:
    """What draws a performance."""
    return any_take(pieces, lambda take: len(take.performance), rng, power=0.4)
