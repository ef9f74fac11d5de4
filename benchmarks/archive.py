"""What an archive costs beside its transcription: python benchmarks/archive.py [--files 1000] [--ray] [--only PART ...]

Makes short recordings, then in one go: one worker and two over the same files (throughput), 1,000 files with one worker (memory
of the process that grows most), and with --ray the pool against Ray on this machine, then a cluster of two nodes that loses one in the
middle. Ratios within one run; the machine should be quiet.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import soundfile

from tecla.archive.run import Tally, run_archive

SAMPLE_RATE = 16_000


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


def lose_a_node(sounds: Path) -> None:
    """A Ray cluster of two nodes, one of which is killed when two files of five are done: what is lost, what is there twice?"""
    from ray.cluster_utils import Cluster

    small = {"num_cpus": 1, "object_store_memory": 100 * 2**20, "include_dashboard": False}
    nodes = Cluster(initialize_head=True, head_node_args=small)
    second = nodes.add_node(num_cpus=1, object_store_memory=100 * 2**20)
    nodes.wait_for_nodes()
    told: list[int] = []

    def watch(tally: Tally) -> None:
        told.append(tally.done)
        if len(told) == 2 * tally.to_do // 5:
            nodes.remove_node(second, allow_graceful=False)

    with tempfile.TemporaryDirectory() as out:
        begin = time.perf_counter()
        tally = run_archive([str(sounds)], out, ["mid"], ray_address=nodes.address, on_progress=watch)
        took_sec = time.perf_counter() - begin
        with sqlite3.connect(Path(out, "catalogue.sqlite")) as rows:
            (n_rows, n_sources, n_done) = rows.execute(
                "SELECT count(*), count(DISTINCT source), sum(status = 'done') FROM files"
            ).fetchone()
        n_files = len(list(Path(out).glob("default-*/**/*.mid")))
        left = run_archive([str(sounds)], out, ["mid"], workers=1).to_do
    nodes.shutdown()
    print(
        f"node killed after {2 * tally.to_do // 5} of {tally.to_do}: {tally.done} done, {tally.failed} failed, {took_sec:.0f} s;", end=" "
    )
    print(f"{n_rows} rows of {n_sources} recordings, {n_done} done, {n_files} results; {left} left for a second run", flush=True)


PARTS = ("throughput", "memory", "ray", "lost-node")


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
            one, two = run(few, 1)[1], run(few, 2)[1]
            print(f"40 files of 20 s: one worker {one:.1f} s, two {two:.1f} s, ratio {one / two:.2f}", flush=True)
        if "memory" in parts:
            seen = memory(many)
            tenth = max(1, len(seen) // 10)
            for name, column in (("parent", 0), ("worker", 1)):
                tenths = [np.median([pair[column] for pair in seen[i * tenth : (i + 1) * tenth]]) for i in range(10)]
                print(f"{given.files} files, {name}: MB by tenths of the run {' '.join(f'{mb:.0f}' for mb in tenths)}", flush=True)
        if "ray" in parts:
            pool, (tally, ray) = run(many, 2)[1], run(many, 2, "local")
            print(
                f"{tally.done} files of {given.seconds} s: pool {pool:.1f} s, Ray {ray:.1f} s, {100 * (ray / pool - 1):+.1f} %", flush=True
            )
        if "lost-node" in parts:
            lose_a_node(many)


if __name__ == "__main__":
    main()
