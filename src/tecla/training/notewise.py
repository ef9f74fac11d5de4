"""What the note-wise network learns from: windows of aligned performances.

Each is played a little faster or slower, in another key, less evenly and without some of its notes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.notewise import features
from tecla.music import Performance
from tecla.training.aligned import NO_NAME, Aligned
from tecla.training.readers import UNKNOWN, Row

WEIGHTS: Final = {"downbeat": 1.0, "beat": 1.0, "staff": 1.0, "alter": 0.5}
NOTES: Final = 256
_MIDDLE: Final = 2  # D on the line of fifths: what lies farther from it than half a circle has a simpler name


def windows(pieces: Sequence[Aligned], rng: np.random.Generator) -> Iterator[Row]:
    """Random windows; a long performance is drawn more often, but not in proportion."""
    odds = np.sqrt([len(piece.performance) for piece in pieces])
    while True:
        piece = pieces[int(rng.choice(len(pieces), p=odds / odds.sum()))]
        yield row(varied(piece, int(rng.integers(0, max(1, len(piece.performance) - NOTES // 2))), NOTES, rng))


def row(piece: Aligned) -> Row:
    """What the network sees of a performance, and what it is told."""
    alter = (piece.fifths + 1) // 7
    named = (piece.fifths != NO_NAME) & (np.abs(alter) <= 2)
    told = {"downbeat": piece.downbeat, "beat": piece.beat, "staff": piece.left, "alter": np.where(named, alter + 2, UNKNOWN)}
    return features(piece.performance), told


def varied(piece: Aligned, start: int, length: int, rng: np.random.Generator) -> Aligned:
    """A window of a performance, played differently: tempo, key, timing, loudness, missing notes."""
    kept = np.arange(start, min(len(piece.performance), start + length))
    kept = kept[rng.random(len(kept)) >= rng.choice([0.0, 0.02])]
    notes = piece.performance.notes[kept].copy()
    low, high = notes["pitch"].min(), notes["pitch"].max()
    shift = int(np.clip(rng.integers(-5, 7), 21 - low, 108 - high))
    notes["pitch"] += shift
    notes["velocity"] = np.clip(notes["velocity"] * rng.uniform(0.8, 1.2) + rng.normal(0, 3, len(notes)), 1, 127)
    scale = np.exp(rng.uniform(-0.25, 0.25))
    lasting = (notes["offset_sec"] - notes["onset_sec"]) * scale * np.exp(rng.normal(0, rng.choice([0.05, 0.2]), len(notes)))
    notes["onset_sec"] = notes["onset_sec"] * scale + rng.normal(0, rng.choice([0.001, 0.006]), len(notes))
    notes["offset_sec"] = notes["onset_sec"] + np.maximum(lasting, 0.005)
    order = np.lexsort((notes["pitch"], notes["onset_sec"]))
    controls = piece.performance.controls.copy()
    controls["time_sec"] *= scale
    played = Performance(notes, controls if rng.random() > 0.15 else controls[:0])
    kept = kept[order]
    return Aligned(played, piece.downbeat[kept], piece.beat[kept], piece.left[kept], _transposed(piece.fifths[kept], shift))


def _transposed(fifths: NDArray[np.int64], semitones: int) -> NDArray[np.int64]:
    """Names so many semitones higher, (N,), in the direction that keeps them simple."""
    named = fifths != NO_NAME
    move = 7 * semitones
    move -= 12 * round((move + (float(np.median(fifths[named])) - _MIDDLE if named.any() else 0.0)) / 12)
    return np.asarray(np.where(named, fifths + move, NO_NAME))
