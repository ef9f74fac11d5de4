"""A room to play in: a synthetic stereo impulse response, and the streaming convolution that applies it.

The response is what statistics say of a real one: a few early reflections, then noise that dies exponentially, high bands sooner than
low ones because air and curtains take them (Moorer, About this reverberation business, 1979). It is made from a seed, so a rendering
is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

# Band edges in Hz, and each band's reverberation time as a share of the room's.
_BAND_EDGES_HZ: Final = (120.0, 400.0, 1200.0, 3000.0, 7000.0)
_BAND_SHARES: Final = (0.8, 1.1, 1.0, 0.8, 0.5, 0.25)


@dataclass(frozen=True)
class Room:
    """What a room adds.

    Args:
        decay_sec: time in which it dies by 60 dB.
        wet_db: level of the room against the direct sound.
        distance_sec: gap between the direct sound and the first reflections.
    """

    decay_sec: float
    wet_db: float
    distance_sec: float = 0.012

    def response(self, sample_rate: int, seed: int = 1) -> NDArray[np.float32]:
        """Impulse response without the direct sound, (2, n), its energy set by `wet_db`."""
        n = int((self.distance_sec + self.decay_sec) * sample_rate)
        rng = np.random.default_rng(seed)
        tail = _decaying_noise(rng, n, self.decay_sec, sample_rate)
        start = int(self.distance_sec * sample_rate)
        tail[:, :start] = 0
        tail[:, start:] *= 1 - np.exp(-np.arange(n - start) / (0.02 * sample_rate))
        tail *= np.linspace(1, 0, n) ** 0.5
        response = tail / np.sqrt((tail**2).sum(1, keepdims=True))
        response += 0.5 * _early_reflections(rng, n, start, sample_rate)
        response *= 10 ** (self.wet_db / 20) / np.sqrt((response**2).sum(1, keepdims=True))
        return response.astype(np.float32)


SALON: Final = Room(decay_sec=0.9, wet_db=-13.0)
HALL: Final = Room(decay_sec=2.0, wet_db=-11.0, distance_sec=0.025)
ROOMS: Final[dict[str, Room | None]] = {"none": None, "salon": SALON, "hall": HALL}


def with_room(blocks: Iterable[NDArray[np.float32]], room: Room, sample_rate: int) -> Iterator[NDArray[np.float32]]:
    """Adds the room's answer to a stream of blocks, then lets it die away.

    Uniformly partitioned overlap-save convolution (Stockham 1966; Wefers 2015, ch. 4): the work per block is one transform each way,
    whatever the length of the response.

    Shape:
        blocks: (2, n) each, n the same for all; yields the same shapes, plus those of the tail
    """
    response = room.response(sample_rate)
    convolver: _Convolver | None = None
    silence = np.zeros((2, 0), np.float32)
    for block in blocks:
        convolver = convolver or _Convolver(response, block.shape[1])
        silence = np.zeros_like(block)
        yield block + convolver.push(block)
    for _ in range(len(convolver.spectra) if convolver else 0):
        assert convolver is not None
        yield convolver.push(silence)


class _Convolver:
    """Overlap-save with the response cut into parts as long as a block."""

    def __init__(self, response: NDArray[np.float32], block_samples: int) -> None:
        n_parts = -(-response.shape[1] // block_samples)
        padded = np.pad(response, ((0, 0), (0, n_parts * block_samples - response.shape[1])))
        parts = padded.reshape(2, n_parts, block_samples).swapaxes(0, 1)
        self.spectra = np.fft.rfft(parts, 2 * block_samples)  # (parts, 2, block + 1)
        self._inputs = np.zeros_like(self.spectra)
        self._window = np.zeros((2, 2 * block_samples), np.float32)
        self._newest = 0

    def push(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        n, n_parts = block.shape[1], len(self.spectra)
        self._window = np.concatenate([self._window[:, n:], block], axis=1)
        self._newest = (self._newest - 1) % n_parts
        self._inputs[self._newest] = np.fft.rfft(self._window)
        order = (self._newest + np.arange(n_parts)) % n_parts
        total = np.zeros_like(self.spectra[0])
        for part, at in enumerate(order):
            total += self.spectra[part] * self._inputs[at]
        return np.fft.irfft(total, 2 * n)[:, n:].astype(np.float32)


def _decaying_noise(rng: np.random.Generator, n: int, decay_sec: float, sample_rate: int) -> NDArray[np.float64]:
    """Stereo noise whose bands die at their own pace, (2, n)."""
    spectrum = np.fft.rfft(rng.standard_normal((2, n)))
    octaves = np.log2(np.fft.rfftfreq(n, 1 / sample_rate) + 1)
    edges = np.log2(_BAND_EDGES_HZ)
    time_sec = np.arange(n) / sample_rate
    above = np.stack([1 / (1 + np.exp(-6 * (octaves - edge))) for edge in edges])
    masks = np.concatenate([np.ones((1, len(octaves))), above]) - np.concatenate([above, np.zeros((1, len(octaves)))])
    noise = np.zeros((2, n))
    for mask, share in zip(masks, _BAND_SHARES, strict=True):
        noise += np.fft.irfft(spectrum * mask, n) * np.exp(-6.9 * time_sec / (share * decay_sec))
    return noise


def _early_reflections(rng: np.random.Generator, n: int, start: int, sample_rate: int) -> NDArray[np.float64]:
    """Eight echoes to a side in the first 60 ms, each softened by the wall it came from, (2, n)."""
    early = np.zeros((2, n))
    softening = np.hanning(int(0.0005 * sample_rate) | 1)
    for side in early:
        for delay_sec in np.sort(rng.uniform(0, 0.06, 8)):
            at = start + int(delay_sec * sample_rate)
            if at + len(softening) < n:
                side[at : at + len(softening)] += softening * rng.choice([-1, 1]) * np.exp(-delay_sec / 0.03)
    return early / np.sqrt((early**2).sum(1, keepdims=True) + 1e-12)
