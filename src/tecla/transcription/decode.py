"""Activations -> notes and pedals: the inverse of `targets.encode`.

An onset is a peak of its triangle, placed between frames by its neighbours' heights. Where a note ends is not a
threshold but a best cut: of all frames up to the key's next onset, the one that best parts frames believed to sound from
frames believed silent, with the end event's own evidence added. Pedals are the best path of a two-state chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.errors import InputError
from tecla.music.pitch import LOWEST_PITCH, N_KEYS
from tecla.transcription.card import stated_in_card
from tecla.transcription.features import FRAME_RATE
from tecla.transcription.network import Activations
from tecla.transcription.targets import EVENT_REACH_FRAMES

LONGEST_NOTE_FRAMES: Final = 1000  # 20 s: even a bass string is silent then
_LEAST_EVENT: Final = 0.2  # below this an event channel does not say when
_FLANK_FRAMES: Final = EVENT_REACH_FRAMES + 1
_ONSET, _VELOCITY, _SOUNDING, _SOUNDING_END, _KEY, _KEY_UP = range(6)
_SUSTAIN, _SUSTAIN_DOWN, _SUSTAIN_UP = range(3)


@dataclass(frozen=True)
class DecodeConfig:
    """Where to draw lines; chosen on `maps-disklavier-dev` (docs/experiments.md tells between which values).

    Weights that want to be read otherwise say so in their card.
    """

    onset_threshold: float = 0.63
    end_weight: float = 2.0
    pedal_event_weight: float = 1.0
    pedal_switch_cost: float = -1.0  # negative: pedal events are believed too little, short lifts got lost


def load_reading(weights: Path) -> DecodeConfig | None:
    """How weights want to be read, by the card beside an .onnx file; None where it does not say.

    Raises:
        InputError: the card is damaged.
    """
    reading = stated_in_card(weights, "reading", DecodeConfig)
    if reading is not None and not 0 < reading.onset_threshold < 1:
        raise InputError(f"{weights.with_suffix('.json')} has an onset threshold of {reading.onset_threshold}: must lie between 0 and 1")
    return reading


@dataclass(frozen=True)
class DecodedNotes:
    """Notes with both their ends, (N,) each; times in frames from the first activation, confidence and velocity 0..1."""

    key_index: NDArray[np.intp]
    onset: NDArray[np.float64]
    key_up: NDArray[np.float64]
    sounding_end: NDArray[np.float64]
    velocity: NDArray[np.float64]
    confidence: NDArray[np.float64]


def decode_notes(keys: NDArray[np.float32], config: DecodeConfig, first: int = 0, stop: int | None = None) -> DecodedNotes:
    """Notes that begin in frames first..stop of some activations; the rest is context before and after.

    Shape:
        keys: (T, P, 6)
    """
    stop = len(keys) if stop is None else stop
    frame, key = find_peaks(keys[..., _ONSET], config.onset_threshold)
    onset = frame + peak_shift(keys[..., _ONSET], frame, key)
    order = np.lexsort((onset, key))
    frame, key, onset = frame[order], key[order], onset[order]
    same_key = np.append(np.diff(key) == 0, False)
    limit = np.where(same_key, np.append(onset[1:], 0.0), np.inf)  # the key's next onset
    wanted = np.flatnonzero((frame >= first) & (frame < stop))
    channels = ((_KEY, _KEY_UP), (_SOUNDING, _SOUNDING_END))
    ends = [[_best_end(keys, frame[i], key[i], limit[i], pair, config) for pair in channels] for i in wanted]
    key_up, sounding_end = np.array(ends, np.float64).reshape(-1, 2).T
    frame, key, onset = frame[wanted], key[wanted], onset[wanted]
    key_up = np.clip(key_up, onset + 0.5, np.maximum(limit[wanted] - 0.25, onset + 0.5))
    sounding_end = np.maximum(np.minimum(sounding_end, limit[wanted]), key_up)
    return DecodedNotes(key, onset, key_up, sounding_end, velocity_at(keys, frame, key), keys[frame, key, _ONSET].astype(np.float64))


def find_peaks(events: NDArray[np.float32], threshold: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Frames and keys at which an event channel (T, P) stands above a threshold and above its neighbours in time."""
    padded = np.pad(events, ((1, 1), (0, 0)))
    peak = (events >= threshold) & (events > padded[:-2]) & (events >= padded[2:])
    frame, key = np.nonzero(peak)
    return frame, key


def peak_shift(events: NDArray[np.float32], frame: NDArray[np.intp], key: NDArray[np.intp]) -> NDArray[np.float64]:
    """How far, in frames, the summit of a triangle stands from its highest sample, -1..1: its centre of gravity.

    Moving a recording by half a frame moves onsets read this way by 1.7 ms (standard deviation) against their true place, and
    by 2.5 ms if only the three highest samples are used. The flanks may only fall: the next strike is not part of this one.
    """
    reach = np.arange(-_FLANK_FRAMES, _FLANK_FRAMES + 1)
    height = events[np.clip(frame[:, None] + reach, 0, len(events) - 1), key[:, None]].astype(np.float64)
    height[:, _FLANK_FRAMES:] = np.minimum.accumulate(height[:, _FLANK_FRAMES:], 1)
    height[:, _FLANK_FRAMES::-1] = np.minimum.accumulate(height[:, _FLANK_FRAMES::-1], 1)
    return np.asarray(np.clip((height * reach).sum(1) / np.maximum(height.sum(1), 1e-9), -1, 1))


def _best_end(keys: NDArray[np.float32], frame: int, key: int, limit: float, channels: tuple[int, int], config: DecodeConfig) -> float:
    """Frame, with its fraction, at which a note that begins at `frame` best ends, by a span and an event channel."""
    horizon = int(min(frame + LONGEST_NOTE_FRAMES, len(keys), np.ceil(limit) + 1))
    stretch = keys[frame + 1 : horizon, key]
    if len(stretch) < 2:
        return min(frame + 1.0, limit)
    span, event = stretch[:, channels[0]], stretch[:, channels[1]]
    # The sum of log odds up to a frame: half of what is gained by ending there rather than at the last, but for a constant.
    gain = np.cumsum(log_odds(span)) + config.end_weight * np.maximum(log_odds(event), -4.0)
    best = int(gain.argmax())
    return frame + 1 + float(refined(event, np.array([best + 0.5]))[0])


def log_odds(probability: NDArray[np.float32]) -> NDArray[np.float32]:
    """Belief as it adds up; never quite sure."""
    clipped = np.clip(probability, 0.01, 0.99)
    return np.asarray(np.log(clipped / (1 - clipped)), np.float32)


def velocity_at(keys: NDArray[np.float32], frame: NDArray[np.intp], key: NDArray[np.intp]) -> NDArray[np.float64]:
    """Velocity 0..1 around the onset, weighed by how much of an onset each frame is."""
    around = np.clip(frame[:, None] + np.arange(-1, 2), 0, len(keys) - 1)
    weight = keys[around, key[:, None], _ONSET].astype(np.float64) ** 2 + 1e-9
    return np.asarray((keys[around, key[:, None], _VELOCITY] * weight).sum(1) / weight.sum(1))


def decode_pedal(pedals: NDArray[np.float32], config: DecodeConfig) -> NDArray[np.float64]:
    """Intervals in which the sustain pedal is down, (K, 2) frames, from (T, 4) activations: the best path up and down."""
    down = log_odds(pedals[:, _SUSTAIN]).astype(np.float64)
    press = config.pedal_event_weight * log_odds(pedals[:, _SUSTAIN_DOWN]) - config.pedal_switch_cost
    release = config.pedal_event_weight * log_odds(pedals[:, _SUSTAIN_UP]) - config.pedal_switch_cost
    came_from, best_up, best_down = np.zeros((len(down), 2), bool), 0.0, -1.0
    for t, (d, p, r) in enumerate(zip(down.tolist(), press.tolist(), release.tolist(), strict=True)):
        to_down, to_up = best_up + p, best_down + r
        came_from[t] = to_up > best_up, to_down > best_down
        best_up, best_down = max(best_up, to_up) - d / 2, max(best_down, to_down) + d / 2
    state, path = best_down > best_up, np.zeros(len(down) + 2, bool)
    for t in range(len(down) - 1, -1, -1):
        path[t + 1] = state
        state = state != came_from[t, int(state)]
    edges = np.flatnonzero(np.diff(path)).reshape(-1, 2).astype(np.float64) - 0.5
    return np.stack([refined(pedals[:, _SUSTAIN_DOWN], edges[:, 0]), refined(pedals[:, _SUSTAIN_UP], edges[:, 1])], 1)


def refined(events: NDArray[np.float32], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Moves each edge between two frames to the summit of an event within two frames of it, if there is one."""
    if not len(edges):
        return edges
    around = np.clip(edges[:, None].astype(np.intp) + np.arange(-2, 3), 0, len(events) - 1)
    top = around[np.arange(len(around)), events[around].argmax(1)]
    summit = top + peak_shift(events[:, None], top, np.zeros_like(top))
    return np.where(events[top] > _LEAST_EVENT, summit, edges)


def stack(parts: list[Activations]) -> Activations:
    """Consecutive stretches as one."""
    if not parts:
        return Activations(np.zeros((0, N_KEYS, 6), np.float32), np.zeros((0, 4), np.float32))
    return Activations(np.concatenate([p.keys for p in parts]), np.concatenate([p.pedals for p in parts]))


def frames_to_sec(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    """Frames since the beginning -> seconds."""
    return frames / FRAME_RATE


def key_index_to_pitch(key_index: NDArray[np.intp]) -> NDArray[np.intp]:
    """0..87 -> MIDI 21..108."""
    return key_index + LOWEST_PITCH
