"""CRNN: a few convolutions that look at the picture, a recurrent layer that remembers; the field's workhorse since about 2017.

The answer of a frame is any row of numbers: four classes of a sung note, or all that 88 keys and three pedals may do.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tecla.models.masking import coarser, keep, pad_frames, remember
from tecla.models.standardise import Standardise


@dataclass(frozen=True)
class CRNNConfig:
    """Sizes; `stride` frames are remembered as one; `causal`, with stride 1, hears nothing that comes later."""

    n_windows: int = 2
    n_bins: int = 336
    n_outputs: int = 4
    channels: int = 16
    embedding: int = 48
    memory: int = 96
    layers: int = 2
    stride: int = 2
    dropout: float = 0.3
    causal: bool = False
    clock: tuple[float, ...] = ()  # periods, in frames, of a clock that the memory can read: who sings to a metronome begins on its beats


class Stem(nn.Module):
    """Picture -> one vector a frame: four bins fold into a semitone, a second look, then all semitones at once.

    Shape:
        (B, W, T, F), mask (B, T) or None -> (B, T / stride, embedding)
    """

    def __init__(self, config: CRNNConfig) -> None:
        super().__init__()
        self.config = c = config
        self.fold = nn.Conv2d(c.n_windows, c.channels, (c.stride + 2, 8), stride=(c.stride, 4), bias=False)
        self.fold_norm = nn.BatchNorm2d(c.channels)
        self.look = nn.Conv2d(c.channels, c.channels, 3, bias=False)
        self.look_norm = nn.BatchNorm2d(c.channels)
        self.embed = nn.Linear(c.channels * (c.n_bins // 4), c.embedding)
        self.drop = nn.Dropout(c.dropout)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        mask = coarser(mask, self.config.stride)
        x = keep(functional.relu(self.fold_norm(self.fold(self._pad(x, 2, 2)))), mask)  # (B, C, T / stride, F / 4)
        x = keep(functional.relu(self.look_norm(self.look(self._pad(x, 1, 1)))), mask)
        flat = x.permute(0, 2, 1, 3).flatten(2)  # (B, T / stride, C * F / 4)
        return keep(self.drop(functional.relu(self.embed(self.drop(flat)))), mask)

    def _pad(self, x: Tensor, low: int, high: int) -> Tensor:
        """One frame on either side; or two before, so that a kernel of three ends at its own frame."""
        return functional.pad(x, (low, high, 2, 0) if self.config.causal else (low, high, 1, 1))


class CRNN(nn.Module):
    """Shape: features (B, W, T, F), mask (B, T) or None -> logits (B, T, n_outputs)."""

    def __init__(self, config: CRNNConfig | None = None) -> None:
        super().__init__()
        self.config = c = config or CRNNConfig()
        self.standardise = Standardise(c.n_windows, c.n_bins)
        self.stem = Stem(c)
        dropout = c.dropout if c.layers > 1 else 0.0
        self.memory = nn.GRU(
            c.embedding + 2 * len(c.clock), c.memory, c.layers, batch_first=True, bidirectional=not c.causal, dropout=dropout
        )
        self.answer = nn.Linear(c.memory * (1 if c.causal else 2), c.n_outputs)
        self.drop = nn.Dropout(c.dropout)

    def forward(self, features: Tensor, mask: Tensor | None = None) -> Tensor:
        n_frames = features.shape[2]
        x, mask = pad_frames(keep(self.standardise(features), mask), mask, self.config.stride)
        seen, mask = self.stem(x, mask), coarser(mask, self.config.stride)
        if self.config.clock:
            seen = torch.cat([seen, keep(hands(seen, self.config.clock, self.config.stride), mask)], -1)
        x = remember(self.memory, seen, mask)
        return spread(self.answer(self.drop(x)), self.config.stride, n_frames)


def hands(coarse: Tensor, periods: tuple[float, ...], stride: int) -> Tensor:
    """Where the hands of a clock stand, from the first frame on: (B, L, C) -> (B, L, 2 len(periods)), sines, then cosines."""
    frame = torch.arange(coarse.shape[1], device=coarse.device)[:, None] * stride + (stride - 1) / 2
    angle = 2 * torch.pi * frame / torch.tensor(periods, device=coarse.device)  # (L, periods)
    return torch.cat([angle.sin(), angle.cos()], -1).expand(coarse.shape[0], -1, -1)


def spread(coarse: Tensor, stride: int, n_frames: int) -> Tensor:
    """Answers for `stride` frames each, repeated for every one of them: (B, T / stride, O) -> (B, n_frames, O)."""
    return coarse.repeat_interleave(stride, 1)[:, :n_frames]
