"""Swung performances made up from scores that are known, engraved with `--swing` and without: how much is written as it was meant.

python benchmarks/swing.py [--takes 20]

A blues of 24 bars: a walking bass, chords off the beat, a tune of quarters, eighths and a few triplets; eighths 3:2 to 2.3:1, tempo 100
to 200 that drifts, notes that stray by 12 ms.
"""

from __future__ import annotations

import argparse
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from tecla.engraving import Wishes, engrave_with_grid
from tecla.music import Performance
from tecla.music.notation import TimeSignature

_BARS = 24
_ROOTS = (48, 48, 48, 48, 53, 53, 48, 48, 55, 53, 48, 55)
_SCALE = np.array([0, 3, 5, 6, 7, 10, 12, 15, 17])
_FIGURES = ((Fraction(0),), (Fraction(0), Fraction(1, 2)), (Fraction(1, 2),), (Fraction(0), Fraction(1, 3), Fraction(2, 3)))


def blues(rng: np.random.Generator) -> list[tuple[Fraction, float, int, int]]:
    """Notes as (onset in quarters, length in quarters, pitch, velocity)."""
    notes: list[tuple[Fraction, float, int, int]] = []
    step = 4
    for bar in range(_BARS):
        root = _ROOTS[bar % len(_ROOTS)]
        for beat in range(4):
            at = Fraction(4 * bar + beat)
            notes.append((at, 0.9, root - 12 + int(rng.choice([0, 4, 7, 9])) * (beat > 0), 66))
            for offset in _FIGURES[int(rng.choice(4, p=[0.3, 0.5, 0.12, 0.08]))]:
                step = int(np.clip(step + rng.integers(-2, 3), 0, len(_SCALE) - 1))
                notes.append((at + offset, 0.4, 60 + int(_SCALE[step]), 80))
        notes += [(4 * bar + Fraction(3, 2), 0.3, root + k, 56) for k in (4, 10)]
    return sorted(notes)


def swung(
    notes: list[tuple[Fraction, float, int, int]], long: float, tempo_bpm: float, rng: np.random.Generator
) -> tuple[Performance, NDArray[np.float64]]:
    """The notes played, second eighths at `long` of their beat; and where each was meant, in quarters."""
    quarters = np.array([float(at) for at, *_ in notes])
    whole = np.floor(quarters)
    played = whole + np.where(quarters - whole == 0.5, long, quarters - whole)
    drift = np.cumsum(np.exp(0.05 * np.sin(np.arange(4 * _BARS + 2) / 9 + rng.uniform(0, 6)))) - 1
    onset = np.interp(played, np.arange(len(drift)), drift) * 60 / tempo_bpm + rng.normal(0, 0.012, len(notes))
    onset -= onset.min() - 0.5
    _, length, pitch, velocity = (np.array(column, float) for column in zip(*notes, strict=True))
    performance = Performance.from_arrays(onset, onset + length * 60 / tempo_bpm, pitch.astype(int), velocity.astype(int))
    return performance, quarters[np.lexsort((pitch, onset))]


def right(performance: Performance, meant: NDArray[np.float64], wishes: Wishes) -> float:
    """Share of notes that the page writes where they were meant, in quarters, but for one shift of all."""
    written = engrave_with_grid(performance, wishes).grid.onset / 120
    off = np.round((written - meant) * 24)
    return float(np.mean(off == np.median(off)))


def main() -> None:
    """Prints the share of notes that stand where they were meant, mean and spread over takes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--takes", type=int, default=20)
    takes = parser.parse_args().takes
    ways = {
        "nothing stated": Wishes(),
        "--swing": Wishes(swing=True),
        "--time 4/4": Wishes(time=TimeSignature(4, 4)),
        "--time 4/4 --swing": Wishes(time=TimeSignature(4, 4), swing=True),
    }
    rows = []
    for seed in range(takes):
        rng = np.random.default_rng(seed)
        notes, long, tempo = blues(rng), float(rng.uniform(0.6, 0.7)), float(rng.uniform(100, 200))
        performance, meant = swung(notes, long, tempo, rng)
        rows.append([right(performance, meant, wishes) for wishes in ways.values()])
        print(f"take {seed}: {long:.2f} at {tempo:.0f}:", " ".join(f"{share:.2f}" for share in rows[-1]), flush=True)
    for name, column in zip(ways, np.array(rows).T, strict=True):
        print(f"{name}: {column.mean():.3f}, half of the takes above {np.median(column):.3f}")


if __name__ == "__main__":
    main()
