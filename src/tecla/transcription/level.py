"""How loud a take is, measured over the whole of it, so that its quiet passages stay quiet and no slice is judged alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.transcription.features import SAMPLE_RATE

NOMINAL_DB: Final = -20.0  # level of the loud part of a take, as the network expects it
SILENCE_DB: Final = -100.0  # below the last bit of a 16-bit file nothing was recorded

_BLOCK_SAMPLES: Final = SAMPLE_RATE // 10
_LOUD_PART: Final = 95  # percentile: neither a single bang nor long rests decide
_PASSAGE_BLOCKS: Final = 10
_NOTHING: Final = 1e-12
_FIRST_DB: Final = -40.0  # what is believed before anything was heard ...
_FIRST_BLOCKS: Final = 4  # ... and how firmly, in blocks
_REST_DB: Final = 40.0  # so far below the loudest nobody plays
_QUIETEST_DB: Final = -60.0  # a take this soft is a room without a player: it is not raised any further
_LATEST_BLOCKS: Final = 50
_USUAL_DB: Final = -20.0  # the loud part of a take, as far as is known before it is played ...
_USUAL_BLOCKS: Final = 200  # ... and how long it takes to know better
_MEMORY_BLOCKS: Final = 3000  # five minutes of playing


def loud_part_db(blocks: Iterable[NDArray[np.float32]]) -> float:
    """Level in dB (full scale = 0) that the loudest twentieth of the 0.1 s blocks of a take exceeds; -inf if it is empty.

    Shape:
        blocks: any number of (N,) float32 stretches of mono audio at 16 kHz, in order
    """
    return loud_part_of(block_power(blocks))


def block_power(blocks: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Mean square of each 0.1 s of a take, (n,), the last one perhaps shorter.

    Shape:
        blocks: any number of (N,) float32 stretches of mono audio at 16 kHz, in order
    """
    levels, rest = [], np.zeros(0, np.float32)
    for block in blocks:
        rest = np.concatenate([rest, block])
        whole = len(rest) // _BLOCK_SAMPLES * _BLOCK_SAMPLES
        squares = np.square(rest[:whole], dtype=np.float32).reshape(-1, _BLOCK_SAMPLES)
        levels.append(squares.mean(1))
        rest = rest[whole:]
    if len(rest):
        levels.append(np.square(rest, dtype=np.float32).mean(keepdims=True))
    return np.concatenate(levels) if levels else np.zeros(0, np.float32)


def loud_part_of(power: NDArray[np.float32]) -> float:
    """`loud_part_db` of a take whose `block_power` is known."""
    loud = float(np.percentile(power, _LOUD_PART)) if len(power) else 0.0
    return 10 * float(np.log10(loud)) if loud > 0 else -np.inf


def passage_db(power: NDArray[np.float32], time_sec: NDArray[np.float64]) -> NDArray[np.float64]:
    """How loud the second before and the second after each moment were, in dB against the loud part of the take; (N,) -> (N,)."""
    summed = np.concatenate([[0.0], np.cumsum(power, dtype=np.float64)])
    at = np.clip((time_sec * SAMPLE_RATE / _BLOCK_SAMPLES).astype(np.intp), 0, len(power) - 1)
    first, stop = np.maximum(at - _PASSAGE_BLOCKS, 0), np.minimum(at + _PASSAGE_BLOCKS + 1, len(power))
    mean = (summed[stop] - summed[first]) / (stop - first)
    return np.asarray(10 * np.log10(np.maximum(mean, _NOTHING)) - max(loud_part_of(power), SILENCE_DB))


class Summit:
    """Where the loudest sample of a take stands, found while its blocks pass by on their way to somebody else."""

    def __init__(self) -> None:
        self.sample, self._height, self._passed = 0, 0.0, 0

    def watch(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """The same (N,) blocks, looked at."""
        for block in blocks:
            if len(block):
                top = int(np.abs(block).argmax())
                if abs(block[top]) > self._height:
                    self.sample, self._height = self._passed + top, float(abs(block[top]))
                self._passed += len(block)
            yield block


class RunningLevel:
    """The level of a take that is still being played, as far as it can be known: the loud part of what was heard so far.

    It begins below where most recordings lie, as a soft beginning must not be missed; the first strong note corrects it before
    that note is decided upon. Long rests do not count: a player who has not begun is not a soft player.
    """

    def __init__(self) -> None:
        self._power = [10 ** (_FIRST_DB / 10)] * _FIRST_BLOCKS
        self._rest = np.zeros(0, np.float32)
        self._latest: list[float] = []
        self._n_heard = 0

    def hear(self, samples: NDArray[np.float32]) -> None:
        """Takes the next (N,) samples."""
        rest = np.concatenate([self._rest, samples])
        whole = len(rest) // _BLOCK_SAMPLES * _BLOCK_SAMPLES
        blocks, self._rest = rest[:whole].reshape(-1, _BLOCK_SAMPLES), rest[whole:]
        powers = blocks.var(1).tolist()
        self._n_heard += len(powers)
        self._latest = [*self._latest, *powers][-_LATEST_BLOCKS:]
        gate = max(self._power) * 10 ** (-_REST_DB / 10)
        self._power += [power for power in powers if power > gate]
        del self._power[:-_MEMORY_BLOCKS]

    def passage_db(self, time_sec: NDArray[np.float64]) -> NDArray[np.float64]:
        """As `passage_db`, of the last seconds, as far as they were heard; (N,) -> (N,).

        The loud part of the take is taken to be what most takes' is, until enough was played to know better: a level that follows
        every chord would make the same stroke loud now and soft then.
        """
        first = self._n_heard - len(self._latest)
        known = len(self._power) / (len(self._power) + _USUAL_BLOCKS)
        loud_db = known * self._loud_db + (1 - known) * _USUAL_DB
        power = np.array(self._latest or [_NOTHING], np.float32)
        return passage_db(power, time_sec - first * _BLOCK_SAMPLES / SAMPLE_RATE) + max(loud_part_of(power), SILENCE_DB) - loud_db

    @property
    def _loud_db(self) -> float:
        return 10 * float(np.log10(np.percentile(self._power, _LOUD_PART)))

    @property
    def gain(self) -> np.float32:
        """What brings the loud part to its nominal level."""
        loud_db = self._loud_db
        return np.float32(10 ** ((NOMINAL_DB - max(loud_db, _QUIETEST_DB)) / 20))
