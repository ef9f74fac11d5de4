"""Several networks as one: the mean of their logits. What each has learned by heart of few pieces is not the same.

They may be snapshots of one training whose rate went up and down again (Huang et al., ICLR 2017, "Snapshot ensembles"): those cost
nothing but time to ask.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Council(nn.Module):
    """Shape: as its members."""

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, features: Tensor) -> Tensor:
        return torch.stack([member(features) for member in self.members]).mean(0)
