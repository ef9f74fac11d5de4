"""What a single voice looks like: the piano's log-frequency bins from C2 up, through two short windows, often.

A singer begins softly and glides, so time matters more than in the bass of a piano: 32 ms say when, 128 ms say which. The bins are
those of `tecla.transcription.features`, four to a semitone, so that transposing a voice is moving its picture.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.transcription.features import SAMPLE_RATE, filterbank, power_to_feature, taper

WINDOWS: Final = (512, 2048)
LOWEST_PITCH: Final = 36  # C2, below the lowest bass
N_PITCHES: Final = 73  # to C8, where whistling ends
N_BINS: Final = 336  # 84 semitones: eleven above, for the highest pitches' harmonics
HOP_SAMPLES: Final = 192  # 12 ms
MARGIN_SAMPLES: Final = max(WINDOWS) // 2  # audio that a frame needs on each side of its centre
FRAME_RATE: Final = SAMPLE_RATE / HOP_SAMPLES

_FIRST_BIN: Final = 60  # of the piano's bins, which begin at A0


def spectrogram(samples: NDArray[np.float32], hop_samples: int = HOP_SAMPLES) -> NDArray[np.float32]:
    """Features of a stretch of audio that brings its own margins.

    Shape:
        samples: (N,) float32 at 16 kHz, beginning `MARGIN_SAMPLES` before the first frame's centre and ending at least that much
            after the last one's
        returns: (W, T, F) with T = (N - 2 MARGIN_SAMPLES) // hop_samples + 1; -2 is silence, 3 a full-scale sine
    """
    n_frames = max(0, (len(samples) - 2 * MARGIN_SAMPLES) // hop_samples + 1)
    if n_frames == 0:
        return np.zeros((len(WINDOWS), 0, N_BINS), np.float32)
    return np.stack([_one_window(samples, window, hop_samples, n_frames) for window in WINDOWS])


def _one_window(samples: NDArray[np.float32], window: int, hop_samples: int, n_frames: int) -> NDArray[np.float32]:
    first = MARGIN_SAMPLES - window // 2
    framed = np.lib.stride_tricks.sliding_window_view(samples[first:], window)[::hop_samples][:n_frames]  # (T, window)
    bands = filterbank(window)[:, _FIRST_BIN:]
    spectrum = np.fft.rfft(framed * taper(window), axis=1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    return power_to_feature(power.astype(np.float32) @ bands)
