"""A process for tasks: what it is told, what it answers, and what ends it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tecla.errors import TeclaError
from tecla.io.notes import save_json
from tecla.music import Performance
from tecla.web import tasks
from tecla.web.workers import Worker


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.stop()


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    save_json(Performance.from_arrays([0.0, 0.5], [0.4, 0.9], [60, 64]), tmp_path / "notes.json")
    return tmp_path / "notes.json"


def page_of(notes: Path, **wishes: Any) -> dict[str, Any]:
    return {"notes": notes, "wishes": wishes, "hands": "", "source": notes.with_suffix(".wav"), "target": notes.with_suffix(".page")}


def test_who_fails_to_hear_of_progress_gets_no_answer_of_another_task(worker: Worker, notes: Path) -> None:
    def tell(share: float) -> None:
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError, match="the disk is full"):
        worker.run(tasks.make_page, page_of(notes), tell)
    assert worker.run(tasks.compare, {"reference": notes, "estimate": notes})["misses"] == []


def test_a_refused_page_says_why_and_leaves_the_process_to_others(worker: Worker, notes: Path) -> None:
    assert worker.run(tasks.make_page, page_of(notes)) is None
    process = worker._process
    for wishes, message in (({"level": "odd"}, "level 'odd' is unknown"), ({"time": "4/5"}, "4/5 is no time signature")):
        with pytest.raises(TeclaError, match=message):
            worker.run(tasks.make_page, page_of(notes, **wishes))
    assert worker.run(tasks.compare, {"reference": notes, "estimate": notes})["misses"] == []
    assert worker._process is process
