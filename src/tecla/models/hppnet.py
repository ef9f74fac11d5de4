"""HPPNet (Wei et al., ISMIR 2022): harmonic dilated convolutions fold partials onto their key, one LSTM is shared by all keys.

A dilated convolution along frequency reaches a tone's harmonics, round(48 log2 k) bins up for harmonic k; eight of them, side by side, are
summed. Onsets have a trunk of their own ("sp"), frames, ends and velocity share one. Batch norm stands where the authors have instance
norm, by which the answer depends on how long a chunk is. Pedals, which the authors leave out, read the mean over all keys.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tecla.models.harmonic import Heads
from tecla.music.pitch import N_KEYS

_HARMONICS = range(2, 10)


@dataclass(frozen=True)
class HPPNetConfig:
    """Sizes; the published ones are channels 16, wide 128, memory 128, on 352 bins. Four bins must make a semitone, from A0 on."""

    n_windows: int = 3
    n_bins: int = 396
    channels: int = 8
    wide: int = 24
    memory: int = 24


class HarmonicDilated(nn.Module):
    """For each harmonic k three taps: the tone, its k-th harmonic and sub-harmonic; all summed. (B, C, T, F) -> (B, C', T, F)."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        reach = [round(48 * math.log2(k)) for k in _HARMONICS]
        self.taps = nn.ModuleList(nn.Conv2d(n_in, n_out, (1, 3), padding=(0, r), dilation=(1, r)) for r in reach)

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([tap(x) for tap in self.taps]).sum(0)


class Trunk(nn.Module):
    """Picture -> a vector for every frame and key. (B, W, T, F) -> (B, wide, T, P)."""

    def __init__(self, config: HPPNetConfig) -> None:
        super().__init__()
        c = config
        self.near = nn.Sequential(
            nn.Conv2d(c.n_windows, c.channels, 7, padding=3), nn.ReLU(), nn.BatchNorm2d(c.channels),
            nn.Conv2d(c.channels, c.channels, 7, padding=3), nn.ReLU(), nn.BatchNorm2d(c.channels),
        )  # fmt: skip
        self.harmonic = HarmonicDilated(c.channels, c.wide)
        self.norm = nn.BatchNorm2d(c.wide)
        self.far = nn.ModuleList(nn.Conv2d(c.wide, c.wide, (3, 1), padding=(d, 0), dilation=(d, 1)) for d in (1, 2, 4))
        self.key = nn.Conv2d(c.wide, c.wide, (1, 3), padding=(0, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(functional.relu(self.harmonic(self.near(x))))
        x = functional.max_pool2d(x, (1, 4))[..., :N_KEYS]
        x = functional.relu(self.key(x))
        for layer in self.far:
            x = x + functional.relu(layer(x))
        return x


class Shared(nn.Module):
    """One LSTM for every key by itself, and its answers. (B, C, T, P) -> (B, T, P, n_out)."""

    def __init__(self, n_in: int, hidden: int, n_out: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(n_in, hidden, batch_first=True, bidirectional=True)
        self.answer = nn.Linear(2 * hidden, n_out)

    def forward(self, x: Tensor) -> Tensor:
        batch, channels, frames, keys = x.shape
        strings = x.permute(0, 3, 2, 1).reshape(batch * keys, frames, channels)
        return torch.as_tensor(self.answer(self.lstm(strings)[0]).view(batch, keys, frames, -1).transpose(1, 2))


class HPPNet(nn.Module):
    """Shape: features (B, W, T, F) -> Heads."""

    def __init__(self, config: HPPNetConfig | None = None) -> None:
        super().__init__()
        self.config = c = config or HPPNetConfig()
        self.onset_trunk, self.frame_trunk = Trunk(c), Trunk(c)
        self.onset, self.rest = Shared(c.wide, c.memory, 1), Shared(c.wide, c.memory, 5)
        self.pedal_memory = nn.LSTM(c.wide, c.memory, batch_first=True, bidirectional=True)
        self.pedals = nn.Linear(2 * c.memory, 4)

    def forward(self, features: Tensor) -> Heads:
        frames = self.frame_trunk(features)
        keys = torch.cat([self.onset(self.onset_trunk(features)), self.rest(frames)], -1)
        return Heads(keys, self.pedals(self.pedal_memory(frames.mean(-1).transpose(1, 2))[0]))
