"""What the network believes of each frame -> the notes of a line: the best path through silence and the pitches, by Viterbi.

A line is in one state at a time, so vibrato and glides cannot sound as two notes: leaving a note must pay. Where a note
begins anew on its own pitch, the path stays and the onset's peak cuts it. `targets` beside it draws what is read here.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

SILENCE: Final = 0
_FLANK_FRAMES: Final = 3


@dataclass(frozen=True)
class LineBelief:
    """What the network says of consecutive frames.

    Shape:
        states: (T, S + 1) probabilities that sum to one, silence first; onset: (T,) 0..1; bend: (T,) semitones from the pitch
        level_db: (T,) loudness of the sound itself, full scale = 0
    """

    states: NDArray[np.float32]
    onset: NDArray[np.float32]
    bend: NDArray[np.float32]
    level_db: NDArray[np.float32]


@dataclass(frozen=True)
class LineConfig:
    """Where to draw lines; chosen on training clips and made-up lines (docs/experiments.md says between which values)."""

    change_cost: float = 24.0  # nats that a new pitch must gain: amateurs need 0.2 s to find theirs
    rest_cost: float = 6.0  # nats that falling silent must gain
    onset_help: float = 2.0  # how much of an onset's log odds pays for a change
    restrike_threshold: float = 0.9
    shortest_note_sec: float = 0.1


@dataclass(frozen=True)
class LineNotes:
    """Notes of a line in order, (N,) each: frames from the first belief, state 1..S, mean probability 0..1."""

    onset: NDArray[np.float64]
    offset: NDArray[np.float64]
    state: NDArray[np.intp]
    confidence: NDArray[np.float64]


def best_path(belief: LineBelief, config: LineConfig) -> NDArray[np.intp]:
    """The most probable sequence of states, (T,)."""
    log = np.log(np.maximum(belief.states.astype(np.float64), 1e-6))
    odds = np.clip(belief.onset.astype(np.float64), 0.02, 0.98)
    toll = config.change_cost - config.onset_help * np.log(odds / (1 - odds))
    n_frames, n_states = log.shape
    came_from = np.zeros((n_frames, n_states), np.int16)
    stay = np.arange(n_states)
    best = np.zeros(n_states)
    for t in range(n_frames):
        top = int(best.argmax())
        moved = best[top] - max(float(toll[t]), 0.0)
        came = np.where(moved > best, top, stay)
        score = np.maximum(best, moved)
        if best[top] - config.rest_cost > best[SILENCE]:
            came[SILENCE], score[SILENCE] = top, best[top] - config.rest_cost
        came_from[t] = came
        best = score + log[t]
        best -= best.max()
    path = np.zeros(n_frames, np.intp)
    state = int(best.argmax())
    for t in range(n_frames - 1, -1, -1):
        path[t] = state
        state = int(came_from[t, state])
    return path


def decode_line(belief: LineBelief, frame_rate: float, config: LineConfig | None = None) -> LineNotes:
    """The notes of a line; times in frames, between frames where an onset says so."""
    config = config or LineConfig()
    path = best_path(belief, config)
    cuts = np.flatnonzero(np.diff(path)) + 1
    begins, ends = np.concatenate([[0], cuts]), np.concatenate([cuts, [len(path)]])
    shortest = config.shortest_note_sec * frame_rate
    onsets, offsets, states, confidences = list[float](), list[float](), list[int](), list[float]()
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        if end <= begin or path[begin] == SILENCE:
            continue
        edges = [begin, *_restrikes(belief.onset, begin, end, config, shortest), end]
        for first, stop in pairwise(edges):
            if stop - first >= shortest:
                onsets.append(max(_refined(belief.onset, first, stop), onsets[-1] + 1 if onsets else 0.0))
                offsets[-1:] = [min(offset, onsets[-1]) for offset in offsets[-1:]]  # one voice: what is sung on ends here
                offsets.append(float(stop))
                states.append(int(path[begin]))
                confidences.append(float(belief.states[first:stop, path[begin]].mean()))
    onset = np.array(onsets)
    return LineNotes(onset, np.maximum(np.array(offsets), onset), np.array(states, np.intp), np.array(confidences))


def _restrikes(onset: NDArray[np.float32], begin: int, end: int, config: LineConfig, shortest: float) -> list[int]:
    """Frames inside a note at which it begins anew: peaks of the onset, far enough from its ends and from each other."""
    found, least = list[int](), int(np.ceil(shortest))
    inner = onset[begin + least : end - least]
    for at in (np.flatnonzero(inner >= config.restrike_threshold) + begin + least).tolist():
        around = onset[max(begin, at - 2) : at + 3]
        if onset[at] >= around.max() and (not found or at - found[-1] >= shortest):
            found.append(at)
    return found


def _refined(onset: NDArray[np.float32], frame: int, stop: int) -> float:
    """The centre of gravity of the onset's triangle near a frame; the frame itself where there is none."""
    low, high = max(0, frame - _FLANK_FRAMES), min(stop, frame + 2 * _FLANK_FRAMES + 1)
    top = low + int(onset[low:high].argmax())
    if onset[top] < onset[low:high].min() + 0.2:  # no summit: a baseline that knows no onsets says the same of every frame
        return float(frame)
    around = np.arange(max(0, top - _FLANK_FRAMES), min(len(onset), top + _FLANK_FRAMES + 1))
    weight = onset[around].astype(np.float64)
    return float(max(0.0, (around * weight).sum() / weight.sum()))
