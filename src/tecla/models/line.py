"""The network of `tecla transcribe --mode voice`: which of 73 pitches a single voice holds, or none; where notes begin; how far it strays.

Two ways lead to a pitch. One is the same for all pitches: shifted copies of the picture lie on one another, as in tecla's own piano
network (`harmonic`), so that what is learned of one pitch holds for all. The other sees the whole frame and remembers: it knows silence
from breath, the fifth harmonic from a fundamental, and how lines go on. Their votes are added.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from tecla.models.harmonic import HARMONIC_SHIFTS
from tecla.transcription.monophonic.features import N_BINS, N_PITCHES, WINDOWS

_REACH = max(HARMONIC_SHIFTS)
_WIDTH = N_BINS // 4  # semitones


class LineHeads(NamedTuple):
    """Shape: states (B, T, 1 + N_PITCHES) logits, silence first; onset (B, T) logits; bend (B, T) semitones."""

    states: Tensor
    onset: Tensor
    bend: Tensor


@dataclass(frozen=True)
class LineConfig:
    """Sizes of the network; the defaults are the shipped one."""

    channels: int = 14
    mix_channels: int = 3
    blocks: int = 2
    whole: int = 48
    memory: int = 48


class LineBlock(nn.Module):
    """Partials laid on one another, then a look in time and pitch; both added to what came in. (B, C, T, 84) -> same."""

    def __init__(self, config: LineConfig, dilation: int) -> None:
        super().__init__()
        n = config.channels
        self.narrow = nn.Conv2d(n, config.mix_channels, 1)
        self.widen = nn.Conv2d(config.mix_channels * len(HARMONIC_SHIFTS), n, 1, bias=False)
        self.look = nn.Conv2d(n, n, 3, padding=(dilation, 1), dilation=(dilation, 1), bias=False)
        self.mix_norm, self.look_norm = nn.BatchNorm2d(n), nn.BatchNorm2d(n)

    def forward(self, x: Tensor) -> Tensor:
        padded = functional.pad(self.narrow(x), (_REACH, _REACH))
        shifted = torch.cat([padded[..., _REACH + s : _REACH + s + _WIDTH] for s in HARMONIC_SHIFTS], 1)  # (B, m * S, T, 84)
        x = functional.relu(x + self.mix_norm(self.widen(shifted)))
        return functional.relu(x + self.look_norm(self.look(x)))


class LineNet(nn.Module):
    """Shape: features (B, W, T, F), as `tecla.transcription.monophonic.features` makes them -> LineHeads."""

    def __init__(self, config: LineConfig | None = None) -> None:
        super().__init__()
        self.config = c = config or LineConfig()
        self.fold = nn.Conv2d(len(WINDOWS), c.channels, (3, 8), stride=(1, 4), padding=(1, 2), bias=False)
        self.fold_norm = nn.BatchNorm2d(c.channels)
        self.blocks = nn.Sequential(*[LineBlock(c, 1 + 2 * (i % 3)) for i in range(c.blocks)])
        self.vote = nn.Conv2d(c.channels, 2, 1)  # for this pitch, and how far from it
        self.gather = nn.Conv2d(c.channels, 4, 1)
        self.whole = nn.Linear(4 * _WIDTH, c.whole)
        self.memory = nn.GRU(c.whole, c.memory, batch_first=True, bidirectional=True)
        self.answer = nn.Linear(2 * c.memory, 2 + N_PITCHES)  # onset, silence, and a word on every pitch

    def forward(self, features: Tensor) -> LineHeads:
        x = self.blocks(functional.relu(self.fold_norm(self.fold(features))))  # (B, C, T, 84)
        vote, bend = self.vote(x)[..., :N_PITCHES].unbind(1)  # (B, T, 73) each
        flat = functional.relu(self.gather(x)).permute(0, 2, 1, 3).flatten(2)
        remembered, _ = self.memory(functional.relu(self.whole(flat)))
        onset, silence, word = self.answer(remembered).split((1, 1, N_PITCHES), -1)
        states = torch.cat([silence, vote + word], -1)
        held = torch.softmax(states[..., 1:], -1)
        return LineHeads(states, onset[..., 0], (held * bend).sum(-1))
