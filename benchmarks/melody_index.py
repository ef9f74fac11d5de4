"""How large the melody index is and how fast it answers: python benchmarks/melody_index.py FOLDER [--times 5]

FOLDER holds MIDI files (MAESTRO's, say). They are entered in a catalogue as if they had been transcribed, `times` over, and then random
stretches of their own top voices are looked for, in a random key, each in a process that has not read the index before.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tecla import workbench
from tecla.archive.catalogue import NAME, Catalogue
from tecla.archive.find import find_phrase, parse_phrase
from tecla.archive.index import refresh
from tecla.archive.lines import Lines, find_lines
from tecla.archive.listening import Heard
from tecla.archive.places import Found, Place
from tecla.music.pitch import pitch_to_name

N_QUERIES = 50
LENGTHS = (3, 5, 8, 12)


def enter(folder: Path, archive: Path, times: int) -> tuple[str, float, float]:
    """The edition, hours entered, and seconds that finding the lines took for each hour."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix in (".mid", ".midi"))
    heard, hours, took_sec = [], 0.0, 0.0
    for path in paths:
        performance = workbench.load(path)
        begin = time.process_time()
        lines = find_lines(performance).to_bytes()
        took_sec += time.process_time() - begin
        hours += performance.duration_sec / 3600
        heard.append(Heard("done", sha256=path.name, n_notes=len(performance), lines=lines))
    with Catalogue(archive / NAME, write=True) as catalogue:
        list(catalogue.rows("PRAGMA synchronous = OFF"))  # the disk's patience is not what is measured here
        edition, name = catalogue.edition("default", "0" * 64)
        for copy in range(times):
            for path, one in zip(paths, heard, strict=True):
                found = Found(f"{copy}/{path.name}", 1, "")
                with catalogue.change():
                    row = catalogue.row_of(edition, Place(str(archive)), found)
                catalogue.record(row.id, found, one, ["mid"])
    return name, hours * times, took_sec / hours


def phrases(archive: Path, length: int) -> list[str]:
    """Stretches of top voices, transposed."""
    rng = np.random.default_rng(length)
    with Catalogue(archive / NAME) as catalogue:
        rows = [row[0] for row in catalogue.rows("SELECT lines FROM melodies ORDER BY file LIMIT 1000")]
    chosen = []
    while len(chosen) < N_QUERIES:
        lines = Lines.from_bytes(rows[rng.integers(len(rows))])
        if lines.length[0] > length:
            at = rng.integers(int(lines.length[0]) - length)
            pitch = lines.pitch[at : at + length].astype(int) + rng.integers(-3, 4)
            chosen.append(" ".join(pitch_to_name(int(p)) for p in pitch))
    return chosen


def ask(archive: Path, name: str, length: int) -> None:
    for words in phrases(archive, length):
        begin = time.perf_counter()
        with Catalogue(archive / NAME) as catalogue:
            matches = find_phrase(refresh(catalogue, archive, name), parse_phrase(words))
        print(time.perf_counter() - begin, matches.n_places)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--ask", nargs=2)
    given = parser.parse_args()
    if given.ask:
        ask(given.folder, given.ask[0], int(given.ask[1]))
        return
    with tempfile.TemporaryDirectory() as temporary:
        archive = Path(temporary)
        name, hours, lines_sec = enter(given.folder, archive, given.times)
        begin = time.process_time()
        with Catalogue(archive / NAME) as catalogue:
            shards = refresh(catalogue, archive, name)
        built_sec = time.process_time() - begin
        n_places = sum(len(shard.arrays["keys"]) for shard in shards)
        megabytes = sum(path.stat().st_size for path in (archive / "index").rglob("*.npy")) / 1e6
        print(
            f"{hours:.0f} h, {n_places:,} places in {len(shards)} shards: {megabytes:.0f} MB, built in {built_sec:.0f} s of work",
            flush=True,
        )
        print(f"catalogue {(archive / NAME).stat().st_size / 1e6:.0f} MB; lines {lines_sec:.2f} s of work for an hour of music", flush=True)
        for length in LENGTHS:
            command = [sys.executable, __file__, str(archive), "--ask", name, str(length)]
            told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
            took, n_found = np.array(told[0::2], float), np.array(told[1::2], int)
            places = f"places {np.median(n_found):.0f}, most {n_found.max():,}"
            print(f"{length:2d} notes: median {np.median(took):.3f} s, slowest {took.max():.3f} s; {places}", flush=True)


if __name__ == "__main__":
    main()
