"""How much faster than real time the sampled piano plays, on one core, and in how much memory.

    OMP_NUM_THREADS=1 python benchmarks/render.py [PERFORMANCE.mid ...]

Without files it plays ten minutes of its own: ten notes a second all over the keyboard, in every dynamic, the pedal down three
quarters of the time.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np

from tecla.io.midi import load_midi
from tecla.music import SUSTAIN, Performance
from tecla.rendering.instrument import SAMPLE_RATE
from tecla.rendering.room import ROOMS
from tecla.rendering.sampler import render_blocks

MINUTES = 10
NOTES_PER_SEC = 10


def main(paths: list[str]) -> None:
    pieces = {path: load_midi(path) for path in paths} or {f"{MINUTES} min of random notes": random_performance()}
    for name, performance in pieces.items():
        for room in ("none", "salon"):
            print(f"{name}, room {room}: {measure(performance, room)}")


def measure(performance: Performance, room: str) -> str:
    wall, cpu, n, peak = time.perf_counter(), time.process_time(), 0, 0.0
    for block in render_blocks(performance, ROOMS[room]):
        n, peak = n + len(block), max(peak, float(np.abs(block).max()))
    wall, cpu, seconds = time.perf_counter() - wall, time.process_time() - cpu, n / SAMPLE_RATE
    speed = f"x{seconds / wall:.0f} (x{seconds / cpu:.0f} of CPU time)"
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return f"{seconds:.0f} s of music in {wall:.1f} s: {speed}, {memory:.0f} MB, peak {peak:.2f}"


def random_performance(seed: int = 0) -> Performance:
    rng = np.random.default_rng(seed)
    n = MINUTES * 60 * NOTES_PER_SEC
    onset = np.sort(rng.uniform(0, MINUTES * 60, n))
    pitch = np.clip(rng.normal(62, 14, n).round(), 21, 108)
    bars = np.arange(0, MINUTES * 60, 2.0)
    pedal = [(t + shift, SUSTAIN, value) for t in bars for shift, value in ((0.0, 0), (0.5, 127))]
    velocity = np.clip(rng.normal(60, 20, n), 1, 127)
    return Performance.from_arrays(onset, onset + rng.exponential(0.35, n) + 0.05, pitch, velocity, controls=pedal)


if __name__ == "__main__":
    main(sys.argv[1:])
