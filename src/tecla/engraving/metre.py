"""The places a note can have in a bar, and the ways from one place to the next: the ground the Viterbi search walks on.

Everything is counted in ticks, 120 to a quarter, which 8ths of a quarter, 12ths and 5ths all divide.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.notewise import BAR_EIGHTHS, METRES, PLACES, SHIFTS
from tecla.music.notation import TimeSignature

TICKS: Final = 120
LONG_SHIFTS: Final = tuple(Fraction(k) for k in (5, 6, 7, 8, 12, 16))  # silences; the network knows none of them
STEPS: Final = SHIFTS + LONG_SHIFTS


def ticks(quarters: Fraction) -> int:
    """Quarters as a whole number of ticks (rounded)."""
    return round(quarters * TICKS)


@dataclass(frozen=True, eq=False)
class Lattice:
    """States are (metre, place in its bar); `source[t, k]` is the state from which step k leads to state t within one metre.

    Shape:
        metre (S,), position (S,) ticks; place, bar_eighth (S,) indices of the network's tables; downbeat, beat (S,) bool;
        source (S, K) state or S for "none"; crossing (S, K) bool, a bar line lies between; slot (M, P) state or S, by metre and place
    """

    signatures: tuple[TimeSignature, ...]
    metre: NDArray[np.int64]
    position: NDArray[np.int64]
    place: NDArray[np.int64]
    bar_eighth: NDArray[np.int64]
    downbeat: NDArray[np.bool_]
    beat: NDArray[np.bool_]
    source: NDArray[np.int64]
    crossing: NDArray[np.bool_]
    slot: NDArray[np.int64]


def build_lattice(signatures: tuple[TimeSignature, ...]) -> Lattice:
    """All places of all bars of `signatures`, joined by every step of STEPS."""
    grid = sorted(ticks(place) for place in PLACES)
    rows: list[tuple[int, int]] = []
    for index, signature in enumerate(signatures):
        bar = ticks(signature.bar_quarters)
        rows += [(index, q * TICKS + g) for q in range(-(-bar // TICKS)) for g in grid if q * TICKS + g < bar]
    state = {row: i for i, row in enumerate(rows)}
    lengths = [ticks(signature.bar_quarters) for signature in signatures]
    beats = [ticks(signature.beat_quarters) for signature in signatures]
    source = np.full((len(rows), len(STEPS)), len(rows), np.int64)
    crossing = np.zeros(source.shape, bool)
    for i, (index, position) in enumerate(rows):
        for k, step in enumerate(STEPS):
            bars, place = divmod(position - ticks(step), lengths[index])
            source[i, k] = state.get((index, place), len(rows))
            crossing[i, k] = bars < 0
    metre, position = np.array(rows).T
    places = {ticks(place): i for i, place in enumerate(PLACES)}
    columns = {value: i for i, value in enumerate(sorted(set(position.tolist())))}
    slot = np.full((len(signatures), len(columns)), len(rows), np.int64)
    for i, (index, value) in enumerate(rows):
        slot[index, columns[value]] = i
    return Lattice(
        signatures, metre, position, np.array([places[p % TICKS] for p in position.tolist()]),
        np.minimum(position * 2 // TICKS, BAR_EIGHTHS - 1), position == 0,
        np.array([p % beats[m] == 0 for m, p in rows]), source, crossing, slot,
    )  # fmt: skip


def candidates(log_metre: NDArray[np.float64], count: int = 4) -> tuple[TimeSignature, ...]:
    """The metres worth searching: those the network finds likeliest over the piece, or somewhere in it."""
    known = [TimeSignature.parse(name) for name in METRES[:-1]]
    odds = np.exp(log_metre[:, : len(known)])
    merit = odds.mean(axis=0) if len(odds) else np.ones(len(known))
    return tuple(known[i] for i in np.argsort(-merit, kind="stable")[:count])
