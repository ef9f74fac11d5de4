"""A peak limiter with foresight: no sample above the ceiling, no click, and nothing changed where nothing is too loud.

The gain is decided once per hop of 64 samples, in dB. Each hop asks for what its peak needs; a sliding maximum looks ahead, so that the
gain is down before the peak arrives; a ramp lets it come back slowly; a moving average rounds the corners. An average over the same
window as the maximum can never undercut the need of the hop they share.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

HOP: Final = 64
WINDOW_HOPS: Final = 8  # 12 ms of foresight at 44.1 kHz
CEILING: Final = 0.94  # -0.5 dBFS, which leaves room for what a codec adds
RELEASE_DB_PER_HOP: Final = 0.025  # 17 dB per second


def limited(blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """Turns loud places down; the sound comes out as long as it went in.

    Shape:
        blocks: (C, n) each, n a multiple of `HOP`; yields the same shapes, some 12 ms cut from the first and added as a last block
    """
    waiting: NDArray[np.float32] | None = None
    state = _Reduction()
    for block in blocks:
        waiting = block if waiting is None else np.concatenate([waiting, block], axis=1)
        reduction_db = state.push(_need_db(block))
        done = (len(reduction_db) - 1) * HOP
        if done > 0:
            yield _turned_down(waiting[:, :done], reduction_db)
            waiting = waiting[:, done:]
    if waiting is not None and waiting.shape[1]:
        yield _turned_down(waiting, state.push(np.zeros(WINDOW_HOPS))[: waiting.shape[1] // HOP + 1])


class _Reduction:
    """Gain reduction in dB at the edges of hops, from the need of the hops, `WINDOW_HOPS` behind them."""

    def __init__(self) -> None:
        self._last_need_db = 0.0
        self._released_db = np.zeros(0)
        self._needs_db = np.zeros(WINDOW_HOPS - 1)
        self._carry_db = 0.0
        self._edge_db: NDArray[np.float64] | None = None
        self._idle = False  # nothing was loud for a while: the usual case, and worth a short cut

    def push(self, need_db: NDArray[np.float64]) -> NDArray[np.float64]:
        """Reduction at the edges of the hops that are now decided: (hops + 1,); the first edge is the last one of the call before."""
        if self._idle and not need_db.any():
            return np.zeros(len(need_db) + 1)
        edge_need_db = np.maximum(need_db, np.concatenate([[self._last_need_db], need_db[:-1]]))
        self._last_need_db = float(need_db[-1])
        self._needs_db = np.concatenate([self._needs_db, edge_need_db])
        held_db = sliding_window_view(self._needs_db, WINDOW_HOPS).max(1)
        self._needs_db = self._needs_db[len(held_db) :]
        self._released_db = np.concatenate([self._released_db, self._release(held_db)])
        if len(self._released_db) < WINDOW_HOPS:
            return np.zeros(0)
        smooth_db = sliding_window_view(self._released_db, WINDOW_HOPS).mean(1)
        self._released_db = self._released_db[len(smooth_db) :]
        edges_db = smooth_db if self._edge_db is None else np.concatenate([self._edge_db, smooth_db])
        self._edge_db = edges_db[-1:]
        self._idle = not (self._carry_db or need_db.any() or self._needs_db.any() or self._released_db.any() or edges_db.any())
        return edges_db

    def _release(self, held_db: NDArray[np.float64]) -> NDArray[np.float64]:
        ramp = RELEASE_DB_PER_HOP * np.arange(1, len(held_db) + 1)
        released_db = np.maximum.accumulate(np.concatenate([[self._carry_db], held_db + ramp]))[1:] - ramp
        self._carry_db = float(released_db[-1])
        return released_db


def _need_db(block: NDArray[np.float32]) -> NDArray[np.float64]:
    """dB by which each hop's peak exceeds the ceiling, (n / HOP,)."""
    peaks = np.abs(block).max(axis=0).reshape(-1, HOP).max(axis=1)
    return np.asarray(20 * np.log10(np.maximum(peaks.astype("f8") / CEILING, 1.0)))


def _turned_down(block: NDArray[np.float32], edges_db: NDArray[np.float64]) -> NDArray[np.float32]:
    if not edges_db.any():
        return block
    samples = np.arange(block.shape[1]) / HOP
    gain = 10 ** (-np.interp(samples, np.arange(len(edges_db)), edges_db) / 20)
    return block * gain.astype(np.float32)
