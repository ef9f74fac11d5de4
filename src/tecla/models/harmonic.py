"""tecla's own network: a harmonic trunk shared by all pitches, a recurrent memory per key, and heads for keys and pedals.

A piano tone is a comb: its partials lie +12, +19, +24, +28, 31, 34, 36 semitones above it. After the spectrum is folded
to one column per key, the *harmonic mix* lays shifted copies side by side and lets a 1x1 convolution weigh them, at every
depth of the trunk (repeating it was worth four points of note F1 over doing it once at the input: Harmonica, arXiv
2609.04640). One GRU, the same for all 88 keys, remembers what each string does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from tecla.music.pitch import N_KEYS
from tecla.transcription.features import WINDOWS

HARMONIC_SHIFTS: Final = (0, 12, -12, 19, -19, 24, -24, 28, -28, 31, 34, 36)
_REACH: Final = max(HARMONIC_SHIFTS)
_ONEDNN_CHANNELS: Final = 16


class Heads(NamedTuple):
    """What the network says, as logits. Order of the last axes is that of `KEY_CHANNELS` and `PEDAL_CHANNELS`.

    Shape:
        keys: (B, T, P, 6)
        pedals: (B, T, 4)
    """

    keys: Tensor
    pedals: Tensor


@dataclass(frozen=True)
class HarmonicConfig:
    """Sizes of the network; the defaults are the shipped one."""

    channels: int = 48
    blocks: int = 6
    mix_channels: int = 8
    memory: int = 64
    memory_stride: int = 1  # the memory hears one frame in so many; the heads see all of them
    pedal_memory: int = 48
    key_channels: int = 6
    pedal_channels: int = 4


class HarmonicMix(nn.Module):
    """Adds to each key what its harmonics and sub-harmonics hold: narrow, shift, concatenate, widen. (B, C, T, P) -> same."""

    def __init__(self, channels: int, mix_channels: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(channels, mix_channels, 1)
        self.widen = nn.Conv2d(mix_channels * len(HARMONIC_SHIFTS), channels, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        padded = functional.pad(self.narrow(x), (_REACH, _REACH))
        shifted = torch.cat([padded[..., _REACH + s : _REACH + s + N_KEYS] for s in HARMONIC_SHIFTS], 1)  # (B, m * S, T, P)
        return functional.relu(x + self.norm(self.widen(shifted)))


class Block(nn.Module):
    """Harmonic mix, then two 3x3 convolutions with a residual. (B, C, T, P) -> same."""

    def __init__(self, channels: int, mix_channels: int, dilation: int) -> None:
        super().__init__()
        self.mix = HarmonicMix(channels, mix_channels)
        self.first = nn.Conv2d(channels, channels, 3, padding=(dilation, 1), dilation=(dilation, 1), bias=False)
        self.first_norm = nn.BatchNorm2d(channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.mix(x)
        inner = functional.relu(self.first_norm(self._dilated(x)))
        return functional.relu(x + self.second_norm(self.second(inner)))

    def _dilated(self, x: Tensor) -> Tensor:
        """The first convolution. With 24 channels, oneDNN's gradient of a dilated one is NaN in bfloat16, so that one stays exact."""
        if x.device.type != "cpu" or x.shape[1] % _ONEDNN_CHANNELS == 0:
            return self.first(x)
        with torch.autocast("cpu", enabled=False):
            return self.first(x.float())


class HarmonicNet(nn.Module):
    """Spectrogram -> logits of key and pedal events.

    Shape:
        features: (B, W, T, F), as `tecla.transcription.features.spectrogram` makes them
        returns: Heads
    """

    def __init__(self, config: HarmonicConfig | None = None) -> None:
        super().__init__()
        self.config = c = config or HarmonicConfig()
        self.fold = nn.Conv2d(len(WINDOWS), 32, (3, 8), stride=(1, 4), padding=(1, 2), bias=False)  # 396 bins -> 99 semitones
        self.fold_norm = nn.BatchNorm2d(32)
        self.enter = nn.Conv2d(32, c.channels, 3, padding=1, bias=False)
        self.enter_norm = nn.BatchNorm2d(c.channels)
        # Dilation 2 in every other block: the trunk sees 0.4 s, the length of a hammer's noise and of a damper's fall.
        self.blocks = nn.Sequential(*[Block(c.channels, c.mix_channels, 1 + i % 2) for i in range(c.blocks)])
        self.memory = nn.GRU(c.channels, c.memory, batch_first=True, bidirectional=True)
        self.keys = nn.Linear(2 * c.memory + c.channels, c.key_channels)
        self.pedal_memory = nn.GRU(2 * c.channels, c.pedal_memory, batch_first=True, bidirectional=True)
        self.pedals = nn.Linear(2 * c.pedal_memory, c.pedal_channels)
        nn.init.constant_(self.keys.bias, -3.0)  # hardly a key moves in a given frame: begin by saying so

    def forward(self, features: Tensor) -> Heads:
        x = functional.relu(self.fold_norm(self.fold(features)))
        x = functional.relu(self.enter_norm(self.enter(x)))[..., :N_KEYS]
        x = self.blocks(x)  # (B, C, T, P)
        batch, channels, frames, keys = x.shape
        per_key = x.permute(0, 3, 2, 1)  # (B, P, T, C)
        strings = per_key.reshape(batch * keys, frames, channels)
        logits = self.keys(torch.cat([self._remember(strings), strings], -1)).view(batch, keys, frames, -1)
        whole = torch.cat([per_key.mean(1), per_key.amax(1)], -1)  # (B, T, 2 C)
        pedal, _ = self.pedal_memory(whole)
        return Heads(logits.transpose(1, 2), self.pedals(pedal))

    def _remember(self, strings: Tensor) -> Tensor:
        """What the memory makes of each frame, (B * P, T, C) -> (B * P, T, 2 M); it hears one frame in `memory_stride`."""
        stride = self.config.memory_stride
        if stride == 1:
            return self.memory(strings)[0]
        remembered, _ = self.memory(strings[:, ::stride])
        return remembered.repeat_interleave(stride, 1)[:, : strings.shape[1]]
