"""What the spelling network sees and says: one row of features in, one row of logits out, per note of a page in its key.

A black key has two names, and which is right its surroundings say: what rises to D is C sharp, what falls to C is D flat (Meredith, JNMR
2006; Foscarin, Audebert and Fournier-S'niehotta, "PKSpell", ISMIR 2021). Everything is told from the signature's point of view, so that
one piece teaches all keys: D sharp in E minor and F sharp in G minor are the same name. Pages need no performance: any score is a lesson.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

NEAR: Final = 6  # strokes to either side whose nearest keys are seen
REACH: Final = 15  # fifths from the name of the signature in major that are told apart
NAMES: Final = np.arange(-REACH, REACH + 1)
N_OUTPUTS: Final = len(NAMES)
_STEPS: Final = (-2, -1, 0, 1, 2)  # semitones to keys that a note may come from or go to
_OTHER_OCTAVES: Final = (-1, 0, 1)
_OF_KEY: Final = (0.0, 1.0, 4.0, 16.0)  # quarters to either side whose pitch classes are counted, from the key
_OF_NOTE: Final = (0.0, 1.0, 4.0)  # and from the note
_LONGEST: Final = 4.0  # quarters that a note counts for at most
N_FEATURES: Final = 12 + 1 + 2 * NEAR * (len(_STEPS) + len(_OTHER_OCTAVES) + 1) + 12 * (len(_OF_KEY) + len(_OF_NOTE)) + 12 + 2
_KEYBOARD: Final = 160
_FAR_AWAY: Final = 1.2  # where there is no stroke any more

Columns = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Page:
    """Notes of a page in order of onset and pitch.

    Shape:
        onset, end (N,) quarters; pitch (N,) MIDI; key (N,) signature in fifths at each note
    """

    onset: NDArray[np.float64]
    end: NDArray[np.float64]
    pitch: NDArray[np.int64]
    key: NDArray[np.int64]


def spelling_features(page: Page) -> NDArray[np.float32]:
    """Rows the spelling network reads, (N, F)."""
    if not len(page.onset):
        return np.zeros((0, N_FEATURES), np.float32)
    begins = np.diff(page.onset, prepend=-np.inf) > 1e-6
    stroke, first = np.cumsum(begins) - 1, np.flatnonzero(begins)
    low, high = (extreme.reduceat(page.pitch, first)[stroke] for extreme in (np.minimum, np.maximum))
    tonic = 7 * page.key % 12  # of the signature in major
    columns = [_one_of_twelve(page.pitch - tonic), (page.pitch[:, None] - 62) / 24]
    columns += _neighbours(page, stroke, first)
    columns += [np.sqrt(_classes(page, span, tonic)) for span in _OF_KEY] + [np.sqrt(_classes(page, span, page.pitch)) for span in _OF_NOTE]
    columns += [_one_of_twelve(low - tonic), np.stack([page.pitch == low, page.pitch == high], 1)]
    return np.concatenate(columns, axis=1).astype(np.float32)


def names_of(pitch: NDArray[np.int64], key: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of NAMES, each counted from the signature, are names of these keys of the piano, (N, 31)."""
    return np.asarray((7 * (NAMES + key[:, None]) - pitch[:, None]) % 12 == 0)


def _one_of_twelve(pitch: NDArray[np.int64]) -> Columns:
    return np.eye(12)[pitch % 12]


def _neighbours(page: Page, stroke: NDArray[np.int64], first: NDArray[np.int64]) -> list[Columns]:
    """Which keys next to each note are struck in the strokes before and after, here and an octave away, and how far off they are."""
    struck = np.zeros((len(first), _KEYBOARD), bool)
    struck[stroke, page.pitch] = True
    columns = []
    for k in (*range(-NEAR, 0), *range(1, NEAR + 1)):
        there = (stroke + k >= 0) & (stroke + k < len(first))
        other = np.clip(stroke + k, 0, len(first) - 1)
        here = np.stack([struck[other, page.pitch + step] for step in _STEPS], 1)
        octaves = np.stack([struck[other, page.pitch + step - 12] | struck[other, page.pitch + step + 12] for step in _OTHER_OCTAVES], 1)
        away = np.log2(np.abs(page.onset[first][other] - page.onset) + 0.06)
        columns += [here & there[:, None], octaves & there[:, None], np.where(there, np.clip(away, -4, 3) / 3, _FAR_AWAY)[:, None]]
    return columns


def _classes(page: Page, span: float, root: NDArray[np.int64]) -> Columns:
    """Shares of the twelve pitch classes, counted up from `root` (N,), among notes within `span` quarters, by their length, (N, 12)."""
    lasting = np.clip(page.end - page.onset, 0.1, _LONGEST)
    sums = np.concatenate([np.zeros((1, 12)), np.cumsum(_one_of_twelve(page.pitch) * lasting[:, None], axis=0)])
    begin = np.searchsorted(page.onset, page.onset - span - 1e-6)
    stop = np.searchsorted(page.onset, page.onset + span + 1e-6)
    found = np.take_along_axis(sums[stop] - sums[begin], (root[:, None] + np.arange(12)) % 12, axis=1)
    return np.asarray(found / found.sum(axis=1, keepdims=True))
