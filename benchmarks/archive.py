"""What an archive costs beside its transcription: python benchmarks/archive.py [--files 1000] [--ray] [--only PART ...]

Makes short recordings, then in one go: one worker and two over the same files (throughput, and how many cores each kept busy), 1,000
files with one worker (memory of the process that grows most), and with --ray the pool against Ray on this machine, by turns. Ratios
within one run; the machine should be quiet. What a cluster loses when things go wrong: TECLA_CLUSTER_FILES=1000 pytest
tests/archive/test_cluster.py.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import soundfile

from tecla.archive.run import Tally, run_archive

SAMPLE_RATE = 16_000
os.environ.setdefault("RAY_worker_niceness", "0")  # as the pool's workers; by itself Ray lets its own wait for everything else


def make(folder: Path, n_files: int, seconds: float) -> None:
    """Struck strings at random, a chord every half second."""
    rng = np.random.default_rng(0)
    t = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    folder.mkdir()
    for i in range(n_files):
        sound = np.zeros(round((seconds + 1) * SAMPLE_RATE))
        for at in np.arange(0, seconds, 0.5):
            for hz in 440 * 2 ** ((rng.integers(40, 85, 3) - 69) / 12):
                string = sum(np.sin(2 * np.pi * k * hz * t) * 0.6**k for k in range(1, 7)) * np.exp(-3 * t)
                sound[round(at * SAMPLE_RATE) :][: len(t)] += 0.1 * string
        soundfile.write(folder / f"{i:05d}.flac", sound[: round(seconds * SAMPLE_RATE)], SAMPLE_RATE)


def run(sounds: Path, workers: int | None, ray: str | None = None) -> tuple[Tally, float]:
    """The tally, and the seconds from the first file done to the last: without the start of the processes."""
    with tempfile.TemporaryDirectory() as out:
        at: list[float] = []
        tally = run_archive(
            [str(sounds)], out, ["mid"], workers=workers, ray_address=ray, on_progress=lambda _: at.append(time.perf_counter())
        )
    return tally, at[-1] - at[0]


def busy(sounds: Path, workers: int) -> tuple[float, float]:
    """Seconds as `run`, and the processor's seconds of the whole run, the start of processes included."""
    before = os.times()
    took_sec = run(sounds, workers)[1]
    return took_sec, sum(os.times()[:4]) - sum(before[:4])


def resident_mb(processes: list[int]) -> float:
    pages = [int(Path(f"/proc/{process}/statm").read_text().split()[1]) for process in processes if Path(f"/proc/{process}").exists()]
    return sum(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6


def memory(sounds: Path) -> list[tuple[float, float]]:
    """Resident megabytes of this process and of its worker, every second."""
    import multiprocessing

    seen: list[tuple[float, float]] = []
    done = threading.Event()

    def look() -> None:
        while not done.wait(1.0):
            workers = [child.pid for child in multiprocessing.active_children() if child.pid]
            seen.append((resident_mb([os.getpid()]), resident_mb(workers)))

    watcher = threading.Thread(target=look)
    watcher.start()
    run(sounds, 1)
    done.set()
    watcher.join()
    return seen


PARTS = ("throughput", "memory", "ray")
ROUNDS = 3


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--ray", action="store_true", help="Ray's parts, too")
    parser.add_argument("--only", nargs="+", choices=PARTS, help="these parts and no other")
    given = parser.parse_args()
    parts = given.only or (PARTS if given.ray else PARTS[:2])
    with tempfile.TemporaryDirectory() as temporary:
        few, many = Path(temporary, "few"), Path(temporary, "many")
        make(many, given.files, given.seconds)
        if "throughput" in parts:
            make(few, 40, 20.0)
            one, two = busy(few, 1), busy(few, 2)
            print("40 files of 20 s:", *(f"{took:.1f} s ({used:.1f} s of processor time)" for took, used in (one, two)), end="; ")
            print(f"two workers are {one[0] / two[0]:.2f} times as fast as one", flush=True)
        if "memory" in parts:
            seen = memory(many)
            tenth = max(1, len(seen) // 10)
            for name, column in (("parent", 0), ("worker", 1)):
                tenths = [np.median([pair[column] for pair in seen[i * tenth : (i + 1) * tenth]]) for i in range(10)]
                print(f"{given.files} files, {name}: MB by tenths of the run {' '.join(f'{mb:.0f}' for mb in tenths)}", flush=True)
        if "ray" in parts:
            rounds = [(run(many, 2)[1], run(many, 2, "local")[1]) for _ in range(ROUNDS)]  # by turns: what else runs meets both
            pool, ray = (sorted(column)[ROUNDS // 2] for column in zip(*rounds, strict=True))
            each = ", ".join(f"{one:.1f} and {other:.1f}" for one, other in rounds)
            print(f"{given.files} files of {given.seconds} s, pool and Ray: {each} s; medians {100 * (ray / pool - 1):+.1f} %", flush=True)


if __name__ == "__main__":
    main()
