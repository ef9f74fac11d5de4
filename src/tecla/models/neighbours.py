"""k nearest neighbours on MFCC: a frame is what most of the training frames that sound like it are. The student's first classifier.

Mel-frequency cepstral coefficients (Davis & Mermelstein 1980): the logarithm of a mel spectrum, cosine-transformed; 20 of them, with
their change over 60 ms, standardised by the training frames.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.transcription.features import SAMPLE_RATE, taper

N_COEFFICIENTS: Final = 20
N_BANDS: Final = 48
_WINDOW: Final = 1024
_DELTA_FRAMES: Final = 5


def mel_filterbank(n_bands: int, window: int, lowest_hz: float = 60.0, highest_hz: float = 7600.0) -> NDArray[np.float64]:
    """Triangles evenly spaced in mel (O'Shaughnessy 1987: 2595 log10(1 + f / 700)), (window / 2 + 1, n_bands)."""
    lowest, highest = (2595 * float(np.log10(1 + hz / 700)) for hz in (lowest_hz, highest_hz))
    mel = np.linspace(lowest, highest, n_bands + 2)
    edge = 700 * (10 ** (mel / 2595) - 1)
    hz = np.fft.rfftfreq(window, 1 / SAMPLE_RATE)[:, None]
    rise, fall = (hz - edge[:-2]) / np.diff(edge)[:-1], (edge[2:] - hz) / np.diff(edge)[1:]
    return np.asarray(np.maximum(0, np.minimum(rise, fall)))


def mfcc(samples: NDArray[np.float32], hop_samples: int, n_frames: int) -> NDArray[np.float64]:
    """Coefficients and their change, (n_frames, 2 N_COEFFICIENTS); frame t is centred on t * hop_samples."""
    padded = np.pad(samples, (_WINDOW // 2, _WINDOW // 2 + n_frames * hop_samples))
    framed = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::hop_samples][:n_frames]
    power = np.square(np.abs(np.fft.rfft(framed * taper(_WINDOW), axis=1)))
    bands = np.log(power @ mel_filterbank(N_BANDS, _WINDOW) + 1e-10)
    angle = np.pi / N_BANDS * (np.arange(N_BANDS) + 0.5)[:, None] * np.arange(N_COEFFICIENTS)
    cepstrum = bands @ np.cos(angle)  # (T, N_COEFFICIENTS)
    ahead = np.pad(cepstrum, ((0, _DELTA_FRAMES), (0, 0)), "edge")[_DELTA_FRAMES:]
    behind = np.pad(cepstrum, ((_DELTA_FRAMES, 0), (0, 0)), "edge")[:-_DELTA_FRAMES]
    return np.concatenate([cepstrum, ahead - behind], 1)


class Neighbours:
    """The k nearest of some training frames decide.

    Shape:
        frames: (N, D) features, classes: (N,) 0 .. K - 1
    """

    def __init__(self, frames: NDArray[np.float64], classes: NDArray[np.integer], k: int = 25) -> None:
        self._mean, self._deviation = frames.mean(0), frames.std(0) + 1e-9
        self._frames = self._scaled(frames)
        self._square = np.square(self._frames).sum(1)
        self._classes, self._k = classes, min(k, len(classes))

    def _scaled(self, frames: NDArray[np.float64]) -> NDArray[np.float32]:
        return ((frames - self._mean) / self._deviation).astype(np.float32)

    def classify(self, frames: NDArray[np.float64]) -> NDArray[np.intp]:
        """The class of each frame, (M,)."""
        found = np.zeros(len(frames), np.intp)
        for start in range(0, len(frames), 512):  # distances to all training frames at once: 512 rows are some 100 MB
            part = self._scaled(frames[start : start + 512])
            distance = self._square - 2 * part @ self._frames.T  # their own length is the same for all
            nearest = np.argpartition(distance, self._k - 1, 1)[:, : self._k]
            votes = self._classes[nearest]
            found[start : start + 512] = [np.bincount(row).argmax() for row in votes]
        return found
