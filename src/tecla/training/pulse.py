"""What the beat network learns from: windows of strokes that nobody played."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from tecla.engraving.pulse import HEADS, find_strokes, stroke_features
from tecla.training.pulse_targets import Beaten, bend, join_hands, tell, window
from tecla.training.readers import Row, Rows, head_costs, stack

WEIGHTS: Final = {"beat": 2.0, "downbeat": 2.0, "phase": 0.7, "metre": 0.3, "beat_in_bar": 0.7}
STROKES: Final = 256
JOINED: Final = 0.4  # share of windows whose hands come from two pieces


def windows(pieces: Sequence[Sequence[Beaten]], rng: np.random.Generator) -> Iterator[Row]:
    """Random windows, `pieces` being the takes of each piece; the hands of two are joined now and then, all are bent."""
    odds = piece_odds(pieces)
    while True:
        piece = take(pieces, odds, rng)
        length = 2 * STROKES
        played = window(piece, int(rng.integers(0, max(1, len(piece.performance) - length // 4))), length)
        if rng.random() < JOINED:
            played = join_hands(played, take(pieces, odds, rng), rng)
        yield row(bend(played, rng))


def row(played: Beaten) -> Row:
    """What the network sees of a performance, and what it is told."""
    strokes = find_strokes(played.performance.notes["onset_sec"])
    told = tell(strokes, played)
    return stroke_features(played.performance, strokes), {name: getattr(told, name) for name in HEADS}


def piece_odds(pieces: Sequence[Sequence[Beaten]]) -> NDArray[np.float64]:
    """How often each piece is drawn: a long one more often, but not in proportion."""
    odds = np.array([np.mean([len(take.performance) for take in takes]) for takes in pieces]) ** 0.4
    return np.asarray(odds / odds.sum())


def take(pieces: Sequence[Sequence[Beaten]], odds: NDArray[np.float64], rng: np.random.Generator) -> Beaten:
    """A performance of a piece drawn by its odds."""
    takes = pieces[int(rng.choice(len(pieces), p=odds))]
    return takes[int(rng.integers(len(takes)))]


def whole(piece: Beaten) -> Rows:
    """A held-out performance as it is."""
    seen, told = row(piece)
    return stack([(seen, told)], len(seen))


def costs(net: nn.Module, rows: Rows) -> dict[str, Tensor]:
    """Mean cost of each head."""
    return head_costs(net(rows.seen).float(), rows, HEADS)
