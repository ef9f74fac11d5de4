"""What every tokenizer can do, and what can be said of it in numbers.

Conventions: ids are (L, G) rows of G slots (G = 1 except in grids), id 0 is END. `encode` and `decode` are inverses but for the
tokenizer's stated loss. Continuous events (continuous.py) follow the same shape of work with records in place of ids.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from tecla.music import Performance

Music = TypeVar("Music")
ONSET_TOLERANCE_SEC = 0.05  # as in note metrics (Bay et al. 2009)


class Tokenizer(Protocol[Music]):
    """Music (a Performance; a tune's text) spelt in ids of a closed vocabulary."""

    name: str
    slots: int
    vocabulary: int

    def encode(self, music: Music) -> NDArray[np.int64]:
        """(L, G) ids, the last row begins with END."""

    def decode(self, ids: NDArray[np.int64]) -> Music:
        """The music up to the first END."""

    def allowed(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """The grammar: which ids may follow these slots in reading order. Shape: (n,) -> (V,)."""


def round_trip_f1(tokenizer: Tokenizer[Performance], performance: Performance) -> float:
    """Note F1 (onset within 50 ms, pitch) between a performance and its decoded encoding, both from their first onset."""
    return note_f1(performance, tokenizer.decode(tokenizer.encode(performance)))


def note_f1(reference: Performance, estimate: Performance) -> float:
    """F1 of notes matched one to one by pitch and onset within 50 ms, both counted from their first onset."""
    if not len(reference) or not len(estimate):
        return float(len(reference) == len(estimate))
    hits = 0
    for pitch in np.intersect1d(reference.notes["pitch"], estimate.notes["pitch"]):
        hits += _matches(*(p.notes["onset_sec"][p.notes["pitch"] == pitch] - p.notes["onset_sec"].min() for p in (reference, estimate)))
    return 2 * hits / (len(reference) + len(estimate))


def _matches(a: NDArray[np.float64], b: NDArray[np.float64]) -> int:
    """Greedy matching in order of time, which is optimal for one pitch and one tolerance."""
    hits = i = j = 0
    while i < len(a) and j < len(b):
        if abs(a[i] - b[j]) <= ONSET_TOLERANCE_SEC + 1e-9:
            hits, i, j = hits + 1, i + 1, j + 1
        elif a[i] < b[j]:
            i += 1
        else:
            j += 1
    return hits
