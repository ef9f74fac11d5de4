"""Torch twin of `tecla.transcription.features`, for audio that is made on the device it is learned on; and what others look at instead.

All take audio with the same margins and give the same frames, so that a network can be tried on any of them: tecla's own log-frequency
spectra through three windows, a constant-Q transform, its harmonics stacked, a mel spectrum.
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor, nn

from tecla.models.neighbours import mel_filterbank
from tecla.transcription.features import HOP_SAMPLES, MARGIN_SAMPLES, N_BINS, SAMPLE_RATE, WINDOWS, bin_hz, filterbank, taper

_SILENCE: Final = -2.0


class Spectrogram(nn.Module):
    """Audio with its margins -> log-frequency features.

    Shape:
        samples: (B, N) float32 at 16 kHz
        returns: (B, W, T, F) with T = (N - 2 MARGIN_SAMPLES) // HOP_SAMPLES + 1
    """

    n_windows, n_bins = len(WINDOWS), N_BINS

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
        return _to_feature(banded)


class ConstantQ(nn.Module):
    """A constant-Q transform (Brown 1991) on tecla's bins: every bin through a window of its own length, 34 periods, at most half a second.

    The kernels are held as spectra (Brown & Puckette 1992) of the margin's length, so that a frame is one product.

    Shape:
        samples: (B, N) -> (B, 1, T, N_BINS)
    """

    n_windows, n_bins = 1, N_BINS

    def __init__(self) -> None:
        super().__init__()
        size = 2 * MARGIN_SAMPLES
        step = torch.arange(size) - MARGIN_SAMPLES
        hz = torch.from_numpy(bin_hz())[:, None]
        length = (34 * SAMPLE_RATE / hz).clamp(256, size)
        window = torch.where(2 * step.abs() < length, 0.5 + 0.5 * torch.cos(2 * torch.pi * step / length), 0.0)
        kernel = window / window.sum(1, keepdim=True) * torch.exp(2j * torch.pi * hz / SAMPLE_RATE * step)
        spectrum = torch.fft.fft(kernel)[:, : size // 2 + 1].conj() / size  # of the analytic signal: half the spectrum is enough
        self.register_buffer("kernels", 2 * spectrum.T.to(torch.complex64).contiguous(), persistent=False)  # (size / 2 + 1, F)

    def forward(self, samples: Tensor) -> Tensor:
        n_frames = (samples.shape[1] - 2 * MARGIN_SAMPLES) // HOP_SAMPLES + 1
        framed = samples.unfold(1, 2 * MARGIN_SAMPLES, HOP_SAMPLES)[:, :n_frames]
        heard = torch.fft.rfft(framed) @ self.get_buffer("kernels")  # (B, T, F)
        return _to_feature(heard.real.square() + heard.imag.square())[:, None]


class HarmonicConstantQ(ConstantQ):
    """HCQT (Bittner et al. 2017): the constant-Q picture moved down by each harmonic, one plane each. (B, N) -> (B, H, T, N_BINS)."""

    def __init__(self, harmonics: tuple[float, ...] = (0.5, 1, 2, 3, 4, 5)) -> None:
        super().__init__()
        self.harmonics, self.n_windows = harmonics, len(harmonics)

    def forward(self, samples: Tensor) -> Tensor:
        return stack_harmonics(super().forward(samples), self.harmonics)


class Mel(nn.Module):
    """A mel spectrum in dB through one window of 2048 samples. (B, N) -> (B, 1, T, 229), as Onsets and Frames and Kong have it."""

    n_windows, n_bins = 1, 229

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("taper", torch.from_numpy(taper(2048)), persistent=False)
        self.register_buffer("bands", torch.from_numpy(mel_filterbank(self.n_bins, 2048, 30.0, 8000.0)).float(), persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        n_frames = (samples.shape[1] - 2 * MARGIN_SAMPLES) // HOP_SAMPLES + 1
        framed = samples[:, MARGIN_SAMPLES - 1024 :].unfold(1, 2048, HOP_SAMPLES)[:, :n_frames]
        spectrum = torch.fft.rfft(framed * self.get_buffer("taper"))
        return _to_feature((spectrum.real.square() + spectrum.imag.square()) @ self.get_buffer("bands"))[:, None]


def stack_harmonics(features: Tensor, harmonics: tuple[float, ...]) -> Tensor:
    """Pictures moved so that harmonic h of a tone lies on its fundamental, (B, W, T, F) -> (B, W * H, T, F); silence comes in at the edges.

    >>> stack_harmonics(torch.arange(96.0).view(1, 1, 1, 96), (1, 2))[0, :, 0, 0].tolist()
    [0.0, 48.0]
    """
    moved = []
    for harmonic in harmonics:
        bins = round(48 * math.log2(harmonic))
        shifted = torch.full_like(features, _SILENCE)
        if bins >= 0:
            shifted[..., : features.shape[-1] - bins] = features[..., bins:]
        else:
            shifted[..., -bins:] = features[..., :bins]
        moved.append(shifted)
    return torch.cat(moved, 1)


def _to_feature(power: Tensor) -> Tensor:
    return (10 * torch.log10(power + 1e-10) + 60) / 20
