"""Training of the networks that go on playing: crops of pieces in, a checkpoint with the lowest held-out loss out.

The loop is one page: draw, forward, loss, backward, clip, step, average. Clipping acts before the step; the averaged weights
are the ones judged and kept. Pieces are split before they come here, cropped and augmented after: a crop never crosses a piece.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tecla.training.loop import in_half
from tecla.training.stored import save_stored

IGNORED = -1  # target of padding: no part of any loss
Piece = NDArray[np.int64]  # (L, G) groups of ids, the last one begins with END
Augment = Callable[[Piece, np.random.Generator], Piece]


@dataclass(frozen=True)
class Schedule:
    """How long, how much at once, how fast; what the loop is told."""

    steps: int = 2000
    batch: int = 8
    length: int = 256  # positions per crop
    rate: float = 1e-3
    warmup: int = 100
    decay: float = 0.1
    clip: float = 1.0
    average: float = 0.998
    judge_every: int = 100
    seed: int = 0
    minutes: float = 0.0  # the run ends, and its rate has fallen, after so long if its steps have not run out; 0: it may take its time
    patience: int = 0  # the run ends after so many judgements on end that were no better than the best; 0: it runs to its end
    muon: bool = False  # orthogonalised steps for the matrices of the blocks (Jordan 2024): fewer steps, each a little dearer
    half: bool = True  # forward and backward in bfloat16: twice as fast where the processor knows it, and only there; judged in float32
    device: str = "cpu"


def previous_of(piece: Piece) -> Piece:
    """The groups before each target: END, then all but the last. Shape: (L, G) -> (L, G)."""
    return np.concatenate([np.zeros_like(piece[:1]), piece[:-1]])


def padded(crops: Sequence[tuple[Piece, int]]) -> tuple[Tensor, Tensor, Tensor]:
    """Crops as one batch: previous (B, L, G), target with IGNORED where there is nothing to learn (B, L, G), start (B,)."""
    length, slots = max(len(crop) for crop, _ in crops) - 1, crops[0][0].shape[1]
    previous, target = np.zeros((len(crops), length, slots), np.int64), np.full((len(crops), length, slots), IGNORED)
    for row, (crop, _) in enumerate(crops):
        previous[row, : len(crop) - 1], target[row, : len(crop) - 1] = crop[:-1], crop[1:]
        if slots > 1:  # nothing follows an END within its group
            target[row, : len(crop) - 1, 1:][crop[1:, 0] == 0] = IGNORED
    return torch.from_numpy(previous), torch.from_numpy(target), torch.tensor([start for _, start in crops])


def draw(pieces: Sequence[Piece], schedule: Schedule, augment: Augment | None, rng: np.random.Generator) -> list[tuple[Piece, int]]:
    """A batch of crops (each with the group before its first target) and where they begin; pieces in proportion to length."""
    lengths = np.array([len(piece) for piece in pieces], float)
    chosen = rng.choice(len(pieces), schedule.batch, p=lengths / lengths.sum())
    return [_crop(pieces[i], schedule.length, augment, rng) for i in chosen]


def _crop(piece: Piece, length: int, augment: Augment | None, rng: np.random.Generator) -> tuple[Piece, int]:
    # Starts before the piece and after its last crop are drawn too, or beginnings and ends would be seen less than middles.
    start = int(np.clip(rng.integers(-length // 2, max(1, len(piece) - length // 2)), 0, max(0, len(piece) - length)))
    whole = np.concatenate([np.zeros_like(piece[:1]), augment(piece, rng) if augment else piece])
    return whole[start : start + length + 1], start


def negative_log_likelihood(model: nn.Module, batch: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Nats of every target and which of them count. Shape: (B, L, G), (B, L, G) bool."""
    previous, target, start = batch
    logits = model(previous, target.clamp(min=0), start).float()
    counted = target != IGNORED
    nats = functional.cross_entropy(logits.flatten(0, -2), target.clamp(min=0).flatten(), reduction="none")
    return nats.view(target.shape) * counted, counted


@torch.no_grad()
def judge(model: nn.Module, pieces: Iterable[Piece]) -> float:
    """Mean nats per token over whole pieces, END included, padding impossible: one piece at a time."""
    model.eval()
    nats, count, device = 0.0, 0, next(model.parameters()).device
    for piece in pieces:
        batch = padded([(np.concatenate([np.zeros_like(piece[:1]), piece]), 0)])
        loss, counted = negative_log_likelihood(model, (batch[0].to(device), batch[1].to(device), batch[2].to(device)))
        nats, count = nats + loss.sum().item(), count + int(counted.sum())
    model.train()
    return nats / count


def rate_at(step: int, schedule: Schedule, gone: float = 0.0) -> float:
    """Linear warm-up, then half a cosine down to a hundredth: by steps, or by the share of its minutes that have `gone` if that is more."""
    if step < schedule.warmup:
        return schedule.rate * (step + 1) / schedule.warmup
    progress = max(gone, (step - schedule.warmup) / max(1, schedule.steps - schedule.warmup))
    return schedule.rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))


def optimisers(model: nn.Module, schedule: Schedule) -> list[torch.optim.Optimizer]:
    """AdamW for all, or Muon for the matrices inside `model.blocks` and AdamW for the rest; vectors do not decay."""
    inner = {id(p) for p in getattr(model, "blocks", nn.Module()).parameters() if p.ndim == 2} if schedule.muon else set()
    matrices = [p for p in model.parameters() if p.ndim >= 2 and id(p) not in inner]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": matrices, "weight_decay": schedule.decay}, {"params": vectors, "weight_decay": 0.0}]
    adam = torch.optim.AdamW(groups, lr=schedule.rate, betas=(0.9, 0.98))
    if not inner:
        return [adam]
    inside = [p for p in model.parameters() if id(p) in inner]
    return [adam, torch.optim.Muon(inside, lr=schedule.rate, weight_decay=schedule.decay, adjust_lr_fn="match_rms_adamw")]


def pieces_hash(pieces: Iterable[NDArray[Any]]) -> str:
    """SHA-256 of what a model saw: the pieces' ids, in order."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(np.ascontiguousarray(piece).tobytes())
    return digest.hexdigest()


def train(
    model: nn.Module,
    pieces: Sequence[Any],
    held_out: Sequence[Any],
    schedule: Schedule,
    folder: Path,
    augment: Augment | None = None,
    loss: Callable[[nn.Module, Any], tuple[Tensor, Tensor]] = negative_log_likelihood,
    assess: Callable[[nn.Module, Iterable[Any]], float] = judge,
    batches: Callable[[np.random.Generator], Any] | None = None,
    units: Mapping[str, float] | None = None,
) -> float:
    """Trains `model` in place; writes best.safetensors and log.jsonl to `folder`; returns the lowest held-out nats per token.

    The network that is kept is the one with the fewest held-out bits. `units` says how much of what the held-out music holds a token is
    (`{"note": 0.25}`), so that the log tells bits per note beside nats per token: with one tokenizer and one held-out set both fall as one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(schedule.seed)
    rng = np.random.default_rng(schedule.seed)
    model.to(schedule.device)
    batches = batches or (lambda rng: padded(draw(pieces, schedule, augment, rng)))
    movers = optimisers(model, schedule)
    averaged, best, seen, began, worse = copy.deepcopy(model), math.inf, 0.0, time.monotonic(), 0
    for step in range(schedule.steps):
        gone = (time.monotonic() - began) / (60 * schedule.minutes) if schedule.minutes else 0.0
        for group in (group for mover in movers for group in mover.param_groups):
            group["lr"] = rate_at(step, schedule, gone)
        with in_half(schedule.device, schedule.half):
            nats, counted = loss(model, batches(rng))
        mean = nats.sum() / counted.sum()
        model.zero_grad(set_to_none=True)
        mean.backward()
        nn.utils.clip_grad_norm_(model.parameters(), schedule.clip)
        for mover in movers:
            mover.step()
        average(averaged, model, min(schedule.average, (step + 1) / (step + 10)))
        seen = mean.item() if step == 0 else 0.98 * seen + 0.02 * mean.item()
        last = step + 1 == schedule.steps or gone >= 1
        if (step + 1) % schedule.judge_every == 0 or last:
            lowest = float(assess(averaged, held_out))
            note = {"step": step + 1, "train": seen, "held_out": lowest, "seconds": time.monotonic() - began}
            note |= {f"held_out_bits_per_{unit}": lowest / math.log(2) / held for unit, held in (units or {}).items()}
            with (folder / "log.jsonl").open("a") as log:
                log.write(json.dumps(note) + "\n")
            worse = 0 if lowest < best else worse + 1
            if lowest < best:
                best = lowest
                keep(averaged, folder / "best.safetensors", {**note, "schedule": asdict(schedule), "seen": pieces_hash(pieces)})
        if last or (schedule.patience and worse >= schedule.patience):
            break
    return best


@torch.no_grad()
def average(averaged: nn.Module, model: nn.Module, share: float) -> None:
    """Exponential moving average of the weights."""
    for kept, new in zip(averaged.parameters(), model.parameters(), strict=True):
        kept.lerp_(new, 1 - share)


def keep(model: nn.Module, path: Path, note: dict[str, Any]) -> None:
    """Writes weights, configuration and what the run was, whole or not at all."""
    save_stored({"weights": model.state_dict(), "config": asdict(model.config), "note": note}, path)  # type: ignore[call-overload]
