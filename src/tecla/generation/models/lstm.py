"""LSTM over tokens, with an optional look back: one causal attention head over its own past states.

The seed's network is three layers of 512 (no look back). A tune repeats its bars word for word, which a recurrent state
forgets and a look back finds: that is what beats it (after Merity's SHA-RNN, 2019, and Grave et al.'s cache, 2017).

Conventions: B batch, L tokens, V vocabulary, E embedding width, W state width, N layers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class LstmConfig:
    """Sizes of the network; `look_back` adds the attention head."""

    vocabulary: int
    width: int = 512
    layers: int = 3
    embedding: int = 128
    look_back: bool = False
    dropout: float = 0.5


class LookBack(nn.Module):
    """Causal attention of each state to the states before it, added to the state. Shape: (B, L, W) -> (B, L, W)."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.project = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, past_k: Tensor, past_v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, L, W) after P cached positions -> (B, L, W) and both caches, (B, P + L, W)."""
        q, k, v = self.project(self.norm(x)).chunk(3, -1)
        k, v = torch.cat([past_k, k], 1), torch.cat([past_v, v], 1)  # (B, P + L, W)
        here = torch.arange(x.shape[1], device=x.device)[:, None] + past_k.shape[1]
        future = torch.arange(k.shape[1], device=x.device)[None] > here  # (L, P + L)
        scores = (q @ k.transpose(1, 2) / math.sqrt(q.shape[-1])).masked_fill(future, -torch.inf)
        return x + self.merge(self.dropout(scores.softmax(-1)) @ v), k, v


class Lstm(nn.Module):
    """Token ids in, logits of the next token out; the state is what it carries on."""

    def __init__(self, config: LstmConfig) -> None:
        super().__init__()
        self.config = config
        self.embed = nn.Embedding(config.vocabulary, config.embedding)
        sizes = [config.embedding] + [config.width] * (config.layers - 1)
        self.layers = nn.ModuleList(nn.LSTM(size, config.width, batch_first=True) for size in sizes)
        self.dropout = nn.Dropout(config.dropout)
        self.look_back = LookBack(config.width, 0.1) if config.look_back else None
        self.logits = nn.Linear(config.width, config.vocabulary)

    def empty_state(self, batch: int) -> list[Tensor]:
        """The state before a piece: h and c of every layer, (N, B, W) each, then the look back's k and v, (B, 0, W) each."""
        blank = torch.zeros(self.config.layers, batch, self.config.width, device=self.logits.weight.device)
        none = blank.new_zeros(batch, 0, self.config.width)
        return [blank, blank.clone(), none, none.clone()]

    def forward(self, previous: Tensor, target: Tensor | None = None, start: Tensor | None = None) -> Tensor:
        """Logits of each next token. Shape: (B, L, 1) -> (B, L, 1, V); `target` and `start` are for other models."""
        return self.step(previous[..., 0], self.empty_state(len(previous)))[0][:, :, None]

    def step(self, previous: Tensor, state: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Logits after each of L tokens and the state to go on from. Shape: (B, L) -> (B, L, V)."""
        hidden, state = self.advance(previous, state)
        return self.logits(hidden), state

    def advance(self, previous: Tensor, state: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """The last layer's output after each of L tokens and the state to go on from. Shape: (B, L) -> (B, L, W)."""
        h, c, past_k, past_v = state
        x = self.dropout(self.embed(previous))
        last_h, last_c = [], []
        for index, layer in enumerate(self.layers):
            if self.look_back is not None and index == len(self.layers) - 1:
                x, past_k, past_v = self.look_back(x, past_k, past_v)
            y, (hn, cn) = layer(x, (h[index : index + 1], c[index : index + 1]))
            # A residual where widths agree: deep recurrent stacks learn faster for it.
            x = self.dropout(y) + x if index and self.config.look_back else self.dropout(y)
            last_h.append(hn)
            last_c.append(cn)
        return x, [torch.cat(last_h), torch.cat(last_c), past_k, past_v]
