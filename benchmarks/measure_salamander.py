"""Measures the sampled piano and writes its bank.json: what to add to each sample so that they form one instrument.

    python benchmarks/measure_salamander.py

Measured on the first 300 ms: `delay_samples` lines the velocity layers of a key up (they correlate above 0.95 once aligned, so that a
crossfade of two layers adds them in phase instead of hollowing the tone out); `gain_db` brings every sample to the level that a
full-strength stroke has in its register, smoothed over the keyboard, so that the sampler only scales by velocity. The level is the mean,
in dB, of both channels' and of their sum: the two microphones cancel some notes when they are mixed, and both listeners count.
Measured on the whole: `length_samples`, where the tone has sunk into the noise of the recording.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

FOLDER = Path(__file__).parents[1] / "src/tecla/rendering/salamander"
SAMPLE_RATE = 44100
WINDOW = int(0.3 * SAMPLE_RATE)
LARGEST_LAG = 200
TREBLE_LAG = 30  # above TREBLE a period is so short that the correlation peaks again and again
TREBLE = 80
REGISTER_DEGREE = 3
AUDIBLE_DB = 46
LAYERS = (4, 8, 12, 16)
PITCHES = tuple(range(21, 109, 3))


def main() -> None:
    heads = {(p, k): head(p, k) for p in PITCHES for k in LAYERS}
    level_db = np.array([[stroke_level_db(heads[p, k]) for k in LAYERS] for p in PITCHES])
    tilt_db = (level_db - level_db.mean(0)).mean(1)
    register_db = np.polyval(np.polyfit(PITCHES, tilt_db, REGISTER_DEGREE), PITCHES) + level_db[:, -1].mean()
    regions = [
        {
            "file": file_name(pitch, layer),
            "pitch": pitch,
            "layer": layer,
            "delay_samples": int(delay),
            "length_samples": audible_samples(pitch, layer),
            "gain_db": round(float(register_db[i] - level_db[i, j]), 2),
        }
        for i, pitch in enumerate(PITCHES)
        for j, (layer, delay) in enumerate(zip(LAYERS, delays([heads[pitch, k] for k in LAYERS], largest_lag(pitch)), strict=True))
    ]
    lines = ",\n  ".join(json.dumps(region) for region in regions)
    header = {"name": "Salamander Grand Piano V3", "licence": "CC-BY-3.0", "sample_rate": SAMPLE_RATE}
    (FOLDER / "bank.json").write_text(json.dumps(header)[:-1] + f', "regions": [\n  {lines}\n]}}\n')


def file_name(pitch: int, layer: int) -> str:
    return f"{pitch:03d}_{layer:02d}.ogg"


def head(pitch: int, layer: int) -> NDArray[np.float32]:
    """The first 300 ms, (n, 2)."""
    samples, _ = soundfile.read(FOLDER / file_name(pitch, layer), frames=WINDOW, dtype="float32")
    return np.asarray(samples, np.float32)


def stroke_level_db(samples: NDArray[np.float32]) -> float:
    both, mixed = np.mean(samples**2), np.mean(samples.mean(1) ** 2)
    return float(5 * np.log10(both) + 5 * np.log10(mixed))


def audible_samples(pitch: int, layer: int) -> int:
    """How long the sample stays within `AUDIBLE_DB` of its loudest."""
    samples, _ = soundfile.read(FOLDER / file_name(pitch, layer), dtype="float32")
    hop = SAMPLE_RATE // 20
    level = np.sqrt(np.mean(samples[: len(samples) // hop * hop].reshape(-1, hop * 2) ** 2, axis=1))
    return int(np.flatnonzero(level > level.max() * 10 ** (-AUDIBLE_DB / 20))[-1] + 1) * hop


def largest_lag(pitch: int) -> int:
    return TREBLE_LAG if pitch > TREBLE else LARGEST_LAG


def delays(layers: list[NDArray[np.float32]], most: int) -> NDArray[np.int64]:
    """How much later each layer must start so that all agree, at least 0."""
    lags = [lag(a.mean(1), b.mean(1), most) for a, b in pairwise(layers)]
    position = np.concatenate([[0], np.cumsum(lags)])
    return position.max() - position


def lag(a: NDArray[np.float32], b: NDArray[np.float32], most: int) -> int:
    """By how many samples b's string sounds later than a's: the peak of their correlation, near lags preferred on a tie."""
    size = 1 << 15
    correlation = np.fft.irfft(np.fft.rfft(a, size).conj() * np.fft.rfft(b, size), size)
    lags = np.arange(-most, most + 1)
    near = correlation[lags] / np.sqrt((a**2).sum() * (b**2).sum()) - 0.1 * np.abs(lags) / most
    return int(lags[np.argmax(near)])


if __name__ == "__main__":
    main()
