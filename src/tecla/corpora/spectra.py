"""Spectra to look at, beside tecla's own: constant-Q, harmonic constant-Q, mel. In dB, frequency upwards.

Written for a picture of some seconds, plainly: every bin has its own window, a matrix product each.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.transcription.features import HOP_SAMPLES, MARGIN_SAMPLES, SAMPLE_RATE, bin_hz, spectrogram

BINS_PER_OCTAVE: Final = 48
N_BINS: Final = 352  # 88 keys, four bins each
HARMONICS: Final = (0.5, 1, 2, 3, 4, 5)  # of the harmonic constant-Q (Bittner et al. 2017)
N_MELS: Final = 229
_MEL_WINDOW: Final = 2048
_LOWEST_HZ: Final = 27.5
_LONGEST_SAMPLES: Final = 16384  # a second: longer windows would smear the bass over the picture
_FLOOR_DB: Final = -90.0


def own(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the network sees through its long window, (396, T) dB."""
    padded = np.pad(samples, MARGIN_SAMPLES)
    return (spectrogram(padded)[-1].T * 20 - 60)[:, : len(samples) // HOP_SAMPLES]


def own_hz() -> NDArray[np.float64]:
    """Centre frequencies of `own`, (396,)."""
    return bin_hz()


def constant_q(samples: NDArray[np.float32], lowest_hz: float = _LOWEST_HZ, n_bins: int = N_BINS) -> NDArray[np.float32]:
    """Constant-Q transform (Brown 1991), (n_bins, T) dB; bins above half the sample rate are silent."""
    n_frames = len(samples) // HOP_SAMPLES
    quality = 1 / (2 ** (1 / BINS_PER_OCTAVE) - 1)
    padded = np.pad(samples, _LONGEST_SAMPLES).astype(np.float32)
    out = np.full((n_bins, n_frames), _FLOOR_DB, np.float32)
    for index, hz in enumerate(lowest_hz * 2 ** (np.arange(n_bins) / BINS_PER_OCTAVE)):
        if hz >= SAMPLE_RATE / 2:
            break
        length = min(int(quality * SAMPLE_RATE / hz), _LONGEST_SAMPLES)
        window = np.hanning(length + 2)[1:-1]
        kernel = window / window.sum() * 2 * np.exp(-2j * np.pi * hz / SAMPLE_RATE * np.arange(length))
        first = _LONGEST_SAMPLES - length // 2
        framed = np.lib.stride_tricks.sliding_window_view(padded[first:], length)[::HOP_SAMPLES][:n_frames]
        out[index] = _to_db(np.abs(framed @ kernel.astype(np.complex64)) ** 2)
    return out


def harmonic_constant_q(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Constant-Q transforms whose lowest bins lie at the harmonics of A0, (6, 352, T) dB: a tone's partials stand in one row."""
    return np.stack([constant_q(samples, _LOWEST_HZ * harmonic) for harmonic in HARMONICS])


def mel(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """229 mel bands from 30 Hz up, as Onsets and Frames and its heirs take them, (229, T) dB."""
    n_frames = len(samples) // HOP_SAMPLES
    padded = np.pad(samples, _MEL_WINDOW // 2)
    framed = np.lib.stride_tricks.sliding_window_view(padded, _MEL_WINDOW)[::HOP_SAMPLES][:n_frames]
    window = np.hanning(_MEL_WINDOW)
    power = np.abs(np.fft.rfft(framed * window * (2 / window.sum()))) ** 2
    fft_hz = np.fft.rfftfreq(_MEL_WINDOW, 1 / SAMPLE_RATE)
    edges = mel_hz(N_MELS + 2)
    rising = (fft_hz[:, None] - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - fft_hz[:, None]) / np.diff(edges)[1:]
    return _to_db(power @ np.maximum(0, np.minimum(rising, falling))).T


def mel_hz(n: int) -> NDArray[np.float64]:
    """Frequencies that lie evenly on the mel scale (O'Shaughnessy) from 30 Hz to half the sample rate, (n,)."""
    low, high = 2595 * np.log10(1 + np.array([30.0, SAMPLE_RATE / 2]) / 700)
    return np.asarray(700 * (10 ** (np.linspace(low, high, n) / 2595) - 1))


def _to_db(power: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.maximum(10 * np.log10(power + 1e-12), _FLOOR_DB).astype(np.float32)
