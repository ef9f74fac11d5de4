"""One network, several readings: the same music in neighbouring keys, and the mean of what it expects in each.

A network that learned from transposed copies still knows some keys better than others. Reading the past in K keys at once and averaging
the K distributions (each moved back) is one proper distribution at K times the work; what falls off the keyboard is lost to the sum, so
that likelihoods err on the dear side. A reading weighs the more the better it has expected the piece so far (a Bayesian mixture with a
learning rate and forgetting: Herbster and Warmuth 1998 for the latter); at a piece's first row all weigh alike.

Stands in for an Engine over rows of pitches (id 0 END, 1 silence, 2.. keys). Hidden vectors of all readings lie side by side, then the
nats that each has paid.
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
# Chosen on the canonical validation split of the chorales, from 0.03 to 0.4 and 0.9 to 1; the test split gains as much.
TRUST: Final = 0.2  # of a nat: how far what a reading has paid tells against it
FADE: Final = 0.99  # a row, of what was paid before it


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
        self._paid, self._remembers = np.zeros(len(self.readers), np.float32), False
        return self._kept(self._with_paid(parts, np.zeros((len(parts[0]), len(self.readers)))))

    def fork(self) -> Readings:
        """A second one at the same place; both go on independently."""
        twin = object.__new__(Readings)
        twin.__dict__.update(self.__dict__)
        twin.readers = [reader.fork() for reader in self.readers]
        return twin

    def feed(self, rows: NDArray[Any]) -> NDArray[np.float32]:
        """As `Engine.feed`. Shape: (L, G) -> (L, K D + K)."""
        before = [reader.hidden for reader in self.readers] if self._remembers else None
        moved = [self._moved(rows, step) for step in self.semitones]
        parts = [reader.feed(each) for reader, each in zip(self.readers, moved, strict=True)]
        return self._kept(self._with_paid(parts, self._nats(before, parts, moved)))

    def _nats(
        self, before: list[NDArray[np.float32]] | None, parts: list[NDArray[np.float32]], moved: list[NDArray[Any]]
    ) -> NDArray[np.float64]:
        """What each row cost each reading; nothing where there is one reading, or nothing before the row. Shape: (L, K)."""
        nats = np.zeros((len(moved[0]), len(self.readers)))
        if len(self.readers) == 1 or not len(nats):
            return nats
        for index, (reader, part, rows) in enumerate(zip(self.readers, parts, moved, strict=True)):
            first = 0 if before is not None else 1
            known = part[:-1] if before is None else np.concatenate([before[index], part[:-1]])
            if len(known):
                log_p = log_softmax(reader.judge(known, rows[first:]))
                nats[first:, index] = -np.take_along_axis(log_p, rows[first:, :, None].astype(np.int64), -1)[..., 0].sum(1)
        return nats

    def _with_paid(self, parts: list[NDArray[np.float32]], nats: NDArray[np.float64]) -> NDArray[np.float32]:
        """Hidden vectors and, after each row, what every reading has paid by then. Shape: K of (L, D), (L, K) -> (L, K D + K)."""
        if not len(parts[0]):
            return np.concatenate(parts, -1)
        paid = np.zeros(nats.shape, np.float32)
        for at, row in enumerate(nats):
            self._paid = (FADE * self._paid + row).astype(np.float32)
            paid[at] = self._paid
        return np.concatenate([*parts, paid], -1)

    def judge(self, hidden: NDArray[np.float32], rows: NDArray[Any], output: str | None = None) -> NDArray[np.float32]:
        """Logarithms of the mean probabilities, by weight. Shape: (L, K D + K), (L, G) -> (L, G, V)."""
        total: NDArray[np.float64] = np.zeros(0)
        count = len(self.readers)
        weights = np.exp(log_softmax(-TRUST * hidden[:, -count:]))
        parts = np.split(hidden[:, :-count], count, -1)
        for reader, step, part, weight in zip(self.readers, self.semitones, parts, weights.T, strict=True):
            likely = np.exp(log_softmax(reader.judge(np.ascontiguousarray(part), self._moved(rows, step), output)))
            back = np.zeros_like(likely)
            back[..., :FIRST_KEY] = likely[..., :FIRST_KEY]
            end = likely.shape[-1]
            written = slice(FIRST_KEY + max(0, -step), end - max(0, step))
            back[..., written] = likely[..., written.start + step : written.stop + step]
            total = weight[:, None, None] * back if not total.size else total + weight[:, None, None] * back
        return np.log(total + _LEAST).astype(np.float32)

    def _kept(self, hidden: NDArray[np.float32]) -> NDArray[np.float32]:
        if len(hidden):
            self.hidden, self._remembers = hidden[-1:], True
        return hidden

    def _moved(self, rows: NDArray[Any], step: int) -> NDArray[Any]:
        """Pitches `step` semitones higher, at most to the keyboard's ends."""
        highest = FIRST_KEY + 87
        return np.where(rows >= FIRST_KEY, np.clip(rows + step, FIRST_KEY, highest), rows)
