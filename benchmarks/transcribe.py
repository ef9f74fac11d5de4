"""How fast the whole command transcribes, and in how much memory: python benchmarks/transcribe.py [--model small] [MINUTES ...]

Plays a minute of made-up music on the sampled piano, repeats it to 10 minutes and to 2 hours (44.1 kHz stereo flac, in
a temporary folder), and runs `tecla transcribe` on each as a process of its own: start, decoding, network, writing.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tecla.io.audio import save_audio
from tecla.music import Performance
from tecla.rendering import SAMPLE_RATE, render

MINUTE_SEC = 60


def made_up_minute() -> Performance:
    """Eight notes a second over the whole keyboard, louder and softer, with a pedal every two seconds."""
    rng = np.random.default_rng(1)
    onset_sec = np.sort(rng.uniform(0, MINUTE_SEC - 3, 8 * MINUTE_SEC))
    pitch = np.clip(rng.normal(62, 13, len(onset_sec)).round(), 21, 108)
    velocity = np.clip(rng.normal(62, 18, len(onset_sec)), 15, 120)
    pedal = [(at + shift, 64, value) for at in range(0, MINUTE_SEC - 2, 2) for shift, value in ((0.2, 127), (1.7, 0))]
    return Performance.from_arrays(onset_sec, onset_sec + rng.exponential(0.4, len(onset_sec)) + 0.05, pitch, velocity, controls=pedal)


def repeated(minute: NDArray[np.float32], minutes: int) -> Iterator[NDArray[np.float32]]:
    for _ in range(minutes):
        yield minute


def measure(path: Path, model: str) -> tuple[float, float, float]:
    """Seconds, processor seconds over all cores, and peak MB of one command."""
    command = [sys.executable, "-m", "tecla.cli", "transcribe", str(path), "--model", model, "--force"]
    begin = time.perf_counter()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)} failed with status {status}")
    unit = 1 if platform.system() == "Darwin" else 1024  # ru_maxrss is in bytes there, in KiB elsewhere
    return time.perf_counter() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("minutes", type=int, nargs="*", default=[10, 120])
    parser.add_argument("--model", default="default")
    arguments = parser.parse_args()
    played = render(made_up_minute())[: MINUTE_SEC * SAMPLE_RATE]
    minute = np.pad(played, ((0, MINUTE_SEC * SAMPLE_RATE - len(played)), (0, 0)))
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        for minutes in arguments.minutes:
            path = Path(folder) / f"{minutes}min.flac"
            save_audio(path, repeated(minute, minutes), SAMPLE_RATE)
            took_sec, processor_sec, peak_mb = measure(path, arguments.model)
            speed = minutes * MINUTE_SEC / took_sec
            print(f"{minutes:4d} min: {took_sec:.1f} s ({processor_sec:.1f} s of work), {speed:.1f} times real time, peak {peak_mb:.0f} MB")


if __name__ == "__main__":
    main()
