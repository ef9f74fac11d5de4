"""Key signatures bar by bar, and what a pitch is usually called in them.

A signature is that of the major or the minor key whose usual pitches the music has (profiles as of Krumhansl and Kessler 1982, learned from
signatures that editors wrote: modulations and raised leading notes are in them); it changes only where the music stays in the new one
(Viterbi). In the keys a network spells (spellwise.py). A tune is spelt by what is usual in its key, which is near it on the line of fifths
(Temperley, The Cognition of Basic Musical Structures, 2001).
"""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.viterbi import likeliest_path

KEYS: Final = np.arange(-7, 8)
CHANGE_COST: Final = 100.0
_MODE_COST: Final = 10.0  # of going from the major to the minor key of a signature, or back
ACCIDENTAL_COST: Final = 0.5
# How many of a hundred notes are each pitch class, C G D A E B F# C# G# D# A# F in a piece without sharps or flats: in major keys and
# in minor ones. Learned from the training pieces of ASAP by tecla.training.key_profiles, which is told signatures but no modes.
PROFILES: Final = (
    (15.4, 16.1, 11.9, 10.8, 13.0, 9.5, 3.5, 2.1, 3.3, 2.5, 2.5, 9.4),
    (11.7, 9.4, 10.1, 12.8, 14.4, 9.9, 4.2, 3.8, 6.0, 4.2, 4.1, 9.4),
)
SCALE_REACH: Final = 3  # fifths from the middle of a scale to its ends
FARTHEST: Final = 15  # fifths from a key's own note that are told apart
# Of 100,000 notes, how many are spelt so many fifths from the name of their signature in major, -FARTHEST..FARTHEST; learned likewise
SPELT: Final = (
    0, 0, 1, 3, 6, 14, 28, 47, 82, 188, 507, 1448, 1598, 2605, 9294,
    13863, 13216, 11050, 11738, 13798, 9522, 3278, 2057, 2870, 1655, 522, 185, 170, 123, 62, 71,
)  # fmt: skip
_FIFTHS_OF_CLASS: Final = tuple(tuple(f for f in range(-15, 20) if (7 * f) % 12 == c) for c in range(12))


def find_keys(log_alter: NDArray[np.float64], pitch: NDArray[np.int64], bar_of_note: NDArray[np.int64], n_bars: int) -> NDArray[np.int64]:
    """Key signature of each bar in fifths, (n_bars,): by what is usual in it, and the accidentals (N, 5) that the network reads."""
    fifths = np.array([_as_read(int(p), row) for p, row in zip(pitch, log_alter, strict=True)], np.int64)
    outside = np.abs(fifths[:, None] - KEYS - 2) > SCALE_REACH  # (N, 15): needs an accidental in that key
    usual = np.log(np.array(PROFILES) * 12 / 100)[:, (7 * pitch[:, None] - KEYS) % 12]  # (2, N, 15)
    merit = np.zeros((max(n_bars, 1), len(PROFILES), len(KEYS)))
    np.add.at(merit, bar_of_note, (usual - ACCIDENTAL_COST * outside).transpose(1, 0, 2))
    merit -= 1e-3 * np.abs(KEYS)
    mode, key = np.divmod(np.arange(len(PROFILES) * len(KEYS)), len(KEYS))
    moves = -CHANGE_COST * (key[:, None] != key) - _MODE_COST * ((key[:, None] == key) & (mode[:, None] != mode))
    return np.asarray(KEYS[key[likeliest_path(merit.reshape(len(merit), -1), moves)]])


def spell(pitch: int, key_fifths: int) -> int:
    """The most usual name of a MIDI pitch in a key, on the line of fifths: for a tune, where nothing else is known.

    >>> spell(61, 0), spell(61, -4), spell(70, 6)
    (7, -5, 10)
    """
    return max(_FIFTHS_OF_CLASS[pitch % 12], key=lambda fifths: _usual(fifths - key_fifths) - 0.5 * (abs((fifths + 1) // 7) > 1))


def _usual(away: int) -> float:
    return float(np.log(SPELT[min(max(away, -FARTHEST), FARTHEST) + FARTHEST] + 1.0))


def _as_read(pitch: int, log_alter: NDArray[np.float64]) -> int:
    """The name of a pitch whose accidental (5,) the network reads, in no key."""

    def merit(fifths: int) -> float:
        alter = (fifths + 1) // 7
        return max(float(log_alter[alter + 2]), -8.0) - (abs(alter) > 1)

    return max(_FIFTHS_OF_CLASS[pitch % 12], key=merit)


def one_name_a_bar(fifths: NDArray[np.int64], bar: NDArray[np.int64], pitch: NDArray[np.int64]) -> NDArray[np.int64]:
    """Names of notes, (N,), those of one key of the piano made the same within a bar: the one that most have, of equals the first.

    >>> one_name_a_bar(np.array([8, -4, -4, 8]), np.array([0, 0, 0, 1]), np.array([68, 68, 68, 68])).tolist()
    [-4, -4, -4, 8]
    """
    names: dict[tuple[int, int], Counter[int]] = {}
    keys = list(zip(bar.tolist(), pitch.tolist(), strict=True))
    for key, name in zip(keys, fifths.tolist(), strict=True):
        names.setdefault(key, Counter())[name] += 1
    return np.array([names[key].most_common(1)[0][0] for key in keys], np.int64)
