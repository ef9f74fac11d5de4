"""Attention that hears distances in events and in seconds, by rotation (Su et al. 2021, RoFormer), and a memory of the keys.

Half of each head's pairs of numbers turn with the index of an event, half with its moment: "eight notes ago" and "half a second ago" are
both a matter of angle, so a pulse is as easy to follow through a trill as through a rest.

Conventions: B batch, L events, D width, H heads, S = D / H, C time constants, 88 keys.
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

N_KEYS: Final = 88
FADES_SEC: Final = (0.08, 0.3, 1.2, 5.0, 20.0)  # a chord, a beat, a bar, a phrase, a passage
_PERIODS_SEC: Final = (0.08, 100.0)
_REACH_EVENTS: Final = 1000.0
_STRETCH: Final = 64


class Rotation(nn.Module):
    """Turns queries and keys by index and by time."""

    def __init__(self, size: int) -> None:
        super().__init__()
        if size % 4:
            raise ValueError(f"heads of {size} numbers: must be a multiple of 4, half of the pairs for events and half for seconds")
        pairs = size // 4
        shares = torch.arange(pairs) / max(1, pairs - 1)
        low, high = (2 * math.pi / period for period in _PERIODS_SEC)
        self.register_buffer("per_event", _REACH_EVENTS**-shares, persistent=False)
        self.register_buffer("per_sec", low * (high / low) ** shares, persistent=False)

    def angles(self, index: Tensor, time_sec: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines and sines of each event. Shape: index and time_sec (B, L) -> (B, 1, L, S / 2) twice."""
        by_event = index[..., None].float() * self.get_buffer("per_event")
        by_time = time_sec[..., None] * self.get_buffer("per_sec")
        turned = torch.cat([by_event, by_time], -1)[:, None]
        return turned.cos(), turned.sin()

    @staticmethod
    def turn(x: Tensor, angles: tuple[Tensor, Tensor]) -> Tensor:
        """(B, H, L, S) -> (B, H, L, S)."""
        cos, sin = angles
        a, b = x.chunk(2, -1)
        return torch.cat([a * cos - b * sin, a * sin + b * cos], -1).to(x.dtype)


class TimedBlock(nn.Module):
    """Rotated attention and feedforward, each after a norm and around a residual."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attend, self.norm_feed = nn.LayerNorm(width), nn.LayerNorm(width)
        self.project, self.merge = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.feed = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, angles: tuple[Tensor, Tensor]) -> Tensor:
        """(B, L, D) -> (B, L, D), each event hearing itself and those before it."""
        q, k, v = (part.flatten(0, 1) for part in self._split(x, angles))
        # By hand: in half precision on a CPU two and a half times as fast as the fused form.
        future = torch.full((x.shape[1], x.shape[1]), -1e4, dtype=q.dtype, device=x.device).triu(1).expand(len(q), -1, -1)
        scores = torch.baddbmm(future, q, k.transpose(1, 2), alpha=1 / math.sqrt(q.shape[-1]))
        return self._joined(x, (scores.softmax(-1) @ v).unflatten(0, (len(x), self.heads)))

    def cached(self, x: Tensor, angles: tuple[Tensor, Tensor], past_k: Tensor, past_v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The same for L new events after P cached ones, whose keys are kept turned.

        Shape: x (B, L, D), past_k and past_v (B, H, P, S) -> (B, L, D) and both caches grown to P + L.
        """
        q, k, v = self._split(x, angles)
        k, v = torch.cat([past_k, k], 2), torch.cat([past_v, v], 2)
        here = torch.arange(x.shape[1], device=x.device)[:, None] + past_k.shape[2]
        later = torch.arange(k.shape[2], device=x.device)[None] > here  # (L, P + L)
        scores = q @ k.transpose(2, 3) / math.sqrt(q.shape[-1])
        heard = scores.masked_fill(later, -torch.inf).softmax(-1) @ v
        return self._joined(x, heard), k, v

    def _split(self, x: Tensor, angles: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        batch, length = x.shape[:2]
        q, k, v = self.project(self.norm_attend(x)).view(batch, length, 3 * self.heads, -1).transpose(1, 2).split(self.heads, 1)
        return Rotation.turn(q, angles), Rotation.turn(k, angles), v  # (B, H, L, S) each

    def _joined(self, x: Tensor, heard: Tensor) -> Tensor:
        x = x + self.dropout(self.merge(heard.transpose(1, 2).reshape(x.shape)))
        return x + self.dropout(self.feed(self.norm_feed(x)))


class KeyMemory(nn.Module):
    """How lately and how often each key was struck: one count per key and time constant, fading exponentially.

    No weights: a fact about the music that attention would have to learn to count. It can be carried on, event by event.
    """

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("fades_sec", torch.tensor(FADES_SEC), persistent=False)

    def whole(self, what: Tensor, time_sec: Tensor) -> Tensor:
        """The same from nothing, a stretch at a time: a table of all pairs of a long crop would be slow. (B, L) -> (B, L, C, 88)."""
        before, at_sec, counts = time_sec.new_zeros(len(what), len(FADES_SEC), N_KEYS), time_sec[:, 0], []
        for some, when in zip(what.split(_STRETCH, 1), time_sec.split(_STRETCH, 1), strict=True):
            counts.append(self(some, when, before, at_sec))
            before, at_sec = counts[-1][:, -1], when[:, -1]
        return torch.cat(counts, 1)

    @torch.no_grad()
    def forward(self, what: Tensor, time_sec: Tensor, before: Tensor, before_sec: Tensor) -> Tensor:
        """Counts right after each event.

        Shape: what (B, L) long, time_sec (B, L), before (B, C, 88) at before_sec (B,) -> (B, L, C, 88)
        """
        fades = self.get_buffer("fades_sec")[:, None, None]  # (C, 1, 1)
        struck = functional.one_hot(what.clamp(max=N_KEYS), N_KEYS + 1)[..., :N_KEYS].to(time_sec.dtype)  # (B, L, 88)
        gap = (time_sec[:, :, None] - time_sec[:, None, :])[:, None]  # (B, 1, L, L)
        share = torch.exp(-gap.clamp(min=0.0) / fades).tril()
        old = torch.exp(-(time_sec - before_sec[:, None])[:, None, :, None] / fades) * before[:, :, None]  # (B, C, L, 88)
        return (share @ struck[:, None] + old).transpose(1, 2)

    def after(self, counts: Tensor, shift_sec: Tensor) -> Tensor:
        """The counts `shift_sec` later. Shape: (..., C, 88), (...) -> (..., C, 88)."""
        return counts * torch.exp(-shift_sec[..., None, None] / self.get_buffer("fades_sec")[:, None])


class KeyLogits(nn.Module):
    """What each key's neighbourhood says for it: intervals to keys struck lately, the same for every key, weighed by the network's state.

    A network of absolute keys has to learn every third once for each key; these filters learn it once.
    """

    def __init__(self, width: int, filters: int = 32, reach: int = 15) -> None:
        super().__init__()
        self.near = nn.Conv2d(len(FADES_SEC), filters, (1, 2 * reach + 1), padding=(0, reach))
        self.state = nn.Linear(width, 2 * filters)
        nn.init.normal_(self.near.weight, std=0.05)
        nn.init.zeros_(self.near.bias)  # type: ignore[arg-type]

    def forward(self, z: Tensor, counts: Tensor) -> Tensor:
        """Shape: z (B, L, D), counts (B, L, C, 88) -> (B, L, 88)."""
        rows = torch.log1p(counts).flatten(0, 1)[:, :, None]  # (B L, C, 1, 88)
        heard = self.near(rows.contiguous(memory_format=torch.channels_last))  # (B L, F, 1, 88), a third of conv1d's time
        heard = heard[:, :, 0].transpose(1, 2).unflatten(0, counts.shape[:2])  # (B, L, 88, F)
        shift, weight = self.state(z).chunk(2, -1)
        logits: Tensor = (functional.gelu(heard + shift[..., None, :]) @ weight[..., None])[..., 0]
        return logits
