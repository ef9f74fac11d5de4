"""What the marks network sees and says: all that the voice network sees of a note, and the line that its hand follows, key by key.

A page leaves out much of what is played: the notes of a trill are one note with a sign, a grace note takes no time, a short note has a
dot. What comes out is, for every note of a counted performance, what it is on the page, the sign of the ornament that it begins, and the
odds of each articulation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.beatwise import Column
from tecla.engraving.tracking import Pulse
from tecla.engraving.voicewise import N_FEATURES as N_VOICE_FEATURES
from tecla.engraving.voicewise import voice_features
from tecla.music import Performance

PLAIN, GRACE, EXTRA = range(3)
KINDS: Final = ("plain", "grace", "extra")  # extra: played, but not written
SIGNS: Final = ("", "trill-mark", "inverted-mordent", "mordent", "turn")  # MusicXML's names; its inverted mordent goes up
ARTICULATIONS: Final = ("staccato", "accent", "tenuto", "fermata", "arpeggiate")
HEADS: Final = {"kind": len(KINDS), "sign": len(SIGNS), **dict.fromkeys(ARTICULATIONS, 1)}
N_OUTPUTS: Final = sum(HEADS.values())
_NEAR: Final = 4  # semitones within which the keys of an ornament lie
_ON: Final = 3  # notes that are followed either way
N_FEATURES: Final = N_VOICE_FEATURES + 2 * _ON * (2 * _NEAR + 2) + 1
_REACH: Final = 24  # notes among which the next of a line is sought
_APART_SEC: Final = 0.015  # what is struck sooner is struck together
_SLOWEST_SEC: Final = 4.0


@dataclass(frozen=True, eq=False)
class Marks:
    """What is read of each note.

    Shape:
        kind (N, 3), articulation (N, 5) probabilities in the order of KINDS and ARTICULATIONS; signed (N,) that it begins an ornament
    """

    kind: NDArray[np.float64]
    signed: NDArray[np.float64]
    articulation: NDArray[np.float64]


def mark_features(performance: Performance, pulse: Pulse, left: Column) -> NDArray[np.float32]:
    """Rows the marks network reads, (N, F), the voice network's first; `left` (N,) are log-odds for the left hand. At least two beats."""
    seen = voice_features(performance, pulse, left)
    notes = performance.notes
    if not len(notes):
        return np.zeros((0, N_FEATURES), np.float32)
    columns = _lines(notes["pitch"].astype(np.int64), notes["onset_sec"].astype(float), left > 0)
    return np.concatenate([seen, np.stack(columns, axis=1).astype(np.float32)], axis=1)


def _lines(pitch: NDArray[np.int64], onset: Column, left: NDArray[np.bool_]) -> list[Column]:
    """Which keys near by the hand strikes next and has struck before, three on either way, how many seconds off; and how fast it comes.

    Exact intervals: in octaves, as the networks before see them, a mordent is hardly more than a repetition.
    """
    columns: list[Column] = []
    for direction in (1, -1):
        following = _next_near(pitch, onset, left, direction)
        other = np.arange(len(pitch))
        for _ in range(_ON):
            there = following[other] >= 0
            other = np.where(there, following[other], other)
            interval = np.where(there, np.clip(pitch[other] - pitch, -_NEAR - 1, _NEAR + 1), _NEAR + 1)
            columns += [(interval == k).astype(float) for k in range(-_NEAR, _NEAR + 1)]
            away = np.where(there, np.abs(onset[other] - onset), _SLOWEST_SEC)
            columns.append(np.log2(np.clip(away, 0.02, _SLOWEST_SEC)) / 2 + 1)
    around = np.searchsorted(onset, onset + 0.5) - np.searchsorted(onset, onset - 0.5)
    return [*columns, np.log2(1 + around) / 4]


def _next_near(pitch: NDArray[np.int64], onset: Column, left: NDArray[np.bool_], direction: int) -> NDArray[np.int64]:
    """For each note the next (or, with -1, the last) of its hand that lies within a third of it, (N,); -1 where there is none."""
    count, found = len(pitch), np.full(len(pitch), -1)
    for step in range(1, _REACH + 1):
        other = np.arange(count) + direction * step
        there, other = (other >= 0) & (other < count), np.clip(other, 0, count - 1)
        there &= (left[other] == left) & (np.abs(pitch[other] - pitch) <= _NEAR) & (np.abs(onset[other] - onset) > _APART_SEC)
        found = np.where((found < 0) & there, other, found)
    return found
