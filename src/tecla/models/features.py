"""Torch twin of `tecla.transcription.features`, for audio that is made on the device it is learned on."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tecla.transcription.features import HOP_SAMPLES, MARGIN_SAMPLES, WINDOWS, filterbank, taper


class Spectrogram(nn.Module):
    """Audio with its margins -> log-frequency features.

    Shape:
        samples: (B, N) float32 at 16 kHz
        returns: (B, W, T, F) with T = (N - 2 MARGIN_SAMPLES) // HOP_SAMPLES + 1
    """

    def __init__(self) -> None:
        super().__init__()
        for window in WINDOWS:
            self.register_buffer(f"taper_{window}", torch.from_numpy(taper(window)), persistent=False)
            self.register_buffer(f"bands_{window}", torch.from_numpy(filterbank(window)), persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        n_frames = (samples.shape[1] - 2 * MARGIN_SAMPLES) // HOP_SAMPLES + 1
        return torch.stack([self._one_window(samples, window, n_frames) for window in WINDOWS], 1)

    def _one_window(self, samples: Tensor, window: int, n_frames: int) -> Tensor:
        first = MARGIN_SAMPLES - window // 2
        framed = samples[:, first:].unfold(1, window, HOP_SAMPLES)[:, :n_frames]  # (B, T, window)
        spectrum = torch.fft.rfft(framed * self.get_buffer(f"taper_{window}"), dim=-1)
        power = spectrum.real.square() + spectrum.imag.square()
        banded = power @ self.get_buffer(f"bands_{window}")  # (B, T, F)
        return (10 * torch.log10(banded + 1e-10) + 60) / 20
