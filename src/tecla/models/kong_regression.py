"""High-resolution piano transcription by regression (Kong et al., TASLP 2021): four acoustic models, the later ones told by the earlier.

Targets are triangles around the exact times of events (`tecla.transcription.targets` draws them so for every network here). The onset
is read together with the velocity, the frame together with onset and offset; no gradient flows back through what is told.
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
class KongConfig:
    """Sizes; the published ones are channels (48, 64, 96, 128), embedding 768, memory 256 in two layers."""

    n_windows: int = 3
    n_bins: int = 396
    channels: tuple[int, ...] = (12, 16, 24, 32)
    embedding: int = 96
    memory: int = 48
    dropout: float = 0.2


class AcousticModel(nn.Module):
    """Convolution blocks that halve the frequencies, a vector a frame, a bidirectional GRU, an answer. (B, W, T, F) -> (B, T, n_out)."""

    def __init__(self, config: KongConfig, n_out: int) -> None:
        super().__init__()
        c, blocks = config, list[nn.Module]()
        for n_in, n_wide in zip((c.n_windows, *c.channels), c.channels, strict=False):
            for n_from in (n_in, n_wide):
                blocks += [nn.Conv2d(n_from, n_wide, 3, padding=1, bias=False), nn.BatchNorm2d(n_wide), nn.ReLU()]
            blocks += [nn.AvgPool2d((1, 2)), nn.Dropout(c.dropout)]
        self.blocks = nn.Sequential(*blocks)
        self.embed = nn.Linear(c.channels[-1] * (c.n_bins // 2 ** len(c.channels)), c.embedding)
        self.memory = nn.GRU(c.embedding, c.memory, batch_first=True, bidirectional=True)
        self.answer = nn.Linear(2 * c.memory, n_out)

    def forward(self, x: Tensor) -> Tensor:
        flat = self.blocks(x).permute(0, 2, 1, 3).flatten(2)
        return torch.as_tensor(self.answer(self.memory(functional.relu(self.embed(flat)))[0]))


class KongRegression(nn.Module):
    """Shape: features (B, W, T, F) -> Heads."""

    def __init__(self, config: KongConfig | None = None) -> None:
        super().__init__()
        self.config = c = config or KongConfig()
        self.standardise = Standardise(c.n_windows, c.n_bins)
        self.onset_model, self.velocity_model = AcousticModel(c, N_KEYS), AcousticModel(c, N_KEYS)
        self.offset_model, self.frame_model = AcousticModel(c, 2 * N_KEYS), AcousticModel(c, 2 * N_KEYS)
        self.pedal_model = AcousticModel(c, 4)
        self.onset_memory = nn.GRU(2 * N_KEYS, c.memory, batch_first=True, bidirectional=True)
        self.frame_memory = nn.GRU(5 * N_KEYS, c.memory, batch_first=True, bidirectional=True)
        self.onset_answer, self.frame_answer = nn.Linear(2 * c.memory, N_KEYS), nn.Linear(2 * c.memory, 2 * N_KEYS)

    def forward(self, features: Tensor) -> Heads:
        x = self.standardise(features)
        first, velocity, offset = (torch.sigmoid(model(x)) for model in (self.onset_model, self.velocity_model, self.offset_model))
        # Loud notes are sure notes: the onset is weighed by the velocity's root before it is read again (section III-C).
        told = torch.cat([first, first.sqrt() * velocity.detach()], -1)
        onset = self.onset_answer(self.onset_memory(told)[0])
        told = torch.cat([torch.sigmoid(self.frame_model(x)), torch.sigmoid(onset).detach(), offset.detach()], -1)
        sounding, key = self.frame_answer(self.frame_memory(told)[0]).chunk(2, -1)
        silent, key_up = torch.logit(offset, 1e-6).chunk(2, -1)
        keys = torch.stack([onset, torch.logit(velocity, 1e-6), sounding, silent, key, key_up], -1)
        return Heads(keys, self.pedal_model(x))
