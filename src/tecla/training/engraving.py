"""What the note-wise network learns from: windows of aligned performances.

Each is played a little faster or slower, in another key, less evenly and without some of its notes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tecla.engraving.notewise import FLAGS, HEADS, SHIFTS, features
from tecla.music import Performance
from tecla.training.engraving_targets import COLUMNS, Example

WEIGHTS: Final = {"shift": 1.0, "place": 1.0, "value": 1.0, "metre": 0.3, "bar_eighth": 0.5, "downbeat": 1.0, "beat": 1.0,
                  "staff": 1.0, "key": 0.3, "alter": 0.5, "flags": 1.0, "period": 0.5}  # fmt: skip
NOTES: Final = 256

Window = tuple[NDArray[np.float32], Example]


@dataclass(frozen=True)
class Batch:
    """Windows of notes. Shape: notes (B, W, F), classes (B, W, 10), flags (B, W, 8), log_quarter (B, W)."""

    notes: Tensor
    classes: Tensor
    flags: Tensor
    log_quarter: Tensor


def windows(examples: Sequence[Example], rng: np.random.Generator) -> Iterator[Window]:
    """Random windows; a long performance is drawn more often, but not in proportion."""
    odds = np.sqrt([len(example.performance) for example in examples])
    while True:
        example = examples[int(rng.choice(len(examples), p=odds / odds.sum()))]
        yield vary(example, int(rng.integers(0, max(1, len(example.performance) - NOTES // 2))), NOTES, rng)


def vary(example: Example, start: int, length: int, rng: np.random.Generator) -> Window:
    """A window of an example, played differently: tempo, key, timing, loudness, missing notes."""
    stop = min(len(example.performance), start + length)
    kept = np.arange(start, stop)
    kept = kept[rng.random(len(kept)) >= rng.choice([0.0, 0.02])]
    notes = example.performance.notes[kept].copy()
    low, high = notes["pitch"].min(), notes["pitch"].max()
    shift = int(np.clip(rng.integers(-5, 7), 21 - low, 108 - high))
    notes["pitch"] += shift
    notes["velocity"] = np.clip(notes["velocity"] * rng.uniform(0.8, 1.2) + rng.normal(0, 3, len(notes)), 1, 127)
    scale = np.exp(rng.uniform(-0.25, 0.25))
    lasting = (notes["offset_sec"] - notes["onset_sec"]) * scale * np.exp(rng.normal(0, rng.choice([0.05, 0.2]), len(notes)))
    notes["onset_sec"] = notes["onset_sec"] * scale + rng.normal(0, rng.choice([0.001, 0.006]), len(notes))
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


def stack(rows: Sequence[Window], length: int = NOTES) -> Batch:
    """Windows side by side; a shorter one is padded with notes that cost nothing."""
    notes = np.zeros((len(rows), length, rows[0][0].shape[1]), np.float32)
    classes = np.full((len(rows), length, len(COLUMNS)), -1, np.int64)
    flags = np.full((len(rows), length, len(FLAGS)), -1.0, np.float32)
    quarter = np.full((len(rows), length), np.nan, np.float32)
    for i, (seen, told) in enumerate(rows):
        k = len(seen)
        notes[i, :k], classes[i, :k], flags[i, :k] = seen, told.classes, told.flags
        quarter[i, :k] = np.log2(told.quarter_sec)
    return Batch(*(torch.from_numpy(array) for array in (notes, classes, flags, quarter)))


def whole(example: Example) -> Batch:
    """A held-out performance as it is."""
    return stack([(features(example.performance), example)], len(example.performance))


def costs(net: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """Mean cost of each head."""
    return losses(net(batch.notes).float(), batch)


def losses(logits: Tensor, batch: Batch) -> dict[str, Tensor]:
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
                out[name] = functional.cross_entropy(part[known], target[known])
    return out
