"""Work spread over the machines of a Ray cluster. Queue, scheduling, retries and lost machines are Ray's.

Plain tasks, one core each: Ray keeps the processes, and with them the loaded network, from one task to the next, and runs a task again
when its process or machine is lost. A task only writes whole files under names that are its own, so running twice does no harm. Leaving the
cluster ends what this run still has under way there.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final, TypeVar

from tecla.archive.pool import Outcome
from tecla.errors import InputError, MissingExtraError

J = TypeVar("J")
R = TypeVar("R")

_RETRIES: Final = 2  # a poisoned file kills three processes, then it is given up
_AHEAD: Final = 2
_LOOK_SEC: Final = 5.0  # how soon a machine that joined gets work


def in_cluster(
    work: Callable[[J], R], jobs: Iterable[J], address: str, workers: int | None = None, gpus: float = 0.0
) -> Iterator[Outcome[J, R]]:
    """Outcomes in the order in which they come; every job has exactly one. `work` must not raise.

    Args:
        address: of a Ray cluster ("auto", "host:6379", "ray://host:10001"), or "local" for one of this machine's own.
        workers: at most so many files at a time; None: one for each core of the cluster, also of machines that join later.
        gpus: what part of a GPU each of them takes beside its core.

    Raises:
        MissingExtraError: Ray is not installed. InputError: no cluster answers there, or one without the GPU asked for.
    """
    with _connected(address) as ray:
        # By itself Ray would end a process on a GPU after each file, and the next would have to load the network again.
        task = ray.remote(num_cpus=1, num_gpus=gpus, max_retries=_RETRIES, max_calls=0)(_plain(work))
        waiting = iter(jobs)
        running: dict[Any, J] = {}
        while True:
            places = _places(ray, gpus)
            if gpus and not places:  # Ray would wait for one for ever
                raise InputError(f"the cluster at {address} has no GPU: begin a machine of it with ray start --num-gpus 1, or ask for none")
            room = (workers or _AHEAD * places) - len(running)
            for job in islice(waiting, max(0, room)):  # below 0 when a machine was lost
                running[task.remote(job)] = job
            if not running:
                return
            ready, _ = ray.wait(list(running), num_returns=1, timeout=_LOOK_SEC)
            for reference in ready:
                yield Outcome(running.pop(reference), _result(ray, reference))


def _places(ray: Any, gpus: float) -> int:
    """How many workers the cluster holds now."""
    there = ray.cluster_resources()
    cores = int(there.get("CPU", 1))
    return min(cores, int(there.get("GPU", 0) / gpus + 1e-6)) if gpus else cores


def _plain(work: Callable[[J], R]) -> Callable[[J], R]:
    """A function of Python's own, which is what Ray takes."""

    def task(job: J) -> R:
        return work(job)

    return task


def _result(ray: Any, reference: Any) -> Any:
    try:
        return ray.get(reference)
    except ray.exceptions.RayError:  # the process died every time, or what it left was lost with its machine
        return None


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nobody is told what an archive holds
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # as in its next version; else it warns
    try:
        import ray  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError('a cluster needs Ray: pip install "tecla[ray]", here and on its machines') from error
    if ray.is_initialized():
        yield ray
        return
    try:
        _knock(address)
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"no Ray cluster answers at {address} ({str(error).splitlines()[0]}): start one with ray start --head") from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Fails at once where nobody listens: Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
