"""A page in another key: the signature that a piece has most of the time becomes the one asked for, and all else moves with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.placed import Placed

_LOWEST, _HIGHEST = 21, 108  # keys of the piano
_MOST_SIGNS: Final = 7


def transpose(
    notes: Sequence[Placed], keys: NDArray[np.int64], bar_of_note: NDArray[np.int64], key_fifths: int
) -> tuple[list[Placed], NDArray[np.int64]]:
    """Notes and the signatures of bars, so that the usual signature is `key_fifths`; by the nearest way that stays on the keyboard.

    A signature of more than seven signs is written by its other name. Where neither way stays, what would leave it is an octave off.
    """
    if not notes:
        return [], np.full(len(keys), key_fifths)
    usual = int(np.bincount(keys[bar_of_note] + _MOST_SIGNS).argmax()) - _MOST_SIGNS
    fifths = key_fifths - usual
    pitch = np.array([note.pitch for note in notes])
    up = 7 * fifths % 12
    fitting = [by for by in (up, up - 12) if pitch.min() + by >= _LOWEST and pitch.max() + by <= _HIGHEST]
    pitch += min(fitting or [up, up - 12], key=abs)
    pitch += 12 * ((pitch < _LOWEST).astype(int) - (pitch > _HIGHEST))
    moved = keys + fifths
    moved = np.where(np.abs(moved) > _MOST_SIGNS, moved - 12 * np.sign(moved), moved)
    return [replace(note, pitch=of_note) for note, of_note in zip(notes, pitch.tolist(), strict=True)], moved
