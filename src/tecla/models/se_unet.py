"""SE-U-Net: a U-Net whose levels weigh their own channels by what the clip as a whole holds (squeeze and excitation, Hu et al. 2018)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tecla.models.unet import Pair, UNet, UNetConfig


class ExcitedPair(nn.Module):
    """Two convolutions, then every channel by a weight 0..1 that the mean of all channels over the clip decides."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.pair = Pair(n_in, n_out)
        narrow = max(4, n_out // 4)
        self.excite = nn.Sequential(nn.Linear(n_out, narrow), nn.ReLU(), nn.Linear(narrow, n_out), nn.Sigmoid())

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        x = self.pair(x, mask)
        # Padding is zero and must not thin the mean out: the sum is divided by the frames that count.
        squeezed = x.mean(-1).sum(-1) / (x.shape[2] if mask is None else mask.sum(1, keepdim=True).clamp(min=1))  # (B, C)
        return torch.as_tensor(x * self.excite(squeezed)[:, :, None, None])


class SEUNet(UNet):
    """Shape: features (B, W, T, F), mask (B, T) or None -> logits (B, T, n_outputs)."""

    def __init__(self, config: UNetConfig | None = None) -> None:
        super().__init__(config, ExcitedPair)
