"""Key signatures bar by bar, and the spelling of every pitch in them.

Both come from the network's readings; a key signature changes only where the music stays in the new one (Viterbi), and a
pitch prefers spellings near its key on the line of fifths (Temperley, The Cognition of Basic Musical Structures, 2001).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

KEYS: Final = np.arange(-7, 8)
CHANGE_COST: Final = 100.0
NOTE_WEIGHT: Final = 0.05
ACCIDENTAL_COST: Final = 2.0
SCALE_REACH: Final = 3  # fifths from the middle of a scale to its ends
NEARNESS: Final = 0.12  # cost of a fifth's distance from the middle of the key's scale
_FIFTHS_OF_CLASS: Final = tuple(tuple(f for f in range(-15, 20) if (7 * f) % 12 == c) for c in range(12))


def find_keys(
    log_key: NDArray[np.float64], log_alter: NDArray[np.float64], pitch: NDArray[np.int64], bar_of_note: NDArray[np.int64], n_bars: int
) -> NDArray[np.int64]:
    """Key signature of each bar in fifths, (n_bars,): what the network reads, and what needs the fewest accidentals."""
    merit = np.zeros((max(n_bars, 1), len(KEYS)))
    fifths = np.array([spell(int(p), 0, row, nearness=0.0) for p, row in zip(pitch, log_alter, strict=True)], np.int64)
    outside = np.abs(fifths[:, None] - KEYS - 2) > SCALE_REACH  # (N, 15): needs an accidental in that key
    np.add.at(merit, bar_of_note, NOTE_WEIGHT * np.maximum(log_key, -8.0) - ACCIDENTAL_COST * outside)
    merit -= 1e-3 * np.abs(KEYS)
    total, back = merit[0], np.zeros(merit.shape, np.int64)
    for i in range(1, len(merit)):
        stay = total >= total.max() - CHANGE_COST
        back[i] = np.where(stay, np.arange(len(KEYS)), total.argmax())
        total = np.where(stay, total, total.max() - CHANGE_COST) + merit[i]
    path = np.zeros(len(merit), np.int64)
    path[-1] = total.argmax()
    for i in range(len(merit) - 1, 0, -1):
        path[i - 1] = back[i, path[i]]
    return np.asarray(KEYS[path])


def spell(pitch: int, key_fifths: int, log_alter: NDArray[np.float64] | None = None, nearness: float = NEARNESS) -> int:
    """Place on the line of fifths of a MIDI pitch in a key; `log_alter` (5,) is the network's reading of its accidental.

    >>> spell(61, 0), spell(61, -4)
    (7, -5)
    """

    def merit(fifths: int) -> float:
        alter = (fifths + 1) // 7
        reading = 0.0 if log_alter is None else max(float(log_alter[alter + 2]), -8.0)
        return reading - nearness * abs(fifths - key_fifths - 2) - 0.5 * (abs(alter) > 1)

    return max(_FIFTHS_OF_CLASS[pitch % 12], key=merit)
