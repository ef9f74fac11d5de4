"""CrayKH: per time step one character for every sounding pitch, ascending, then a space (after carykh's text files).

Ids: 0 END, 1 space, 2..89 the piano's keys. Loss: no velocities, no pedal, times on the step's grid, and a key struck again without a
step of silence goes on sounding. The original step is 50 ms; the seed's was about 32 ms; JSB's grid is one 16th.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.errors import OptionError
from tecla.generation.tokenizers.grid_fit import from_grid
from tecla.music import Performance
from tecla.music.pitch import HIGHEST_PITCH, LOWEST_PITCH, N_KEYS

END: Final = 0
SPACE: Final = 1
FIRST_KEY: Final = 2


class CrayKH:
    """Sounding pitches, step by step."""

    slots = 1
    vocabulary = FIRST_KEY + N_KEYS

    def __init__(self, step_sec: float = 0.05) -> None:
        if not 0.001 <= step_sec <= 1.0:
            raise OptionError(f"step_sec is {step_sec}: must be 0.001 to 1 s")
        self.step_sec = step_sec
        self.name = f"craykh-{step_sec * 1000:.0f}ms"

    def encode(self, music: Performance) -> NDArray[np.int64]:
        """Ids of a performance from its first onset on, and END. Shape: (L, 1)."""
        roll = self._roll(music)
        ids: list[int] = []
        for step in roll:
            ids += [*(np.flatnonzero(step) + FIRST_KEY).tolist(), SPACE]
        return np.array([*ids, END])[:, None]

    def decode(self, ids: NDArray[np.int64]) -> Performance:
        """Held pitches as notes of velocity 72."""
        flat = np.asarray(ids).ravel()
        ends = np.flatnonzero(flat == END)
        flat = flat[: ends[0]] if len(ends) else flat
        step = np.cumsum(flat == SPACE)
        grid = np.full((int((flat == SPACE).sum()) + 1, N_KEYS), -1)
        keys = flat >= FIRST_KEY
        grid[step[keys], flat[keys] - FIRST_KEY] = flat[keys] - FIRST_KEY + LOWEST_PITCH
        return from_grid(grid, self.step_sec)

    def allowed(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Pitches ascend within a step; a piece ends between steps."""
        mask = np.ones(self.vocabulary, bool)
        last = int(ids[-1]) if len(ids) else SPACE
        mask[END] = last == SPACE and len(ids) > 0
        if last >= FIRST_KEY:
            mask[FIRST_KEY : last + 1] = False
        return mask

    def _roll(self, music: Performance) -> NDArray[np.bool_]:
        notes = music.notes
        notes = notes[(notes["pitch"] >= LOWEST_PITCH) & (notes["pitch"] <= HIGHEST_PITCH)]
        if not len(notes):
            return np.zeros((0, N_KEYS), bool)
        start = notes["onset_sec"].min()
        first = np.rint((notes["onset_sec"] - start) / self.step_sec).astype(int)
        last = np.maximum(np.rint((notes["offset_sec"] - start) / self.step_sec).astype(int), first + 1)
        roll = np.zeros((last.max(), N_KEYS), bool)
        for begin, end, pitch in zip(first, last, notes["pitch"], strict=True):
            roll[begin:end, pitch - LOWEST_PITCH] = True
        return roll
