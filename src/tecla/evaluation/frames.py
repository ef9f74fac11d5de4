"""Frames: for how much of the time the right keys sound.

Aim
    A figure that forgives a note cut in two and punishes a note held too long.

Conventions
    A frame is 10 ms, the finest in use (Hawthorne et al. 2018 take 32 ms, Kong et al. 2021 take 10 ms); a key is active in a frame when
    one of its notes sounds at the frame's centre. Both sides are cut from their notes' exact times, the reference from the original MIDI.
    Cells (frame, key) are counted over the whole piece, as mir_eval.multipitch counts them.

Metrics
    Precision, recall, F1 over active cells (`Detection`).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.errors import OptionError
from tecla.evaluation import notes
from tecla.evaluation.matching import Detection
from tecla.evaluation.notes import Offsets
from tecla.music import Performance

FRAME_SEC: Final = 0.01


def validate(offsets: str, frame_sec: float) -> None:
    """Raises OptionError for an unknown offset convention or a frame without length."""
    notes.validate(offsets)
    if not 0 < frame_sec < np.inf:
        raise OptionError(f"a frame of {frame_sec} s: must be a positive number of seconds")


def active_frames(intervals_sec: NDArray[np.float64], n_frames: int, frame_sec: float = FRAME_SEC) -> NDArray[np.bool_]:
    """Frames whose centre lies in one of the intervals, begin included, end not.

    Shape:
        intervals_sec: (K, 2); return: (n_frames,)

    >>> active_frames(np.array([[0.01, 0.03]]), 4).tolist()
    [False, True, True, False]
    """
    edges = np.clip(np.ceil(np.around(intervals_sec / frame_sec - 0.5, 6)), 0, n_frames).astype(np.intp)
    steps = np.bincount(edges[:, 0], minlength=n_frames + 1) - np.bincount(edges[:, 1], minlength=n_frames + 1)
    return np.cumsum(steps[:n_frames]) > 0


def compare(reference_sec: NDArray[np.float64], estimate_sec: NDArray[np.float64], frame_sec: float = FRAME_SEC) -> tuple[int, int, int]:
    """Frames active on both sides, in the reference, in the estimate, of one key or pedal given as (K, 2) intervals."""
    end_sec = max(reference_sec.max(initial=0.0), estimate_sec.max(initial=0.0))
    n_frames = int(np.ceil(end_sec / frame_sec)) + 1
    played, heard = active_frames(reference_sec, n_frames, frame_sec), active_frames(estimate_sec, n_frames, frame_sec)
    return int((played & heard).sum()), int(played.sum()), int(heard.sum())


def evaluate(reference: Performance, estimate: Performance, *, offsets: Offsets = "sounding", frame_sec: float = FRAME_SEC) -> Detection:
    """Frame metrics of one piece; time before 0 is not counted.

    Raises:
        OptionError: `offsets` or `frame_sec` is out of bounds.

    >>> played = Performance.from_arrays([0.0], [1.0], [60])
    >>> evaluate(played, Performance.from_arrays([0.0], [0.5], [60])).recall
    0.5
    """
    validate(offsets, frame_sec)
    played, heard = _intervals(reference, offsets), _intervals(estimate, offsets)
    counts = np.zeros(3)
    for pitch in np.union1d(reference.notes["pitch"], estimate.notes["pitch"]):
        counts += compare(played[reference.notes["pitch"] == pitch], heard[estimate.notes["pitch"] == pitch], frame_sec)
    return Detection(*counts.tolist())


def _intervals(performance: Performance, offsets: Offsets) -> NDArray[np.float64]:
    return np.stack([performance.notes["onset_sec"], notes.offset_sec(performance, offsets)], axis=1)
