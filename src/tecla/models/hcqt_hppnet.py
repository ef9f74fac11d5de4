"""Residual HPPNet on harmonic CQT: partials are stacked before the first layer, and what the onsets know is told, not taught, to the rest.

An HCQT (Bittner et al., ISMIR 2017) lays the picture beside itself, moved down by its harmonics, so that a small kernel sees the
partials of a tone at one place. Residual blocks look at it; the onset branch reads them first, and its answer, detached, is one more
channel for the branch of frames, ends and velocity.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tecla.models.features import stack_harmonics
from tecla.models.harmonic import Heads
from tecla.models.hppnet import Shared
from tecla.music.pitch import N_KEYS


@dataclass(frozen=True)
class HCQTConfig:
    """Sizes; harmonics may have a 0.5, for the octave below. Four bins must make a semitone, from A0 on."""

    n_windows: int = 3
    harmonics: tuple[float, ...] = (0.5, 1, 2, 3, 4, 5)
    channels: int = 20
    blocks: int = 3
    memory: int = 24


class Residual(nn.Module):
    """Two convolutions beside a way around them; the first dilated in time. (B, C, T, P) -> same."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=(dilation, 1), dilation=(dilation, 1), bias=False)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.first_norm, self.second_norm = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        inner = functional.relu(self.first_norm(self.first(x)))
        return functional.relu(x + self.second_norm(self.second(inner)))


class HCQTNet(nn.Module):
    """Shape: features (B, W, T, F) -> Heads."""

    def __init__(self, config: HCQTConfig | None = None) -> None:
        super().__init__()
        self.config = c = config or HCQTConfig()
        self.fold = nn.Conv2d(c.n_windows * len(c.harmonics), c.channels, (3, 8), stride=(1, 4), padding=(1, 2), bias=False)
        self.fold_norm = nn.BatchNorm2d(c.channels)
        self.blocks = nn.Sequential(*[Residual(c.channels, 1 + i % 2) for i in range(c.blocks)])
        self.onset_block, self.rest_block = Residual(c.channels, 1), Residual(c.channels + 1, 1)
        self.onset, self.rest = Shared(c.channels, c.memory, 1), Shared(c.channels + 1, c.memory, 5)
        self.pedal_memory = nn.GRU(c.channels, c.memory, batch_first=True, bidirectional=True)
        self.pedals = nn.Linear(2 * c.memory, 4)

    def forward(self, features: Tensor) -> Heads:
        x = functional.relu(self.fold_norm(self.fold(stack_harmonics(features, self.config.harmonics))))
        x = self.blocks(x[..., :N_KEYS])  # (B, C, T, P)
        onset = self.onset(self.onset_block(x))
        told = torch.sigmoid(onset).detach().permute(0, 3, 1, 2)
        rest = self.rest(self.rest_block(torch.cat([x, told], 1)))
        return Heads(torch.cat([onset, rest], -1), self.pedals(self.pedal_memory(x.mean(-1).transpose(1, 2))[0]))
