"""Long work in a queue that outlives the server: jobs in SQLite, a few workers, progress told to whoever listens.

queued -> running -> done | failed | cancelled. A job that a stopped server left running is queued again by the next one.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tecla.errors import TeclaError
from tecla.web.database import Database, now
from tecla.web.problems import ProblemError
from tecla.web.workers import Worker, WorkerDiedError

MOST_QUEUED: Final = 1000
_TELL_SEC: Final = 0.2  # progress is told no oftener than this
_PAUSE_SEC: Final = 5.0  # before the database is tried again: a full disk may have room by then
_LOG: Final = logging.getLogger("tecla.studio")


@dataclass(frozen=True)
class Job:
    """What a worker needs to know of a job; `threads` is its fair share of the processor."""

    id: str
    take: str
    kind: str
    arguments: dict[str, Any]
    threads: int


Finish = Callable[[sqlite3.Connection], dict[str, Any]]
Run = Callable[[Job, Worker, Callable[[float], None]], Finish]


class Jobs:
    """The queue.

    Args:
        run: does a job on a worker and gives back what enters its outcome into the library: called in the very transaction
            that calls the job done, so that an outcome is there once or not at all.
        tell: called with a job's public form whenever it changes, from any thread.
    """

    def __init__(self, database: Database, run: Run, tell: Callable[[dict[str, Any]], None], n_workers: int) -> None:
        self._database, self._run, self._tell = database, run, tell
        self._changed = threading.Condition()
        self._running: dict[str, Worker] = {}
        self._closing = threading.Event()
        with database.change() as db:
            db.execute("UPDATE jobs SET state = 'queued', progress = 0 WHERE state = 'running'")
        self._threads = [threading.Thread(target=self._serve, name=f"jobs-{n}", daemon=True) for n in range(n_workers)]

    def start(self) -> None:
        """Begins to work off the queue."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Stops the workers; what they were at stays in the queue for the next server."""
        with self._changed:
            self._closing.set()
            self._changed.notify_all()
            for worker in self._running.values():
                worker.stop()
        for thread in self._threads:
            thread.join()

    def add(self, take: str, kind: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Queues a job.

        Raises:
            ProblemError: the queue is full, or the take is gone.
        """
        job = secrets.token_hex(8)
        with self._database.change() as db:
            if db.execute("SELECT count(*) FROM jobs WHERE state = 'queued'").fetchone()[0] >= MOST_QUEUED:
                raise ProblemError(503, "queue-full", f"{MOST_QUEUED} jobs are waiting already: try again when some are done")
            try:
                db.execute(
                    "INSERT INTO jobs (id, take, kind, arguments, state, created) VALUES (?, ?, ?, ?, 'queued', ?)",
                    (job, take, kind, json.dumps(arguments), now()),
                )
            except sqlite3.IntegrityError as error:
                raise ProblemError(404, "no-take", "there is no such take") from error
        with self._changed:
            self._changed.notify()
        return self._told(job)

    def job(self, job: str) -> dict[str, Any]:
        """One job.

        Raises:
            ProblemError: there is none.
        """
        with self._database.read() as db:
            row = db.execute("SELECT * FROM jobs WHERE id = ?", (job,)).fetchone()
        if row is None:
            raise ProblemError(404, "no-job", "there is no such job")
        return _public(row)

    def jobs(self) -> list[dict[str, Any]]:
        """All that wait or run, and the last hundred that ended, the newest first."""
        with self._database.read() as db:
            waiting = db.execute("SELECT * FROM jobs WHERE state IN ('queued', 'running') ORDER BY number DESC").fetchall()
            ended = db.execute("SELECT * FROM jobs WHERE state NOT IN ('queued', 'running') ORDER BY number DESC LIMIT 100").fetchall()
        return [_public(row) for row in [*waiting, *ended]]

    def is_under_way(self, take: str, kind: str) -> bool:
        """Whether a job of this kind waits or runs for a take."""
        with self._database.read() as db:
            found = db.execute("SELECT 1 FROM jobs WHERE take = ? AND kind = ? AND state IN ('queued', 'running')", (take, kind)).fetchone()
        return found is not None

    def cancel(self, job: str) -> dict[str, Any]:
        """Takes a job from the queue, or stops the process that is at it.

        Raises:
            ProblemError: there is none, or it has ended.
        """
        self.job(job)
        with self._database.change() as db:
            changed = db.execute(
                "UPDATE jobs SET state = 'cancelled', ended = ? WHERE id = ? AND state IN ('queued', 'running')", (now(), job)
            ).rowcount
        if not changed:
            raise ProblemError(409, "job-ended", "this job has ended already")
        self._stop(job)
        return self._told(job)

    def forget(self, take: str) -> None:
        """Stops all jobs of a take that is being deleted."""
        with self._database.read() as db:
            rows = db.execute("SELECT id FROM jobs WHERE take = ? AND state IN ('queued', 'running')", (take,)).fetchall()
        for row in rows:
            try:
                self.cancel(row["id"])
            except ProblemError:  # it has just ended
                continue

    def _stop(self, job: str) -> None:
        with self._changed:  # held while it is stopped, so that the worker cannot be at the next job already
            worker = self._running.get(job)
            if worker is not None:
                worker.stop()

    def _serve(self) -> None:
        worker = Worker()
        while not self._closing.is_set():
            try:
                self._work_next(worker)
            except Exception:  # noqa: BLE001 (a thread of the queue must not end: the fault is logged, and the next job may go well)
                _LOG.exception("the queue pauses for %g s", _PAUSE_SEC)
                self._closing.wait(_PAUSE_SEC)
        worker.stop()

    def _work_next(self, worker: Worker) -> None:
        job = self._next(worker)
        if job is None:
            return
        try:
            self._work(job, worker)
        finally:
            with self._changed:
                del self._running[job.id]

    def _next(self, worker: Worker) -> Job | None:
        """The oldest queued job, now running; waits for one. None when the server closes."""
        while True:
            with self._changed:
                if self._closing.is_set():
                    return None
                with self._database.change() as db:
                    row = db.execute(
                        "UPDATE jobs SET state = 'running' WHERE number = (SELECT min(number) FROM jobs WHERE state = 'queued') RETURNING *"
                    ).fetchone()
                if row is not None:
                    self._running[row["id"]] = worker
                    threads = max(1, (os.cpu_count() or 1) // len(self._running))
                    break
                self._changed.wait()
        return Job(row["id"], row["take"], row["kind"], json.loads(row["arguments"]), threads)

    def _work(self, job: Job, worker: Worker) -> None:
        try:
            self._told(job.id)
            finish = self._run(job, worker, self._progress_of(job.id))
            with self._database.change() as db:
                if db.execute("SELECT state FROM jobs WHERE id = ?", (job.id,)).fetchone()["state"] != "running":
                    return
                result = finish(db)
                db.execute(
                    "UPDATE jobs SET state = 'done', progress = 1, message = ?, result = ?, ended = ? WHERE id = ?",
                    ("; ".join(worker.warnings), json.dumps(result), now(), job.id),
                )
        except ProblemError as problem:
            self._fail(job.id, problem.code, problem.message)
        except TeclaError as error:
            self._fail(job.id, "refused", str(error))
        except WorkerDiedError:
            if not self._closing.is_set():
                self._fail(job.id, "crashed", "the process that did this ended unexpectedly: try again, or with a shorter piece")
        except Exception:  # noqa: BLE001 (a thread of the queue must not end: the fault is logged, and the job says so)
            _LOG.exception("job %s failed", job.id)
            self._fail(job.id, "broken", "something went wrong inside tecla: its log says what")
        if not self._closing.is_set():
            self._told(job.id)

    def _fail(self, job: str, code: str, message: str) -> None:
        """Notes a failure, unless the job was cancelled; tries until it can: a job that nobody is at must not be called running."""
        while True:
            try:
                with self._database.change() as db:
                    db.execute(
                        "UPDATE jobs SET state = 'failed', error_code = ?, error = ?, ended = ? WHERE id = ? AND state = 'running'",
                        (code, message, now(), job),
                    )
            except sqlite3.Error as error:
                _LOG.warning("that job %s failed cannot be noted (%s): tried again in %g s", job, error, _PAUSE_SEC)
                if self._closing.wait(_PAUSE_SEC):  # the next server queues it again
                    return
            else:
                return

    def _progress_of(self, job: str) -> Callable[[float], None]:
        told_at = 0.0

        def progress(share: float) -> None:
            nonlocal told_at
            if time.monotonic() - told_at < _TELL_SEC:
                return
            told_at = time.monotonic()
            with self._database.change() as db:
                db.execute("UPDATE jobs SET progress = ? WHERE id = ? AND state = 'running'", (round(share, 3), job))
            self._told(job)

        return progress

    def _told(self, job: str) -> dict[str, Any]:
        """A job's public form, told to all listeners; of a deleted take's job there is nothing to tell."""
        try:
            public = self.job(job)
        except ProblemError:
            return {}
        self._tell(public)
        return public


def _public(row: sqlite3.Row) -> dict[str, Any]:
    error = None if row["error_code"] is None else {"code": row["error_code"], "message": row["error"]}
    plain = {name: row[name] for name in ("id", "take", "kind", "state", "progress", "message", "created", "ended")}
    return plain | {"error": error, "result": json.loads(row["result"]) if row["result"] else None}
