"""Keys made even: what one key is louder than its neighbours throughout a take is the piano's and the room's, and no player's.

No piano has 88 hammers alike, and no microphone stands where every tone is as loud. Within a take a key's notes are compared with all
that is struck within a second of them. What is left of their mean, once a smooth curve over the keyboard is taken away, which may well be
the player's (a tune above its accompaniment), is the key's own, and is taken off; the less of it, the fewer notes the key has.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.music.pitch import N_KEYS

_AROUND_SEC: Final = 1.0
_NOTES_TO_BELIEVE: Final = 20  # notes of a key at which half of what it stands out by is believed; chosen on development data
_CURVE: Final = 2  # degree of what is left to the player


def even_keys(velocity: NDArray[np.float64], onset_sec: NDArray[np.float64], key_index: NDArray[np.intp]) -> NDArray[np.float64]:
    """Velocities 0..1 of a whole take without what is each key's own, 0..1.

    Shape:
        velocity, onset_sec, key_index: (N,) in any order

    >>> even_keys(np.full(3, 0.5), np.array([0.0, 0.5, 1.0]), np.array([40, 44, 47])).round(6).tolist()
    [0.5, 0.5, 0.5]
    """
    if not len(velocity):
        return velocity
    outstanding = velocity - _mean_around(velocity, onset_sec)
    place = key_index / N_KEYS - 0.5
    powers = np.stack([place**k for k in range(_CURVE + 1)], axis=1)
    own = outstanding - powers @ np.linalg.lstsq(powers, outstanding, rcond=None)[0]
    total, count = np.bincount(key_index, own, N_KEYS), np.bincount(key_index, minlength=N_KEYS)
    return np.asarray(np.clip(velocity - (total / (count + _NOTES_TO_BELIEVE))[key_index], 0, 1))


def _mean_around(velocity: NDArray[np.float64], onset_sec: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean velocity of all that is struck within a second of each note, itself included, (N,)."""
    order = np.argsort(onset_sec, kind="stable")
    sums, time = np.concatenate([[0.0], np.cumsum(velocity[order])]), onset_sec[order]
    first, stop = np.searchsorted(time, onset_sec - _AROUND_SEC), np.searchsorted(time, onset_sec + _AROUND_SEC, side="right")
    return np.asarray((sums[stop] - sums[first]) / (stop - first))
