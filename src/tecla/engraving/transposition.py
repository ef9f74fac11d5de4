"""A page in another key: the signature that a piece has most of the time becomes the one asked for, and all else moves with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.placed import Placed

_KEYS_OF_PIANO: Final = (21, 108)
_MOST_SIGNS: Final = 7


def transpose(
    notes: Sequence[Placed], keys: NDArray[np.int64], bar_of_note: NDArray[np.int64], key_fifths: int
) -> tuple[list[Placed], NDArray[np.int64]]:
    """Notes and the signatures of bars, so that the usual signature is `key_fifths`; by the nearest way that stays on the keyboard.

    A signature of more than seven signs is written by its other name.
    """
    if not notes:
        return [], np.full(len(keys), key_fifths)
    usual = int(np.bincount(keys[bar_of_note] + _MOST_SIGNS).argmax()) - _MOST_SIGNS
    fifths = key_fifths - usual
    pitch = np.array([note.pitch for note in notes])
    up = 7 * fifths % 12
    fitting = [by for by in (up, up - 12) if _KEYS_OF_PIANO[0] <= pitch.min() + by and pitch.max() + by <= _KEYS_OF_PIANO[1]]
    semitones = min(fitting or [up], key=abs)
    moved = keys + fifths
    moved = np.where(np.abs(moved) > _MOST_SIGNS, moved - 12 * np.sign(moved), moved)
    low, high = _KEYS_OF_PIANO
    return [replace(note, pitch=int(np.clip(note.pitch + semitones, low, high))) for note in notes], moved
