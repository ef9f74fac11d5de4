"""The note-wise network in the quarters of the page.

The network has its own idea of what a quarter is, and its readings of steps and lengths hold in it; where the page counts in others
they are read in those. Which idea it had is told by its steps: they fit what was played in one kind of quarter best.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.notewise import PLAIN_SHIFTS, SHIFTS, VALUES, Readings

RATIOS: Final = np.array([1 / 4, 1 / 3, 1 / 2, 2 / 3, 1.0, 3 / 2, 2.0, 3.0, 4.0])  # the network's quarters in one of the page's
SAME: Final = 4
_BLOCK: Final = 32  # notes that share an idea
_CHANGE_COST: Final = 20.0
_CHORD_SEC: Final = 0.05
_UNLISTED: Final = -6.0
_TEMPO: Final = 0.4  # how much the network's tempo speaks for an idea, a note and squared octave
_PLAIN: Final = 0.1  # what speaks for our own, a note
_BY_THREE: Final = 1.0  # cost, a note, of ideas that differ by a factor of three: steps may fit there by chance, lengths then do not
_STEPS: Final = np.array([float(step) for step in SHIFTS])
_LENGTHS: Final = np.array([float(value) for value in VALUES])


def in_page_quarters(
    readings: Readings, onset_sec: NDArray[np.float64], quarter_sec: NDArray[np.float64]
) -> tuple[Readings, NDArray[np.bool_]]:
    """Steps and lengths read in quarters of `quarter_sec` (N,) seconds; and where the network had the same idea, (N,)."""
    if len(onset_sec) < 2:
        return readings, np.ones(len(onset_sec), bool)
    idea = _ideas(readings, onset_sec, quarter_sec)
    shift, value = readings.log_shift.copy(), readings.log_value.copy()
    for k in set(idea.tolist()) - {SAME}:
        here = idea == k
        shift[here] = _reread(readings.log_shift[here], _STEPS, RATIOS[k]) + 0.2 * PLAIN_SHIFTS
        value[here] = _reread(readings.log_value[here], _LENGTHS, RATIOS[k])
    return replace(readings, log_shift=shift, log_value=value), idea == SAME


def _reread(logs: NDArray[np.float64], table: NDArray[np.float64], ratio: float) -> NDArray[np.float64]:
    """Readings of the entry that each entry of the table is in the network's quarters; what it does not list is unlikely."""
    wanted = table * ratio
    nearest = np.abs(wanted[:, None] - table[None, :]).argmin(axis=1)
    listed = np.abs(table[nearest] - wanted) <= 0.03 * wanted
    return np.where(listed, logs[:, nearest], _UNLISTED)


def _ideas(readings: Readings, onset_sec: NDArray[np.float64], quarter_sec: NDArray[np.float64]) -> NDArray[np.int64]:
    """Index into RATIOS for each note: Viterbi over blocks of notes, by how well the network's steps fit the played ones."""
    gap = np.append(np.diff(onset_sec), 0.0)
    fit = np.zeros((len(gap), len(RATIOS)))
    apart = gap > _CHORD_SEC
    for k, ratio in enumerate(RATIOS):
        played = np.log(np.maximum(gap, 1e-3) / quarter_sec * ratio)
        column = 1 + np.abs(played[:, None] - np.log(_STEPS[1:])[None, :]).argmin(axis=1)
        off = np.log2(quarter_sec / ratio / readings.quarter_sec)
        fit[:, k] = np.where(apart, np.maximum(readings.log_shift[np.arange(len(gap)), column], _UNLISTED), 0.0) - _TEMPO * off**2
    fit[:, SAME] += _PLAIN
    fit -= _BY_THREE * (np.log2(RATIOS) % 1 != 0)
    blocks = np.add.reduceat(fit, np.arange(0, len(fit), _BLOCK))
    total, back = blocks[0], []
    for row in blocks[1:]:
        change = total.max() - _CHANGE_COST
        back.append(np.where(total >= change, np.arange(len(RATIOS)), total.argmax()))
        total = np.maximum(total, change) + row
    path = [int(total.argmax())]
    for came in reversed(back):
        path.append(int(came[path[-1]]))
    return np.repeat(np.array(path[::-1]), _BLOCK)[: len(gap)]
