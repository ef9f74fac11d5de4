"""Trains the tempo network: which of all lengths that a beat could have is the one that was annotated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tecla.engraving.pulse import PERIODS, find_strokes
from tecla.engraving.tempo import N_FEATURES, tempo_candidates
from tecla.models.dilated import TempoNet
from tecla.training.pulse_targets import Beaten, tell


@dataclass(frozen=True)
class TempoRecipe:
    """How long and how fast; `every` is the distance in strokes between places learned from, `takes` how many of a piece."""

    steps: int = 1200
    batch: int = 256
    rate: float = 3e-3
    decay: float = 1e-2
    every: int = 24
    takes: int = 2
    seed: int = 0


def places(piece: Beaten, every: int) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Features of candidates (S, P, F) and log2 of the annotated beat (S,) wherever there is one."""
    strokes = find_strokes(piece.performance.notes["onset_sec"])
    target = tell(strokes, piece).log_period[::every]
    known = np.isfinite(target)
    return tempo_candidates(piece.performance, strokes, every)[known], target[known]


def tempo_cost(logits: Tensor, log_period: Tensor) -> Tensor:
    """Cross entropy against a target a bin wide; (S, P) logits, (S,) log2 seconds."""
    off = (log_period[:, None] - torch.from_numpy(PERIODS).float()) / (PERIODS[1] - PERIODS[0])
    return -(torch.softmax(-0.5 * off**2, dim=-1) * torch.log_softmax(logits, dim=-1)).sum(-1).mean()


def train_tempo(pieces: Sequence[Sequence[Beaten]], recipe: TempoRecipe = TempoRecipe()) -> TempoNet:
    """A network that has seen `takes` performances of each piece; pieces count by the square root of their length."""
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    found = [places(take, recipe.every) for takes in pieces for take in takes[: recipe.takes]]
    seen, target = (torch.from_numpy(np.concatenate(part)).float() for part in zip(*found, strict=True))
    odds = np.concatenate([np.full(len(y), len(y) ** -0.5) for _, y in found if len(y)])
    net = TempoNet()
    optimiser = torch.optim.AdamW(net.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    for step in range(recipe.steps):
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate * (0.5 + 0.5 * np.cos(np.pi * step / recipe.steps))
        chosen = torch.from_numpy(rng.choice(len(target), recipe.batch, p=odds / odds.sum()))
        cost = tempo_cost(net(seen[chosen]), target[chosen])
        optimiser.zero_grad()
        cost.backward()
        optimiser.step()
    return net


def export_tempo(net: TempoNet, path: Path) -> None:
    """Writes the network as ONNX: input `candidates` (S, P, F), output `logits` (S, P), S free."""
    net.eval()
    torch.onnx.export(
        net, (torch.zeros(4, len(PERIODS), N_FEATURES),), str(path), input_names=["candidates"], output_names=["logits"], dynamo=False,
        dynamic_axes={"candidates": {0: "places"}, "logits": {0: "places"}},
    )  # fmt: skip
