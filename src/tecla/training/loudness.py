"""How loud playing is, from its velocities alone: enough to know how quiet a passage is within its take before it sounds."""

from __future__ import annotations

from typing import Final

import numpy as np

from tecla.music.performance import Performance

TYPICAL_RANGE_DB: Final = 33.0  # between velocities 16 and 127 on the piano that `random_pianos` draws most often
_BEND: Final = 0.65
_BLOCK_SEC: Final = 0.1
_RING = np.exp(-np.arange(25) * _BLOCK_SEC / 0.35)  # power of a struck string after each block
_LOUD_PART: Final = 95
_SILENT_DB: Final = -60.0


def loud_part_of_playing_db(performance: Performance, duration_sec: float) -> float:
    """Level in dB of the loud part of seconds 0..duration_sec, as `tecla.transcription.level` would measure it on a typical piano.

    0 dB is one note of velocity 127. Rooms and registers are left out.

    >>> quiet, loud = (Performance.from_arrays([0.0, 0.5], [0.4, 0.9], [60, 64], [v, v]) for v in (40, 80))
    >>> round(loud_part_of_playing_db(loud, 1.0) - loud_part_of_playing_db(quiet, 1.0), 1)
    11.6
    """
    n_blocks = max(1, int(duration_sec / _BLOCK_SEC))
    block = np.floor(performance.notes["onset_sec"] / _BLOCK_SEC).astype(np.intp)
    before = len(_RING)  # what was struck shortly before second 0 still sounds in it
    heard = (block >= -before) & (block < n_blocks)
    struck = np.bincount(block[heard] + before, weights=_power(performance.notes["velocity"][heard]), minlength=n_blocks + before)
    power = np.convolve(struck, _RING)[before : before + n_blocks]
    return max(_SILENT_DB, 10 * float(np.log10(np.percentile(power, _LOUD_PART) + 1e-12)))


def _power(velocity: np.ndarray) -> np.ndarray:
    v = np.maximum(velocity.astype(np.float64), 1)
    level_db = TYPICAL_RANGE_DB * (_BEND * (v - 127) / 111 + (1 - _BEND) * np.log(v / 127) / np.log(127 / 16))
    return np.asarray(10 ** (level_db / 10))
