"""What `performance` plays beside what people play, and how fast it answers: python benchmarks/playing.py --maestro FOLDER --count 20"""

import argparse
import time
from pathlib import Path

import numpy as np

from tecla.composition import Request, compose
from tecla.corpora import maestro
from tecla.generation.engine import Engine
from tecla.generation.sampling import SamplingOptions
from tecla.io.midi import load_midi
from tecla.music import Performance

SECONDS = 30.0


def figures(performance: Performance) -> np.ndarray:
    """Notes a second, spread of velocity, pedal presses a second, share of time under the pedal, pitch spread, median duration."""
    notes, pedal = performance.notes, performance.pedal_intervals()
    length = max(performance.duration_sec, 1.0)
    down = float(np.diff(pedal, axis=1).sum()) / length
    durations = notes["offset_sec"] - notes["onset_sec"]
    spread = (notes["velocity"].std(), len(pedal) / length, down, notes["pitch"].std(), np.median(durations))
    return np.array([len(notes) / length, *spread])


def excerpt(performance: Performance, rng: np.random.Generator) -> Performance:
    start = rng.uniform(0, max(0.0, performance.duration_sec - SECONDS))
    onset, moves = performance.notes["onset_sec"], performance.controls["time_sec"]
    notes = performance.notes[(onset >= start) & (onset < start + SECONDS)]
    return Performance(notes, performance.controls[(moves >= start) & (moves < start + SECONDS)]).shifted(-start)


def speed(prompt: Performance) -> None:
    """From the request to the first new note, with a prompt as long as the context; then notes a second."""
    begin = time.perf_counter()
    Engine.load("performance")
    print(f"loading: {1000 * (time.perf_counter() - begin):.0f} ms")
    for what, given in (("from nothing", None), ("after a prompt", prompt)):
        begin = time.perf_counter()
        compose(Request(seconds=0.05), given)
        first = time.perf_counter() - begin
        begin = time.perf_counter()
        new = compose(Request(seconds=30, new_only=True), given).performance
        took = time.perf_counter() - begin
        ratio = new.duration_sec / took
        print(f"{what}: first note after {1000 * first:.0f} ms; {len(new) / took:.0f} notes a second; {ratio:.1f} times real time")


def show(name: str, rows: list[np.ndarray]) -> None:
    low, middle, high = np.percentile(rows, [10, 50, 90], axis=0)
    cells = [f"{m:.2f} ({a:.2f} to {b:.2f})" for a, m, b in zip(low, middle, high, strict=True)]
    print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--maestro", type=Path, required=True)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--top-p", type=float, default=0.98)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    human = [load_midi(take.midi) for take in maestro.load(given.maestro).recordings if take.split == "validation"][: given.count]
    speed(excerpt(human[0], rng))
    print("| | notes/s | velocity spread | pedal presses/s | time under pedal | pitch spread | median duration s |\n|" + "---|" * 7)
    show("people", [figures(excerpt(piece, rng)) for piece in human])
    options = SamplingOptions(top_p=given.top_p)
    made = [compose(Request(seed=seed, seconds=SECONDS, sampling=options)).performance for seed in range(given.count)]
    show("performance", [figures(piece) for piece in made])
