"""The bar network: convolutions over neighbouring beats, then a bidirectional GRU that keeps count, one row of heads."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tecla.engraving.barwise import N_FEATURES, N_OUTPUTS


@dataclass(frozen=True)
class BarwiseConfig:
    """Widths of the network; `dropout` acts on what it sees and between layers while training."""

    n_features: int = N_FEATURES
    n_outputs: int = N_OUTPUTS
    channels: int = 64
    reaches: tuple[int, ...] = (1, 2, 4, 8)
    hidden: int = 40
    dropout: float = 0.3


class Barwise(nn.Module):
    """Features of beats -> logits of all heads, side by side in the order of `engraving.barwise.HEADS`."""

    def __init__(self, config: BarwiseConfig) -> None:
        super().__init__()
        width = config.channels
        self.enter = nn.Conv1d(config.n_features, width, 1)
        self.layers = nn.ModuleList([nn.Conv1d(width, width, 3, padding=r, dilation=r) for r in config.reaches])
        self.drop = nn.Dropout1d(config.dropout)
        self.norm = nn.LayerNorm(width)
        self.gru = nn.GRU(width, config.hidden, bidirectional=True, batch_first=True)
        self.heads = nn.Linear(width + 2 * config.hidden, config.n_outputs)
        self.fade = nn.Dropout(config.dropout)

    def forward(self, beats: Tensor) -> Tensor:
        """(B, K, F) features -> (B, K, O) logits."""
        x = torch.relu(self.enter(self.fade(beats).transpose(1, 2)))  # (B, C, K)
        for layer in self.layers:
            x = x + torch.relu(layer(self.drop(x)))
        x = self.norm(x.transpose(1, 2))  # (B, K, C)
        y, _ = self.gru(self.fade(x))  # (B, K, 2H)
        logits: Tensor = self.heads(self.fade(torch.cat([x, y], dim=-1)))
        return logits
