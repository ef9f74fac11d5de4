"""What the network sees: log-frequency power spectrograms in dB, one per window length.

Short windows say when, long windows say which: at 16 kHz, 1024 samples (64 ms) place an onset, 8192 (0.5 s) tell A0
from B flat 0. Bins stand four to a semitone and straddle it evenly, so that folding four bins gives one key.
The torch twin for training is `tecla.models.features`; a test holds the two together.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE: Final = 16000
HOP_SAMPLES: Final = 320
FRAME_RATE: Final = SAMPLE_RATE / HOP_SAMPLES  # 50 frames a second, a true ratio
WINDOWS: Final = (1024, 2048, 8192)
BINS_PER_SEMITONE: Final = 4
N_BINS: Final = 396  # 99 semitones, A0 to C9: eleven above the keyboard, for the harmonics of the top keys
MARGIN_SAMPLES: Final = max(WINDOWS) // 2  # audio that a frame needs on each side of its centre

_LOWEST_HZ: Final = 27.5
_STRIP_BINS: Final = 36
_POWER_FLOOR: Final = 1e-10  # -100 dB, below the noise of any recording once its level is set
_DB_CENTRE, _DB_SCALE = 60.0, 20.0


def bin_hz() -> NDArray[np.float64]:
    """Centre frequency of each bin, (F,) Hz: bins 4p..4p+3 surround key p at -3/8, -1/8, +1/8, +3/8 semitone."""
    steps = (np.arange(N_BINS) - (BINS_PER_SEMITONE - 1) / 2) / (12 * BINS_PER_SEMITONE)
    return np.asarray(_LOWEST_HZ * 2.0**steps)


@cache
def filterbank(window: int) -> NDArray[np.float32]:
    """Triangles that gather FFT power into log-frequency bins, (window/2 + 1, F).

    Each triangle reaches to its neighbours, but never less than one FFT bin: in the bass, where bins stand closer than the
    FFT resolves, it interpolates.
    """
    hz = bin_hz()
    fft_hz = np.fft.rfftfreq(window, 1 / SAMPLE_RATE)[:, None]  # (window/2 + 1, 1)
    half_width = np.maximum(hz * (2 ** (1 / (12 * BINS_PER_SEMITONE)) - 1), SAMPLE_RATE / window)
    return np.maximum(0.0, 1.0 - np.abs(fft_hz - hz) / half_width).astype(np.float32)


@cache
def taper(window: int) -> NDArray[np.float32]:
    """Periodic Hann window, (window,), scaled so that a full-scale sine reads 0 dB."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    return (hann * (2 / hann.sum())).astype(np.float32)


def spectrogram(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Features of a stretch of audio that brings its own margins.

    Shape:
        samples: (N,) float32 at 16 kHz, beginning `MARGIN_SAMPLES` before the first frame's centre and ending at least
            that much after the last one's
        returns: (W, T, F) with T = (N - 2 MARGIN_SAMPLES) // HOP_SAMPLES + 1; -2 is silence, 3 a full-scale sine
    """
    n_frames = max(0, (len(samples) - 2 * MARGIN_SAMPLES) // HOP_SAMPLES + 1)
    if n_frames == 0:
        return np.zeros((len(WINDOWS), 0, N_BINS), np.float32)
    return np.stack([_one_window(samples, window, n_frames) for window in WINDOWS])


def _one_window(samples: NDArray[np.float32], window: int, n_frames: int) -> NDArray[np.float32]:
    first = MARGIN_SAMPLES - window // 2
    framed = np.lib.stride_tricks.sliding_window_view(samples[first:], window)[::HOP_SAMPLES][:n_frames]  # (T, window)
    out = np.empty((n_frames, N_BINS), np.float32)
    for start in range(0, n_frames, 64):  # a few megabytes at a time stay in the cache
        power = _power(framed[start : start + 64])
        for bins, heard, weights in _bands(window):
            out[start : start + 64, bins] = power[:, heard] @ weights
    return power_to_feature(out)


def _power(framed: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shape: (T, window) -> (T, window/2 + 1). In double precision, since numpy's transform takes five times as long in single."""
    weights = taper(framed.shape[1]).astype(np.float64)
    power = np.empty((len(framed), len(weights) // 2 + 1), np.float32)
    for first in range(0, len(framed), 8):  # few enough for the cache: half the time of 64
        spectrum = np.fft.rfft(framed[first : first + 8] * weights, axis=1)
        np.add(np.square(spectrum.real), np.square(spectrum.imag), out=power[first : first + 8], casting="same_kind")
    return power


@cache
def _bands(window: int) -> list[tuple[slice, slice, NDArray[np.float32]]]:
    """`filterbank` in strips of nine semitones: (bins it makes, part of the spectrum it needs, weights). Most of the rest is zeros."""
    strips = []
    for first in range(0, N_BINS, _STRIP_BINS):
        weights = filterbank(window)[:, first : first + _STRIP_BINS]
        needed = np.flatnonzero(weights.any(1))
        heard = slice(int(needed[0]), int(needed[-1]) + 1)
        strips.append((slice(first, first + _STRIP_BINS), heard, np.ascontiguousarray(weights[heard])))
    return strips


def power_to_feature(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Power to dB, moved and scaled to the few units around zero that a network likes."""
    return ((10 * np.log10(power + _POWER_FLOOR) + _DB_CENTRE) / _DB_SCALE).astype(np.float32)
