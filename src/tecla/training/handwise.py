"""What the hands network learns from: windows of notes with the staff that each is written on.

They are played in other keys, upside down, with hands of two pieces, and with some notes fewer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.handwise import hand_features
from tecla.music import Performance
from tecla.training.as_heard import SHARE, lengths_as_heard
from tecla.training.pulse_targets import stretch_of
from tecla.training.readers import UNKNOWN, Row, any_take

HEADS: Final = {"left": 1}
WEIGHTS: Final = {"left": 1.0}
NOTES: Final = 192
_JOINED: Final = 0.35  # share of windows whose hands come from two pieces
_UPSIDE_DOWN: Final = 0.2


@dataclass(frozen=True, eq=False)
class Handed:
    """A performance and the hand of each note, (N,): 1 the left one, 0 the right one, UNKNOWN where the score does not have it."""

    performance: Performance
    left: NDArray[np.int64]


def windows(pieces: Sequence[Sequence[Handed]], rng: np.random.Generator) -> Iterator[Row]:
    """Random windows, `pieces` being the takes of each piece."""
    draw = any_take(pieces, lambda take: len(take.left), rng)

    def some() -> Handed:
        take = draw()
        begin = int(rng.integers(0, max(1, len(take.left) - NOTES // 2)))
        return Handed(stretch_of(take.performance, begin, begin + NOTES), take.left[begin : begin + NOTES])

    while True:
        piece = some()
        if rng.random() < _JOINED:
            piece = joined(piece, some(), rng)
        yield row(varied(piece, rng))


def row(piece: Handed) -> Row:
    """What the network sees of a performance, and what it is told."""
    return hand_features(piece.performance), {"left": piece.left}


def joined(piece: Handed, other: Handed, rng: np.random.Generator) -> Handed:
    """The left hand of one piece and the right hand of the other, in as much time; what lies nowhere is left out."""
    lower, upper = piece.performance.notes[piece.left == 1], other.performance.notes[other.left == 0].copy()
    if min(len(lower), len(upper)) < NOTES // 8:
        return piece
    for name in ("onset_sec", "offset_sec"):
        upper[name] += lower["onset_sec"][0] - other.performance.notes["onset_sec"][0]
    crowded = float(np.median(upper["pitch"].astype(float)) - np.median(lower["pitch"].astype(float)))
    shift = int(rng.integers(-4, 5)) + (12 if crowded < 8 else 0)
    upper["pitch"] = np.clip(upper["pitch"].astype(int) + shift, 21, 108)
    return _sorted(np.concatenate([lower, upper]), np.repeat([1, 0], [len(lower), len(upper)]))


def varied(piece: Handed, rng: np.random.Generator) -> Handed:
    """The same hands in another key, at another pace, upside down now and then, and with some notes fewer."""
    notes, left = piece.performance.notes.copy(), piece.left
    pitch = notes["pitch"].astype(int) + int(rng.integers(-6, 7))
    if rng.random() < _UPSIDE_DOWN:
        pitch, left = 124 - pitch, np.where(left == UNKNOWN, UNKNOWN, 1 - left)  # turned about D, a key whose neighbours mirror each other
    notes["pitch"] = np.clip(pitch, 21, 108)
    pace = np.exp(rng.uniform(-0.4, 0.4))
    held = lengths_as_heard(piece.performance, rng) if rng.random() < SHARE else notes["offset_sec"] - notes["onset_sec"]
    lasting = held * pace * np.exp(rng.normal(0, 0.15, len(notes)))
    notes["onset_sec"] = notes["onset_sec"] * pace + rng.normal(0, rng.choice([0.001, 0.006]), len(notes))
    notes["offset_sec"] = notes["onset_sec"] + np.maximum(lasting, 0.01)
    notes["velocity"] = np.clip(notes["velocity"] * rng.uniform(0.8, 1.2) + rng.normal(0, 4, len(notes)), 1, 127)
    kept = rng.random(len(notes)) >= rng.choice([0.0, 0.03, 0.1])
    return _sorted(notes[kept], left[kept]) if kept.sum() > 16 else _sorted(notes, left)


def _sorted(notes: NDArray[np.void], left: NDArray[np.int64]) -> Handed:
    """A performance with its notes in order, their hands with them."""
    order = np.lexsort((notes["pitch"], notes["onset_sec"]))
    return Handed(Performance(notes[order]), left[order])
