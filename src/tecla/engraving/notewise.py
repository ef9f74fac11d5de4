"""What the note-wise network sees and says: one row of features in, one row of logits out, per played note.

The network (weights/notes.onnx, training in training/notewise.py) reads a performance as a sequence of notes in order
of onset and pitch, as PM2S does (Liu et al., ISMIR 2022), with one trunk and many heads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.pulse import log_sec, pedal_up_sec
from tecla.music import Performance

NEIGHBOURS: Final = 4  # onsets to either side whose distance a note sees
N_FEATURES: Final = 4 * NEIGHBOURS + 12 + 9

HEADS: Final = {"downbeat": 1, "beat": 1, "staff": 1, "alter": 5}
N_OUTPUTS: Final = sum(HEADS.values())


@dataclass(frozen=True)
class Readings:
    """What is said of each note.

    Shape:
        log_alter (N, 5) log-probabilities; downbeat, beat (N,) probabilities; left_odds (N,) log-odds of the left hand
    """

    log_alter: NDArray[np.float64]
    downbeat: NDArray[np.float64]
    beat: NDArray[np.float64]
    left_odds: NDArray[np.float64]


def features(performance: Performance) -> NDArray[np.float32]:
    """Rows the network reads, (N, 37): distances to neighbouring onsets, lengths, pitch, loudness, pedal.

    Times are logarithms of seconds, so that a change of tempo is a shift.
    """
    notes = performance.notes
    n = len(notes)
    out = np.zeros((n, N_FEATURES), np.float32)
    if not n:
        return out
    onset = notes["onset_sec"]
    padded = np.concatenate([np.full(NEIGHBOURS, onset[0] - 1.0), onset, np.full(NEIGHBOURS, onset[-1] + 1.0)])
    for k in range(1, NEIGHBOURS + 1):
        out[:, 2 * k - 2] = log_sec(onset - padded[NEIGHBOURS - k : NEIGHBOURS - k + n])
        out[:, 2 * k - 1] = log_sec(padded[NEIGHBOURS + k : NEIGHBOURS + k + n] - onset)
    pitches = np.concatenate([np.full(NEIGHBOURS, 60), notes["pitch"], np.full(NEIGHBOURS, 60)]).astype(float)
    column = 2 * NEIGHBOURS
    for k in (*range(-NEIGHBOURS, 0), *range(1, NEIGHBOURS + 1)):
        out[:, column] = np.clip((pitches[NEIGHBOURS + k : NEIGHBOURS + k + n] - notes["pitch"]) / 12, -3, 3)
        column += 1
    out[np.arange(n), column + notes["pitch"] % 12] = 1.0
    out[:, column + 12 :] = _own(performance)
    return out


def _own(performance: Performance) -> NDArray[np.float64]:
    notes, onset = performance.notes, performance.notes["onset_sec"]
    following, before = performance.next_onset_sec(), _previous_onset(notes)
    density = np.searchsorted(onset, onset + 0.03) - np.searchsorted(onset, onset - 0.03)
    return np.stack(
        [
            log_sec(notes["offset_sec"] - onset),
            log_sec(performance.sounding_offset_sec() - onset),
            log_sec(np.minimum(following - onset, 8.0)),
            log_sec(np.minimum(onset - before, 8.0)),
            (notes["pitch"] - 64) / 24.0,
            (notes["velocity"] - 64) / 32.0,
            (pedal_up_sec(performance) > onset).astype(float),
            np.minimum(density, 10) / 5.0,
            np.ones(len(notes)),
        ],
        axis=1,
    )


def _previous_onset(notes: NDArray[np.void]) -> NDArray[np.float64]:
    order = np.lexsort((notes["onset_sec"], notes["pitch"]))
    previous = np.full(len(notes), -np.inf)
    same = np.diff(notes["pitch"][order]) == 0
    previous[order[1:][same]] = notes["onset_sec"][order[:-1][same]]
    return previous
