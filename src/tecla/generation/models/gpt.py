"""GPT decoder: attention with learned absolute positions (Radford et al. 2019), the plain form against which distances are judged.

Conventions: B batch, L tokens, V vocabulary, D width, H heads, S = D / H.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tecla.generation.models.music_transformer import initialise


@dataclass(frozen=True)
class GptConfig:
    """Sizes of the network."""

    vocabulary: int
    width: int = 256
    heads: int = 8
    layers: int = 6
    context: int = 1024
    dropout: float = 0.1


class GptBlock(nn.Module):
    """Attention and feedforward, each after a norm and around a residual."""

    def __init__(self, config: GptConfig) -> None:
        super().__init__()
        self.heads, width = config.heads, config.width
        self.norm_attend, self.norm_feed = nn.LayerNorm(width), nn.LayerNorm(width)
        self.project, self.merge = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.feed = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, past_k: Tensor, past_v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, L, D) after P cached positions -> (B, L, D) and both caches grown to (B, H, P + L, S)."""
        batch, length, width = x.shape
        q, k, v = self.project(self.norm_attend(x)).view(batch, length, 3 * self.heads, -1).transpose(1, 2).split(self.heads, 1)
        k, v = torch.cat([past_k, k], 2), torch.cat([past_v, v], 2)
        here = torch.arange(length, device=x.device)[:, None] + past_k.shape[2]
        seen = torch.arange(k.shape[2], device=x.device)[None] <= here  # (L, P + L)
        heard = functional.scaled_dot_product_attention(q, k, v, seen)
        x = x + self.dropout(self.merge(heard.transpose(1, 2).reshape(batch, length, width)))
        return x + self.dropout(self.feed(self.norm_feed(x))), k, v


class Gpt(nn.Module):
    """Token ids in, logits of the next token out."""

    def __init__(self, config: GptConfig) -> None:
        super().__init__()
        self.config = config
        self.embed = nn.Embedding(config.vocabulary, config.width)
        self.place = nn.Embedding(config.context, config.width)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(GptBlock(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)
        self.apply(initialise)

    def empty_past(self, batch: int) -> list[tuple[Tensor, Tensor]]:
        """The cache before a piece: (B, H, 0, S) twice for every layer."""
        blank = self.place.weight.new_zeros(batch, self.config.heads, 0, self.config.width // self.config.heads)
        return [(blank, blank)] * self.config.layers

    def forward(self, previous: Tensor, target: Tensor | None = None, start: Tensor | None = None) -> Tensor:
        """Logits of each next token. Shape: (B, L, 1) -> (B, L, 1, V), L up to the context; `target` and `start` are for other models."""
        return self.step(previous[..., 0], self.empty_past(len(previous)))[0][:, :, None]

    def step(self, previous: Tensor, past: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        """Logits after each of L tokens that follow P cached ones, and the grown cache. Shape: (B, L) -> (B, L, V)."""
        hidden, grown = self.advance(previous, past)
        return self.logits(hidden), grown

    def logits(self, hidden: Tensor) -> Tensor:
        """Every token by its own embedding. Shape: (B, L, D) -> (B, L, V)."""
        return hidden @ self.embed.weight.T

    def advance(self, previous: Tensor, past: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        """The last layer's output after each of L tokens that follow P cached ones, P + L up to the context. Shape: (B, L) -> (B, L, D)."""
        begin = past[0][0].shape[2]
        place = torch.arange(begin, begin + previous.shape[1], device=previous.device)
        x, grown = self.dropout(self.embed(previous) + self.place(place)), []
        for block, (k, v) in zip(self.blocks, past, strict=True):
            x, k, v = block(x, k, v)
            grown.append((k, v))
        return self.norm(x), grown
