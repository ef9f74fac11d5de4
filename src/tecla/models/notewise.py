"""The note-wise engraving network: convolutions over neighbouring notes, two bidirectional GRU layers, one row of heads.

After PM2S (Liu et al., "Performance MIDI-to-score conversion by neural beat tracking", ISMIR 2022), with one trunk for
all tasks in place of one network a task. 0.60 million parameters.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tecla.engraving.notewise import N_FEATURES, N_OUTPUTS


@dataclass(frozen=True)
class NotewiseConfig:
    """Widths of the network; `dropout` acts between layers while training."""

    n_features: int = N_FEATURES
    n_outputs: int = N_OUTPUTS
    channels: int = 128
    hidden: int = 128
    kernel: int = 5
    dropout: float = 0.15


class Notewise(nn.Module):
    """Features of notes -> logits of all heads, side by side in the order of `engraving.notewise.HEADS`."""

    def __init__(self, config: NotewiseConfig) -> None:
        super().__init__()
        width, reach = config.channels, config.kernel // 2
        self.near = nn.Conv1d(config.n_features, width, config.kernel, padding=reach)
        self.far = nn.Conv1d(width, width, config.kernel, padding=2 * reach, dilation=2)
        self.norm = nn.LayerNorm(width)
        self.gru = nn.GRU(width, config.hidden, num_layers=2, bidirectional=True, batch_first=True, dropout=config.dropout)
        self.drop = nn.Dropout(config.dropout)
        self.heads = nn.Linear(2 * config.hidden + width, config.n_outputs)

    def forward(self, notes: Tensor) -> Tensor:
        """(B, N, F) features -> (B, N, O) logits."""
        x = torch.relu(self.near(notes.transpose(1, 2)))  # (B, C, N)
        x = x + torch.relu(self.far(x))
        x = self.norm(x.transpose(1, 2))  # (B, N, C)
        y, _ = self.gru(self.drop(x))  # (B, N, 2H)
        logits: Tensor = self.heads(self.drop(torch.cat([x, y], dim=-1)))
        return logits
