"""Features brought to mean 0 and deviation 1 a bin, by numbers that are fitted on training sound once and travel with the weights.

The seed of tecla's voice mode normalised training clips by one rule and new clips by another, 10 dB apart. Here the numbers are buffers of
the network: they are in every checkpoint and in the .onnx file, and there is no second place to compute them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Standardise(nn.Module):
    """(B, W, T, F) -> same. Does nothing until `fit` was called or a checkpoint was loaded."""

    def __init__(self, n_windows: int, n_bins: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(1, n_windows, 1, n_bins))
        self.register_buffer("deviation", torch.ones(1, n_windows, 1, n_bins))

    @torch.no_grad()
    def fit(self, features: Tensor) -> None:
        """Takes the numbers from training features (N, W, T, F)."""
        self.get_buffer("mean").copy_(features.float().mean((0, 2), keepdim=True))
        self.get_buffer("deviation").copy_(features.float().std((0, 2), keepdim=True).clamp(min=1e-3))

    def forward(self, features: Tensor) -> Tensor:
        return (features - self.get_buffer("mean")) / self.get_buffer("deviation")
