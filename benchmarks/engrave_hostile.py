"""Engraves random and hostile performances and says whether every page is valid.

Valid means: the Score could be built (every bar adds up), MusicXML is written, read back with the same notes, and loaded
by a second reader (verovio), which finds as many pages as it should (at least one).

    python benchmarks/engrave_hostile.py --count 1000 --seed 0
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import verovio

from tecla.engraving import Wishes, engrave
from tecla.io.musicxml import load_musicxml, save_musicxml
from tecla.music import Performance

LEVELS = ("faithful", "faithful", "clean", "easy")


def hostile(rng: np.random.Generator) -> Performance:
    """A performance that nobody would play: of one of eleven kinds."""
    kind = int(rng.integers(0, 11))
    n = int(rng.choice([1, 2, 5, 40, 200]))
    onset = np.sort(rng.uniform(0, n / rng.uniform(1, 20), n))
    lasting = rng.exponential(0.3, n)
    pitch = rng.integers(21, 109, n)
    if kind == 0:
        return Performance()
    if kind == 1:
        onset = np.zeros(n) + 1.0
    elif kind == 2:
        onset, lasting = np.arange(n) * 0.01, np.full(n, 0.005)
    elif kind == 3:
        onset = np.cumsum(rng.exponential(8.0, n))
    elif kind == 4:
        pitch = np.full(n, int(rng.integers(21, 109)))
    elif kind == 5:
        lasting = np.zeros(n)
    elif kind == 6:
        lasting = np.full(n, 60.0)
    elif kind == 7:
        pitch = rng.choice([0, 127], n)
    elif kind == 8:
        onset = np.repeat(onset[: max(1, n // 8)], 8)[:n] if n >= 8 else onset
        lasting, pitch = lasting[: len(onset)], pitch[: len(onset)]
    elif kind == 9:
        onset = onset + 3000.0
    pedals = [(float(t), 64, int(v)) for t, v in zip(rng.uniform(0, onset.max() + 1, 12), rng.integers(0, 128, 12), strict=True)]
    return Performance.from_arrays(onset, onset + lasting, pitch, rng.integers(1, 128, len(onset)), controls=pedals)


def failure(performance: Performance, level: str, toolkit: verovio.toolkit, folder: Path) -> str:
    """Why a page is not valid; empty where it is."""
    score = engrave(performance, Wishes(title="Hostile & <odd>", level=level))
    target = folder / "page.musicxml"
    save_musicxml(score, target)
    again = load_musicxml(target)
    ours = [(n.onset, n.duration, n.pitch, n.staff, n.voice) for n in score.notes()]
    theirs = [(n.onset, n.duration, n.pitch, n.staff, n.voice) for n in again.notes()]
    if ours != theirs:
        return f"{len(ours)} notes written, {len(theirs)} read back, or not the same"
    if not toolkit.loadFile(str(target)) or toolkit.getPageCount() < 1:
        return "verovio does not load it"
    return ""


def main() -> None:
    """Runs `--count` performances and prints every failure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    verovio.enableLog(verovio.LOG_OFF)
    toolkit, failures, begin = verovio.toolkit(), 0, time.perf_counter()
    rng = np.random.default_rng(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        for index in range(options.count):
            performance, level = hostile(rng), LEVELS[index % len(LEVELS)]
            try:
                why = failure(performance, level, toolkit, Path(folder))
            except Exception as error:  # noqa: BLE001 - the point is to count whatever goes wrong
                why = f"{type(error).__name__}: {error}"
            if why:
                failures += 1
                print(f"{index} ({len(performance)} notes, {level}): {why}")
    print(f"{options.count - failures} of {options.count} valid, {time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
