"""What nobody waits for any more is not made."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest

from tecla.io.notes import save_json
from tecla.music import Performance
from tecla.web import tasks
from tecla.web.answers import Answers
from tecla.web.files import LibraryFile
from tecla.web.problems import ProblemError


def test_a_page_is_given_up_when_the_last_who_asked_has_left(tmp_path: Path) -> None:
    onset = np.arange(20_000) / 8
    save_json(Performance.from_arrays(onset, onset + 0.1, 40 + np.arange(20_000) % 40), tmp_path / "long.json")
    save_json(Performance.from_arrays([0.0], [1.0], [60]), tmp_path / "short.json")
    here = [True, True]

    async def ask(answers: Answers, notes: str, who: int | None) -> Path:
        async def gone() -> bool:
            return who is not None and not here[who]

        work = {"notes": tmp_path / f"{notes}.json", "wishes": {}, "hands": "", "source": tmp_path / "take.wav"}
        return await answers.make(tmp_path / f"{notes}.page.json", tasks.make_page, gone=gone, **work)

    async def story() -> None:
        answers = Answers(1)
        both = [asyncio.create_task(ask(answers, "long", who)) for who in (0, 1)]
        await asyncio.sleep(0.2)
        here[0] = False
        with pytest.raises(ProblemError, match="nobody waits"):
            await both[0]
        assert not both[1].done()
        here[1] = False
        with pytest.raises(ProblemError, match="nobody waits"):
            await both[1]
        assert (await ask(answers, "short", None)).exists()  # the only worker is free for it
        answers.close()

    with ThreadPoolExecutor(1) as thread:  # the browser's tests have a loop of their own in this one
        thread.submit(lambda: asyncio.run(asyncio.wait_for(story(), 300))).result()
    assert not (tmp_path / "long.page.json").exists()


def test_a_file_that_is_deleted_before_it_is_sent_is_not_there(tmp_path: Path) -> None:
    async def ask(path: Path) -> httpx.Response:
        answer = LibraryFile(path, media_type="application/json")
        async with httpx.AsyncClient(transport=httpx.ASGITransport(answer), base_url="http://studio") as client:
            return await client.get("/")

    (tmp_path / "page.json").write_text("{}")
    with ThreadPoolExecutor(1) as thread:
        there, gone = (thread.submit(asyncio.run, ask(tmp_path / name)).result() for name in ("page.json", "gone.json"))
    assert (there.status_code, there.text) == (200, "{}")
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "deleted")
