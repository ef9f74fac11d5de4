"""Work spread over the cores of one machine: the standard library's process pool, and what to do when a process dies.

A dying process takes its whole pool along, and nobody says which file killed it. So all files then under way are suspects, and each is
tried again alone: who dies alone is guilty, the others are done. A file is never tried more than twice.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import connection
from typing import Final, Generic, TypeVar

J = TypeVar("J")
R = TypeVar("R")

DIED: Final = "the process that heard it died (out of memory, too long, or a fault in a decoder): try tecla transcribe on it alone"
_AHEAD: Final = 2  # jobs handed out for each worker, so that none waits for its next


@dataclass(frozen=True)
class Outcome(Generic[J, R]):
    """A job and its result; None if the process died of it."""

    job: J
    result: R | None


def in_pool(work: Callable[[J], R], jobs: Iterable[J], workers: int) -> Iterator[Outcome[J, R]]:
    """Outcomes in the order in which they come; every job has exactly one. `work` must not raise."""
    waiting = iter(jobs)
    while True:
        suspects: list[J] = []
        yield from _spread(work, waiting, workers, suspects)
        if not suspects:
            return
        for job in suspects:
            again: list[J] = []
            yield from _spread(work, iter([job]), 1, again)
            yield from (Outcome(guilty, None) for guilty in again)


def _spread(work: Callable[[J], R], waiting: Iterator[J], workers: int, suspects: list[J]) -> Iterator[Outcome[J, R]]:
    """Works until all is done, or until a process dies: then `suspects` has the jobs that were under way."""
    with _executor(workers) as pool:
        running: dict[Future[R], J] = {}
        try:
            while True:
                for job in islice(waiting, _AHEAD * workers - len(running)):
                    running[_submitted(pool, work, job)] = job
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    result = future.result()
                    yield Outcome(running.pop(future), result)
        except BrokenProcessPool:
            for future, job in running.items():
                if future.exception() is None:
                    yield Outcome(job, future.result())
                else:
                    suspects.append(job)


def _submitted(pool: ProcessPoolExecutor, work: Callable[[J], R], job: J) -> Future[R]:
    try:
        return pool.submit(work, job)
    except BrokenProcessPool as error:  # broke since the last look: this job was never begun, but must not get lost
        future: Future[R] = Future()
        future.set_exception(error)
        return future


@contextmanager
def _executor(workers: int) -> Iterator[ProcessPoolExecutor]:
    """A pool whose processes end with it, also in the middle of a file when the caller leaves early."""
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _begin_worker)
    try:
        yield pool
        pool.shutdown()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in set(multiprocessing.active_children()) - before:
            child.terminate()


def _begin_worker() -> None:
    """Ctrl-C is the parent's to answer; and whoever loses its parent ends, lest it wait for work for ever."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
