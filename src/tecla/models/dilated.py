"""Six readers of one kind, and the tempo network, of five thousand parameters, which says how long a beat lasts.

The readers are residual convolutions over strokes or notes, each layer looking twice as far as the one before, one row of heads. After
Davies and Böck, "Temporal convolutional networks for musical audio beat tracking" (EUSIPCO 2019), over strokes in place of frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from tecla.engraving import beatwise, handwise, markwise, spellwise, voicewise
from tecla.engraving.pulse import N_FEATURES, N_OUTPUTS, PERIODS
from tecla.engraving.tempo import N_FEATURES as N_CANDIDATE_FEATURES


@dataclass(frozen=True)
class DilatedConfig:
    """Widths of the network; `dropout` acts on whole channels between layers while training."""

    n_features: int
    n_outputs: int
    channels: int = 80
    reaches: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64)
    dropout: float = 0.1


# Beats are read stroke by stroke, 127 strokes to either side of each: 0.15 million parameters.
BEATS: Final = DilatedConfig(n_features=N_FEATURES, n_outputs=N_OUTPUTS)


# Hands are read note by note, 63 notes to either side of each.
HANDS: Final = DilatedConfig(n_features=handwise.N_FEATURES, n_outputs=handwise.N_OUTPUTS, channels=96, reaches=(1, 2, 4, 8, 16, 32))


# Rhythm is read note by note over beats, 127 notes to either side of each.
RHYTHM: Final = DilatedConfig(n_features=beatwise.N_FEATURES, n_outputs=beatwise.N_OUTPUTS, channels=224)


# So is which voice it lies in.
VOICES: Final = DilatedConfig(n_features=voicewise.N_FEATURES, n_outputs=voicewise.N_OUTPUTS, channels=96, dropout=0.15)


# And what its signs are.
MARKS: Final = DilatedConfig(n_features=markwise.N_FEATURES, n_outputs=markwise.N_OUTPUTS, channels=96, dropout=0.15)


# Spelling is read note by note over a page in its key, 63 notes to either side of each.
SPELLING: Final = DilatedConfig(n_features=spellwise.N_FEATURES, n_outputs=spellwise.N_OUTPUTS, channels=96, reaches=(1, 2, 4, 8, 16, 32))


class DilatedNet(nn.Module):
    """Features of strokes (or notes) -> logits of all heads, side by side."""

    def __init__(self, config: DilatedConfig) -> None:
        super().__init__()
        width = config.channels
        self.enter = nn.Conv1d(config.n_features, width, 1)
        self.layers = nn.ModuleList([nn.Conv1d(width, width, 3, padding=r, dilation=r) for r in config.reaches])
        self.drop = nn.Dropout1d(config.dropout)
        self.norm = nn.LayerNorm(width)
        self.heads = nn.Linear(width, config.n_outputs)

    def forward(self, strokes: Tensor) -> Tensor:
        """(B, E, F) features -> (B, E, O) logits."""
        x = torch.relu(self.enter(strokes.transpose(1, 2)))  # (B, C, E)
        for layer in self.layers:
            x = x + torch.relu(layer(self.drop(x)))
        logits: Tensor = self.heads(self.norm(x.transpose(1, 2)))
        return logits


class TempoNet(nn.Module):
    """Features of candidate lengths of a beat -> one logit each: the same small network for every candidate, and a prior."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.judge = nn.Sequential(
            nn.Linear(N_CANDIDATE_FEATURES, width), nn.ReLU(), nn.Dropout(0.2), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1)
        )
        self.prior = nn.Parameter(torch.zeros(3))
        self.powers: Tensor
        self.register_buffer("powers", torch.stack([torch.from_numpy(PERIODS).float() ** k for k in (1, 2, 3)]))

    def forward(self, candidates: Tensor) -> Tensor:
        """(S, P, F) features -> (S, P) logits."""
        logits: Tensor = self.judge(candidates)[..., 0] + self.prior @ self.powers
        return logits
