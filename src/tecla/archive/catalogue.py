"""The catalogue: SQLite, one writer, a row for every file of every edition. What a row says is done is on the disk."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tecla import __version__
from tecla.archive.listening import Heard
from tecla.archive.names import as_text, fingerprint, safe_stem
from tecla.archive.places import Found, Place
from tecla.errors import InputError, OutputError

NAME: Final = "catalogue.sqlite"
_LAYOUT: Final = 1  # PRAGMA user_version

_TABLES: Final = """
CREATE TABLE editions (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, model TEXT NOT NULL, weights_sha256 TEXT NOT NULL, created_at TEXT NOT NULL
);
CREATE TABLE files (
  id INTEGER PRIMARY KEY, edition INTEGER NOT NULL REFERENCES editions,
  source TEXT NOT NULL, place BLOB NOT NULL, path BLOB NOT NULL, size_bytes INTEGER NOT NULL, stamp TEXT NOT NULL,
  stem TEXT NOT NULL COLLATE NOCASE, outputs TEXT NOT NULL DEFAULT '',
  status TEXT NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'done', 'failed')), error TEXT NOT NULL DEFAULT '',
  sha256 TEXT, duration_sec REAL, loudness_lufs REAL, n_notes INTEGER, confidence REAL, log_odds REAL, explained REAL, notes_per_sec REAL,
  likely_not_piano INTEGER, confidence_counts TEXT, worst_sec REAL, worst_confidence REAL, best_sec REAL, best_confidence REAL,
  seconds_taken REAL, host TEXT, tecla TEXT, finished_at TEXT,
  UNIQUE (edition, source), UNIQUE (edition, stem)
);
CREATE TABLE melodies (file INTEGER PRIMARY KEY REFERENCES files, lines BLOB NOT NULL);
CREATE VIEW catalogue AS
  SELECT editions.name AS edition, source, status, error, duration_sec, n_notes, confidence, loudness_lufs,
    likely_not_piano, log_odds, explained, notes_per_sec, seconds_taken, model, weights_sha256, tecla, sha256, size_bytes, stem, outputs,
    worst_sec, worst_confidence, best_sec, best_confidence, host, finished_at
  FROM files JOIN editions ON editions.id = files.edition ORDER BY editions.id, source;
"""


@dataclass(frozen=True)
class Row:
    """What planning needs to know of a file."""

    id: int
    size_bytes: int
    stamp: str
    stem: str
    outputs: tuple[str, ...]
    status: str
    sha256: str | None


class Catalogue:
    """An open catalogue; close it, or use it in a `with`."""

    def __init__(self, path: Path, write: bool = False) -> None:
        """Opens it; to write, makes it where there is none and keeps other writers out.

        Raises:
            InputError: it is no catalogue, or there is none to read. OutputError: it cannot be written, or another run is writing.
        """
        if not write and not path.is_file():
            raise InputError(f"{path.parent} holds no archive: name the folder that tecla archive wrote to")
        self._guard = _lock(path) if write else None
        try:
            self._db = sqlite3.connect(path, timeout=60)
            self._db.row_factory = sqlite3.Row
            if write and not self._db.execute("SELECT 1 FROM sqlite_master").fetchone():
                self._db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {_LAYOUT}; COMMIT;")
            self._check(path)
        except sqlite3.Error as error:
            self.close()
            raise (OutputError if write else InputError)(
                f"{path} is no catalogue that can be opened ({error}): name another folder"
            ) from error

    def _check(self, path: Path) -> None:
        layout = self._db.execute("PRAGMA user_version").fetchone()[0]
        if layout != _LAYOUT:
            self.close()
            raise InputError(f"{path} is a catalogue of another version of tecla (layout {layout}): use that one, or a new folder")

    def __enter__(self) -> Catalogue:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the file and of the right to write."""
        if hasattr(self, "_db"):
            self._db.close()
        if self._guard is not None:
            self._guard.close()

    def rows(self, query: str, values: Iterable[object] = ()) -> Iterator[sqlite3.Row]:
        """What a SELECT gives, row by row."""
        with closing(self._db.execute(query, tuple(values))) as cursor:
            yield from cursor

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it or nothing.

        Raises:
            OutputError: the disk is full or fails.
        """
        try:
            with self._db:
                yield self._db
        except sqlite3.OperationalError as error:
            raise OutputError(f"the catalogue cannot be written ({error}): free some space, then run the same command again") from error

    def edition(self, model: str, weights_sha256: str) -> tuple[int, str]:
        """Row and name of the edition that these weights make; a new one if they made none before."""
        name = f"{safe_stem(Path(model).name)}-{weights_sha256[:8]}"
        with self.change() as db:
            db.execute(
                "INSERT OR IGNORE INTO editions (name, model, weights_sha256, created_at) VALUES (?, ?, ?, ?)",
                (name, model, weights_sha256, _now()),
            )
        return int(self._db.execute("SELECT id FROM editions WHERE name = ?", (name,)).fetchone()[0]), name

    def row_of(self, edition: int, place: Place, found: Found) -> Row:
        """The row of a recording, entered as waiting if it is new. To be called inside `change`."""
        source = source_text(place, found)
        known = self._db.execute("SELECT * FROM files WHERE edition = ? AND source = ?", (edition, source)).fetchone()
        if known is None:
            known = self._enter(edition, place, found, source)
        outputs = tuple(known["outputs"].split())
        return Row(known["id"], known["size_bytes"], known["stamp"], known["stem"], outputs, known["status"], known["sha256"])

    def _enter(self, edition: int, place: Place, found: Found, source: str) -> sqlite3.Row:
        stem = safe_stem(f"{place.label}/{found.path}" if found.path != place.label else found.path)
        taken = self._db.execute("SELECT 1 FROM files WHERE edition = ? AND stem = ?", (edition, stem)).fetchone()
        values = {
            "edition": edition,
            "source": source,
            "place": os.fsencode(place.anywhere),
            "path": os.fsencode(found.path),
            "size_bytes": found.size_bytes,
            "stamp": found.stamp,
            "stem": f"{stem}~{fingerprint(source)}" if taken else stem,
        }
        names = ", ".join(values)
        self._db.execute(f"INSERT INTO files ({names}) VALUES ({', '.join('?' * len(values))})", tuple(values.values()))
        return self._db.execute("SELECT * FROM files WHERE edition = ? AND source = ?", (edition, source)).fetchone()

    def set_waiting(self, row: int) -> None:
        """Marks a row to be heard again. To be called inside `change`."""
        self._db.execute("UPDATE files SET status = 'waiting', error = '' WHERE id = ?", (row,))

    def record(self, row: int, found: Found, heard: Heard, outputs: Iterable[str]) -> None:
        """Enters what became of a recording."""
        values: dict[str, Any] = {
            "size_bytes": found.size_bytes,
            "stamp": found.stamp,
            "status": heard.status,
        }
        if heard.status == "same":
            values |= {"status": "done"}
        else:
            values |= {
                "error": as_text(heard.error),
                "seconds_taken": heard.seconds_taken,
                "host": heard.host,
                "tecla": __version__,
                "finished_at": _now(),
            }
        if heard.status == "done":
            values |= _facts(heard) | {"outputs": " ".join(outputs)}
        with self.change() as db:
            db.execute(f"UPDATE files SET {', '.join(f'{name} = ?' for name in values)} WHERE id = ?", (*values.values(), row))
            if heard.status == "done":
                db.execute("INSERT OR REPLACE INTO melodies (file, lines) VALUES (?, ?)", (row, heard.lines))

    def copy_to(self, path: Path) -> None:
        """A consistent copy, also while this one is in use."""
        with closing(sqlite3.connect(path)) as other:
            self._db.backup(other)


def source_text(place: Place, found: Found) -> str:
    """Where a recording lies, as text."""
    path = Path(place.anywhere)
    if place.is_local:
        return as_text((path / found.path if path.is_dir() else path).as_posix())
    return f"{as_text(path.as_posix() if path.is_absolute() else place.address)}/{as_text(found.path)}"


def _facts(heard: Heard) -> dict[str, Any]:
    """Columns of a recording that was heard."""
    passages = {}
    for name, passage in (("worst", heard.worst), ("best", heard.best)):
        passages[f"{name}_sec"] = None if passage is None else passage.begin_sec
        passages[f"{name}_confidence"] = None if passage is None else passage.confidence
    return passages | {
        "sha256": heard.sha256,
        "duration_sec": heard.duration_sec,
        "loudness_lufs": heard.loudness_lufs,
        "n_notes": heard.n_notes,
        "confidence": heard.signs.confidence if heard.n_notes else None,
        "log_odds": heard.signs.log_odds if heard.n_notes else None,
        "explained": heard.signs.explained,
        "notes_per_sec": heard.signs.notes_per_sec,
        "likely_not_piano": int(heard.not_piano),
        "confidence_counts": json.dumps(heard.confidence_counts),
    }


def _lock(path: Path) -> sqlite3.Connection:
    """The right to write, held by an open transaction on a file beside the catalogue: it ends with the process, however that ends."""
    guard = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        guard = sqlite3.connect(path.with_suffix(".lock"), timeout=0, isolation_level=None)
        guard.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if guard is not None:
            guard.close()
        if "locked" in str(error):
            raise OutputError(f"{path.parent} is being written by another run: wait until it is done") from error
        raise OutputError(f"{path.parent} cannot be written ({error}): free some space or choose another place") from error
    except OSError as error:
        raise OutputError(f"{path.parent} cannot be written ({error.strerror}): choose another place") from error
    return guard


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
