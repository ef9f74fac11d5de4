"""Transformer encoder over frames (Vaswani et al. 2017), pre-norm, on the CRNN's stem; every frame may look at every other.

Places are told by rotating queries and keys (Su et al. 2021), so that only distances count and clips may be of any length.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tecla.models.crnn import CRNNConfig, Stem, spread
from tecla.models.masking import coarser, keep, pad_frames
from tecla.models.standardise import Standardise


@dataclass(frozen=True)
class TransformerConfig:
    """Sizes; `stride` frames are one token; `causal`, with stride 1, looks at nothing that comes later."""

    n_windows: int = 2
    n_bins: int = 336
    n_outputs: int = 4
    channels: int = 16
    width: int = 96
    heads: int = 4
    layers: int = 3
    stride: int = 2
    dropout: float = 0.2
    causal: bool = False


def rotate(x: Tensor) -> Tensor:
    """Turns pairs of numbers by an angle that grows with their place, (B, H, L, D) -> same."""
    length, half = x.shape[2], x.shape[3] // 2
    speed = 10000.0 ** (-torch.arange(half, device=x.device) / half)
    angle = torch.arange(length, device=x.device)[:, None] * speed  # (L, D / 2)
    left, right = x[..., :half], x[..., half:]
    return torch.cat([left * angle.cos() - right * angle.sin(), left * angle.sin() + right * angle.cos()], -1)


class Layer(nn.Module):
    """Self-attention, then two linear layers, each added to what came in. (B, L, D) -> same."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = c = config
        self.attend_norm, self.think_norm = nn.LayerNorm(c.width), nn.LayerNorm(c.width)
        self.ask = nn.Linear(c.width, 3 * c.width, bias=False)
        self.gather = nn.Linear(c.width, c.width)
        self.think = nn.Sequential(nn.Linear(c.width, 4 * c.width), nn.GELU(), nn.Linear(4 * c.width, c.width))
        self.drop = nn.Dropout(c.dropout)

    def forward(self, x: Tensor, allowed: Tensor | None) -> Tensor:
        batch, length, width = x.shape
        asked = self.ask(self.attend_norm(x)).view(batch, length, 3, self.config.heads, -1)
        query, key, value = asked.permute(2, 0, 3, 1, 4)  # (B, H, L, D / H) each
        seen = functional.scaled_dot_product_attention(rotate(query), rotate(key), value, allowed)
        x = x + self.drop(self.gather(seen.transpose(1, 2).reshape(batch, length, width)))
        return x + self.drop(self.think(self.think_norm(x)))


class Transformer(nn.Module):
    """Shape: features (B, W, T, F), mask (B, T) or None -> logits (B, T, n_outputs)."""

    def __init__(self, config: TransformerConfig | None = None) -> None:
        super().__init__()
        self.config = c = config or TransformerConfig()
        self.standardise = Standardise(c.n_windows, c.n_bins)
        stem = CRNNConfig(
            c.n_windows, c.n_bins, channels=c.channels, embedding=c.width, stride=c.stride, dropout=c.dropout, causal=c.causal
        )
        self.stem = Stem(stem)
        self.layers = nn.ModuleList(Layer(c) for _ in range(c.layers))
        self.norm = nn.LayerNorm(c.width)
        self.answer = nn.Linear(c.width, c.n_outputs)

    def forward(self, features: Tensor, mask: Tensor | None = None) -> Tensor:
        n_frames, stride = features.shape[2], self.config.stride
        x, mask = pad_frames(keep(self.standardise(features), mask), mask, stride)
        x, mask = self.stem(x, mask), coarser(mask, stride)
        allowed = self._allowed(x, mask)
        for layer in self.layers:
            x = layer(x, allowed)
        return spread(self.answer(self.norm(x)), stride, n_frames)

    def _allowed(self, x: Tensor, mask: Tensor | None) -> Tensor | None:
        """Where a token may look, broadcast to (B, H, L, L): not at padding and, if causal, not ahead. None is everywhere."""
        length = x.shape[1]
        ahead = torch.ones(1, 1, length, length, dtype=torch.bool, device=x.device).tril() if self.config.causal else None
        if mask is None:
            return ahead
        real = (mask > 0)[:, None, None, :]
        return real if ahead is None else real & ahead
