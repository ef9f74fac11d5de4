"""Trains the beat network on annotated performances, and exports it to ONNX."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from tecla.engraving.pulse import HEADS, N_FEATURES, find_strokes, stroke_features
from tecla.models.pulse import PulseConfig, PulseNet
from tecla.training.pulse_targets import UNKNOWN, Beaten, Told, bend, join_hands, tell, window
from tecla.training.stored import load_stored

WEIGHTS: Final = {"beat": 2.0, "downbeat": 2.0, "phase": 0.7, "metre": 0.3, "beat_in_bar": 0.7}
_CLASSES: Final = tuple(f.name for f in fields(Told) if f.name != "log_period")


@dataclass(frozen=True)
class PulseRecipe:
    """How long, how fast, how varied."""

    strokes: int = 256
    batch: int = 16
    rate: float = 3e-3
    warmup: int = 150
    decay: float = 0.03
    average: float = 0.996
    seed: int = 0
    minutes: float = 40.0
    judge_every: int = 200
    joined: float = 0.4  # share of windows whose hands come from two pieces
    pool: int = 384  # windows kept to draw from; drawing one costs more than learning from one
    renewed: int = 4  # windows of the pool that each step replaces


@dataclass(frozen=True)
class Batch:
    """Windows of strokes. Shape: strokes (B, W, F); classes, by name (B, W), UNKNOWN where nothing is known."""

    strokes: Tensor
    classes: dict[str, Tensor]


_Row = tuple[NDArray[np.float32], Told]


def draw(pieces: Sequence[Sequence[Beaten]], recipe: PulseRecipe, rng: np.random.Generator) -> Iterator[Batch]:
    """Batches of random windows, `pieces` being the takes of each piece; a shorter one is padded with what costs nothing."""
    odds = np.array([np.mean([len(take.performance) for take in takes]) for takes in pieces]) ** 0.4
    pool: list[_Row] = []
    while True:
        renewed = max(recipe.renewed, 2 * recipe.batch - len(pool))
        pool.extend(_row(pieces, odds, recipe, rng) for _ in range(renewed))
        del pool[: max(0, len(pool) - recipe.pool)]
        yield _stack([pool[i] for i in rng.choice(len(pool), recipe.batch, replace=False)], recipe.strokes)


def _row(pieces: Sequence[Sequence[Beaten]], odds: NDArray[np.float64], recipe: PulseRecipe, rng: np.random.Generator) -> _Row:
    piece = _take(pieces, odds, rng)
    length = 2 * recipe.strokes
    played = window(piece, int(rng.integers(0, max(1, len(piece.performance) - length // 4))), length)
    if rng.random() < recipe.joined:
        played = join_hands(played, _take(pieces, odds, rng), rng)
    played = bend(played, rng)
    strokes = find_strokes(played.performance.notes["onset_sec"])
    return stroke_features(played.performance, strokes), tell(strokes, played)


def _take(pieces: Sequence[Sequence[Beaten]], odds: NDArray[np.float64], rng: np.random.Generator) -> Beaten:
    takes = pieces[int(rng.choice(len(pieces), p=odds / odds.sum()))]
    return takes[int(rng.integers(len(takes)))]


def _stack(rows: Sequence[_Row], length: int) -> Batch:
    strokes = np.zeros((len(rows), length, N_FEATURES), np.float32)
    classes = {name: np.full((len(rows), length), UNKNOWN) for name in _CLASSES}
    for i, (seen, told) in enumerate(rows):
        k = min(len(seen), length)
        strokes[i, :k] = seen[:k]
        for name in _CLASSES:
            classes[name][i, :k] = getattr(told, name)[:k]
    return Batch(torch.from_numpy(strokes), {k: torch.from_numpy(v) for k, v in classes.items()})


def losses(logits: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Mean cost of each head over the strokes whose target is known."""
    out: dict[str, Tensor] = {}
    at = 0
    for name, width in HEADS.items():
        part = logits[..., at : at + width]
        at += width
        target = batch.classes[name]
        known = target != UNKNOWN
        if width == 1:
            out[name] = functional.binary_cross_entropy_with_logits(part[..., 0][known], target[known].float())
        else:
            out[name] = functional.cross_entropy(part[known], target[known])
    return out


def total_cost(costs: dict[str, Tensor]) -> Tensor:
    """Weighted sum over heads."""
    return sum((WEIGHTS[name] * cost for name, cost in costs.items()), torch.zeros(()))


def train(
    pieces: Sequence[Sequence[Beaten]], held_out: Sequence[Beaten], recipe: PulseRecipe, folder: Path, begin: Path | None = None
) -> PulseNet:
    """Trains until the minutes are used up; keeps the averaged weights with the lowest held-out cost in `folder`/best.pt.

    Convolutions are computed in bfloat16, which is faster where the processor knows it; costs and judgement in float32.
    """
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    net = PulseNet(PulseConfig())
    if begin is not None:
        net.load_state_dict(load_stored(begin))
    mean = copy.deepcopy(net)
    optimiser = torch.optim.AdamW(net.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    batches = draw(pieces, recipe, rng)
    begun, best, step, seen = time.monotonic(), np.inf, 0, 0.0
    while (used := (time.monotonic() - begun) / (60 * recipe.minutes)) < 1.0:
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate * min(1.0, (step + 1) / recipe.warmup) * (0.5 + 0.5 * np.cos(np.pi * used) + 0.01)
        batch = next(batches)
        with torch.autocast("cpu", torch.bfloat16):
            logits = net(batch.strokes)
        cost = total_cost(losses(logits.float(), batch))
        optimiser.zero_grad()
        cost.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        step, seen = step + 1, 0.98 * seen + 0.02 * float(cost.detach())
        with torch.no_grad():
            kept = min(recipe.average, step / (step + 20))
            for slow, fast in zip(mean.parameters(), net.parameters(), strict=True):
                slow.lerp_(fast, 1 - kept)
        if step % recipe.judge_every == 0:
            held = held_out_cost(mean, held_out)
            judged = float(total_cost({name: torch.tensor(value) for name, value in held.items()}))
            told = " ".join(f"{name} {value:.3f}" for name, value in held.items())
            print(f"{step} {time.monotonic() - begun:.0f}s train {seen:.3f} held {judged:.3f} | {told}", flush=True)
            torch.save(mean.state_dict(), folder / "last.pt")
            if judged < best:
                best = judged
                torch.save(mean.state_dict(), folder / "best.pt")
    torch.save(mean.state_dict(), folder / "last.pt")
    return mean


@torch.no_grad()
def held_out_cost(net: PulseNet, held_out: Sequence[Beaten]) -> dict[str, float]:
    """Mean cost of each head over whole performances as they are."""
    net.eval()
    sums: dict[str, float] = dict.fromkeys(HEADS, 0.0)
    for piece in held_out:
        strokes = find_strokes(piece.performance.notes["onset_sec"])
        seen = stroke_features(piece.performance, strokes)
        batch = _stack([(seen, tell(strokes, piece))], len(seen))
        for name, cost in losses(net(batch.strokes), batch).items():
            sums[name] += float(cost) / len(held_out)
    net.train()
    return sums


def export(net: PulseNet, path: Path) -> None:
    """Writes the network as ONNX: input `strokes` (1, E, F), output `logits` (1, E, O), E free."""
    net.eval()
    torch.onnx.export(
        net, (torch.zeros(1, 64, N_FEATURES),), str(path), input_names=["strokes"], output_names=["logits"], dynamo=False,
        dynamic_axes={"strokes": {1: "strokes_count"}, "logits": {1: "strokes_count"}},
    )  # fmt: skip
