"""How far an archive is: a bar where someone looks on, a line a minute in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

if TYPE_CHECKING:
    from tecla.archive.run import Tally

_LOG_SEC: Final = 60.0


@contextmanager
def archive_progress() -> Iterator[Callable[[Tally], None]]:
    """What to call with a tally after every file."""
    console = Console(stderr=True)
    last = time.monotonic()
    with Progress(BarColumn(), TextColumn("{task.description}"), console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("")

        def show(tally: Tally) -> None:
            nonlocal last
            bar.update(task, total=tally.bytes_to_do or 1, completed=tally.bytes_done, description=line(tally))
            if not console.is_terminal and time.monotonic() - last > _LOG_SEC:
                last = time.monotonic()
                print(line(tally), file=sys.stderr, flush=True)

        yield show


def line(tally: Tally) -> str:
    """Files, hours, speed, time left and failures."""
    parts = [
        f"{tally.done + tally.failed:,} of {tally.to_do:,} files",
        f"{tally.heard_sec / 3600:.1f} h",
        f"{tally.real_time_factor:.0f} x real time",
    ]
    if tally.left_sec is not None:
        minutes = round(tally.left_sec / 60)
        parts.append(f"{minutes // 60}:{minutes % 60:02d} h left")
    if tally.failed:
        parts.append(f"{tally.failed:,} failed")
    return " · ".join(parts)
