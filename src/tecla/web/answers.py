"""Work that a request waits for: pages, sounds, pictures, exports. Made once, in a process, and kept as files."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from tecla.web.problems import ProblemError
from tecla.web.workers import Progress, Task, Worker, WorkerDiedError

_LOOK_SEC: Final = 0.5  # how often it is looked whether anybody still waits


class _Making:
    """A file that is being made, and how many wait for it."""

    def __init__(self) -> None:
        self.waiting = 0
        self.given_up = False
        self.worker: Worker | None = None
        self.task: asyncio.Task[Any]

    def give_up(self) -> None:
        """Nobody wants it any more: it is not begun, or its process ends."""
        self.given_up = True
        if self.worker is not None:
            self.worker.stop()


class Answers:
    """A few workers beside the job queue, so that a page need not wait for fifty recordings to be heard."""

    def __init__(self, n_workers: int) -> None:
        self._workers = [Worker() for _ in range(n_workers)]
        self._idle: queue.LifoQueue[Worker] = queue.LifoQueue()  # the last one used is warm
        for worker in self._workers:
            self._idle.put(worker)
        self._threads = ThreadPoolExecutor(n_workers, "answers")
        self._closing = False
        self._making: dict[Path, _Making] = {}

    async def ask(self, task: Task, **arguments: Any) -> Any:
        """What a task gives back.

        Raises:
            TeclaError: the task refused, or its process died.
        """
        return await self._in_thread(task, arguments, _Making(), None)

    async def make(
        self,
        target: Path,
        task: Task,
        *,
        on_progress: Progress | None = None,
        gone: Callable[[], Awaitable[bool]] | None = None,
        **arguments: Any,
    ) -> Path:
        """A file, made by a task that takes its path as `target` if it is not there yet; several who ask at once share the work.

        Args:
            on_progress: told, from another thread, how far it is; the first who asks decides.
            gone: whether the asker is; when all are, the work is given up. Whoever has no such thing waits to the end.
        """
        if target.exists():
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        making = self._making.get(target)
        if making is None:
            making = self._making[target] = _Making()
            making.task = asyncio.create_task(self._in_thread(task, {"target": target, **arguments}, making, on_progress))
            making.task.add_done_callback(lambda done: self._forget(target, done))
        making.waiting += 1
        try:
            while not making.task.done():
                await asyncio.wait({making.task}, timeout=_LOOK_SEC)
                if gone is not None and not making.task.done() and await gone():
                    raise ProblemError(503, "stopped", "nobody waits for this any more")
            making.task.result()
        finally:
            making.waiting -= 1
            if not making.waiting and not making.task.done():
                self._making.pop(target, None)
                await asyncio.to_thread(making.give_up)
        return target

    async def _in_thread(self, task: Task, arguments: dict[str, Any], making: _Making, on_progress: Progress | None) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, task, arguments, making, on_progress)

    def _forget(self, target: Path, done: asyncio.Task[Any]) -> None:
        making = self._making.get(target)
        if making is not None and making.task is done:
            del self._making[target]
        if not done.cancelled():
            done.exception()  # looked at, in case all who asked have left meanwhile

    def close(self) -> None:
        """Ends all work; whoever still waits is refused."""
        self._closing = True
        for worker in self._workers:
            worker.stop()
        self._threads.shutdown(wait=False)

    def _run(self, task: Task, arguments: dict[str, Any], making: _Making, on_progress: Progress | None) -> Any:
        worker = self._idle.get()
        try:
            if self._closing or making.given_up:
                raise ProblemError(503, "stopping", "the studio is stopping: start it again")
            making.worker = worker
            return worker.run(task, arguments, on_progress)
        except WorkerDiedError as error:
            raise ProblemError(
                503, "crashed", "the process that did this ended unexpectedly: try again, or with a shorter piece"
            ) from error
        finally:
            making.worker = None
            self._idle.put(worker)
