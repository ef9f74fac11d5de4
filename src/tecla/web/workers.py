"""Processes that do the heavy work: one task at a time each, with progress, and stopped for good when asked.

A worker that dies (out of memory, a crash in a codec) takes only its task with it; the next task gets a new process.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Final

from tecla.errors import InputWarning, TeclaError

Progress = Callable[[float], None]
Task = Callable[..., Any]

_SPAWN: Final = multiprocessing.get_context("spawn")  # forking a process that has threads is not safe


class WorkerDiedError(Exception):
    """The process ended in the middle of a task: it was stopped, or it crashed."""


class Worker:
    """A process for tasks; it is started by its first one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: multiprocessing.process.BaseProcess | None = None
        self._connection: Connection | None = None
        self.warnings: list[str] = []

    def run(self, task: Task, arguments: dict[str, Any], on_progress: Progress | None = None) -> Any:
        """What a task gives back; what it warned of lies in `warnings` afterwards.

        Args:
            task: a function of a module, called as task(on_progress, **arguments) in the process.

        Raises:
            TeclaError: the task refused. WorkerDiedError: the process ended. Whatever `on_progress` raises ends the process too.
        """
        connection = self._start()
        try:
            connection.send((task, arguments))
            while (told := connection.recv())[0] == "progress":
                if on_progress is not None:
                    on_progress(told[1])
        except (EOFError, OSError) as error:
            self.stop()
            raise WorkerDiedError from error
        except BaseException:
            self.stop()  # it is still at the task, whose answer would be taken for the next one's
            raise
        kind, value, self.warnings = told
        if kind == "refused":
            raise value
        return value

    def stop(self) -> None:
        """Ends the process at once, whatever it is doing; `run` raises WorkerDiedError in its thread."""
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._process.join()
                self._process.close()
                self._process = None

    def _start(self) -> Connection:
        with self._lock:
            if self._process is None or not self._process.is_alive() or self._connection is None:
                if self._connection is not None:
                    self._connection.close()
                self._connection, theirs = _SPAWN.Pipe()
                self._process = _SPAWN.Process(target=_work, args=(theirs,), daemon=True, name="tecla-worker")
                self._process.start()
                theirs.close()
            return self._connection


def _work(connection: Connection) -> None:
    """Takes tasks until the other end is gone. What is no TeclaError is a fault of ours: it ends the process, with its traceback."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's to answer
    try:
        while True:
            task, arguments = connection.recv()
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", InputWarning)
                try:
                    answer = ("done", task(lambda share: connection.send(("progress", share)), **arguments))
                except TeclaError as error:
                    answer = ("refused", error)
            connection.send((*answer, [str(one.message) for one in caught if issubclass(one.category, InputWarning)]))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
