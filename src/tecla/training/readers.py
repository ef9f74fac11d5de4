"""The networks that read for the engraver learn by one loop, `tecla.training.loop`, and are judged alike.

A reader is told classes by name, one a row (a note, a stroke, a beat), UNKNOWN where nothing is known. Its average is judged on held-out
pieces as they are, at every save; the best is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset

from tecla.training import loop
from tecla.training.stored import load_stored, save_stored

Take = TypeVar("Take")
UNKNOWN: Final = -1
Row = tuple[NDArray[np.float32], Mapping[str, NDArray[np.int64]]]  # what is seen (N, F), and the classes told of it by name, (N,) each


@dataclass(frozen=True)
class ReaderRecipe:
    """How long, how fast, how often judged."""

    steps: int = 4000
    rate: float = 3e-3
    warm_up: int = 150
    weight_decay: float = 3e-2
    average: float = 0.996
    judge_every: int = 400
    seed: int = 0
    bfloat16: bool = True  # faster where the processor knows it; judged in float32 all the same


@dataclass(frozen=True)
class Rows:
    """Windows of rows. Shape: seen (B, W, F); classes, by name (B, W), UNKNOWN where nothing is known."""

    seen: Tensor
    classes: dict[str, Tensor]


def stack(rows: Sequence[Row], length: int) -> Rows:
    """Rows of several windows side by side, cut to a length; a shorter one is padded with what costs nothing."""
    seen = np.zeros((len(rows), length, rows[0][0].shape[1]), np.float32)
    classes = {name: np.full((len(rows), length), UNKNOWN) for name in rows[0][1]}
    for i, (features, told) in enumerate(rows):
        k = min(len(features), length)
        seen[i, :k] = features[:k]
        for name, target in told.items():
            classes[name][i, :k] = target[:k]
    return Rows(torch.from_numpy(seen), {name: torch.from_numpy(target) for name, target in classes.items()})


def whole(row: Callable[[Take], Row]) -> Callable[[Take], Rows]:
    """What shows a held-out piece as it is, by what shows a window."""

    def show(piece: Take) -> Rows:
        seen, told = row(piece)
        return stack([(seen, told)], len(seen))

    return show


def any_take(
    pieces: Sequence[Sequence[Take]], length: Callable[[Take], int], rng: np.random.Generator, power: float = 0.5
) -> Callable[[], Take]:
    """What draws one of the takes of a piece; a long piece is drawn more often, but not in proportion: by that `power` of its length."""
    odds = np.array([np.mean([length(take) for take in takes]) for takes in pieces]) ** power
    odds /= odds.sum()

    def draw() -> Take:
        takes = pieces[int(rng.choice(len(pieces), p=odds))]
        return takes[int(rng.integers(len(takes)))]

    return draw


class Pool(Dataset[Any]):
    """Batches drawn from a pool of windows, of which each draw renews a few: making a window costs more than learning from one."""

    def __init__(self, windows: Iterator[Any], batch: int, size: int, renewed: int, join: Callable[[list[Any]], Any], seed: int) -> None:
        self._windows, self._batch, self._size, self._renewed, self._join = windows, batch, size, renewed, join
        self._pool: list[Any] = []
        self._rng = np.random.default_rng(seed)

    def __getitem__(self, index: int) -> Any:
        renewed = max(self._renewed, 2 * self._batch - len(self._pool))
        self._pool.extend(next(self._windows) for _ in range(renewed))
        del self._pool[: max(0, len(self._pool) - self._size)]
        return self._join([self._pool[i] for i in self._rng.choice(len(self._pool), self._batch, replace=False)])


def head_costs(logits: Tensor, rows: Rows, heads: Mapping[str, int]) -> dict[str, Tensor]:
    """Mean cost of each head over the rows whose target is known; nothing where none is."""
    out: dict[str, Tensor] = {}
    at = 0
    for name, width in heads.items():
        part, target = logits[..., at : at + width], rows.classes[name]
        at += width
        known = target != UNKNOWN
        if not known.any():
            out[name] = logits.sum() * 0.0
        elif width == 1:
            out[name] = functional.binary_cross_entropy_with_logits(part[..., 0][known], target[known].float())
        else:
            out[name] = functional.cross_entropy(part[known], target[known])
    return out


def costs(net: nn.Module, rows: Rows, heads: Mapping[str, int]) -> dict[str, Tensor]:
    """Mean cost of each head of a network."""
    return head_costs(net(rows.seen).float(), rows, heads)


def total_cost(parts: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """Weighted sum over heads."""
    return sum((weights[name] * cost for name, cost in parts.items()), torch.zeros(()))


def learn_to_read(
    make: Callable[[], nn.Module],
    batches: Dataset[Any],
    heads: Mapping[str, int],
    weights: Mapping[str, float],
    held_out: list[Rows],
    recipe: ReaderRecipe,
    folder: Path,
) -> nn.Module:
    """Trains, prints and keeps in `folder`/best.safetensors the average that cost least on the held-out batches; returns it."""
    torch.manual_seed(recipe.seed)
    config = loop.LoopConfig(
        steps=recipe.steps, warm_up=recipe.warm_up, decay=recipe.steps, peak_rate=recipe.rate, weight_decay=recipe.weight_decay,
        average=recipe.average, save_every=recipe.judge_every, report_every=recipe.judge_every, bfloat16=recipe.bfloat16,
    )  # fmt: skip
    state = loop.new_state(make, config, torch.device("cpu"))

    def loss(net: nn.Module, batch: Rows) -> tuple[Tensor, dict[str, Tensor]]:
        parts = costs(net, batch, heads)
        return total_cost(parts, weights), parts

    def judge(state: loop.State) -> None:
        held = judged(state.average, held_out, heads)
        value = -sum(weights[name] * cost for name, cost in held.items())
        print(f"{state.step} held {-value:.3f} | " + " ".join(f"{name} {cost:.3f}" for name, cost in held.items()), flush=True)
        if value > state.best:
            state.best = value
            save_stored(state.average.state_dict(), folder / "best.safetensors")

    def report(_: loop.State, numbers: dict[str, float]) -> None:
        print(f"{numbers['step']:.0f} {numbers['sec']:.0f}s train {numbers['loss']:.3f}", flush=True)

    loop.train(state, batches, loss, config, report, judge)
    state.average.load_state_dict(load_stored(folder / "best.safetensors"))
    return state.average


@torch.no_grad()
def judged(net: nn.Module, held_out: list[Rows], heads: Mapping[str, int]) -> dict[str, float]:
    """Mean cost of each head over held-out batches, one a piece."""
    net.eval()
    rows = [costs(net, batch, heads) for batch in held_out]
    return {name: float(np.mean([float(row[name]) for row in rows])) for name in rows[0]}


def export_rows(net: nn.Module, path: Path, seen: str, n_features: int) -> None:
    """Writes a network as ONNX: input `seen` (1, N, F), output `logits` (1, N, O), N free."""
    net.eval()
    torch.onnx.export(
        net, (torch.zeros(1, 64, n_features),), str(path), input_names=[seen], output_names=["logits"], dynamo=False,
        dynamic_axes={seen: {1: f"{seen}_count"}, "logits": {1: f"{seen}_count"}},
    )  # fmt: skip
