"""Nats per cell of the chorales, cells alone, by one reading and by several, with the two pieces that the split leaks and without.

python benchmarks/jsb_cells.py --jsb jsb_chorales [--split test] [--readings 1 7] [--model chorales]

A cell is one voice in one 16th. END (one token a piece) and the slots after it are left out, as in the published figures. A reading is the
network over the same past in one key: the published 0.357 (Huang et al. 2018) is one. Intervals: 95 %, bootstrap over pieces.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tecla.corpora import jsb
from tecla.generation.engine import Engine
from tecla.generation.likelihood import token_bits
from tecla.generation.readings import Readings
from tecla.generation.tokenizers.jsb_grid import JsbGrid

LEAKED = {"validation": (58, 74), "test": ()}  # found by training/contamination.py: they stand in training pieces 142 and 224


def cell_nats(readings: Readings, grid: NDArray[np.integer]) -> tuple[float, float, int, int]:
    """Nats on the cells where a voice moves and on those where it holds; how many of either."""
    nats = token_bits(readings, JsbGrid().encode_grid(grid))[: len(grid)] * np.log(2)
    moves = np.concatenate([np.ones((1, 4), bool), grid[1:] != grid[:-1]])
    return float(nats[moves].sum()), float(nats[~moves].sum()), int(moves.sum()), int((~moves).sum())


def mean_nats(rows: NDArray[np.float64]) -> float:
    """Of all cells of all pieces. Shape: (N, 4)."""
    return float(rows[:, :2].sum() / rows[:, 2:].sum())


def interval(rows: NDArray[np.float64]) -> tuple[float, float]:
    rng = np.random.default_rng(0)
    drawn = [mean_nats(rows[rng.integers(0, len(rows), len(rows))]) for _ in range(2000)]
    return float(np.quantile(drawn, 0.025)), float(np.quantile(drawn, 0.975))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jsb", type=Path, required=True)
    parser.add_argument("--split", choices=["validation", "test"], default="validation")
    parser.add_argument("--readings", type=int, nargs="*", default=[1, 3, 7], help="odd numbers: so many neighbouring keys")
    parser.add_argument("--model", default="chorales")
    given = parser.parse_args()
    pieces = jsb.load_split(given.jsb, given.split)
    print("| split | model | readings | nats a cell | without the leaked pieces | a move | a hold |\n|" + "---|" * 7)
    for count in given.readings:
        readings = Readings(Engine.load(given.model), range(-(count // 2), count // 2 + 1))
        rows = np.array([cell_nats(readings, piece) for piece in pieces])
        low, high = interval(rows)
        clean = mean_nats(np.delete(rows, LEAKED[given.split], axis=0))
        each = rows[:, :2].sum(0) / rows[:, 2:].sum(0)
        figures = f"{mean_nats(rows):.4f} [{low:.4f}, {high:.4f}] | {clean:.4f} | {each[0]:.3f} | {each[1]:.3f}"
        print(f"| {given.split} | {given.model} | {count} | {figures} |", flush=True)
