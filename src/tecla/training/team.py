"""Several processes that train one network, a GPU each: torch's DistributedDataParallel, started by torchrun.

    torchrun --nproc-per-node 4 -m tecla.cli train transcriber --corpus maestro:FOLDER -o runs/four

Process r of W takes batches r, r + W, r + 2 W ...; gradients are averaged before they are clipped. The leader alone judges and writes.
A process on its own is a team of one, and none of this happens.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import Dataset

from tecla.training.loop import Loss

_PATIENCE: Final = timedelta(hours=1)  # the others wait while the leader reads a corpus or judges


@dataclass(frozen=True)
class Team:
    """This process's place among `size` processes; the one of rank 0 leads."""

    device: torch.device
    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process judges and writes."""
        return self.rank == 0

    def agree(self, value: Any) -> Any:
        """The leader's value, in every process; all wait for it."""
        if self.size == 1:
            return value
        values = [value]
        distributed.broadcast_object_list(values, src=0)
        return values[0]

    def share(self, batches: Dataset[Any]) -> Dataset[Any]:
        """The batches that are this process's."""
        return batches if self.size == 1 else _Share(batches, self.rank, self.size)

    def together(self, loss: Loss, network: nn.Module) -> Loss:
        """A loss on this network whose gradients are the mean over the team."""
        if self.size == 1:
            return loss
        parallel = DistributedDataParallel(network, device_ids=[self.device] if self.device.type == "cuda" else None)

        def joint(asked: nn.Module, batch: Any) -> tuple[Tensor, dict[str, Tensor]]:
            return loss(parallel if asked is network else asked, batch)

        return joint


@contextmanager
def joined(device: torch.device) -> Iterator[Team]:
    """The team that torchrun's environment names, each process on the GPU of its local rank; else a team of one."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Team(device)
        return
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=_PATIENCE)
    try:
        yield Team(device, distributed.get_rank(), size)
        distributed.barrier()  # the first process keeps the meeting place: it must not leave while others still talk
    finally:
        distributed.destroy_process_group()


class _Share(Dataset[Any]):
    def __init__(self, batches: Dataset[Any], rank: int, size: int) -> None:
        self.batches, self.rank, self.size = batches, rank, size

    def __getitem__(self, number: int) -> Any:
        return self.batches[number * self.size + self.rank]
