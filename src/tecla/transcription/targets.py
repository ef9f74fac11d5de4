"""Performance -> what the network should say, frame by frame. `decode` is its inverse.

An event at time t is a triangle, 1 at t and 0 from three frames away, sampled where the frames happen to stand: the
values around its peak tell t far below the frame's 20 ms (regression targets, Kong et al. 2021, section III-B).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from tecla.music.performance import SOFT, SUSTAIN, Performance
from tecla.music.pitch import HIGHEST_PITCH, LOWEST_PITCH, N_KEYS
from tecla.transcription.features import FRAME_RATE

KEY_CHANNELS: Final = ("onset", "velocity", "sounding", "sounding_end", "key", "key_up")
PEDAL_CHANNELS: Final = ("sustain", "sustain_down", "sustain_up", "soft")
EVENT_REACH_FRAMES: Final = 3
Style = Literal["sub-frame", "soft", "grid"]
_EVENT_OFFSETS: Final = np.arange(-EVENT_REACH_FRAMES, EVENT_REACH_FRAMES + 1)


@dataclass(frozen=True)
class Targets:
    """Wanted activations, 0..1.

    Shape:
        keys: (T, P, 6) float32 in the order of `KEY_CHANNELS`; velocity (1..127 over 127) is meant where onset > 0
        pedals: (T, 4) float32 in the order of `PEDAL_CHANNELS`
    """

    keys: NDArray[np.float32]
    pedals: NDArray[np.float32]


def encode(performance: Performance, start_sec: float, n_frames: int, style: Style = "sub-frame") -> Targets:
    """Targets of the frames at start_sec + t / FRAME_RATE, t = 0 .. n_frames - 1. Notes outside the 88 keys are left out.

    `style` is for comparison with what others do: "soft" draws the triangle around the nearest frame, which loses the time below a
    frame; "grid" marks that frame alone. `sounding` is always extended by the pedal, `key` never: a recipe weighs them.
    """
    notes, sounding_end_sec = performance.notes, performance.sounding_offset_sec()
    # What cannot touch these frames is dropped first: a whole sonata is encoded in slices.
    end_sec = start_sec + (n_frames + EVENT_REACH_FRAMES) / FRAME_RATE
    near = (notes["onset_sec"] < end_sec) & (sounding_end_sec > start_sec - 0.1)
    near &= (notes["pitch"] >= LOWEST_PITCH) & (notes["pitch"] <= HIGHEST_PITCH)
    notes = notes[near]
    onset, key_up, silent = (
        (np.asarray(sec) - start_sec) * FRAME_RATE for sec in (notes["onset_sec"], notes["offset_sec"], sounding_end_sec[near])
    )
    key = notes["pitch"].astype(np.intp) - LOWEST_PITCH
    keys = np.zeros((len(KEY_CHANNELS), n_frames * N_KEYS), np.float32)
    reach = 1 if style == "grid" else EVENT_REACH_FRAMES
    events = (onset, silent, key_up) if style == "sub-frame" else tuple(map(np.round, (onset, silent, key_up)))
    _add_events(keys[0], events[0], key, N_KEYS, keys[1], notes["velocity"] / np.float32(127), reach)
    _add_spans(keys[2], onset, silent, key, N_KEYS)
    _add_events(keys[3], events[1], key, N_KEYS, reach=reach)
    _add_spans(keys[4], onset, key_up, key, N_KEYS)
    _add_events(keys[5], events[2], key, N_KEYS, reach=reach)
    return Targets(
        np.ascontiguousarray(keys.reshape(-1, n_frames, N_KEYS).transpose(1, 2, 0)),
        encode_pedals(performance.pedal_intervals(SUSTAIN), performance.pedal_intervals(SOFT), start_sec, n_frames),
    )


def encode_pedals(sustain_sec: NDArray[np.float64], soft_sec: NDArray[np.float64], start_sec: float, n_frames: int) -> NDArray[np.float32]:
    """Targets of the pedals, (T, 4), from their (K, 2) intervals in seconds."""
    pedals = np.zeros((len(PEDAL_CHANNELS), n_frames), np.float32)
    for channel, intervals_sec in ((0, sustain_sec), (3, soft_sec)):
        down, up = (intervals_sec.T - start_sec) * FRAME_RATE
        lane = np.zeros(len(down), np.intp)
        _add_spans(pedals[channel], down, up, lane, 1)
        if channel == 0:
            _add_events(pedals[1], down, lane, 1)
            _add_events(pedals[2], up, lane, 1)
    return np.ascontiguousarray(pedals.T)


def _add_events(
    plane: NDArray[np.float32],
    frame: NDArray[np.float64],
    lane: NDArray[np.intp],
    n_lanes: int,
    value_plane: NDArray[np.float32] | None = None,
    value: NDArray[np.floating] | None = None,
    reach: int = EVENT_REACH_FRAMES,
) -> None:
    """Draws triangles into a flat (T * lanes,) plane; where two overlap the higher counts, and the value follows it."""
    grid = np.round(frame)[:, None].astype(np.intp) + _EVENT_OFFSETS  # (N, 7)
    height = np.maximum(0.0, 1.0 - np.abs(grid - frame[:, None]) / reach).astype(np.float32)
    inside = (grid >= 0) & (grid < len(plane) // n_lanes) & (height > 0)
    where = (grid * n_lanes + lane[:, None])[inside]
    np.maximum.at(plane, where, height[inside])
    if value_plane is not None and value is not None:
        wins = height[inside] >= plane[where]
        value_plane[where[wins]] = np.broadcast_to(value[:, None], grid.shape)[inside][wins]


def _add_spans(
    plane: NDArray[np.float32], begin: NDArray[np.float64], end: NDArray[np.float64], lane: NDArray[np.intp], n_lanes: int
) -> None:
    """Sets frames within [begin, end) to 1, in a flat (T * lanes,) plane. A span shorter than a frame still fills one."""
    n_frames = len(plane) // n_lanes
    first = np.clip(np.ceil(begin - 0.5), 0, n_frames).astype(np.intp)
    stop = np.clip(np.maximum(np.ceil(end - 0.5), np.ceil(begin - 0.5) + 1), 0, n_frames).astype(np.intp)
    edges = np.zeros((n_frames + 1) * n_lanes, np.int32)
    np.add.at(edges, first * n_lanes + lane, 1)
    np.add.at(edges, np.maximum(stop, first) * n_lanes + lane, -1)
    plane[:] = edges.reshape(-1, n_lanes).cumsum(0)[:-1].ravel() > 0
