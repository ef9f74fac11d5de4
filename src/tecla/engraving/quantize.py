"""Notes between beats -> places on paper: one Viterbi search over the few places that each note can have.

Where a note lies between its beats says roughly where it is written; how far it is from the note before, what the networks read,
and how usual a place is say the rest. Grace notes and slips are not asked to lie where they were played.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.counting import TICKS, Count, ticks
from tecla.engraving.notewise import FLAGS, PLACES, SHIFTS, Readings
from tecla.engraving.pulse import PHASES

_FAR: Final = -1e9
_LONGEST: Final = 16 * TICKS
_CHORD_SEC: Final = 0.04


@dataclass(frozen=True)
class QuantizeWeights:
    """How much each reading counts; chosen on the development pieces."""

    off: float = 0.09  # beats by which a note strays from its place
    reach: float = 0.45  # beats by which it may
    shift: float = 1.0
    tempo: float = 0.5
    spread: float = 0.35
    place: float = 0.25
    plain: float = 0.7
    enter: float = 1.0
    phase: float = 0.3
    unlisted: float = 7.0
    chord: float = 0.3


_SIMPLE: Final = (
    {1: 0.0, 2: -0.6, 4: -1.2, 8: -2.5, 16: -4.5},  # each way to divide a beat, and how usual each of its levels is
    {1: 0.0, 3: -0.8, 6: -1.4, 12: -3.5},
    {1: 0.0, 5: -1.5, 10: -3.0},
)
_COMPOUND: Final = ({1: 0.0, 3: -0.6, 6: -1.2, 12: -2.5, 9: -5.0}, {1: 0.0, 2: -0.8, 4: -1.4, 8: -3.5})
_ENTER: Final = np.array([0.0, 2.0, 5.0])  # cost of taking up each way
_TURN: Final = np.where(np.eye(3, dtype=bool), 0.0, _ENTER)  # (from, to)


@lru_cache(maxsize=8)
def _places(unit: int) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Places in a beat of `unit` ticks, how usual each is (log-likelihood to a nat or so), and in which way of dividing, (P,) each."""
    rows: list[tuple[int, float, int]] = []
    for way, levels in enumerate(_COMPOUND if unit % 90 == 0 else _SIMPLE):
        merit: dict[int, float] = {}
        for parts, value in levels.items():
            for k in range(parts):
                if unit * k % parts == 0:
                    merit.setdefault(unit * k // parts, value)
        rows += [(place, value, way) for place, value in sorted(merit.items())]
    places, merits, ways = zip(*rows, strict=True)
    return np.array(places), np.array(merits), np.array(ways)


def place_onsets(
    onset_sec: NDArray[np.float64],
    count: Count,
    readings: Readings,
    ours: NDArray[np.bool_],
    log_phase: NDArray[np.float64],
    weights: QuantizeWeights = QuantizeWeights(),
) -> NDArray[np.int64]:
    """Written onset of each note in ticks, (N,).

    `readings` are in quarters of the page; `ours` (N,) says where they always were, so that places in the quarter hold too;
    `log_phase` (N, 12) is the beat network's reading of the place in the beat.
    """
    n = len(onset_sec)
    if not n:
        return np.zeros(0, np.int64)
    position = np.interp(onset_sec, count.beats_sec, np.arange(len(count.beats_sec), dtype=float))
    beat = np.clip(position.astype(np.int64), 0, len(count.beats_sec) - 2)
    unit = np.diff(count.beat_ticks)[beat]
    quarter_sec = np.diff(count.beats_sec)[beat] / unit * TICKS
    sure = 1.0 - readings.flags[:, [FLAGS.index("grace"), FLAGS.index("extra")]].max(axis=1)
    moves = _moves(onset_sec, readings, quarter_sec, weights)
    columns = _step_columns()
    lines = np.array([bar.start for bar in count.bars])
    back: list[NDArray[np.int64]] = []
    choices: list[NDArray[np.int64]] = []
    value, last_way = np.zeros(1), np.zeros(1, np.int64)
    for i in range(n):
        ticks_, merit, way = _candidates(float(position[i]), int(beat[i]), count, log_phase[i], float(sure[i]), weights)
        if ours[i]:
            in_quarter = (ticks_ - lines[max(0, int(np.searchsorted(lines, ticks_[0], side="right")) - 1)]) % TICKS
            merit = merit + weights.place * np.maximum(readings.log_place[i], -7.0)[_quarter_columns()[in_quarter]]
        if i:
            step = ticks_[None, :] - choices[-1][:, None]
            reached = value[:, None] + np.where(step < 0, _FAR, moves[i - 1][columns[np.clip(step, 0, _LONGEST)]])
            reached -= weights.enter * _TURN[last_way[:, None], way[None, :]]
            back.append(reached.argmax(axis=0))
            merit = merit + reached.max(axis=0)
        value = merit - merit.max()
        choices.append(ticks_)
        last_way = way
    out = np.zeros(n, np.int64)
    k = int(value.argmax())
    for i in range(n - 1, -1, -1):
        out[i] = choices[i][k]
        k = int(back[i - 1][k]) if i else k
    return out


def _candidates(
    position: float, beat: int, count: Count, log_phase: NDArray[np.float64], sure: float, weights: QuantizeWeights
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Places within reach of a note that lies at `position` beats, what speaks for each, and its way of dividing the beat."""
    where, merit, way = [], [], []
    for b in (beat - 1, beat, beat + 1):
        if 0 <= b < len(count.beat_ticks):
            unit = int(count.beat_ticks[min(b + 1, len(count.beat_ticks) - 1)] - count.beat_ticks[min(b, len(count.beat_ticks) - 2)])
            places, usual, ways = _places(unit)
            off = b + places / unit - position
            near = np.abs(off) <= weights.reach
            phase = log_phase[np.rint(places / unit * PHASES).astype(np.int64) % PHASES]
            all_merit = weights.plain * usual - 0.5 * sure * np.minimum((off / weights.off) ** 2, 60.0)
            all_merit = all_merit + weights.phase * np.maximum(phase, -6.0)
            where.append(count.beat_ticks[b] + places[near])
            merit.append(all_merit[near])
            way.append(ways[near])
    return np.concatenate(where), np.concatenate(merit), np.concatenate(way)


@lru_cache(maxsize=1)
def _step_columns() -> NDArray[np.int64]:
    """Column of a step in ticks among SHIFTS; one past the end where the table does not hold it."""
    columns = np.full(_LONGEST + 1, len(SHIFTS))
    for k, shift in enumerate(SHIFTS):
        columns[ticks(shift)] = k
    return columns


@lru_cache(maxsize=1)
def _quarter_columns() -> NDArray[np.int64]:
    """Column of a place in a quarter, in ticks, among PLACES: the nearest."""
    places = np.array([ticks(place) for place in PLACES])
    return np.abs(np.arange(TICKS)[:, None] - places).argmin(axis=1)


def _moves(
    onset_sec: NDArray[np.float64],
    readings: Readings,
    quarter_sec: NDArray[np.float64],
    weights: QuantizeWeights,
) -> NDArray[np.float64]:
    """What speaks for each step from each note to the next, (N - 1, SHIFTS + 1)."""
    gap = np.maximum(np.diff(onset_sec), 1e-3)
    quarter = quarter_sec[:-1]
    read = weights.shift * np.maximum(readings.log_shift[:-1], -9.0)
    steps = np.array([float(step) for step in SHIFTS])
    with np.errstate(divide="ignore"):
        off = (np.log2(gap / quarter)[:, None] - np.log2(steps)) / weights.spread
    tempo = -0.5 * np.minimum(off**2, 30.0)
    rolled = readings.flags[:, [FLAGS.index(name) for name in ("grace", "extra", "arpeggio")]].max(axis=1)
    still = 1.0 - np.maximum(rolled[:-1], rolled[1:])
    together = np.minimum((np.maximum(gap - _CHORD_SEC, 0) / _CHORD_SEC) ** 2, 60.0)
    apart = np.minimum((np.maximum(gap - _CHORD_SEC, 0) / (0.5 * quarter) / weights.spread) ** 2, 60.0)
    tempo[:, 0] = -0.5 * apart
    out = read + weights.tempo * tempo
    out[:, 0] -= weights.chord * together * still
    return np.concatenate([out, np.full((len(gap), 1), -weights.unlisted)], axis=1)
