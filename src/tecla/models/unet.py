"""U-Net (Ronneberger et al. 2015) over time and frequency: down to the coarse, up again beside what was seen on the way down.

After the last step up, all that a frame holds becomes its answer. Two kin of it are in `unet_bilstm` and `se_unet`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tecla.models.crnn import spread
from tecla.models.masking import coarser, keep, pad_frames
from tecla.models.standardise import Standardise


@dataclass(frozen=True)
class UNetConfig:
    """Sizes; `channels` doubles at each of `depth` steps down; `stride` frames are seen as one."""

    n_windows: int = 2
    n_bins: int = 336
    n_outputs: int = 4
    channels: int = 8
    depth: int = 3
    stride: int = 2
    embedding: int = 96
    dropout: float = 0.3


class Pair(nn.Module):
    """Two 3x3 convolutions. (B, C, T, F), mask (B, T) -> (B, C', T, F)."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.first, self.first_norm = nn.Conv2d(n_in, n_out, 3, padding=1, bias=False), nn.BatchNorm2d(n_out)
        self.second, self.second_norm = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False), nn.BatchNorm2d(n_out)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        x = keep(functional.relu(self.first_norm(self.first(x))), mask)
        return keep(functional.relu(self.second_norm(self.second(x))), mask)


class Shape(nn.Module):
    """The U itself: (B, W, T, F) -> (B, C, T / stride, F / 4), T / stride a multiple of 2 ** depth; `make_pair` makes a level."""

    def __init__(self, config: UNetConfig, make_pair: Callable[[int, int], nn.Module] = Pair) -> None:
        super().__init__()
        widths = [config.channels * 2**level for level in range(config.depth + 1)]
        # Four bins are a semitone: folded at once, or the first level alone would cost more than all others together.
        self.stride = config.stride
        self.fold = nn.Conv2d(config.n_windows, widths[0], (config.stride + 2, 8), stride=(config.stride, 4), padding=(1, 2))
        self.down = nn.ModuleList(make_pair(n_in, n_out) for n_in, n_out in zip([widths[0], *widths], widths, strict=False))
        self.up = nn.ModuleList(make_pair(n + 2 * n, n) for n in widths[-2::-1])

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        mask = coarser(mask, self.stride)
        x, beside = keep(functional.relu(self.fold(x)), mask), list[tuple[Tensor, Tensor | None]]()
        for level, pair in enumerate(self.down):
            if level:
                x, mask = functional.max_pool2d(x, 2, ceil_mode=True), coarser(mask, 2)
            x = pair(x, mask)
            beside.append((x, mask))
        for pair, (seen, mask) in zip(self.up, beside[-2::-1], strict=True):
            x = functional.interpolate(x, scale_factor=2.0, mode="nearest")[..., : seen.shape[2], : seen.shape[3]]
            x = pair(torch.cat([x, seen], 1), mask)
        return x


class UNet(nn.Module):
    """Shape: features (B, W, T, F), mask (B, T) or None -> logits (B, T, n_outputs)."""

    def __init__(self, config: UNetConfig | None = None, make_pair: Callable[[int, int], nn.Module] = Pair) -> None:
        super().__init__()
        self.config = c = config or UNetConfig()
        self.standardise = Standardise(c.n_windows, c.n_bins)
        self.shape = Shape(c, make_pair)
        self.embed = nn.Linear(c.channels * (c.n_bins // 4), c.embedding)
        self.answer: nn.Module = nn.Linear(c.embedding, c.n_outputs)
        self.drop = nn.Dropout(c.dropout)

    def forward(self, features: Tensor, mask: Tensor | None = None) -> Tensor:
        return spread(self.answer(self.drop(self.frames(features, mask)[0])), self.config.stride, features.shape[2])

    def frames(self, features: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """One vector for `stride` frames each, (B, L, embedding), and the mask that belongs to them; padding is cut off where it can be."""
        length = -(-features.shape[2] // self.config.stride)
        x, mask = pad_frames(keep(self.standardise(features), mask), mask, self.config.stride * 2**self.config.depth)
        flat = self.drop(self.shape(x, mask).permute(0, 2, 1, 3).flatten(2))
        mask = coarser(mask, self.config.stride)
        mask = None if mask is None else mask[:, :length]
        return keep(functional.relu(self.embed(flat[:, :length])), mask), mask
