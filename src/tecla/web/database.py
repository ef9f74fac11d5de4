"""The library's memory: takes, versions and jobs in one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tecla.errors import InputError

_LAYOUT: Final = 1
_TABLES: Final = """
CREATE TABLE takes (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, source TEXT NOT NULL, created TEXT NOT NULL,
  duration_sec REAL NOT NULL, last_version INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE versions (
  take TEXT NOT NULL REFERENCES takes(id) ON DELETE CASCADE, version INTEGER NOT NULL, parent INTEGER, what TEXT NOT NULL,
  created TEXT NOT NULL, n_notes INTEGER NOT NULL, duration_sec REAL NOT NULL, wishes TEXT NOT NULL, hands TEXT NOT NULL,
  new_from_sec REAL, PRIMARY KEY (take, version)
);
CREATE TABLE jobs (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, take TEXT NOT NULL REFERENCES takes(id) ON DELETE CASCADE,
  kind TEXT NOT NULL, arguments TEXT NOT NULL, state TEXT NOT NULL, progress REAL NOT NULL DEFAULT 0, message TEXT NOT NULL DEFAULT '',
  error_code TEXT, error TEXT, result TEXT, created TEXT NOT NULL, ended TEXT
);
CREATE INDEX jobs_by_state ON jobs (state, number);
CREATE INDEX jobs_by_take ON jobs (take, number);
"""


class Database:
    """A file of tables. Every call opens its own connection, so any thread may call.

    Raises:
        InputError: the file was made by a later tecla, or is no database.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with self.change() as connection:
                layout = connection.execute("PRAGMA user_version").fetchone()[0]
                if layout == 0:
                    for statement in _TABLES.split(";"):
                        connection.execute(statement)
                    connection.execute(f"PRAGMA user_version = {_LAYOUT}")
        except sqlite3.DatabaseError as error:
            raise InputError(f"{path} cannot be used as a library ({error}): choose another folder with --library") from error
        if layout > _LAYOUT:
            raise InputError(f"{path} was made by a later tecla: update tecla, or choose another folder with --library")

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection to look things up with."""
        connection = sqlite3.connect(self._path, timeout=30.0, isolation_level=None)
        try:
            connection.row_factory = sqlite3.Row
            connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON")
            yield connection
        finally:
            connection.close()

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """A connection in a transaction: all of it happens, or none."""
        with self.read() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")


def now() -> str:
    """This moment, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
