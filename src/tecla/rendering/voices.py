"""Voices: every note of a Performance as a string that sounds, and what silences it.

A voice is two neighbouring layers of its key, mixed and scaled by the velocity. The lesser of the two colours the stroke and then hands
over to the other: what rings on is alike in both, so half of the work and of the reading can be spared. Three things end a voice: its
damper (dampers.py), the next stroke of the same hammer, the end of the recording. Since a Performance is known as a whole, so is the end
of every voice before the first one starts, and a recording is read only as far as it will sound.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tecla.music import SOFT, Performance
from tecla.rendering.dampers import SILENCE_NEPERS, Dampers, damping_rate, released_sec
from tecla.rendering.instrument import LAYER_VELOCITIES, SAMPLE_RATE, Instrument, Wave, layer_mix, packed

LONGEST_SEC: Final = 13.0  # no recording is longer
MASTER_GAIN: Final = 0.6
QUIETEST: Final = 0.075  # square root of the amplitude at velocity 0: 45 dB between the softest and the strongest stroke
RESTRIKE_NEPERS_PER_SEC: Final = 25.0  # a hammer that lands on a moving string stops it within a quarter of a second
SOFT_PEDAL_VELOCITY: Final = 0.72  # una corda: the colour of a weaker stroke ...
SOFT_PEDAL_GAIN: Final = 0.75  # ... and two strings out of three
KNOCK_GAIN: Final = 0.004  # the damper's felt landing, 48 dB below a full stroke
KNOCK_SEC: Final = 0.09
HANDOVER: Final = (SAMPLE_RATE // 2, SAMPLE_RATE * 3 // 4)  # when the lesser layer fades, in samples after the stroke
_NEVER: Final = 1 << 60

_RAMP: Final = np.concatenate([np.zeros(HANDOVER[0], np.float32), np.linspace(0, 1, HANDOVER[1] - HANDOVER[0], dtype=np.float32)])

Gain = float | NDArray[np.float32]  # one number for a whole block, or one per sample, (n,)


@dataclass(frozen=True)
class Part:
    """One layer of a voice: its gain at the stroke and once the layers have handed over."""

    wave: Wave
    gain: float
    late_gain: float

    def gain_at(self, first: int, last: int) -> Gain:
        """Gain of the samples `first` to `last` after the stroke."""
        begin, end = HANDOVER
        if self.gain == self.late_gain or last <= begin:
            return self.gain
        if first >= end:
            return self.late_gain
        gain = np.full(last - first, self.late_gain, np.float32)
        known = _RAMP[first:last]
        gain[: len(known)] = self.gain + (self.late_gain - self.gain) * known
        return gain


@dataclass
class Voice:
    """One sounding string. `start`, `end`, `key_up`, `restrike` in samples from the start of the Performance."""

    start: int
    end: int
    parts: list[Part] = field(default_factory=list)
    key_up: int = _NEVER
    restrike: int = _NEVER
    damping_per_sec: float = 0.0  # what a resting damper takes, nepers per second
    gripped_sec: float = 0.0  # the dampers' integral (dampers.py) at the key-up

    def add_to(self, block: NDArray[np.float32], first: int, grip: BlockGrip) -> None:
        """Sounds into `block`, (2, n), whose first sample is number `first`."""
        start, end = max(self.start, first), min(self.end, first + block.shape[1])
        if end <= start:
            return
        inside = slice(start - first, end - first)
        left = self._left(start, end, grip, inside)
        for part in self.parts:
            gain = part.gain_at(start - self.start, end - self.start) * left
            if isinstance(gain, float) and not gain:
                continue
            sound = part.wave.samples[:, start - self.start : end - self.start].astype(np.float32)
            sound *= gain[: sound.shape[1]] if isinstance(gain, np.ndarray) else gain
            block[:, start - first : start - first + sound.shape[1]] += sound

    def _left(self, start: int, end: int, grip: BlockGrip, inside: slice) -> Gain:
        """The share that dampers and hammer have left of the sound."""
        lost = self.damping_per_sec * (grip.before_sec - self.gripped_sec)
        if end <= self.restrike and (end <= self.key_up or grip.resting or not self.damping_per_sec):
            return math.exp(-max(lost, 0.0))
        nepers = np.maximum(np.float32(self.damping_per_sec) * grip.gained_sec[inside] + np.float32(lost), 0)
        if end > self.restrike:
            ramp = np.arange(start - self.restrike, end - self.restrike, dtype=np.float32)
            nepers += np.maximum(ramp, 0) * np.float32(RESTRIKE_NEPERS_PER_SEC / SAMPLE_RATE)
        return np.asarray(np.exp(-nepers), np.float32)


class BlockGrip:
    """The dampers' integral over one block, shared by all voices."""

    def __init__(self, dampers: Dampers, first: int, n: int) -> None:
        times_sec = np.arange(first, first + n) / SAMPLE_RATE
        self.before_sec = float(dampers.gripped_sec(times_sec[0]))
        self.gained_sec = (dampers.gripped_sec(times_sec) - self.before_sec).astype(np.float32)
        self.resting = not self.gained_sec[-1]


def velocity_gain(velocity: ArrayLike) -> NDArray[np.float64]:
    """Amplitude of a stroke, 1 at velocity 127.

    Instruments agree on a linear square root of the amplitude (Dannenberg, The interpretation of MIDI velocity, ICMC 2006).
    """
    return np.asarray((QUIETEST + (1 - QUIETEST) * np.asarray(velocity, "f8") / 127) ** 2)


def voices(performance: Performance, dampers: Dampers, instrument: Instrument) -> Iterator[Voice]:
    """The strings of a Performance and the knocks of their dampers, in order of start, each made when it is asked for."""
    plan = _plan(performance, dampers)
    strings = ((plan["start"][i], i, True) for i in range(len(plan)))
    knocks = ((plan["key_up"][i], i, False) for i in np.argsort(plan["key_up"], kind="stable") if plan["damping_per_sec"][i])
    for _, i, is_string in heapq.merge(strings, knocks):
        yield _string(plan[i], instrument) if is_string else _knock(plan[i])


_PLAN: Final = np.dtype(
    [
        *((name, "i8") for name in ("start", "end", "key_up", "restrike", "pitch", "layer")),
        *((name, "f8") for name in ("share", "gain", "damping_per_sec", "gripped_sec")),
        ("needed_sec", "f8", 2),
    ]
)


def _plan(performance: Performance, dampers: Dampers) -> NDArray[np.void]:
    """All voices, (N,) of `_PLAN`: `share` of the layer above `layer`; `needed_sec`, the longest use of either in the Performance."""
    notes, plan = performance.notes, np.zeros(len(performance), _PLAN)
    plan["pitch"] = notes["pitch"]
    plan["damping_per_sec"] = damping_rate(notes["pitch"])
    released, restrike = released_sec(performance), performance.next_onset_sec()
    faded = restrike + SILENCE_NEPERS / RESTRIKE_NEPERS_PER_SEC
    silent = np.minimum(dampers.silent_sec(released, plan["damping_per_sec"]), faded)
    end = np.minimum(silent, notes["onset_sec"] + LONGEST_SEC)
    for name, time_sec in (("start", notes["onset_sec"]), ("end", end), ("key_up", released), ("restrike", restrike)):
        plan[name] = np.minimum(np.round(time_sec * SAMPLE_RATE), _NEVER)
    plan["gripped_sec"] = dampers.gripped_sec(released)
    soft = _pedal_value(performance, SOFT, notes["onset_sec"]) / 127
    plan["gain"] = MASTER_GAIN * velocity_gain(notes["velocity"]) * (1 - soft * (1 - SOFT_PEDAL_GAIN))
    plan["layer"], plan["share"] = layer_mix(notes["velocity"] * (1 - soft * (1 - SOFT_PEDAL_VELOCITY)))
    plan["needed_sec"] = _needed_sec(plan, end - notes["onset_sec"])
    return plan


def _needed_sec(plan: NDArray[np.void], sounding_sec: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much of its two layers the longest note of the same key and layer uses, (N, 2): of the lesser one only the beginning."""
    needed = np.zeros((128, len(LAYER_VELOCITIES)))
    for above in (0, 1):
        greater = (plan["share"] > 0.5) == above
        used_sec = np.where(greater, sounding_sec, np.minimum(sounding_sec, HANDOVER[1] / SAMPLE_RATE))
        np.maximum.at(needed, (plan["pitch"], plan["layer"] + above), used_sec)
    return np.stack([needed[plan["pitch"], plan["layer"] + above] for above in (0, 1)], axis=1)


def _pedal_value(performance: Performance, number: int, time_sec: NDArray[np.float64]) -> NDArray[np.float64]:
    moves = performance.controls[performance.controls["number"] == number]
    values = np.concatenate([[0], moves["value"]]).astype("f8")
    return values[np.searchsorted(moves["time_sec"], time_sec, side="right")]


def _string(row: np.void, instrument: Instrument) -> Voice:
    shares = (1 - float(row["share"]), float(row["share"]))
    parts = []
    for above, share in enumerate(shares):
        if share:
            wave = instrument.wave(int(row["pitch"]), int(row["layer"]) + above, float(row["needed_sec"][above]))
            gain = float(row["gain"]) * wave.scale
            parts.append(Part(wave, gain * share, gain if above == (row["share"] > 0.5) else 0.0))
    longest = max(part.wave.samples.shape[1] for part in parts)
    return Voice(
        start=int(row["start"]),
        end=min(int(row["end"]), int(row["start"]) + longest),
        parts=parts,
        key_up=int(row["key_up"]),
        restrike=int(row["restrike"]),
        damping_per_sec=float(row["damping_per_sec"]),
        gripped_sec=float(row["gripped_sec"]),
    )


def _knock(row: np.void) -> Voice:
    wave, start = _knock_wave(), int(row["key_up"])
    heaviness = float(np.interp(row["pitch"], (21, 89), (1.0, 0.35)))
    gain = KNOCK_GAIN * MASTER_GAIN * heaviness * wave.scale
    return Voice(start, start + wave.samples.shape[1], [Part(wave, gain, gain)])


@lru_cache(maxsize=1)
def _knock_wave() -> Wave:
    """Felt landing on strings: a short burst of noise between 150 and 1500 Hz."""
    n = int(KNOCK_SEC * SAMPLE_RATE)
    spectrum = np.fft.rfft(np.random.default_rng(7).standard_normal((2, n)))
    hz = np.fft.rfftfreq(n, 1 / SAMPLE_RATE)
    noise = np.fft.irfft(spectrum * np.exp(-(np.log2((hz + 1) / 450) ** 2)), n)
    time_sec = np.arange(n) / SAMPLE_RATE
    noise *= np.minimum(time_sec / 0.008, 1) * np.exp(-time_sec / 0.015) * (1 - time_sec / KNOCK_SEC)
    return packed((noise / np.abs(noise).max()).astype(np.float32))
