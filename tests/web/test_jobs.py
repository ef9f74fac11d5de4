"""The queue by itself, over a database that cannot always be written."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tecla.web import jobs
from tecla.web.database import Database
from tecla.web.jobs import Finish, Job, Jobs
from tecla.web.workers import Worker

TAKE = "0123456789abcdef"


class Disk(Database):
    """A database on a disk that can be full."""

    refused = 0
    full = False

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        with super().change() as connection:
            yield connection
            if self.full:
                self.refused += 1
                raise sqlite3.OperationalError("database or disk is full")


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    monkeypatch.setattr(jobs, "_PAUSE_SEC", 0.02)
    disk = Disk(tmp_path / "studio.sqlite")
    with disk.change() as db:
        db.execute("INSERT INTO takes (id, name, kind, source, created, duration_sec) VALUES (?, '', 'sound', '', '', 0)", (TAKE,))
    return disk


@contextmanager
def queue_of(disk: Disk, run: Callable[[Job, Worker, Callable[[float], None]], Finish]) -> Iterator[Jobs]:
    queue = Jobs(disk, run, lambda job: None, n_workers=1)
    yield queue
    queue.close()


def until(true: Callable[[], bool]) -> None:
    """Waits for what comes soon."""
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def nothing(db: sqlite3.Connection) -> dict[str, Any]:
    return {}


def test_a_full_disk_fails_a_job_and_does_not_end_the_queue(disk: Disk) -> None:
    def run(job: Job, worker: Worker, progress: Callable[[float], None]) -> Finish:
        disk.full = job.kind == "large"
        progress(0.5)
        return nothing

    with queue_of(disk, run) as queue:
        large, small = (queue.add(TAKE, kind, {})["id"] for kind in ("large", "small"))
        queue.start()
        until(lambda: disk.refused > 3)
        assert queue.job(large)["state"] == "running"  # that it failed cannot be written yet
        disk.full = False
        until(lambda: queue.job(small)["state"] == "done")
        assert queue.job(large)["error"]["code"] == "broken"


def test_a_queue_that_cannot_take_a_job_takes_it_later(disk: Disk) -> None:
    with queue_of(disk, lambda job, worker, progress: nothing) as queue:
        job = queue.add(TAKE, "small", {})["id"]
        disk.full = True
        queue.start()
        until(lambda: disk.refused > 3)
        assert queue.job(job)["state"] == "queued"
        disk.full = False
        until(lambda: queue.job(job)["state"] == "done")


def test_a_queue_on_a_full_disk_closes(disk: Disk) -> None:
    begun = threading.Event()

    def run(job: Job, worker: Worker, progress: Callable[[float], None]) -> Finish:
        disk.full = True
        begun.set()
        return nothing

    with queue_of(disk, run) as queue:
        job = queue.add(TAKE, "large", {})["id"]
        queue.start()
        assert begun.wait(20)
    disk.full = False
    assert Jobs(disk, run, lambda job: None, n_workers=1).job(job)["state"] == "queued"  # again, by the next one
