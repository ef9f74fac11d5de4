"""Linear prediction: what a throat adds to the voice is predicted from the samples before and taken off; what is left has the pitch.

SIFT (Markel 1972): the prediction error of order 14, low-passed at 1 kHz, autocorrelated; its first high peak is the period. A frame
whose peak is low, or whose level is far below the clip's, is silence. No training at all.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.transcription.features import SAMPLE_RATE

ORDER: Final = 14
_WINDOW: Final = 768  # 48 ms: five periods of the lowest C
_HIGHEST_HZ: Final = 1000.0
_PERIODIC: Final = 0.35  # of the autocorrelation at lag 0
_SILENCE_DB: Final = -28.0  # below the clip's loud part


def predictor(frames: NDArray[np.float64], order: int = ORDER) -> NDArray[np.float64]:
    """Coefficients a (T, order) such that x[n] ~ sum a[k] x[n - 1 - k], by the autocorrelation method."""
    size = 2 * frames.shape[1]
    power = np.square(np.abs(np.fft.rfft(frames, size)))
    lags = np.fft.irfft(power, size)[:, : order + 1]
    index = np.abs(np.arange(order)[:, None] - np.arange(order))
    matrix = lags[:, index] + np.eye(order) * (1e-4 * lags[:, :1, None] + 1e-12)
    return np.asarray(np.linalg.solve(matrix, lags[:, 1:, None])[..., 0], np.float64)


def periods(frames: NDArray[np.float64], lowest_hz: float, highest_hz: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pitch of windowed frames (T, N) in Hz, and how periodic each is, 0..1."""
    size = 2 * frames.shape[1]
    a = predictor(frames)
    whitener = np.fft.rfft(np.concatenate([np.ones((len(a), 1)), -a], 1), size)
    hz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    spectrum = np.square(np.abs(np.fft.rfft(frames, size) * whitener)) * (hz < _HIGHEST_HZ)
    correlation = np.fft.irfft(spectrum, size)
    # A window shows fewer periods at longer lags; dividing by what is left of it makes peaks of one height.
    lags = np.arange(int(SAMPLE_RATE / highest_hz), int(SAMPLE_RATE / lowest_hz) + 2)
    strength = correlation[:, lags] / (correlation[:, :1] + 1e-12) / (1 - lags / frames.shape[1])
    peak = strength.max(1)
    first = (strength >= 0.85 * peak[:, None]).argmax(1)  # the first of the high peaks: later ones are its multiples
    best = np.array([row[at : at + 8].argmax() + at for row, at in zip(strength, first, strict=True)])
    return SAMPLE_RATE / lags[best], peak


def classify(samples: NDArray[np.float32], hop_samples: int, n_frames: int, pitches: NDArray[np.integer]) -> NDArray[np.intp]:
    """Class of each frame, (n_frames,): 0 for silence, 1 + the place of the nearest of `pitches` (MIDI)."""
    padded = np.pad(samples.astype(np.float64), (_WINDOW // 2, _WINDOW // 2 + n_frames * hop_samples))
    framed = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::hop_samples][:n_frames] * np.hanning(_WINDOW)
    lowest, highest = (440 * 2 ** ((p - 69) / 12) for p in (pitches.min() - 3, pitches.max() + 3))
    hz, periodic = periods(framed, lowest, highest)
    level_db = 10 * np.log10(np.square(framed).mean(1) + 1e-12)
    silent = (periodic < _PERIODIC) | (level_db < np.percentile(level_db, 95) + _SILENCE_DB)
    nearest = np.abs(69 + 12 * np.log2(hz / 440)[:, None] - pitches).argmin(1)
    return np.where(silent, 0, nearest + 1)
