"""The loop: clip before step, resume to the bit, stop at NaN, save whole or not at all."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from tecla.errors import InputError, TeclaError
from tecla.training import loop
from tecla.training.loop import LoopConfig, State, load_checkpoint, new_state, save_checkpoint

CPU = torch.device("cpu")
CONFIG = LoopConfig(steps=12, warm_up=3, decay=4, save_every=6, report_every=2, bfloat16=False)


class Numbers(Dataset[Tensor]):
    """Batch i is a function of i alone, as the real examples are."""

    def __init__(self, poison: int | None = None) -> None:
        self.poison = poison

    def __getitem__(self, number: int) -> Tensor:
        batch = torch.randn(32, 3, generator=torch.Generator().manual_seed(number))
        return batch * float("nan") if number == self.poison else batch


def small_network() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 1))


def squared(network: nn.Module, batch: Any) -> tuple[Tensor, dict[str, Tensor]]:
    error = (network(batch) - batch.sum(1, keepdim=True)).square().mean()
    return error, {"square": error.detach()}


def run(config: LoopConfig, state: State | None = None, save: Callable[[State], None] = lambda _: None, **numbers: int) -> State:
    state = state or new_state(small_network, config, CPU)
    return loop.train(state, Numbers(**numbers), squared, config, lambda *_: None, save)


def everything(state: State) -> list[Tensor]:
    optimizer = [value for moments in state.optimizer.state_dict()["state"].values() for value in moments.values()]
    return [*state.network.state_dict().values(), *state.average.state_dict().values(), *optimizer]


def assert_same(one: State, other: State) -> None:
    assert one.step == other.step
    assert all(torch.equal(a, b) for a, b in zip(everything(one), everything(other), strict=True))


def test_gradients_are_clipped_before_the_step() -> None:
    seen: list[float] = []
    state = new_state(small_network, CONFIG, CPU)
    state.optimizer.register_step_pre_hook(lambda *_: seen.append(norm_of(state.network)))
    for number in range(3):
        loop.learn(state, Numbers()[number], lambda *a: scaled(1e4, *a), 1e-3, CONFIG, CPU)
    assert len(seen) == 3
    assert all(norm == pytest.approx(CONFIG.clip_norm, rel=1e-3) for norm in seen)


def norm_of(network: nn.Module) -> float:
    return float(torch.stack([p.grad.norm() for p in network.parameters() if p.grad is not None]).norm())


def scaled(factor: float, network: nn.Module, batch: Any) -> tuple[Tensor, dict[str, Tensor]]:
    value, parts = squared(network, batch)
    return value * factor, parts


def test_the_gradient_s_norm_is_reported_as_it_was_before_clipping() -> None:
    state = new_state(small_network, CONFIG, CPU)
    _, parts = loop.learn(state, Numbers()[0], lambda *a: scaled(1e4, *a), 1e-3, CONFIG, CPU)
    assert float(parts["gradient"]) > 10 * CONFIG.clip_norm


def test_stop_and_resume_equals_straight_through(tmp_path: Path) -> None:
    straight = run(CONFIG)
    stopped = run(CONFIG, save=lambda state: stop_at(6, state, tmp_path))
    assert stopped.step == 12  # it went on, but its checkpoint is of step 6
    resumed = load_checkpoint(new_state(small_network, CONFIG, CPU), tmp_path)
    assert resumed.step == 6
    assert_same(run(CONFIG, resumed), straight)


def stop_at(step: int, state: State, folder: Path) -> None:
    if state.step == step:
        save_checkpoint(state, folder)


def test_learning_lowers_the_loss() -> None:
    config = LoopConfig(steps=300, warm_up=10, decay=100, peak_rate=3e-2, weight_decay=0.0, report_every=1, bfloat16=False)
    losses: list[float] = []
    state = new_state(small_network, config, CPU)
    loop.train(state, Numbers(), squared, config, lambda _, numbers: losses.append(numbers["loss"]), lambda _: None)
    assert sum(losses[-20:]) < sum(losses[:20]) / 2


def test_out_of_time_saves_and_leaves() -> None:
    saved: list[int] = []
    state = run(LoopConfig(steps=50, stop_sec=0.0, bfloat16=False), save=lambda state: saved.append(state.step))
    assert state.step == 1
    assert saved == [1]


def test_a_loss_that_is_not_a_number_stops_the_run_before_it_is_saved() -> None:
    saved: list[int] = []
    config = LoopConfig(steps=12, report_every=50, save_every=4, bfloat16=False)
    with pytest.raises(TeclaError, match="the loss is nan at step 8"):
        run(config, save=lambda state: saved.append(state.step), poison=6)
    assert saved == [4]


def test_the_average_follows_the_network_and_is_not_trained(tmp_path: Path) -> None:
    config = LoopConfig(steps=30, average=0.5, peak_rate=0.0, bfloat16=False)
    state = run(config)
    weights = zip(state.network.parameters(), state.average.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in weights)  # rate 0: neither moved
    assert not state.average.training


def test_a_checkpoint_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = run(CONFIG)
    save_checkpoint(state, tmp_path)
    before = load_checkpoint(new_state(small_network, CONFIG, CPU), tmp_path)
    later = run(LoopConfig(steps=14, bfloat16=False), load_checkpoint(new_state(small_network, CONFIG, CPU), tmp_path))
    with monkeypatch.context() as broken:
        break_after(2, broken, loop, "save_stored")
        with pytest.raises(OSError, match="disk full"):
            save_checkpoint(later, tmp_path)
    assert_same(load_checkpoint(new_state(small_network, CONFIG, CPU), tmp_path), before)


@pytest.mark.parametrize("renamed", [1, 2, 3])
def test_a_checkpoint_cut_off_while_its_parts_get_their_names_is_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renamed: int
) -> None:
    save_checkpoint(run(CONFIG), tmp_path)
    later = run(LoopConfig(steps=14, bfloat16=False), load_checkpoint(new_state(small_network, CONFIG, CPU), tmp_path))
    with monkeypatch.context() as broken:
        break_after(renamed, broken, Path, "rename")
        with pytest.raises(OSError, match="disk full"):
            save_checkpoint(later, tmp_path)
    assert_same(load_checkpoint(new_state(small_network, CONFIG, CPU), tmp_path), later)


def break_after(n: int, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    """A function works n times more, then the disk is full."""
    left, works = [n], getattr(owner, name)

    def failing(*arguments: Any, **options: Any) -> Any:
        if not left[0]:
            raise OSError("disk full")
        left[0] -= 1
        return works(*arguments, **options)

    monkeypatch.setattr(owner, name, failing)


def test_a_folder_without_a_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no checkpoint"):
        load_checkpoint(new_state(small_network, CONFIG, CPU), tmp_path)
