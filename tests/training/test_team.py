"""Two processes train one network: the same weights in both, from the batches of both."""

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, multiprocessing, nn
from torch.utils.data import Dataset

from tecla.training import loop
from tecla.training.loop import LoopConfig
from tecla.training.team import Team, joined

CPU = torch.device("cpu")
CONFIG = LoopConfig(steps=3, warm_up=1, decay=1, bfloat16=False)


class Numbers(Dataset[Tensor]):
    def __getitem__(self, number: int) -> Tensor:
        return torch.full((4, 3), float(number))


def one_layer() -> nn.Module:
    torch.manual_seed(0)
    return nn.Linear(3, 1)


def squared(network: nn.Module, batch: Any) -> tuple[Tensor, dict[str, Tensor]]:
    return network(batch).square().mean(), {}


def train_in_team(rank: int, folder: str) -> None:
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "localhost"}
    os.environ["MASTER_PORT"] = (Path(folder) / "port").read_text()
    with joined(CPU) as team:
        state = loop.new_state(one_layer, CONFIG, CPU)
        loss = team.together(squared, state.network)
        loop.train(state, team.share(Numbers()), loss, CONFIG, lambda *_: None, lambda _: None)
        torch.save((state.network.state_dict(), team.agree(f"said by {rank}"), team.leads), f"{folder}/{rank}.pt")


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])


def test_two_processes_are_as_one_with_both_batches(tmp_path: Path) -> None:
    (tmp_path / "port").write_text(str(free_port()))
    multiprocessing.spawn(train_in_team, (str(tmp_path),), nprocs=2)  # type: ignore[attr-defined, no-untyped-call]
    (first, said, leads), (second, said_too, follows) = (torch.load(tmp_path / f"{rank}.pt") for rank in range(2))
    assert (said, said_too) == ("said by 0", "said by 0")
    assert (leads, follows) == (True, False)
    alone = loop.new_state(one_layer, CONFIG, CPU)
    loop.train(alone, Pairs(), both, CONFIG, lambda *_: None, lambda _: None)
    for name, weight in alone.network.state_dict().items():
        assert torch.equal(first[name], second[name])
        assert torch.allclose(first[name], weight, atol=1e-6)


class Pairs(Dataset[tuple[Tensor, Tensor]]):
    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        return Numbers()[2 * number], Numbers()[2 * number + 1]


def both(network: nn.Module, batch: Any) -> tuple[Tensor, dict[str, Tensor]]:
    return (squared(network, batch[0])[0] + squared(network, batch[1])[0]) / 2, {}


def test_a_process_on_its_own_is_a_team_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with joined(CPU) as team:
        assert team == Team(CPU)
        batches = Numbers()
        assert team.share(batches) is batches
        assert team.together(squared, one_layer()) is squared
        assert team.agree(7) == 7
