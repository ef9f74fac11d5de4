"""Onsets and Frames (Hawthorne et al., ISMIR 2018): one convolutional stack a task, and frames that are told where notes begin and end.

Each stack reads the picture anew; an LSTM joins what its frames say over time; the frame task reads the onset's and the offset's answers,
from which no gradient flows back. Velocity has a stack and no memory. The offset stack and the two kinds of end (key up, string silent) are
as in the authors' later code.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tecla.models.harmonic import Heads
from tecla.models.standardise import Standardise
from tecla.music.pitch import N_KEYS


@dataclass(frozen=True)
class OnsetsFramesConfig:
    """Sizes; the published ones are channels 48, embedding 768, memory 384."""

    n_windows: int = 3
    n_bins: int = 396
    channels: int = 16
    embedding: int = 128
    memory: int = 64
    dropout: float = 0.2


class ConvStack(nn.Module):
    """Three convolutions that halve the frequencies twice, then one vector a frame. (B, W, T, F) -> (B, T, embedding)."""

    def __init__(self, config: OnsetsFramesConfig) -> None:
        super().__init__()
        c, wide = config, 2 * config.channels
        self.layers = nn.Sequential(
            nn.Conv2d(c.n_windows, c.channels, 3, padding=1, bias=False), nn.BatchNorm2d(c.channels), nn.ReLU(), nn.MaxPool2d((1, 2)),
            nn.Conv2d(c.channels, c.channels, 3, padding=1, bias=False), nn.BatchNorm2d(c.channels), nn.ReLU(), nn.MaxPool2d((1, 2)),
            nn.Dropout(c.dropout), nn.Conv2d(c.channels, wide, 3, padding=1, bias=False), nn.BatchNorm2d(wide), nn.ReLU(),
            nn.MaxPool2d((1, 2)), nn.Dropout(c.dropout),
        )  # fmt: skip
        self.embed = nn.Linear(wide * (c.n_bins // 8), c.embedding)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.embed(self.layers(x).permute(0, 2, 1, 3).flatten(2)))


class Memory(nn.Module):
    """A bidirectional LSTM and a linear answer. (B, T, C) -> (B, T, n_out)."""

    def __init__(self, n_in: int, hidden: int, n_out: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(n_in, hidden, batch_first=True, bidirectional=True)
        self.answer = nn.Linear(2 * hidden, n_out)

    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.answer(self.lstm(x)[0]))


class OnsetsFrames(nn.Module):
    """Shape: features (B, W, T, F) -> Heads."""

    def __init__(self, config: OnsetsFramesConfig | None = None) -> None:
        super().__init__()
        self.config = c = config or OnsetsFramesConfig()
        self.standardise = Standardise(c.n_windows, c.n_bins)
        self.onset_stack, self.offset_stack, self.frame_stack, self.velocity_stack = (ConvStack(c) for _ in range(4))
        self.onset = Memory(c.embedding, c.memory, N_KEYS)
        self.offset = Memory(c.embedding, c.memory, 2 * N_KEYS)
        self.frame = nn.Linear(c.embedding, 2 * N_KEYS)
        self.velocity = nn.Linear(c.embedding, N_KEYS)
        self.combined = Memory(5 * N_KEYS, c.memory, 2 * N_KEYS)
        self.pedals = Memory(c.embedding, c.memory, 4)

    def forward(self, features: Tensor) -> Heads:
        x = self.standardise(features)
        onset, offset = self.onset(self.onset_stack(x)), self.offset(self.offset_stack(x))
        seen = self.frame_stack(x)
        told = torch.cat([torch.sigmoid(onset).detach(), torch.sigmoid(offset).detach(), self.frame(seen)], -1)
        sounding, key = self.combined(told).chunk(2, -1)
        silent, key_up = offset.chunk(2, -1)
        keys = torch.stack([onset, self.velocity(self.velocity_stack(x)), sounding, silent, key, key_up], -1)
        return Heads(keys, self.pedals(seen))
