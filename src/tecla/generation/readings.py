"""One network, several readings: the same music in neighbouring keys, and the mean of what it expects in each.

A network that learned from transposed copies still knows some keys better than others. Reading the past in K keys at once and averaging
the K distributions (each moved back) is one proper distribution, never worse than their mean in bits, at K times the work; what falls off
the keyboard is lost to the sum, so that likelihoods err on the dear side.

Stands in for an Engine over rows of pitches (id 0 END, 1 silence, 2.. keys). Hidden vectors of all readings lie side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tecla.generation.engine import Engine
from tecla.generation.mixture import log_softmax

FIRST_KEY: Final = 2
_LEAST: Final = 1e-12  # of probability, where no reading can reach


class Readings(Engine):
    """An engine that reads in several keys; `semitones` says how far each lies from the written one."""

    def __init__(self, engine: Engine, semitones: Sequence[int]) -> None:
        self.stem, self.card, self.slots, self._context = engine.stem, engine.card, engine.slots, engine.context
        self.semitones = tuple(semitones)
        self.readers = [engine.fork() for _ in self.semitones]
        self.restart()

    @property
    def context(self) -> int:
        """Rows that each reader remembers."""
        return self._context

    @context.setter
    def context(self, rows: int) -> None:
        self._context = rows
        for reader in self.readers:
            reader.context = rows

    def restart(self, skipped: NDArray[Any] | None = None) -> NDArray[np.float32]:
        """As `Engine.restart`, in every key."""
        parts = [
            reader.restart(None if skipped is None else self._moved(skipped, step))
            for reader, step in zip(self.readers, self.semitones, strict=True)
        ]
        return self._kept(np.concatenate(parts, -1))

    def fork(self) -> Readings:
        """A second one at the same place; both go on independently."""
        twin = object.__new__(Readings)
        twin.__dict__.update(self.__dict__)
        twin.readers = [reader.fork() for reader in self.readers]
        return twin

    def feed(self, rows: NDArray[Any]) -> NDArray[np.float32]:
        """As `Engine.feed`. Shape: (L, G) -> (L, K D)."""
        parts = [reader.feed(self._moved(rows, step)) for reader, step in zip(self.readers, self.semitones, strict=True)]
        return self._kept(np.concatenate(parts, -1))

    def judge(self, hidden: NDArray[np.float32], rows: NDArray[Any], output: str | None = None) -> NDArray[np.float32]:
        """Logarithms of the mean probabilities. Shape: (L, K D), (L, G) -> (L, G, V)."""
        total: NDArray[np.float64] = np.zeros(0)
        for reader, step, part in zip(self.readers, self.semitones, np.split(hidden, len(self.readers), -1), strict=True):
            likely = np.exp(log_softmax(reader.judge(np.ascontiguousarray(part), self._moved(rows, step), output)))
            back = np.zeros_like(likely)
            back[..., :FIRST_KEY] = likely[..., :FIRST_KEY]
            end = likely.shape[-1]
            written = slice(FIRST_KEY + max(0, -step), end - max(0, step))
            back[..., written] = likely[..., written.start + step : written.stop + step]
            total = back if not total.size else total + back
        return np.log(total / len(self.readers) + _LEAST).astype(np.float32)

    def _kept(self, hidden: NDArray[np.float32]) -> NDArray[np.float32]:
        if len(hidden):
            self.hidden = hidden[-1:]
        return hidden

    def _moved(self, rows: NDArray[Any], step: int) -> NDArray[Any]:
        """Pitches `step` semitones higher, at most to the keyboard's ends."""
        highest = FIRST_KEY + 87
        return np.where(rows >= FIRST_KEY, np.clip(rows + step, FIRST_KEY, highest), rows)
