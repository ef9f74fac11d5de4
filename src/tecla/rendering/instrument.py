"""The sampled piano: one waveform for every key and layer of strength, at one loudness, read and tuned when first needed.

The Salamander grand (salamander/ATTRIBUTION.md) has every third key in four layers; a key in between is its neighbour resampled by a
semitone, as a faster turntable would play it. A fifth layer below the softest stroke is the softest one behind a low-pass: what a felt
hammer does that barely reaches the string. Layers come out aligned in time and equal in level, so that a mix of two neighbours changes
colour evenly; how loud a velocity is, the sampler decides.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
import soxr
from numpy.typing import ArrayLike, NDArray

from tecla.music.pitch import pitch_to_hz

SAMPLE_RATE: Final = 44100
SALAMANDER: Final = Path(__file__).parent / "salamander"

LAYER_VELOCITIES: Final = (10.0, 40.0, 60.0, 92.0, 124.0)  # the stroke each layer stands for; the first is the derived one
NEGLIGIBLE_SHARE: Final = 0.05
CACHE_BYTES: Final = 320_000_000
FADE_IN_SAMPLES: Final = 24  # the recordings are cut within a few samples of the stroke
FADE_OUT_SAMPLES: Final = SAMPLE_RATE // 4
LOW_PASS_PARTIALS: Final = 4.0  # where the derived layer has lost half, in multiples of the key's frequency ...
LOW_PASS_FLOOR_HZ: Final = 500.0  # ... above this


@dataclass(frozen=True)
class Region:
    """One recorded stroke: its file, key, and what measure_salamander.py found out about it."""

    file: str
    pitch: int
    layer: int
    delay_samples: int
    length_samples: int
    gain_db: float


@dataclass(frozen=True)
class Wave:
    """A key's sound, (2, n) samples; `scale` turns the integers into amplitudes of a full-strength stroke."""

    samples: NDArray[np.int16]
    scale: float


class Instrument:
    """Waves by pitch and layer, the most recently used kept in memory.

    Args:
        folder: holds bank.json and the files that it names.
    """

    def __init__(self, folder: Path = SALAMANDER) -> None:
        bank = json.loads((folder / "bank.json").read_text())
        regions = [Region(**region) for region in bank["regions"]]
        self._folder = folder
        self._layers = sorted({region.layer for region in regions})
        self._regions = {(region.pitch, region.layer): region for region in regions}
        self._pitches = np.array(sorted({region.pitch for region in regions}))
        self._waves: OrderedDict[tuple[int, int], tuple[float, Wave]] = OrderedDict()

    def wave(self, pitch: int, layer: int, seconds: float) -> Wave:
        """The sound of a key, at least `seconds` of it, or all there is.

        Args:
            pitch: MIDI pitch; beyond the keyboard the last key is stretched.
            layer: index into `LAYER_VELOCITIES`.
        """
        known = self._waves.get((pitch, layer))
        if known is None or known[0] < seconds:
            known = seconds, self._read(pitch, layer, seconds)
            self._waves[pitch, layer] = known
            self._waves.move_to_end((pitch, layer))
            self._forget()
        self._waves.move_to_end((pitch, layer))
        return known[1]

    def _read(self, pitch: int, layer: int, seconds: float) -> Wave:
        nearest = int(self._pitches[np.argmin(np.abs(self._pitches - pitch))])
        region = self._regions[nearest, self._layers[max(layer - 1, 0)]]
        ratio = 2.0 ** ((pitch - nearest) / 12)
        frames = min(int(seconds * SAMPLE_RATE * ratio) + FADE_IN_SAMPLES, region.length_samples)
        stereo, _ = soundfile.read(self._folder / region.file, frames=frames, dtype="float32", always_2d=True)
        stereo[:FADE_IN_SAMPLES] *= _slope(FADE_IN_SAMPLES)
        if frames == region.length_samples:
            stereo[-FADE_OUT_SAMPLES:] *= _slope(FADE_OUT_SAMPLES)[::-1]
        if ratio != 1:
            stereo = soxr.resample(stereo, SAMPLE_RATE * ratio, SAMPLE_RATE)
        planar = np.pad(stereo.T, ((0, 0), (region.delay_samples, 0)))
        if layer == 0:
            planar = _muffled(planar, pitch)
        return packed(planar * np.float32(10 ** (region.gain_db / 20)))

    def _forget(self) -> None:
        while sum(wave.samples.nbytes for _, wave in self._waves.values()) > CACHE_BYTES and len(self._waves) > 1:
            self._waves.popitem(last=False)


@lru_cache(maxsize=1)
def salamander() -> Instrument:
    """The instrument that comes with tecla."""
    return Instrument()


def layer_mix(velocity: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Lower layer, and the share of the next one above it, for strokes; a share too small to hear is none.

    >>> layer, share = layer_mix([50.0])
    >>> int(layer[0]), float(share[0])
    (1, 0.5)
    """
    position = np.interp(np.asarray(velocity, "f8"), LAYER_VELOCITIES, range(len(LAYER_VELOCITIES)))
    position = np.where(np.abs(position - np.round(position)) < NEGLIGIBLE_SHARE, np.round(position), position)
    lower = np.minimum(position.astype(np.int64), len(LAYER_VELOCITIES) - 2)
    return lower, position - lower


def _slope(n: int) -> NDArray[np.float32]:
    """Half a cosine from 0 to 1, (n, 1)."""
    return (0.5 - 0.5 * np.cos(np.pi * np.arange(n) / n)).astype(np.float32)[:, None]


def _muffled(planar: NDArray[np.float32], pitch: int) -> NDArray[np.float32]:
    """A low-pass without delay, brought back to the level it had (the fundamental passes).

    Three times the average of a sample with its neighbours at +-d, +-d/2, +-d/4: cos^2(pi f d / rate) has lost half at rate / 4d and
    is empty at twice that, and each shorter average empties the place where the longer one would open again.
    """
    half_lost_hz = LOW_PASS_FLOOR_HZ + LOW_PASS_PARTIALS * pitch_to_hz(pitch)
    distance = max(round(SAMPLE_RATE / 4 / half_lost_hz), 1)
    muffled = planar
    for step in {distance, max(distance // 2, 1), max(distance // 4, 1)}:
        wide = np.pad(muffled, ((0, 0), (step, step)))
        muffled = np.float32(0.5) * muffled + np.float32(0.25) * (wide[:, : -2 * step] + wide[:, 2 * step :])
    head = slice(0, int(0.3 * SAMPLE_RATE))
    lost = np.sqrt(np.mean(planar[:, head] ** 2) / (np.mean(muffled[:, head] ** 2) + 1e-20))
    return np.asarray(muffled * np.float32(lost))


def packed(planar: NDArray[np.float32]) -> Wave:
    """A wave from (2, n) amplitudes. Sixteen bits a sample: half the memory of floats, and the recordings hold no more."""
    scale = float(max(np.abs(planar).max(initial=0), 1e-9)) / 32767
    return Wave(np.round(planar / scale).astype(np.int16), scale)
