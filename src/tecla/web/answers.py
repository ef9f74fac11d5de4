"""Work that a request waits for: pages, sounds, pictures, exports. Made once, in a process, and kept as files."""

from __future__ import annotations

import asyncio
import queue
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tecla.web.problems import ProblemError
from tecla.web.workers import Task, Worker, WorkerDiedError


class Answers:
    """A few workers beside the job queue, so that a page need not wait for fifty recordings to be heard."""

    def __init__(self, n_workers: int) -> None:
        self._workers = [Worker() for _ in range(n_workers)]
        self._idle: queue.LifoQueue[Worker] = queue.LifoQueue()  # the last one used is warm
        for worker in self._workers:
            self._idle.put(worker)
        self._threads = ThreadPoolExecutor(n_workers, "answers")
        self._closing = False
        self._making: dict[Path, asyncio.Task[Any]] = {}

    async def ask(self, task: Task, **arguments: Any) -> Any:
        """What a task gives back.

        Raises:
            TeclaError: the task refused, or its process died.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, task, arguments)

    async def make(self, target: Path, task: Task, **arguments: Any) -> Path:
        """A file, made by a task that takes its path as `target` if it is not there yet; several who ask at once share the work."""
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            making = self._making.get(target)
            if making is None:
                making = asyncio.create_task(self.ask(task, target=target, **arguments))
                self._making[target] = making
                making.add_done_callback(lambda done: self._forget(target, done))
            await asyncio.shield(making)
        return target

    def _forget(self, target: Path, done: asyncio.Task[Any]) -> None:
        self._making.pop(target, None)
        if not done.cancelled():
            done.exception()  # looked at, in case all who asked have left meanwhile

    def close(self) -> None:
        """Ends all work; whoever still waits is refused."""
        self._closing = True
        for worker in self._workers:
            worker.stop()
        self._threads.shutdown(wait=False)

    def _run(self, task: Task, arguments: dict[str, Any]) -> Any:
        worker = self._idle.get()
        try:
            if self._closing:
                raise ProblemError(503, "stopping", "the studio is stopping: start it again")
            return worker.run(task, arguments)
        except WorkerDiedError as error:
            raise ProblemError(
                503, "crashed", "the process that did this ended unexpectedly: try again, or with a shorter piece"
            ) from error
        finally:
            self._idle.put(worker)
