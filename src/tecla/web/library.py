"""Takes and their versions: what was handed in, what was heard in it, and every correction, none over another.

    LIBRARY/studio.sqlite              names, dates, wishes, jobs
    LIBRARY/takes/ID/source.wav        what was handed in, as it was
    LIBRARY/takes/ID/versions/2.json   the notes and pedals of a version
    LIBRARY/inbox/                     what is on its way in
    LIBRARY/takes/ID/made/             pages, sounds and pictures, which can be made again

Ids are drawn at random and names stay in the database, so nothing that a user types ever becomes a path.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tecla.web.database import Database, now
from tecla.web.problems import ProblemError

LONGEST_NAME: Final = 200
_TAKE: Final = """
SELECT takes.*, versions.version AS latest_version, versions.n_notes, jobs.state, jobs.error_code, jobs.error
FROM takes
LEFT JOIN versions ON versions.take = takes.id
  AND versions.version = (SELECT max(version) FROM versions WHERE take = takes.id)
LEFT JOIN jobs ON jobs.number = (SELECT max(number) FROM jobs WHERE take = takes.id AND kind = 'transcribe')
"""
_STATUS: Final = {"queued": "waiting", "running": "working", "failed": "failed", "cancelled": "cancelled"}


@dataclass(frozen=True)
class Draft:
    """A version before it has a number: its notes' file, and what the database keeps beside it."""

    file: Path
    n_notes: int
    duration_sec: float
    what: str
    parent: int | None = None
    wishes: str = "{}"
    hands: str = ""
    new_from_sec: float | None = None


class Library:
    """All takes in one folder."""

    def __init__(self, folder: Path, database: Database) -> None:
        self._folder, self._inbox, self._database = folder / "takes", folder / "inbox", database
        for inner in (self._folder, self._inbox):
            inner.mkdir(parents=True, exist_ok=True)

    def folder(self, take: str) -> Path:
        """Where a take's files lie; `take` must be an id that the database knows."""
        return self._folder / take

    def inbox(self) -> Path:
        """A folder for what has no place yet; it is empty whenever a studio opens."""
        return self._inbox

    def new_id(self) -> str:
        """An id, and an empty folder for it."""
        take = secrets.token_hex(8)
        for inner in ("versions", "made"):
            (self.folder(take) / inner).mkdir(parents=True)
        return take

    def add(self, take: str, name: str, kind: str, source: str, duration_sec: float) -> None:
        """Enters a take whose files lie in its folder."""
        with self._database.change() as db:
            db.execute(
                "INSERT INTO takes (id, name, kind, source, created, duration_sec) VALUES (?, ?, ?, ?, ?, ?)",
                (take, tidy_name(name), kind, source, now(), duration_sec),
            )

    def takes(self, search: str = "") -> list[dict[str, Any]]:
        """All takes whose names contain `search`, the newest first."""
        pattern = "%" + re.sub(r"([%_\\])", r"\\\1", search) + "%"
        with self._database.read() as db:
            rows = db.execute(_TAKE + r"WHERE name LIKE ? ESCAPE '\' ORDER BY takes.created DESC, takes.rowid DESC", (pattern,)).fetchall()
        return [_take(row) for row in rows]

    def take(self, take: str) -> dict[str, Any]:
        """One take.

        Raises:
            ProblemError: there is none.
        """
        return _take(self._row(take))

    def source(self, take: str) -> Path:
        """The file that was handed in.

        Raises:
            ProblemError: there is no such take.
        """
        return self.folder(take) / str(self._row(take)["source"])

    def rename(self, take: str, name: str) -> None:
        """Gives a take another name."""
        with self._database.change() as db:
            db.execute("UPDATE takes SET name = ? WHERE id = ?", (tidy_name(name), take))

    def delete(self, take: str) -> None:
        """Removes a take with everything in it."""
        self.take(take)
        with self._database.change() as db:
            db.execute("DELETE FROM takes WHERE id = ?", (take,))
        shutil.rmtree(self.folder(take), ignore_errors=True)

    def sweep(self) -> None:
        """Removes folders that no take owns: of uploads that were cut off, and of takes deleted while files were being made."""
        for left in self._inbox.iterdir():
            left.unlink()
        known = {take["id"] for take in self.takes()}
        for folder in self._folder.iterdir():
            if folder.name not in known:
                shutil.rmtree(folder, ignore_errors=True)

    def versions(self, take: str) -> list[dict[str, Any]]:
        """A take's versions, the oldest first."""
        self.take(take)
        with self._database.read() as db:
            rows = db.execute("SELECT * FROM versions WHERE take = ? ORDER BY version", (take,)).fetchall()
        return [_short(row) for row in rows]

    def version(self, take: str, version: int) -> dict[str, Any]:
        """One version with its wishes and hands ("L", "R" or "." for each note; "" where none was stated), without its notes.

        Raises:
            ProblemError: there is none.
        """
        with self._database.read() as db:
            row = db.execute("SELECT * FROM versions WHERE take = ? AND version = ?", (take, version)).fetchone()
        if row is None:
            self.take(take)
            raise ProblemError(404, "no-version", f"this take has no version {version}")
        return _short(row) | {"wishes": json.loads(row["wishes"]), "hands": row["hands"], "duration_sec": row["duration_sec"]}

    @staticmethod
    def wishes_text(version: dict[str, Any]) -> str:
        """A version's wishes as the database keeps them."""
        return json.dumps(version["wishes"])

    def notes_file(self, take: str, version: int) -> Path:
        """Where a version's notes lie."""
        return self.folder(take) / "versions" / f"{version}.json"

    def add_version(self, take: str, draft: Draft) -> dict[str, Any]:
        """Enters a version; its file moves into its place."""
        with self._database.change() as db:
            version = self.enter_version(db, take, draft)
        return _short_of(self.version(take, version))

    def enter_version(self, db: sqlite3.Connection, take: str, draft: Draft) -> int:
        """The same within a transaction that is already open; gives the version's number, which no other version ever had."""
        row = db.execute("UPDATE takes SET last_version = last_version + 1 WHERE id = ? RETURNING last_version", (take,)).fetchone()
        if row is None:
            raise ProblemError(404, "no-take", "there is no such take")
        version = int(row["last_version"])
        draft.file.replace(self.notes_file(take, version))
        values = (draft.parent, draft.what, now(), draft.n_notes, draft.duration_sec, draft.wishes, draft.hands, draft.new_from_sec)
        db.execute("INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (take, version, *values))
        return version

    def delete_version(self, take: str, version: int) -> None:
        """Removes a version, but never the last one left.

        Raises:
            ProblemError: there is none, or no other.
        """
        self.version(take, version)
        with self._database.change() as db:
            if db.execute("SELECT count(*) FROM versions WHERE take = ?", (take,)).fetchone()[0] < 2:
                raise ProblemError(409, "last-version", "this is the take's only version: delete the take instead")
            db.execute("DELETE FROM versions WHERE take = ? AND version = ?", (take, version))
        self.notes_file(take, version).unlink(missing_ok=True)
        shutil.rmtree(self.made(take, version), ignore_errors=True)

    def made(self, take: str, version: int | None = None) -> Path:
        """A folder for what can be made again from a take, or from one of its versions."""
        folder = self.folder(take) / "made"
        return folder if version is None else folder / str(version)

    def _row(self, take: str) -> sqlite3.Row:
        with self._database.read() as db:
            row = db.execute(_TAKE + "WHERE takes.id = ?", (take,)).fetchone()
        if row is None:
            raise ProblemError(404, "no-take", "there is no such take")
        return row


def tidy_name(name: str) -> str:
    r"""A name for a take: one line that is not empty. It may hold any sign, since it never becomes a path.

    >>> tidy_name("Waltz\nin 3/4"), tidy_name(" \n")
    ('Waltz in 3/4', 'Untitled')
    """
    printable = "".join(c if c.isprintable() else " " for c in name)
    return " ".join(printable.split())[:LONGEST_NAME] or "Untitled"


def _take(row: sqlite3.Row) -> dict[str, Any]:
    ready = row["latest_version"] is not None
    failed = not ready and row["error_code"] is not None
    return {
        "id": row["id"],
        "name": row["name"],
        "kind": row["kind"],
        "created": row["created"],
        "duration_sec": row["duration_sec"],
        "n_notes": row["n_notes"],
        "status": "ready" if ready else _STATUS.get(row["state"], "failed"),
        "error": {"code": row["error_code"], "message": row["error"]} if failed else None,
        "latest_version": row["latest_version"],
        "has_sound": row["kind"] == "sound",
    }


def _short(row: sqlite3.Row) -> dict[str, Any]:
    return {name: row[name] for name in _SHORT}


def _short_of(version: dict[str, Any]) -> dict[str, Any]:
    return {name: version[name] for name in _SHORT}


_SHORT: Final = ("version", "parent", "what", "created", "n_notes", "new_from_sec")
