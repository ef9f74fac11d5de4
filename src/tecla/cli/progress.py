"""A progress bar that says how many times faster than the music it goes; only where someone looks on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn


class ListeningProgress:
    """Takes the seconds heard so far."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        """Counts from now on."""
        self.heard_sec = 0.0
        self._bar, self._task, self._begin = bar, task, time.perf_counter()

    def update(self, heard_sec: float) -> None:
        """Moves the bar to `heard_sec` seconds of music."""
        self.heard_sec = max(self.heard_sec, heard_sec)
        factor = heard_sec / max(time.perf_counter() - self._begin, 1e-3)
        self._bar.update(self._task, completed=heard_sec, factor=f"{factor:.0f} x real time")


@contextmanager
def listening_progress(name: str, duration_sec: float | None) -> Iterator[ListeningProgress]:
    """A bar on stderr for a piece of `duration_sec` seconds (None: unknown); it disappears when done."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[factor]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield ListeningProgress(bar, bar.add_task(name, total=duration_sec, factor=""))


@contextmanager
def counting_progress(name: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar on stderr that is told what is done and what there is in all (None: unknown); it disappears when done."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
