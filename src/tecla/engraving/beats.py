"""Played notes -> places in a metre: one Viterbi search finds beats, bar lines, metre and onsets together.

A note's state is its place in a bar of a metre. From note to note it moves by a step of written time, whose likelihood
comes from the network's reading of that step and from the tempo it reads around the note; each place is weighed by the
network's readings of beat, bar line and subdivision. So no beat can be missing, and a bar is as long as its metre.
After Nakamura et al. (metrical hidden Markov models, 2017) with learned likelihoods in place of counted ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.metre import STEPS, TICKS, Lattice, build_lattice, candidates, ticks
from tecla.engraving.notewise import FLAGS, METRES, SHIFTS, Readings
from tecla.music.beatmap import BeatMap
from tecla.music.notation import TimeSignature

_FAR: Final = -1e9
_LONG_COST: Final = 5.0  # log-likelihood of a silence longer than the network's table
_CHORD_SEC: Final = 0.04  # spread of a chord: the tempo says nothing about steps of 0 below it


@dataclass(frozen=True)
class Weights:
    """How much each reading counts, in units of log-likelihood; chosen on ASAP's development pieces."""

    shift: float = 1.0
    tempo: float = 0.7
    place: float = 0.25
    eighth: float = 0.6
    downbeat: float = 0.4
    beat: float = 0.6
    metre: float = 0.02
    change: float = 20.0
    chord: float = 0.3
    spread: float = 0.35  # standard deviation of log2 of the tempo around its reading


@dataclass(frozen=True)
class Bar:
    """One bar: where it begins, in ticks from the first bar line, how long it is, in which metre."""

    start: int
    length: int
    time: TimeSignature


@dataclass(frozen=True, eq=False)
class Grid:
    """Every note's onset in ticks from the first bar line (a pickup begins inside the first bar), and the bars."""

    onset: NDArray[np.int64]
    bars: tuple[Bar, ...]

    @property
    def beats(self) -> NDArray[np.float64]:
        """Felt beats in quarters from the first bar line."""
        return np.array([
            (bar.start + k * ticks(bar.time.beat_quarters)) / TICKS
            for bar in self.bars
            for k in range(-(-bar.length // ticks(bar.time.beat_quarters)))
        ])  # fmt: skip

    @property
    def downbeats(self) -> NDArray[np.float64]:
        """Bar lines in quarters from the first."""
        return np.array([bar.start / TICKS for bar in self.bars])


def find_grid(onset_sec: NDArray[np.float64], readings: Readings, metre: TimeSignature | None = None, weights: Weights = Weights()) -> Grid:
    """Places notes (in order of onset) on a grid of bars; a metre that is given is kept throughout."""
    if not len(onset_sec):
        time = metre or TimeSignature(4, 4)
        return Grid(np.zeros(0, np.int64), (Bar(0, ticks(time.bar_quarters), time),))
    signatures = (metre,) if metre else candidates(readings.log_metre)
    lattice = build_lattice(signatures)
    states, steps = _search(onset_sec, readings, lattice, weights)
    return _lay_out(lattice, states, steps)


def _search(
    onset_sec: NDArray[np.float64], readings: Readings, lattice: Lattice, weights: Weights
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Best state of each note, (N,), and the step in ticks from the note before, (N,), 0 for the first."""
    moves = step_likelihood(onset_sec, readings, weights)
    n, n_states = len(onset_sec), len(lattice.metre)
    back = np.full((n, n_states), -1, np.int32)  # index of the step taken, or -1 - step after a change of metre
    origin = np.zeros((n, n_states), np.int32)
    value = _place_likelihood(readings, lattice, weights, 0) - 1e-3 * lattice.position
    rows = np.arange(n_states)
    for i in range(1, n):
        padded = np.append(value, _FAR)
        reached = padded[lattice.source] + moves[i - 1]
        step = reached.argmax(axis=1)
        best = reached[rows, step]
        back[i], origin[i] = step, lattice.source[rows, step]
        if len(lattice.signatures) > 1:
            best = _change_metre(lattice, reached, best, back[i], origin[i], weights.change)
        value = best + _place_likelihood(readings, lattice, weights, i)
        value -= value.max()
    states, steps = np.zeros(n, np.int64), np.zeros(n, np.int64)
    states[-1] = value.argmax()
    for i in range(n - 1, 0, -1):
        steps[i] = ticks(STEPS[back[i, states[i]]])
        states[i - 1] = origin[i, states[i]]
    return states, steps


def _change_metre(
    lattice: Lattice,
    reached: NDArray[np.float64],
    best: NDArray[np.float64],
    back: NDArray[np.int32],
    origin: NDArray[np.int32],
    cost: float,
) -> NDArray[np.float64]:
    """Lets a bar line change the metre: the same place after it, in another metre, at a cost."""
    crossed = np.where(lattice.crossing, reached, _FAR)
    step = crossed.argmax(axis=1)
    over = np.append(crossed[np.arange(len(step)), step], _FAR)
    table = over[lattice.slot]  # (M, P)
    giver = table.argmax(axis=0)
    source_state = lattice.slot[giver, np.arange(table.shape[1])]
    offered = np.broadcast_to(table.max(axis=0) - cost, table.shape)
    taken = (lattice.slot < len(best)) & (source_state < len(best)) & (offered > np.append(best, np.inf)[lattice.slot])
    target = lattice.slot[taken]
    column = np.nonzero(taken)[1]
    giving = source_state[column]
    back[target], origin[target] = step[giving], lattice.source[giving, step[giving]]
    best = best.copy()
    best[target] = offered[taken]
    return best


def step_likelihood(onset_sec: NDArray[np.float64], readings: Readings, weights: Weights) -> NDArray[np.float64]:
    """Log-likelihood of each step from each note to the next, (N - 1, K)."""
    gap = np.maximum(np.diff(onset_sec), 1e-3)
    quarter = np.sqrt(readings.quarter_sec[:-1] * readings.quarter_sec[1:])
    steps = np.array([float(step) for step in STEPS])
    out = np.full((len(gap), len(STEPS)), -_LONG_COST)
    out[:, : len(SHIFTS)] = weights.shift * np.maximum(readings.log_shift[:-1], -9.0)
    with np.errstate(divide="ignore"):
        off = (np.log2(gap / quarter)[:, None] - np.log2(steps)) / weights.spread
    tempo = -0.5 * np.minimum(off**2, 60.0)
    rolled = readings.flags[:, [FLAGS.index(name) for name in ("grace", "extra", "arpeggio")]].max(axis=1)
    together = np.minimum((np.maximum(gap - _CHORD_SEC, 0) / _CHORD_SEC) ** 2, 60.0)
    tempo[:, 0] = -0.5 * np.minimum((np.maximum(gap - _CHORD_SEC, 0) / (0.5 * quarter) / weights.spread) ** 2, 60.0)
    out[:, 0] -= weights.chord * together * (1.0 - np.maximum(rolled[:-1], rolled[1:]))
    return np.asarray(out + weights.tempo * tempo)


def _place_likelihood(readings: Readings, lattice: Lattice, weights: Weights, i: int) -> NDArray[np.float64]:
    sure = 1.0 - readings.flags[i, FLAGS.index("extra")]
    floor = -7.0
    down, beat = np.clip(readings.downbeat[i], 1e-3, 1 - 1e-3), np.clip(readings.beat[i], 1e-3, 1 - 1e-3)
    merit = weights.place * np.maximum(readings.log_place[i], floor)[lattice.place]
    merit = merit + weights.eighth * np.maximum(readings.log_bar_eighth[i], floor)[lattice.bar_eighth]
    merit += weights.downbeat * np.where(lattice.downbeat, np.log(down), np.log(1 - down))
    merit += weights.beat * np.where(lattice.beat, np.log(beat), np.log(1 - beat))
    names = _metre_columns(lattice.signatures)
    merit += weights.metre * np.maximum(readings.log_metre[i], floor)[names][lattice.metre]
    return np.asarray(sure * merit)


def _metre_columns(signatures: tuple[TimeSignature, ...]) -> NDArray[np.int64]:
    return np.array([METRES.index(str(s)) if str(s) in METRES else len(METRES) - 1 for s in signatures])


def _lay_out(lattice: Lattice, states: NDArray[np.int64], steps: NDArray[np.int64]) -> Grid:
    """States and steps -> ticks from the first bar line, and bars: a bar has the metre of the notes in it."""
    onset = lattice.position[states[0]] + np.cumsum(steps)
    metres = lattice.metre[states]
    starts = onset - lattice.position[states]  # where the bar of each note begins
    bars: list[Bar] = []
    for begin, metre in zip(starts.tolist(), metres.tolist(), strict=True):
        time = lattice.signatures[metre]
        while not bars or bars[-1].start < begin:
            at = bars[-1].start + bars[-1].length if bars else begin
            inside = bars[-1].time if bars and at < begin else time
            bars.append(Bar(at, ticks(inside.bar_quarters), inside))
    return Grid(onset, tuple(bars))


def beat_map(onset_sec: NDArray[np.float64], grid: Grid, ignore: NDArray[np.bool_]) -> BeatMap:
    """Seconds at each place that notes have: the median of their onsets, ornaments (`ignore`) left out."""
    kept = ~ignore if (~ignore).any() else np.ones_like(ignore)
    places, inverse = np.unique(grid.onset[kept], return_inverse=True)
    times = onset_sec[kept]
    return BeatMap.through(places / TICKS, _medians(times, inverse, len(places)))


def _medians(values: NDArray[np.float64], group: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    order = np.lexsort((values, group))
    ends = np.searchsorted(group[order], np.arange(count + 1))
    low, high = (ends[:-1] + ends[1:] - 1) // 2, (ends[:-1] + ends[1:]) // 2
    ranked = values[order]
    return np.asarray((ranked[low] + ranked[high]) / 2)
