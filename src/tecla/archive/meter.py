"""What passes by on its way to the transcriber, measured: duration, loudness, and now and then a spectrum. In constant memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.transcription.features import SAMPLE_RATE, filterbank, taper

Blocks = Callable[[], Iterable[NDArray[np.float32]]]

WINDOW_SAMPLES: Final = 8192  # half a second: tells the bass strings apart
_MOST_SPECTRA: Final = 4096
_STEP_SAMPLES: Final = SAMPLE_RATE // 10
_SPECTRUM_STEPS: Final = 5  # a spectrum every half second, until there are too many
_BLOCK_STEPS: Final = 4  # BS.1770: loudness in blocks of 0.4 s, one every 0.1 s
_ABSOLUTE_GATE_LUFS: Final = -70.0
_RELATIVE_GATE_LU: Final = -10.0


@dataclass
class Measured:
    """Of one pass over a sound.

    Shape:
        step_power: one K-weighted mean square for each 0.1 s
        spectra: (S, 396) power in bins of a quarter semitone from A0; spectrum s is centred at spectra_sec[s]
    """

    n_samples: int = 0
    step_power: list[NDArray[np.float64]] = field(default_factory=list)
    spectra_sec: list[float] = field(default_factory=list)
    spectra: list[NDArray[np.float32]] = field(default_factory=list)

    @property
    def duration_sec(self) -> float:
        """How long the sound really was."""
        return self.n_samples / SAMPLE_RATE

    @property
    def loudness_lufs(self) -> float:
        """Integrated loudness of the mono mix below 8 kHz, after ITU-R BS.1770-4 (gated); -inf for silence."""
        power = np.concatenate(self.step_power) if self.step_power else np.zeros(0)
        blocks = np.convolve(power, np.full(_BLOCK_STEPS, 1 / _BLOCK_STEPS), "valid") if len(power) >= _BLOCK_STEPS else power
        loud = blocks[_lufs(blocks) > _ABSOLUTE_GATE_LUFS]
        if not len(loud):
            return -np.inf
        return float(_lufs(loud[_lufs(loud) > _lufs(loud.mean()) + _RELATIVE_GATE_LU].mean()))


class Meter:
    """Looks on while a transcriber reads: `meter.through(blocks)` gives the same blocks."""

    def __init__(self) -> None:
        self.measured = Measured()

    def through(self, blocks: Blocks) -> Blocks:
        """The same sound; every new reading of it begins a new measurement, so the last complete one counts.

        Shape:
            blocks: gives (N,) float32 stretches of mono audio at 16 kHz
        """

        def read() -> Iterator[NDArray[np.float32]]:
            self.measured, waiting, every = Measured(), np.zeros(0, np.float32), _SPECTRUM_STEPS
            for block in blocks():
                waiting = np.concatenate([waiting, block])
                n_steps = (len(waiting) - WINDOW_SAMPLES) // _STEP_SAMPLES
                if n_steps > 0:
                    every = self._look(waiting, n_steps, every)
                    waiting = waiting[n_steps * _STEP_SAMPLES :]
                yield block
            n_left = len(waiting)
            self._look(np.pad(waiting, (0, WINDOW_SAMPLES)), -(-n_left // _STEP_SAMPLES), every)
            self.measured.n_samples -= -n_left % _STEP_SAMPLES

        return read

    def _look(self, samples: NDArray[np.float32], n_steps: int, every: int) -> int:
        """Measures the first `n_steps` tenths of a second; `every` so many a spectrum is taken. Returns the next `every`."""
        measured, first = self.measured, self.measured.n_samples // _STEP_SAMPLES
        steps = samples[: n_steps * _STEP_SAMPLES].reshape(n_steps, _STEP_SAMPLES)
        measured.step_power.append(_k_power(steps))
        for step in range(-first % every, n_steps, every):
            window = samples[step * _STEP_SAMPLES :][:WINDOW_SAMPLES]
            measured.spectra.append(_bands(window))
            measured.spectra_sec.append(((first + step) * _STEP_SAMPLES + WINDOW_SAMPLES / 2) / SAMPLE_RATE)
        measured.n_samples += n_steps * _STEP_SAMPLES
        while len(measured.spectra) > _MOST_SPECTRA:  # half as many, twice as far apart: memory stays where it is
            measured.spectra, measured.spectra_sec, every = measured.spectra[::2], measured.spectra_sec[::2], 2 * every
        return every


def _bands(window: NDArray[np.float32]) -> NDArray[np.float32]:
    spectrum = np.fft.rfft(np.pad(window, (0, WINDOW_SAMPLES - len(window))) * taper(WINDOW_SAMPLES))
    return np.asarray(np.square(np.abs(spectrum)).astype(np.float32) @ filterbank(WINDOW_SAMPLES), np.float32)


def _k_power(steps: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean square after K-weighting of each row, by Parseval's theorem."""
    power = np.square(np.abs(np.fft.rfft(steps, axis=1))) * _k_weights()
    return np.asarray((2 * power.sum(1) - power[:, 0]) / _STEP_SAMPLES**2, np.float64)


@cache
def _k_weights() -> NDArray[np.float64]:
    """|H|² of the K-weighting's two stages at the frequencies of a step (BS.1770-4, tables 1 and 2, coefficients for 48 kHz)."""
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(_STEP_SAMPLES, 1 / SAMPLE_RATE) / 48_000)
    shelf = np.polyval([1.19839281085285, -2.69169618940638, 1.53512485958697], z) / np.polyval([0.73248077421585, -1.69065929318241, 1], z)
    high_pass = np.polyval([1, -2, 1], z) / np.polyval([0.99007225036621, -1.99004745483398, 1], z)
    return np.asarray(np.square(np.abs(shelf * high_pass)))


def _lufs(power: NDArray[np.float64] | float) -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        return np.asarray(-0.691 + 10 * np.log10(power))
