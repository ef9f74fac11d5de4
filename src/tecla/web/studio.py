"""The studio itself: library, queue, answers and news, and what each kind of job means. The routes speak to this."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tecla.errors import InputError, TeclaError
from tecla.web import tasks
from tecla.web.answers import Answers
from tecla.web.database import Database
from tecla.web.events import Events
from tecla.web.intake import HEAD_BYTES, kind_of, suffix_of
from tecla.web.jobs import Finish, Job, Jobs
from tecla.web.library import Draft, Library
from tecla.web.models import continuing_models
from tecla.web.problems import ProblemError
from tecla.web.workers import Worker


class Studio:
    """Everything behind the routes.

    Args:
        folder: the library; it is made where there is none.
        n_workers: jobs at a time; 0 is as many as the processor bears.
    """

    def __init__(self, folder: Path, n_workers: int = 0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        database = Database(folder / "studio.sqlite")
        self.library = Library(folder, database)
        self.events = Events()
        self.answers = Answers(2)
        self.listeners = 0  # live sessions that are open
        self.jobs = Jobs(database, self._run, self._tell, n_workers or min(4, max(2, (os.cpu_count() or 1) // 2)))

    def open(self) -> None:
        """Begins to work; called in the server's event loop."""
        self.library.sweep()
        self.events.open()
        self.jobs.start()

    def hang_up(self) -> None:
        """Ends all streams and answers: a server that stops waits for its requests, and those would keep it."""
        self.events.close()
        self.answers.close()

    def close(self) -> None:
        """Ends all processes."""
        self.hang_up()
        self.jobs.close()

    async def add_take(self, handed: Path, name: str, filename: str = "") -> tuple[str, dict[str, Any] | None]:
        """A take from a file that was handed in (it is moved), with the job that hears it, if it is sound. `filename` names it in errors.

        Raises:
            ProblemError: the file is nothing that tecla can read.
        """
        with handed.open("rb") as file:
            suffix = suffix_of(file.read(HEAD_BYTES))
        take = self.library.new_id()
        folder = self.library.folder(take)
        source = folder / f"source{suffix}"
        handed.replace(source)
        kind = kind_of(suffix)
        try:
            if kind == "sound":
                facts = await self.answers.ask(tasks.probe_sound, source=source)
            else:
                facts = await self.answers.ask(tasks.read_notes, source=source, target=folder / "made" / "notes.json")
        except TeclaError as error:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, ProblemError):
                raise
            raise ProblemError(422, "unreadable", plain(error, source, filename or name)) from error
        self.library.add(take, name, kind, source.name, facts["duration_sec"])
        if kind == "sound":
            return take, self.transcribe(take)
        self.library.add_version(take, Draft(folder / "made" / "notes.json", facts["n_notes"], facts["duration_sec"], "original"))
        self.tell_take(take)
        return take, None

    def transcribe(self, take: str) -> dict[str, Any]:
        """Queues the hearing of a take's sound.

        Raises:
            ProblemError: it has no sound, or is being heard already.
        """
        facts = self.library.take(take)
        if not facts["has_sound"]:
            raise ProblemError(409, "no-sound", "this take has no sound: it was handed in as notes")
        if self.jobs.is_under_way(take, "transcribe"):
            raise ProblemError(409, "already-heard", "this take is being transcribed already")
        return self.jobs.add(take, "transcribe", {"duration_sec": facts["duration_sec"]})

    def go_on(self, take: str, version: int, asked: dict[str, Any]) -> dict[str, Any]:
        """Queues a continuation."""
        self.library.version(take, version)
        known = [model["name"] for model in continuing_models()]
        if asked["model"] not in known:
            raise ProblemError(422, "no-model", f"model {asked['model']!r} is unknown: choose {', '.join(known)}")
        return self.jobs.add(take, "continue", {"version": version, "asked": asked})

    def delete(self, take: str) -> None:
        """Removes a take; what is being done with it is stopped first."""
        self.library.take(take)
        self.jobs.forget(take)
        self.library.delete(take)
        self.events.tell("take", {"id": take, "deleted": True})

    def tell_take(self, take: str) -> None:
        """Tells every page how a take stands."""
        try:
            self.events.tell("take", self.library.take(take))
        except ProblemError:  # deleted meanwhile
            return

    def telling_page(self, take: str, version: int | None) -> Callable[[float], None]:
        """Tells every page how far the engraving of a version (None: of a draft) is."""
        return lambda share: self.events.tell("page", {"take": take, "version": version, "progress": share})

    def _tell(self, job: dict[str, Any]) -> None:
        self.events.tell("job", job)
        if job["state"] != "running" or job["progress"] == 0:
            self.tell_take(job["take"])

    def _run(self, job: Job, worker: Worker, progress: Callable[[float], None]) -> Finish:
        take = self.library.take(job.take)
        target = self.library.made(job.take) / f"job-{job.id}.json"
        if job.kind == "transcribe":
            source = self.library.source(job.take)
            arguments = {"source": source, "target": target, "threads": job.threads, **job.arguments}
            try:
                facts = worker.run(tasks.transcribe, arguments, progress)
            except InputError as error:
                raise ProblemError(422, "unreadable", plain(error, source, take["name"])) from error
            worker.warnings = [text.replace(str(source), take["name"]) for text in worker.warnings]
            draft = Draft(target, facts["n_notes"], facts["duration_sec"], "transcription")
            return self._finish(job, draft, facts["heard_sec"])
        parent = self.library.version(job.take, job.arguments["version"])
        notes = self.library.notes_file(job.take, parent["version"])
        facts = worker.run(tasks.go_on, {"notes": notes, "target": target, "asked": job.arguments["asked"]}, progress)
        wishes = self.library.wishes_text(parent)
        return self._finish(
            job,
            Draft(target, facts["n_notes"], facts["duration_sec"], "continuation", parent["version"], wishes, "", facts["new_from_sec"]),
        )

    def _finish(self, job: Job, draft: Draft, heard_sec: float = 0.0) -> Finish:
        def finish(db: sqlite3.Connection) -> dict[str, Any]:
            db.execute("UPDATE takes SET duration_sec = ? WHERE id = ? AND duration_sec = 0", (heard_sec, job.take))
            version = self.library.enter_version(db, job.take, draft)
            return {"take": job.take, "version": version, "new_from_sec": draft.new_from_sec}

        return finish


def plain(error: TeclaError, path: Path, name: str) -> str:
    """An error's line with the user's name for a file in place of ours."""
    return str(error).replace(str(path), name)
