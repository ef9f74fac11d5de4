"""JSB grid: four slots per 16th, soprano, alto, tenor, bass; a held note is a repeated one.

Ids: 0 END, 1 silence, 2..89 the piano's keys. A piece is a table of groups of four ids, closed by a group of ENDs.
Loss: a note struck again at once on its own pitch becomes one longer note; velocities and pedals are not kept.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.errors import InputError
from tecla.generation.tokenizers.grid_fit import SIXTEENTH_SEC, from_grid, to_grid
from tecla.music import Performance
from tecla.music.pitch import HIGHEST_PITCH, LOWEST_PITCH, N_KEYS

END: Final = 0
SILENCE: Final = 1
FIRST_KEY: Final = 2
VOICES: Final = ("soprano", "alto", "tenor", "bass")


class JsbGrid:
    """The four-voice grid as a tokenizer."""

    name = "jsb-grid"
    slots = 4
    vocabulary = FIRST_KEY + N_KEYS

    def __init__(self, sixteenth_sec: float = SIXTEENTH_SEC) -> None:
        self.sixteenth_sec = sixteenth_sec

    def encode(self, music: Performance) -> NDArray[np.int64]:
        """Ids of a performance of up to four voices that keeps to the grid, from its first onset on. Shape: (T + 1, 4)."""
        return self.encode_grid(to_grid(music, self.sixteenth_sec))

    def decode(self, ids: NDArray[np.int64]) -> Performance:
        """Held pitches as notes of velocity 72; voices in unison are one note."""
        return from_grid(self.decode_grid(ids), self.sixteenth_sec)

    def allowed(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """A piece ends between 16ths only. Shape: (n,) slots in reading order -> (V,)."""
        mask = np.ones(self.vocabulary, bool)
        mask[END] = len(ids) > 0 and len(ids) % self.slots == 0
        return mask

    def encode_grid(self, grid: NDArray[np.int16]) -> NDArray[np.int64]:
        """Ids of a chorale. Shape: (T, 4) pitches, -1 silent -> (T + 1, 4) ids.

        Raises:
            InputError: a pitch is no piano key.
        """
        grid = np.asarray(grid, np.int64)
        wrong = grid[(grid != -1) & ((grid < LOWEST_PITCH) | (grid > HIGHEST_PITCH))]
        if len(wrong):
            raise InputError(f"pitch {wrong[0]} is no piano key: must be {LOWEST_PITCH} to {HIGHEST_PITCH}, or -1 for silence")
        ids = np.where(grid == -1, SILENCE, grid - LOWEST_PITCH + FIRST_KEY)
        return np.concatenate([ids, np.full((1, 4), END)])

    def decode_grid(self, ids: NDArray[np.int64]) -> NDArray[np.int16]:
        """Pitches up to the first END. Shape: (L, 4) ids -> (T, 4) pitches, -1 silent."""
        ids = np.asarray(ids).reshape(-1, 4)
        ends = np.flatnonzero((ids == END).any(1))
        ids = ids[: ends[0]] if len(ends) else ids
        return np.where(ids == SILENCE, -1, ids + LOWEST_PITCH - FIRST_KEY).astype(np.int16)


def transpositions(ids: NDArray[np.int64], lowest: NDArray[np.int64], highest: NDArray[np.int64]) -> NDArray[np.int64]:
    """Semitones by which a piece can move with every voice inside its range. Shape: (L, 4), (4,), (4,) -> (K,)."""
    body = np.ma.masked_less(ids, FIRST_KEY)
    down = int((lowest - body.min(0)).max())
    up = int((highest - body.max(0)).min())
    return np.arange(min(down, 0), max(up, 0) + 1)


def transpose(ids: NDArray[np.int64], semitones: int) -> NDArray[np.int64]:
    """Every pitch moved, END and silence left. Shape: (L, 4) -> (L, 4)."""
    return np.where(ids >= FIRST_KEY, ids + semitones, ids)
