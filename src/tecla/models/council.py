"""Several networks as one: the mean of what they believe, in logarithms. After cyclic training its members cost nothing but time to ask.

Snapshots of one training whose rate went up and down again (Huang et al., ICLR 2017, "Snapshot ensembles").
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Council(nn.Module):
    """Shape: as its members, (B, W, T, F) -> logits (B, T, n_outputs)."""

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, features: Tensor) -> Tensor:
        return torch.stack([torch.log_softmax(member(features), -1) for member in self.members]).mean(0)
