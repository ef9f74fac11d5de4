"""The training loop, a page to read aloud.

    for each batch: make its sound, look at it, answer, weigh the answer, learn; now and then save and judge

The order of the last steps matters and is tested: gradients are clipped before the optimizer uses them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from tecla.errors import InputError, TeclaError
from tecla.training.schedule import step_factor
from tecla.training.stored import fitted, load_stored, save_stored

_PARTS: Final = ("network", "average", "optimizer", "progress")  # of a checkpoint, in the order they are written

Loss = Callable[[nn.Module, Any], tuple[Tensor, dict[str, Tensor]]]


@dataclass(frozen=True)
class LoopConfig:
    """How long, how fast, how often."""

    steps: int = 10_000
    warm_up: int = 300
    decay: int = 3_000
    peak_rate: float = 2e-3
    weight_decay: float = 1e-2
    clip_norm: float = 1.0
    average: float = 0.999  # of the weights, exponential
    save_every: int = 500
    report_every: int = 50
    workers: int = 0
    bfloat16: bool = True
    stop_sec: float = float("inf")  # leave, with a checkpoint, after this much time


@dataclass
class State:
    """Everything a run is: saved and restored as one."""

    network: nn.Module
    average: nn.Module
    optimizer: torch.optim.Optimizer
    step: int = 0
    best: float = float("-inf")
    history: list[dict[str, float]] = field(default_factory=list)
    finished: bool = False  # set by whoever judges: there is nothing more to gain


def new_state(make_network: Callable[[], nn.Module], config: LoopConfig, device: torch.device) -> State:
    """A network, its average and its optimizer, at step 0."""
    network, average = make_network().to(device), make_network().to(device)
    average.load_state_dict(network.state_dict())
    matrices = [p for p in network.parameters() if p.ndim > 1]
    vectors = [p for p in network.parameters() if p.ndim <= 1]  # biases and norms are not decayed
    groups = [{"params": matrices, "weight_decay": config.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    return State(network, average.eval(), torch.optim.AdamW(groups, lr=config.peak_rate, betas=(0.9, 0.98)))


def train(state: State, batches: Dataset[Any], loss: Loss, config: LoopConfig, report: Callable[[State, dict[str, float]], None],
          save: Callable[[State], None]) -> State:  # fmt: skip
    """Runs from state.step to config.steps, until config.stop_sec have passed, or until the state is finished.

    Raises:
        TeclaError: the loss became infinite or not a number; the last checkpoint still holds.
    """
    began, device = time.monotonic(), next(state.network.parameters()).device
    state.network.train()
    for batch in _stream(batches, state.step, config):
        rate = config.peak_rate * step_factor(state.step, config.steps, config.warm_up, config.decay)
        torch.manual_seed(state.step)  # dropout draws by the step: a resumed run draws what it would have drawn
        value, parts = learn(state, batch, loss, rate, config, device)
        out_of_time = time.monotonic() - began > config.stop_sec
        saving = state.step % config.save_every == 0 or state.step == config.steps or out_of_time
        reporting = state.step % config.report_every == 0 or state.step == config.steps
        if saving or reporting:  # not at each step: to look at a number is to wait for the device
            _check_finite(value, parts["gradient"], state.step)
        if reporting:
            numbers = {name: float(part.detach()) for name, part in parts.items()}
            report(state, {"step": state.step, "loss": float(value), "rate": rate, "sec": time.monotonic() - began, **numbers})
        if saving:
            save(state)
        if out_of_time or state.finished:
            break
    return state


def in_half(device: str, wanted: bool = True) -> torch.autocast:
    """Computes in bfloat16 where that is faster: a CPU without AVX-512 imitates it, three to seven times slower, LSTMs not at all."""
    return torch.autocast(
        device, torch.bfloat16, enabled=wanted and (device != "cpu" or "AVX512" in torch.backends.cpu.get_cpu_capability())
    )


def learn(state: State, batch: Any, loss: Loss, rate: float, config: LoopConfig, device: torch.device) -> tuple[Tensor, dict[str, Tensor]]:
    """One step: forward, backward, clip, step, average."""
    for group in state.optimizer.param_groups:
        group["lr"] = rate
    with in_half(device.type, config.bfloat16):
        value, parts = loss(state.network, batch)
    state.optimizer.zero_grad(set_to_none=True)
    value.backward()
    norm = nn.utils.clip_grad_norm_(state.network.parameters(), config.clip_norm)
    state.optimizer.step()
    state.step += 1
    _follow(state.average, state.network, min(config.average, state.step / (state.step + 10)))
    return value.detach(), {**parts, "gradient": norm}


@torch.no_grad()
def _follow(average: nn.Module, network: nn.Module, keep: float) -> None:
    """average <- keep * average + (1 - keep) * network, statistics of the norms included."""
    mine, theirs = list(average.state_dict().values()), list(network.state_dict().values())
    moving = [(a, b) for a, b in zip(mine, theirs, strict=True) if a.is_floating_point()]
    torch._foreach_lerp_([a for a, _ in moving], [b for _, b in moving], 1 - keep)


def _stream(batches: Dataset[Any], first: int, config: LoopConfig) -> Iterator[Any]:
    """Batches first, first + 1, ... config.steps - 1, made ahead of time by the workers."""
    ahead = {"prefetch_factor": 3, "persistent_workers": True} if config.workers else {}
    return iter(DataLoader(batches, batch_size=None, sampler=range(first, config.steps), num_workers=config.workers, **ahead))  # type: ignore[arg-type]


def _check_finite(value: Tensor, gradient: Tensor, step: int) -> None:
    """The gradient too: one that is not a number has spoilt the weights before the loss can show it."""
    for name, number in (("loss", value), ("gradient", gradient)):
        if not torch.isfinite(number):
            raise TeclaError(f"the {name} is {float(number)} at step {step}: resume from the last checkpoint with a lower --rate")


def save_checkpoint(state: State, folder: Path) -> None:
    """Writes network, average, optimizer and progress side by side, all of them or none.

    Every part is written under a partial name first. That the first one then gets its own name is what makes the
    checkpoint: from there on `load_checkpoint` would finish the renaming.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts = {
        "network": state.network.state_dict(),
        "average": state.average.state_dict(),
        "optimizer": state.optimizer.state_dict(),
        "progress": {"step": state.step, "best": state.best, "history": state.history},
    }
    for name in _PARTS:
        save_stored(parts[name], folder / f"{name}.partial")
    for name in _PARTS:
        (folder / f"{name}.partial").rename(folder / f"{name}.safetensors")


def load_checkpoint(state: State, folder: Path) -> State:
    """Restores what `save_checkpoint` wrote, in place.

    Raises:
        InputError: the folder holds no checkpoint, or that of another network.
    """
    _finish_checkpoint(folder)
    device = next(state.network.parameters()).device
    missing = [name for name in _PARTS if not (folder / f"{name}.safetensors").exists()]
    if missing:
        raise InputError(f"{folder} holds no checkpoint ({missing[0]}.safetensors is missing): name the folder of a run")
    parts = {name: load_stored(folder / f"{name}.safetensors", device) for name in _PARTS}
    with fitted(folder):
        state.network.load_state_dict(parts["network"])
        state.average.load_state_dict(parts["average"])
        state.optimizer.load_state_dict(parts["optimizer"])
        progress = parts["progress"]
        state.step, state.best, state.history = int(progress["step"]), float(progress["best"]), [dict(row) for row in progress["history"]]
    return state


def _finish_checkpoint(folder: Path) -> None:
    """Gives the parts of a checkpoint their names where that was interrupted; see `save_checkpoint`."""
    if not (folder / f"{_PARTS[0]}.partial").exists():
        for partial in folder.glob("*.partial"):
            partial.rename(partial.with_suffix(".safetensors"))
