"""Trains the note-wise engraving network on aligned performances, and exports it to ONNX.

One epoch draws random windows of notes; each is played a little faster or slower, in another key, less evenly and
without some of its notes.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from tecla.engraving.notewise import FLAGS, HEADS, SHIFTS, features
from tecla.models.notewise import Notewise, NotewiseConfig
from tecla.music import Performance
from tecla.training.engraving_targets import COLUMNS, Example
from tecla.training.stored import load_stored

WEIGHTS: Final = {"shift": 1.0, "place": 1.0, "value": 1.0, "metre": 0.3, "bar_eighth": 0.5, "downbeat": 1.0, "beat": 1.0,
                  "staff": 1.0, "key": 0.3, "alter": 0.5, "flags": 1.0, "period": 0.5}  # fmt: skip


@dataclass(frozen=True)
class EngravingRecipe:
    """How long, how fast, how varied."""

    window: int = 256
    batch: int = 16
    steps: int = 20_000
    rate: float = 2e-3
    warmup: int = 200
    seed: int = 0
    minutes: float = 60.0
    dropout: float = 0.15
    smoothing: float = 0.0
    strong_variation: bool = False


@dataclass(frozen=True)
class Batch:
    """Windows of notes. Shape: notes (B, W, F), classes (B, W, 10), flags (B, W, 8), log_quarter (B, W)."""

    notes: Tensor
    classes: Tensor
    flags: Tensor
    log_quarter: Tensor


def vary(example: Example, start: int, length: int, rng: np.random.Generator, strong: bool = False) -> tuple[NDArray[np.float32], Example]:
    """A window of an example, played differently: tempo, key, timing, loudness, missing notes."""
    stop = min(len(example.performance), start + length)
    kept = np.arange(start, stop)
    kept = _thinned(example, kept, rng) if strong else kept[rng.random(len(kept)) >= rng.choice([0.0, 0.02])]
    notes = example.performance.notes[kept].copy()
    low, high = notes["pitch"].min(), notes["pitch"].max()
    shift = int(np.clip(rng.integers(-5, 7), 21 - low, 108 - high))
    notes["pitch"] += shift
    notes["velocity"] = np.clip(notes["velocity"] * rng.uniform(0.8, 1.2) + rng.normal(0, 3, len(notes)), 1, 127)
    scale = np.exp(rng.uniform(-0.25, 0.25))
    lasting = (notes["offset_sec"] - notes["onset_sec"]) * scale * np.exp(rng.normal(0, rng.choice([0.05, 0.2]), len(notes)))
    warp = _rubato(notes["onset_sec"], rng) if strong else notes["onset_sec"]
    notes["onset_sec"] = warp * scale + rng.normal(0, rng.choice([0.001, 0.006]), len(notes))
    notes["offset_sec"] = notes["onset_sec"] + np.maximum(lasting, 0.005)
    order = np.lexsort((notes["pitch"], notes["onset_sec"]))
    controls = example.performance.controls.copy()
    controls["time_sec"] *= scale
    played = Performance(notes, controls if rng.random() > 0.15 else controls[:0])
    kept = kept[order]
    classes, fifths = _transposed(example.classes[kept].copy(), example.fifths[kept], played, shift)
    gaps = np.append(np.diff(kept), 1) != 1  # the next note is not the one the shift was told to
    classes[gaps, COLUMNS.index("shift")] = _shifts(example.onset[kept])[gaps]
    told = Example(played, classes, example.flags[kept], example.quarter_sec[kept] * np.float32(scale), fifths, example.onset[kept])
    return features(played), told


def _thinned(example: Example, kept: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
    """Some notes left out, or (in one window of eight) a whole hand: new textures from few pieces."""
    staff = example.classes[kept, COLUMNS.index("staff")]
    if rng.random() < 0.125:
        alone = kept[staff != rng.integers(0, 2)]
        if len(alone) > 32:
            return alone
    return kept[rng.random(len(kept)) >= rng.choice([0.0, 0.02, 0.1])]


def _rubato(onset_sec: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Times under a slowly wandering tempo, a knot every four seconds or so."""
    begin, end = float(onset_sec.min()), float(onset_sec.max()) + 1e-3
    knots = np.linspace(begin, end, max(2, int((end - begin) / 4) + 2))
    pace = np.exp(np.clip(rng.normal(0, rng.choice([0.0, 0.15]), len(knots) - 1), -0.5, 0.5))
    return np.asarray(np.interp(onset_sec, knots, np.concatenate([[begin], begin + np.cumsum(np.diff(knots) * pace)])))


def _shifts(onset: NDArray[np.float64]) -> NDArray[np.int64]:
    """Class of the step from each note to the next from their places in the score; -1 where one is not known."""
    step = np.maximum(np.diff(onset, append=np.nan), 0.0)
    off = np.abs(step[:, None] - np.array([float(value) for value in SHIFTS]))
    best = np.where(np.isfinite(off), off, 9.0).argmin(axis=1)
    return np.where(np.isfinite(step) & (off[np.arange(len(off)), best] < 0.02), best, -1)


def _transposed(
    classes: NDArray[np.int16], fifths: NDArray[np.int16], played: Performance, shift: int
) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Key signature and accidentals after transposing by `shift`, in the direction that keeps the signature small."""
    key = classes[:, COLUMNS.index("key")]
    known = key >= 0
    move = 7 * shift
    move -= 12 * round((move + (float(np.median(key[known])) - 7 if known.any() else 0.0)) / 12)
    key = np.where(known, key + move, key)
    key = np.where(known & (key > 14), key - 12, np.where(known & (key < 0), key + 12, key))
    moved = np.where(fifths > -50, fifths + move, fifths)
    alter = np.floor((moved + 1) / 7).astype(int)
    alter_class = np.where((fifths > -50) & (np.abs(alter) <= 2), alter + 2, -1)
    classes[:, COLUMNS.index("key")] = key
    classes[:, COLUMNS.index("alter")] = alter_class
    return classes, moved.astype(np.int16)


def draw(examples: Sequence[Example], recipe: EngravingRecipe, rng: np.random.Generator, odds: NDArray[np.float64]) -> Batch:
    """A batch of random windows; a shorter one is padded with notes that cost nothing."""
    rows = []
    for index in rng.choice(len(examples), recipe.batch, p=odds):
        example = examples[index]
        start = int(rng.integers(0, max(1, len(example.performance) - recipe.window // 2)))
        rows.append(vary(example, start, recipe.window, rng, recipe.strong_variation))
    n = recipe.window
    notes = np.zeros((len(rows), n, rows[0][0].shape[1]), np.float32)
    classes = np.full((len(rows), n, len(COLUMNS)), -1, np.int64)
    flags = np.full((len(rows), n, len(FLAGS)), -1.0, np.float32)
    quarter = np.full((len(rows), n), np.nan, np.float32)
    for i, (seen, told) in enumerate(rows):
        k = len(seen)
        notes[i, :k], classes[i, :k], flags[i, :k] = seen, told.classes, told.flags
        quarter[i, :k] = np.log2(told.quarter_sec)
    return Batch(*(torch.from_numpy(array) for array in (notes, classes, flags, quarter)))


def losses(logits: Tensor, batch: Batch, smoothing: float = 0.0) -> dict[str, Tensor]:
    """Mean cost of each head over the notes whose target is known."""
    out: dict[str, Tensor] = {}
    at = 0
    for name, width in HEADS.items():
        part = logits[..., at : at + width]
        at += width
        if name == "flags":
            known = batch.flags >= 0
            out[name] = functional.binary_cross_entropy_with_logits(part[known], batch.flags[known]) * len(FLAGS)
        elif name == "period":
            known = torch.isfinite(batch.log_quarter)
            out[name] = (part[..., 0][known] - batch.log_quarter[known]).abs().mean()
        else:
            target = batch.classes[..., COLUMNS.index(name)]
            known = target >= 0
            if width == 1:
                out[name] = functional.binary_cross_entropy_with_logits(part[..., 0][known], target[known].float())
            else:
                out[name] = functional.cross_entropy(part[known], target[known], label_smoothing=smoothing)
    return out


def train(
    examples: Sequence[Example], held_out: Sequence[Example], recipe: EngravingRecipe, folder: Path, begin: Path | None = None
) -> Notewise:
    """Trains until the steps or the minutes are used up; writes `folder`/last.pt and best.pt (by held-out cost)."""
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    net = Notewise(NotewiseConfig(dropout=recipe.dropout))
    if begin is not None:
        net.load_state_dict(load_stored(begin))
    optimiser = torch.optim.AdamW(net.parameters(), lr=recipe.rate, weight_decay=1e-2)
    odds = np.sqrt([len(example.performance) for example in examples])
    odds /= odds.sum()
    begun, best = time.monotonic(), np.inf
    for step in range(recipe.steps):
        used = max(step / recipe.steps, (time.monotonic() - begun) / (60 * recipe.minutes))
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate * min(1.0, (step + 1) / recipe.warmup) * (0.5 + 0.5 * np.cos(np.pi * min(used, 1.0)) + 0.01)
        batch = draw(examples, recipe, rng, odds)
        costs = losses(net(batch.notes), batch, recipe.smoothing)
        total = sum((WEIGHTS[name] * cost for name, cost in costs.items()), torch.zeros(()))
        optimiser.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        if step % 250 == 249 or used >= 1.0:
            held = held_out_cost(net, held_out)
            mean = sum(WEIGHTS[name] * cost for name, cost in held.items())
            told = " ".join(f"{name} {cost:.3f}" for name, cost in held.items())
            print(f"{step + 1} {time.monotonic() - begun:.0f}s train {float(total):.3f} held {mean:.3f} | {told}", flush=True)
            torch.save(net.state_dict(), folder / "last.pt")
            if mean < best:
                best = mean
                torch.save(net.state_dict(), folder / "best.pt")
        if used >= 1.0:
            break
    return net


@torch.no_grad()
def held_out_cost(net: Notewise, examples: Sequence[Example]) -> dict[str, float]:
    """Mean cost of each head over whole performances as they are."""
    net.eval()
    sums: dict[str, float] = dict.fromkeys(HEADS, 0.0)
    for example in examples:
        quarter = torch.log2(torch.from_numpy(example.quarter_sec))[None]
        notes = torch.from_numpy(features(example.performance))[None]
        batch = Batch(notes, torch.from_numpy(example.classes).long()[None], torch.from_numpy(example.flags).float()[None], quarter)
        for name, cost in losses(net(notes), batch).items():
            sums[name] += float(cost) / len(examples)
    net.train()
    return sums


def export(net: Notewise, path: Path) -> None:
    """Writes the network as ONNX: input `notes` (1, N, F), output `logits` (1, N, O), N free."""
    net.eval()
    example = torch.zeros(1, 64, net.near.in_channels)
    torch.onnx.export(
        net, (example,), str(path), input_names=["notes"], output_names=["logits"], dynamo=False,
        dynamic_axes={"notes": {1: "notes_count"}, "logits": {1: "notes_count"}},
    )  # fmt: skip
