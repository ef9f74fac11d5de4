"""Music Transformer: a decoder whose attention hears distances (Huang et al., ICLR 2019).

Conventions: B batch, L positions, G slots per position, V vocabulary, D width, H heads, S = D / H, R reach of relative attention.
A position is a group of G tokens (G = 1: plain text; G = 4: the four voices of a 16th). The trunk attends over positions;
inside a position each slot sees the slots before it, so that the joint likelihood is exact and the trunk runs once per group.

Relative attention adds q . e[distance] to q . k. Skewing turns the (L, R) products with every distance into the (L, L) table
without the naive O(L^2 D) tensor (paper, section 3.4.1); the cached form needs one row only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

FARTHEST = 36  # semitones: intervals beyond are not told apart
MAX_RUN = 32  # how long a slot has repeated itself is counted up to here


@dataclass(frozen=True)
class MusicTransformerConfig:
    """Sizes of the network, and what it is told beside the tokens."""

    vocabulary: int
    slots: int = 1
    width: int = 256
    heads: int = 8
    layers: int = 6
    reach: int = 512  # distances beyond share the last embedding
    phases: int = 0  # positions per metrical cycle that the network is told of; 0: none
    runs: bool = False  # tell the network for how long each slot has repeated itself
    first_pitch: int = 0  # ids from here on are pitches in semitones, whose intervals the network may use; 0: none are
    dropout: float = 0.1


def skewed(products: Tensor) -> Tensor:
    """Relative scores from products with every distance, by padding and reshaping.

    Shape: (B, H, L, L), column c = distance L - 1 - c  ->  (B, H, L, L), entry i, j = distance i - j where j <= i (rest: undefined).
    """
    batch, heads, length, _ = products.shape
    padded = functional.pad(products, (1, 0))  # (B, H, L, L + 1)
    return padded.view(batch, heads, length + 1, length)[:, :, 1:]


class RelativeAttention(nn.Module):
    """Causal self-attention with learned distances."""

    def __init__(self, config: MusicTransformerConfig) -> None:
        super().__init__()
        self.heads, self.reach = config.heads, config.reach
        self.project = nn.Linear(config.width, 3 * config.width)
        self.merge = nn.Linear(config.width, config.width)
        self.distances = nn.Parameter(torch.randn(config.heads, config.reach, config.width // config.heads) * 0.02)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, D) -> (B, L, D), each position hearing itself and those before it."""
        batch, length, width = x.shape
        q, k, v = self._split(x)
        rows = torch.arange(length - 1, -1, -1, device=x.device).clamp(max=self.reach - 1)
        relative = skewed(q @ self.distances[:, rows].transpose(1, 2))
        scores = (q @ k.transpose(2, 3) + relative) / math.sqrt(q.shape[-1])  # (B, H, L, L)
        future = torch.ones(length, length, dtype=torch.bool, device=x.device).triu(1)
        weights = self.dropout(scores.masked_fill(future, -torch.inf).softmax(-1))
        return self.merge((weights @ v).transpose(1, 2).reshape(batch, length, width))

    def cached(self, x: Tensor, past_k: Tensor, past_v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The same attention for L new positions after P cached ones.

        Shape: x (B, L, D), past_k and past_v (B, H, P, S) -> (B, L, D) and both caches grown to P + L.
        """
        batch, length, width = x.shape
        q, k, v = self._split(x)
        k, v = torch.cat([past_k, k], 2), torch.cat([past_v, v], 2)
        here = torch.arange(length, device=x.device)[:, None] + past_k.shape[2]
        distance = here - torch.arange(k.shape[2], device=x.device)[None]  # (L, P + L)
        products = q @ self.distances.transpose(1, 2)  # (B, H, L, R)
        index = distance.clamp(0, self.reach - 1).expand(batch, self.heads, -1, -1)
        scores = (q @ k.transpose(2, 3) + products.gather(3, index)) / math.sqrt(q.shape[-1])
        weights = scores.masked_fill(distance < 0, -torch.inf).softmax(-1)
        return self.merge((weights @ v).transpose(1, 2).reshape(batch, length, width)), k, v

    def _split(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        batch, length = x.shape[:2]
        q, k, v = self.project(x).view(batch, length, 3 * self.heads, -1).transpose(1, 2).split(self.heads, 1)
        return q, k, v  # (B, H, L, S) each


class Feedforward(nn.Sequential):
    """Norm, widen, GELU, narrow, dropout."""

    def __init__(self, width: int, factor: int, dropout: float) -> None:
        wide = factor * width
        super().__init__(nn.LayerNorm(width), nn.Linear(width, wide), nn.GELU(), nn.Linear(wide, width), nn.Dropout(dropout))


class Block(nn.Module):
    """Relative attention and feedforward, each after a norm and around a residual."""

    def __init__(self, config: MusicTransformerConfig) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(config.width)
        self.attend = RelativeAttention(config)
        self.feed = Feedforward(config.width, 4, config.dropout)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, D) -> (B, L, D)."""
        x = x + self.dropout(self.attend(self.norm(x)))
        return x + self.feed(x)  # (B, L, D)

    def cached(self, x: Tensor, past_k: Tensor, past_v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The same after cached positions; gives both caches grown."""
        heard, k, v = self.attend.cached(self.norm(x), past_k, past_v)
        x = x + heard
        return x + self.feed(x), k, v


def run_lengths(ids: Tensor) -> Tensor:
    """For how many positions each slot has held its token, counted from 0 and capped. Shape: (B, L, G) -> (B, L, G)."""
    position = torch.arange(ids.shape[1], device=ids.device)[None, :, None].expand_as(ids)
    changed = torch.ones_like(ids, dtype=torch.bool)
    changed[:, 1:] = ids[:, 1:] != ids[:, :-1]
    began = torch.where(changed, position, 0).cummax(1).values
    return (position - began).clamp(max=MAX_RUN - 1)


class Intervals(nn.Module):
    """Pitches heard as intervals: what a voice does is a move from its own last note and a distance from the voices beside it.

    A network of absolute pitches has to learn every step and every third once for each pitch; this one adds logits that depend on the
    interval alone. All begin at zero, so that the plain network is where training starts.
    """

    def __init__(self, config: MusicTransformerConfig) -> None:
        super().__init__()
        self.slots, self.vocabulary, self.first = config.slots, config.vocabulary, config.first_pitch
        span = 2 * FARTHEST + 1
        self.chord = nn.Embedding(config.slots * span, config.width)
        self.moves = nn.Linear(config.width, config.slots * span)  # from the last note, then from each voice chosen before
        for layer in (self.chord, self.moves):
            nn.init.zeros_(layer.weight)
        nn.init.zeros_(self.moves.bias)

    def heard(self, ids: Tensor) -> Tensor:
        """What the intervals between neighbouring voices (and the outer two) add to an input. Shape: (B, L, G) -> (B, L, D)."""
        interval = (ids - ids.roll(-1, 2)).clamp(-FARTHEST, FARTHEST) + FARTHEST
        sung = (ids >= self.first) & (ids.roll(-1, 2) >= self.first)
        each = self.chord(interval + (2 * FARTHEST + 1) * torch.arange(self.slots, device=ids.device))
        return (each * sung[..., None]).sum(2)

    def forward(self, z: Tensor, previous: Tensor, target: Tensor) -> Tensor:
        """Logits by interval. Shape: z (B, L, G, D), previous and target (B, L, G) -> (B, L, G, V)."""
        scores = self.moves(z).view(*z.shape[:3], self.slots, -1)  # (B, L, G, G, 2 R + 1)
        pitches = torch.arange(self.vocabulary, device=z.device)
        total = torch.zeros(*z.shape[:3], self.vocabulary, device=z.device)
        for source in range(self.slots):
            # Source 0 is the slot's own last note; source j > 0 is slot j - 1 of this group, known to the slots after it.
            known = previous if source == 0 else target[:, :, source - 1 : source].expand_as(previous)
            interval = pitches - known[..., None]
            said = scores[..., source, :].gather(3, interval.clamp(-FARTHEST, FARTHEST) + FARTHEST)
            later = torch.arange(self.slots, device=z.device)[:, None] >= source
            total = total + said * ((interval.abs() <= FARTHEST) & (pitches >= self.first) & (known[..., None] >= self.first) & later)
        return total


class MusicTransformer(nn.Module):
    """Groups of token ids in, logits of every slot of the next group out."""

    def __init__(self, config: MusicTransformerConfig) -> None:
        super().__init__()
        self.config = config
        slots, vocabulary, width = config.slots, config.vocabulary, config.width
        self.embed = nn.Embedding(slots * vocabulary, width)
        self.phase = nn.Embedding(config.phases, width) if config.phases else None
        self.run = nn.Embedding(slots * MAX_RUN, width) if config.runs else None
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.peek = nn.Embedding(slots * vocabulary, width) if slots > 1 else None
        self.slot = nn.Parameter(torch.zeros(slots, width))
        self.within = nn.ModuleList(Feedforward(width, 2, config.dropout) for _ in range(2 if slots > 1 else 0))
        self.norm = nn.LayerNorm(width)
        self.logits = nn.Linear(width, vocabulary)
        self.apply(initialise)
        self.intervals = Intervals(config) if config.first_pitch else None

    def forward(self, previous: Tensor, target: Tensor, start: Tensor, runs: Tensor | None = None) -> Tensor:
        """Logits of every token of `target` given all before it.

        Shape:
            previous: (B, L, G) groups before each target; the first group of a piece follows a group of zeros (END)
            target: (B, L, G); slot g of the logits sees slots < g of it
            start: (B,) index in its piece of the first target, for the metrical phase
            runs: (B, L, G) run lengths of `previous`, counted over the whole piece; counted over `previous` when None
            returns: (B, L, G, V)
        """
        x = self.dropout(self._embedded(previous, start, runs))
        for block in self.blocks:
            x = block(x)
        return self.decide(self._carried(x, previous), target)

    def step(
        self, previous: Tensor, start: Tensor, runs: Tensor, past: list[tuple[Tensor, Tensor]]
    ) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        """The trunk for L new positions after cached ones: hidden (B, L, D) for `decide`, and the grown cache."""
        x, grown = self._embedded(previous, start, runs), []
        for block, (k, v) in zip(self.blocks, past, strict=True):
            x, k, v = block.cached(x, k, v)  # type: ignore[operator]
            grown.append((k, v))
        return self._carried(x, previous), grown

    def _carried(self, x: Tensor, previous: Tensor) -> Tensor:
        """Hidden vectors as `decide` takes them: with the last notes behind them, where intervals count from those."""
        return x if self.intervals is None else torch.cat([x, previous.to(x.dtype)], -1)

    def decide(self, hidden: Tensor, target: Tensor) -> Tensor:
        """Logits within a group. Shape: hidden (B, L, D) or (B, L, D + G), target (B, L, G) -> (B, L, G, V)."""
        z = hidden[:, :, None, : self.config.width] + self.slot
        if self.peek is not None:
            seen = self.peek(self._offset(target, self.config.vocabulary))  # (B, L, G, D)
            z = z + seen.cumsum(2) - seen
        for layer in self.within:
            z = z + layer(z)
        z = self.norm(z)
        logits: Tensor = self.logits(z)
        if self.intervals is not None:
            logits = logits + self.intervals(z, hidden[..., self.config.width :].round().long(), target)
        return logits

    def _embedded(self, previous: Tensor, start: Tensor, runs: Tensor | None) -> Tensor:
        x = self.embed(self._offset(previous, self.config.vocabulary)).sum(2)  # (B, L, D)
        if self.run is not None:
            x = x + self.run(self._offset(run_lengths(previous) if runs is None else runs, MAX_RUN)).sum(2)
        if self.intervals is not None:
            x = x + self.intervals.heard(previous)
        if self.phase is not None:
            where = start[:, None] + torch.arange(previous.shape[1], device=previous.device)
            x = x + self.phase(where % self.config.phases)
        return x

    def _offset(self, ids: Tensor, size: int) -> Tensor:
        return ids + size * torch.arange(self.config.slots, device=ids.device)


def initialise(module: nn.Module) -> None:
    """Small normal weights, no biases, as GPT-2 begins."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.bias)
