"""What `chorales` writes beside what Bach wrote and what a 5-gram writes: python benchmarks/chorales.py --jsb jsb_chorales --count 20

Of each piece, in %: cells that hold the note before; moves by step (one or two semitones) of all moves; 16ths that are part of a triad or a
seventh chord; 16ths in which neighbouring voices cross; parallel fifths, octaves or unisons in a hundred changes of chord; and the longest
run of moves that stands in a training chorale, in any key. Medians, 10th to 90th percentile.
"""

import argparse
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tecla.corpora import jsb
from tecla.evaluation.originality import Corpus
from tecla.generation.chorales import write_chorale
from tecla.generation.engine import Engine
from tecla.generation.ngram import Ngram
from tecla.generation.readings import Readings
from tecla.generation.sampling import SamplingOptions
from tecla.generation.tokenizers.grid_fit import from_grid
from tecla.generation.tokenizers.jsb_grid import JsbGrid
from tecla.training.compose import TWINS

TRIADS = ((0, 4, 7), (0, 3, 7), (0, 3, 6))
SEVENTHS = ((0, 4, 7, 10), (0, 3, 7, 10), (0, 4, 7, 11), (0, 3, 6, 10), (0, 3, 6, 9))
CHORDS = {frozenset((root + step) % 12 for step in chord) for root in range(12) for chord in (*TRIADS, *SEVENTHS)}
COLUMNS = ("cells that hold", "moves by step", "chords with a name", "voices crossed", "parallels", "longest run in training")
ORDER = 5


def is_chord(row: NDArray[np.integer]) -> bool:
    """Whether what sounds is part of a chord that has a name, a third of it at least."""
    classes = {int(pitch) % 12 for pitch in row if pitch >= 0}
    return len(classes) > 1 and any(classes <= chord for chord in CHORDS)


def parallels(grid: NDArray[np.integer]) -> float:
    """Pairs of voices that go from a fifth, octave or unison to the same, both moving, in a hundred changes of chord."""
    changes = [(a, b) for a, b in pairwise(grid) if (a != b).any()]
    found = 0
    for a, b in changes:
        for high, low in combinations(range(4), 2):
            moved = min(a[high], a[low], b[high], b[low]) >= 0 and a[high] != b[high] and a[low] != b[low]
            before, after = (a[high] - a[low]) % 12, (b[high] - b[low]) % 12
            found += bool(moved and before == after and before in (0, 7))
    return 100 * found / max(1, len(changes))


def figures(grid: NDArray[np.integer], corpus: Corpus) -> list[float]:
    held = grid[1:] == grid[:-1]
    moves = np.abs(np.diff(grid.astype(int), axis=0))[~held & (grid[1:] >= 0) & (grid[:-1] >= 0)]
    crossed = (np.diff(np.where(grid < 0, np.nan, grid), axis=1) > 0).any(1).mean()
    run = corpus.compare(from_grid(grid)).longest_run
    named = np.mean([is_chord(row) for row in grid])
    return [100 * held.mean(), 100 * (moves <= 2).mean() if len(moves) else np.nan, 100 * named, 100 * crossed, parallels(grid), run]


def counted(model: Ngram, seed: int) -> NDArray[np.integer]:
    """A chorale drawn from counts, of 64 16ths at most."""
    rng, ids = np.random.default_rng(seed), [0]
    while len(ids) <= 4 * 64:
        chances = np.array([model.probability(token, ids[-ORDER + 1 :]) for token in range(model.vocabulary)])
        chances[0] *= len(ids) % 4 == 1 and len(ids) > 1
        token = int(rng.choice(len(chances), p=chances / chances.sum()))
        if token == 0:
            break
        ids.append(token)
    return JsbGrid().decode_grid(np.array(ids[1:]))


def show(name: str, rows: list[list[float]]) -> None:
    low, middle, high = np.nanpercentile(rows, [10, 50, 90], axis=0)
    cells = [f"{m:.1f} ({a:.1f} to {b:.1f})" for a, m, b in zip(low, middle, high, strict=True)]
    print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jsb", type=Path, required=True)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--bars", type=int, default=8)
    parser.add_argument("--top-p", type=float, default=0.98)
    given = parser.parse_args()
    train = {n: grid for n, grid in enumerate(jsb.load_split(given.jsb, "train")) if n not in TWINS}
    corpus = Corpus({f"train {n}": from_grid(grid) for n, grid in train.items()})
    print("| | " + " | ".join(COLUMNS) + " |\n|" + "---|" * (len(COLUMNS) + 1))
    length = 16 * given.bars
    show("Bach, validation", [figures(grid[:length], corpus) for grid in jsb.load_split(given.jsb, "validation")])
    engine, options = Engine.load("chorales"), SamplingOptions(top_p=given.top_p)
    made = [write_chorale(Readings(engine, engine.card["readings"]), options, seed, sixteenths=length) for seed in range(given.count)]
    show("`chorales`", [figures(grid, corpus) for grid in made])
    model = Ngram(ORDER, JsbGrid().vocabulary).fit([JsbGrid().encode_grid(grid)[:, :4].ravel()[:-3].tolist() for grid in train.values()])
    show(f"{ORDER}-gram", [figures(counted(model, seed), corpus) for seed in range(given.count)])
