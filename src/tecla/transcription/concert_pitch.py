"""How far a piano, or the tape that holds it, stands from A4 = 440 Hz, and the sound brought back to it.

The network has one column per key. Half a semitone off, it calls some notes by the key above and some by the key below; 3 % of tape
speed is that much. Which of the two is meant the sound cannot tell, so a take is brought to the nearer one, all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

from tecla.errors import OptionError
from tecla.transcription.features import SAMPLE_RATE, taper

A4_HZ: Final = 440.0
_A4_RANGE_HZ: Final = (370.0, 500.0)  # three semitones below, two above: old organs, slow tapes
_WINDOW_SAMPLES: Final = 8192
_STEP_SAMPLES: Final = 8000  # twice a second: the tuning of a take does not change
_HEARD_HZ: Final = (130.0, 1320.0)  # below, a semitone is a few bins wide; above, partials are stretched
_PROMINENT: Final = 0.25  # of the highest peak of its frame: partials of a chord, without what lies between them
_AGREEMENT: Final = 0.3  # resultant of all votes as directions, 0..1: pianos lie between 0.6 and 1, noise at 0.01
_WORTH_CENTS: Final = 18.0  # closer than this the network does not mind


class ConcertPitch:
    """The tuning of a take, gathered while its blocks pass by on their way to somebody else."""

    def __init__(self) -> None:
        self._rest, self._direction, self._weight = np.zeros(0, np.float32), 0j, 0.0

    def watch(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """The same (N,) blocks at 16 kHz, listened to."""
        for block in blocks:
            self._rest = np.concatenate([self._rest, block])
            while len(self._rest) >= _WINDOW_SAMPLES:
                self._hear(self._rest[:_WINDOW_SAMPLES])
                self._rest = self._rest[_STEP_SAMPLES:]
            yield block

    @property
    def cents(self) -> float:
        """Deviation from the nearest tempered scale on 440 Hz, -50..50, positive when sharp; 0 where partials do not agree on one."""
        if abs(self._direction) <= _AGREEMENT * self._weight:
            return 0.0
        return float(np.angle(self._direction) * 100 / (2 * np.pi))

    @property
    def a4_hz(self) -> float:
        """What to bring the take from: 440 Hz exactly where it is close enough."""
        return A4_HZ * 2 ** (self.cents / 1200) if abs(self.cents) > _WORTH_CENTS else A4_HZ

    def _hear(self, samples: NDArray[np.float32]) -> None:
        """Peaks of one spectrum, each placed between bins by a parabola through its decibels, vote with their height."""
        height = np.abs(np.fft.rfft(samples * taper(_WINDOW_SAMPLES)))
        first, stop = (int(hz * _WINDOW_SAMPLES / SAMPLE_RATE) for hz in _HEARD_HZ)
        around = height[first - 1 : stop + 1]
        below, here, above = around[:-2], around[1:-1], around[2:]
        peak = (here > below) & (here >= above) & (here > _PROMINENT * max(float(here.max()), 1e-6))
        left, top, right = (np.log(np.maximum(part[peak], 1e-12)) for part in (below, here, above))
        bins = np.flatnonzero(peak) + first + (left - right) / np.minimum(2 * (left - 2 * top + right), -1e-9)
        semitones = 12 * np.log2(bins * SAMPLE_RATE / _WINDOW_SAMPLES / A4_HZ)
        votes = np.sqrt(here[peak])
        self._direction += complex((votes * np.exp(2j * np.pi * semitones)).sum())
        self._weight += float(votes.sum())


def stretch(a4_hz: float) -> float:
    """How much longer a take becomes when it is brought from a4_hz to 440 Hz.

    Raises:
        OptionError: no piano stands there.
    """
    if not _A4_RANGE_HZ[0] <= a4_hz <= _A4_RANGE_HZ[1]:
        raise OptionError(f"A4 = {a4_hz:g} Hz is no piano's: give {_A4_RANGE_HZ[0]:g} to {_A4_RANGE_HZ[1]:g} Hz")
    return a4_hz / A4_HZ


def stretched(blocks: Iterable[NDArray[np.float32]], factor: float) -> Iterator[NDArray[np.float32]]:
    """(N,) blocks so many times longer, and lower by as much; the same ones for 1."""
    if factor == 1.0:
        yield from blocks
        return
    stream = soxr.ResampleStream(SAMPLE_RATE, SAMPLE_RATE * factor, 1, dtype="float32", quality="HQ")
    for block in blocks:
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)
