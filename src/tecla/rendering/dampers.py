"""Dampers: how a string falls silent once its key is up, and what the sustain pedal leaves of their grip.

A damper takes energy from its string at a rate, so the amplitude is exp(-rate * time). The sustain pedal lifts all dampers by degrees:
with `grip` between 1 (pedal up) and 0 (clear of the strings) a released string has lost exp(-rate * integral of grip). One integral,
shared by all strings, therefore covers full pedal, half pedal, a late pedal that catches a dying string, and flutter, and since it is
continuous no pedal movement can click.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tecla.music import SOSTENUTO, SUSTAIN, Performance

LAST_DAMPED_PITCH: Final = 89  # F6; the strings above ring freely on every grand
NEPERS_60_DB: Final = float(np.log(1000.0))
SILENCE_NEPERS: Final = float(np.log(10 ** (70 / 20)))  # 70 dB below the stroke a string no longer counts

# Seconds in which a damper takes 60 dB, by pitch: heavy bass strings resist it longest.
_DAMPED_PITCHES: Final = (21, 36, 48, 60, 72, LAST_DAMPED_PITCH)
_DAMPED_SEC: Final = (0.95, 0.62, 0.44, 0.33, 0.25, 0.17)

_TOUCHES: Final = 24  # pedal value at which the dampers begin to lift off ...
_CLEAR: Final = 92  # ... and at which none touches a string any more
_SOFTNESS: Final = 3.0  # half-way up the felt only brushes the string


def damping_rate(pitch: ArrayLike) -> NDArray[np.float64]:
    """Nepers per second that a resting damper takes from a string of `pitch`; 0 where there is none."""
    pitch = np.asarray(pitch, "f8")
    rate = NEPERS_60_DB / np.interp(pitch, _DAMPED_PITCHES, _DAMPED_SEC)
    return np.where(pitch > LAST_DAMPED_PITCH, 0.0, rate)


def grip(pedal_value: ArrayLike) -> NDArray[np.float64]:
    """Share of their full effect that the dampers keep at a pedal value 0..127.

    >>> grip([0, 127]).tolist()
    [1.0, 0.0]
    """
    lift = np.clip((np.asarray(pedal_value, "f8") - _TOUCHES) / (_CLEAR - _TOUCHES), 0, 1)
    return np.asarray((1 - lift) ** _SOFTNESS)


class Dampers:
    """The integral of the dampers' grip over a Performance."""

    def __init__(self, performance: Performance) -> None:
        moves = performance.controls[performance.controls["number"] == SUSTAIN]
        start = min(moves["time_sec"].min(initial=0), performance.notes["onset_sec"].min(initial=0)) - 1.0
        self._time_sec = np.concatenate([[start], moves["time_sec"]])
        self._grip = grip(np.concatenate([[0], moves["value"]]))
        gained = np.diff(self._time_sec) * self._grip[:-1]
        self._gripped_sec = np.concatenate([[0.0], np.cumsum(gained)])

    def gripped_sec(self, time_sec: ArrayLike) -> NDArray[np.float64]:
        """Seconds of full grip that have passed by `time_sec`."""
        time_sec = np.asarray(time_sec, "f8")
        late = time_sec - self._time_sec[-1]
        gripped = np.interp(time_sec, self._time_sec, self._gripped_sec)
        return np.asarray(gripped + np.maximum(late, 0) * self._grip[-1])

    def silent_sec(self, key_up_sec: ArrayLike, rate: ArrayLike) -> NDArray[np.float64]:
        """When strings released at `key_up_sec` have lost 70 dB; infinity where no damper ever returns."""
        with np.errstate(divide="ignore"):
            target = self.gripped_sec(key_up_sec) + SILENCE_NEPERS / np.asarray(rate, "f8")
        at = np.clip(np.searchsorted(self._gripped_sec, target, side="left") - 1, 0, None)
        with np.errstate(divide="ignore", invalid="ignore"):
            end = self._time_sec[at] + (target - self._gripped_sec[at]) / self._grip[at]
        return np.where(np.isfinite(end), end, np.inf)


def released_sec(performance: Performance) -> NDArray[np.float64]:
    """When each note's own damper is free to fall, (N,) seconds: its key-up, or the sostenuto pedal's that caught it."""
    onset, key_up = performance.notes["onset_sec"], performance.notes["offset_sec"].copy()
    for down, up in performance.pedal_intervals(SOSTENUTO):
        caught = (onset <= down) & (key_up > down)
        key_up[caught] = np.maximum(key_up[caught], up)
    return key_up
