"""Notes between beats -> places on paper: one Viterbi search over the few places that each note can have.

What the rhythm network reads says most: the place of a note in its beat and the step to the next one. How far a note lies from its
place, how usual the place is and whether the beat is already divided so say the rest. Grace notes and slips are not asked to lie where
they were played.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.beatwise import PLACES, STEPS, Rhythm
from tecla.engraving.counting import TICKS, Count

_FAR: Final = -1e9
_LONGEST: Final = 16 * TICKS
_SAME: Final = 0.004  # beats by which a place or a step may differ from that of the table
_FLOOR: Final = -9.0  # no reading says less


@dataclass(frozen=True)
class QuantizeWeights:
    """How much each reading counts; chosen on the development pieces."""

    off: float = 0.12  # beats by which a note strays from its place
    reach: float = 0.45  # beats by which it may
    place: float = 1.0
    step: float = 1.0
    plain: float = 0.2
    enter: float = 0.5
    unlisted: float = 7.0


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
    rhythm: Rhythm,
    loose: NDArray[np.float64],
    weights: QuantizeWeights = QuantizeWeights(),
) -> NDArray[np.int64]:
    """Written onset of each note in ticks, (N,).

    `rhythm` is what was read over the beats of `count`; `loose` (N,) are the odds that a note is a grace note or a slip.
    """
    n = len(onset_sec)
    if not n:
        return np.zeros(0, np.int64)
    position = np.interp(onset_sec, count.beats_sec, np.arange(len(count.beats_sec), dtype=float))
    beat = np.clip(position.astype(np.int64), 0, len(count.beats_sec) - 2)
    units = np.diff(count.beat_ticks)
    places = weights.place * _with_unlisted(rhythm.log_place, weights)
    steps = weights.step * _with_unlisted(rhythm.log_step, weights)
    back: list[NDArray[np.int64]] = []
    choices: list[NDArray[np.int64]] = []
    value, last_way = np.zeros(1), np.zeros(1, np.int64)
    for i in range(n):
        ticks, merit, way = _candidates(float(position[i]), int(beat[i]), count, units, places[i], 1.0 - float(loose[i]), weights)
        if i:
            step = ticks[None, :] - choices[-1][:, None]
            read = steps[i - 1][_step_columns(int(units[beat[i - 1]]))[np.clip(step, 0, _LONGEST)]]
            reached = value[:, None] + np.where(step < 0, _FAR, read) - weights.enter * _TURN[last_way[:, None], way[None, :]]
            back.append(reached.argmax(axis=0))
            merit = merit + reached.max(axis=0)
        value = merit - merit.max()
        choices.append(ticks)
        last_way = way
    out = np.zeros(n, np.int64)
    k = int(value.argmax())
    for i in range(n - 1, -1, -1):
        out[i] = choices[i][k]
        k = int(back[i - 1][k]) if i else k
    return out


def _with_unlisted(logs: NDArray[np.float64], weights: QuantizeWeights) -> NDArray[np.float64]:
    """Readings with a column more, for what their table does not hold."""
    return np.concatenate([np.maximum(logs, _FLOOR), np.full((len(logs), 1), -weights.unlisted)], axis=1)


def _candidates(
    position: float, beat: int, count: Count, units: NDArray[np.int64], read: NDArray[np.float64], sure: float, weights: QuantizeWeights
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Places within reach of a note that lies at `position` beats, what speaks for each, and its way of dividing the beat."""
    where, merit, way = [], [], []
    for b in (beat - 1, beat, beat + 1):
        if 0 <= b < len(count.beat_ticks):
            unit = int(units[min(b, len(units) - 1)])
            places, usual, ways = _places(unit)
            off = b + places / unit - position
            near = np.abs(off) <= weights.reach
            strayed = 0.5 * sure * np.minimum((off / weights.off) ** 2, 60.0)
            where.append(count.beat_ticks[b] + places[near])
            merit.append((weights.plain * usual - strayed + read[_place_columns(unit)[places]])[near])
            way.append(ways[near])
    return np.concatenate(where), np.concatenate(merit), np.concatenate(way)


@lru_cache(maxsize=16)
def _step_columns(unit: int) -> NDArray[np.int64]:
    """Column of each step in ticks among STEPS, where a beat has `unit`; one past the end where the table does not hold it."""
    return _columns(np.arange(_LONGEST + 1) / unit, np.array([float(step) for step in STEPS]))


@lru_cache(maxsize=16)
def _place_columns(unit: int) -> NDArray[np.int64]:
    """Column of each place in ticks among PLACES, where a beat has `unit`; one past the end where the table does not hold it."""
    return _columns(np.arange(unit) / unit, np.array([float(place) for place in PLACES]))


def _columns(beats: NDArray[np.float64], table: NDArray[np.float64]) -> NDArray[np.int64]:
    off = np.abs(beats[:, None] - table)
    return np.where(off.min(axis=1) <= _SAME, off.argmin(axis=1), len(table))
