"""A page in another key: the signature that a piece has most of the time becomes the one asked for, and all else moves with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.placed import Placed

_LOWEST, _HIGHEST = 21, 108  # keys of the piano
_MOST_SIGNS: Final = 7


class Transposed(NamedTuple):
    """Notes and the signatures of bars in another key, and how many semitones away that is."""

    notes: list[Placed]
    keys: NDArray[np.int64]
    semitones: int


def transpose(notes: Sequence[Placed], keys: NDArray[np.int64], bar_of_note: NDArray[np.int64], key_fifths: int) -> Transposed:
    """A piece whose usual signature becomes `key_fifths`, by the nearest way that stays on the keyboard.

    A signature of more than seven signs is written by its other name. Where neither way stays, what would leave it is an octave off.
    """
    if not notes:
        return Transposed([], np.full(len(keys), key_fifths), 0)
    usual = int(np.bincount(keys[bar_of_note] + _MOST_SIGNS).argmax()) - _MOST_SIGNS
    fifths = key_fifths - usual
    pitch = np.array([note.pitch for note in notes])
    up = 7 * fifths % 12
    fitting = [way for way in (up, up - 12) if pitch.min() + way >= _LOWEST and pitch.max() + way <= _HIGHEST]
    semitones = min(fitting or [up, up - 12], key=abs)
    pitch += semitones
    pitch += 12 * ((pitch < _LOWEST).astype(int) - (pitch > _HIGHEST))
    moved = keys + fifths
    moved = np.where(np.abs(moved) > _MOST_SIGNS, moved - 12 * np.sign(moved), moved)
    return Transposed([replace(note, pitch=of_note) for note, of_note in zip(notes, pitch.tolist(), strict=True)], moved, semitones)
