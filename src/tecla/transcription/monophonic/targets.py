"""Notes of a line -> what the network should say of each frame. `decode` is its inverse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.music import Performance
from tecla.transcription.monophonic.decode import SILENCE

REACH_FRAMES: Final = 3  # an onset is a triangle, 1 at its time and 0 from three frames away


@dataclass(frozen=True)
class LineTargets:
    """Shape: state (T,) 0 for silence, else 1 + the pitch's place among the pitches that count; onset (T,) 0..1."""

    state: NDArray[np.intp]
    onset: NDArray[np.float32]


def encode_line(line: Performance, pitches: NDArray[np.intp], n_frames: int, frame_rate: float) -> LineTargets:
    """Targets of frames 0 .. n_frames - 1; where notes overlap the later one counts, other pitches are silence.

    >>> sung = Performance.from_arrays([0.0, 0.2], [0.25, 0.4], [60, 64])
    >>> encode_line(sung, np.array([60, 64]), 5, 10.0).state.tolist()
    [1, 1, 2, 2, 0]
    """
    place = {int(pitch): number for number, pitch in enumerate(pitches, 1)}
    state, onset = np.full(n_frames, SILENCE, np.intp), np.zeros(n_frames, np.float32)
    grid = np.arange(n_frames)
    for note in line.notes:  # in order of onset
        if int(note["pitch"]) not in place:
            continue
        begin, end = note["onset_sec"] * frame_rate, note["offset_sec"] * frame_rate
        first, stop = np.clip(np.ceil(np.array([begin, end]) - 1e-6), 0, n_frames).astype(int)
        state[first:stop] = place[int(note["pitch"])]
        onset = np.maximum(onset, np.maximum(0, 1 - np.abs(grid - begin) / REACH_FRAMES)).astype(np.float32)
    return LineTargets(state, onset)
