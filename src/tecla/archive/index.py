"""The melody index: every place of every line, sorted by the eight intervals that follow it.

A phrase in any transposition is a sequence of intervals, and its places stand side by side in that order: two binary searches find
them among hundreds of millions, and only the pages that they touch are read. The index is kept in shards of about a thousand
recordings, memory-mapped; a run rebuilds only the shards whose recordings changed, each into a new folder that is moved into place.
"""

from __future__ import annotations

import hashlib
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tecla.archive.catalogue import Catalogue
from tecla.archive.lines import Lines
from tecla.errors import OutputError

FOLDER: Final = "index"
KEY_INTERVALS: Final = 8
Array = NDArray[Any]

_SHARD_RECORDINGS: Final = 1024
_LONGEST_BUILD_SEC: Final = 3600.0
_WIDEST: Final = 100  # semitones; wider than a keyboard
_ZERO: Final = 128  # the byte of a repeated note; 255 stands for "the line is over" and is in no phrase
_OVER: Final = 255


@dataclass(frozen=True)
class Shard:
    """The memory-mapped arrays of one shard.

    Shape:
        keys, where: (N,) uint64 sorted, uint32 place of each; pitch, onset_sec: (N,) of every place; line_first (L + 1,) uint32: first
        place of each line; line_file (L,) int64: row of its recording; line_kind (L,) uint8
    """

    folder: Path

    @cached_property
    def arrays(self) -> dict[str, Array]:
        """By name."""
        return {path.stem: np.load(path, mmap_mode="r") for path in self.folder.glob("*.npy")}

    def places(self, intervals: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where a phrase of these intervals begins, (M,)."""
        head = _bytes(intervals[:KEY_INTERVALS])
        low, high = _key(head, 0), _key(head, _OVER)
        keys = self.arrays["keys"]
        first, last = np.searchsorted(keys, low, "left"), np.searchsorted(keys, high, "right")
        found = np.sort(self.arrays["where"][first:last].astype(np.int64))
        return self._going_on(found, intervals) if len(intervals) > KEY_INTERVALS else found

    def line_of(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """The line that each place is in, (M,)."""
        return np.asarray(np.searchsorted(self.arrays["line_first"], places.astype(np.uint32), "right") - 1, np.int64)

    def _going_on(self, places: NDArray[np.int64], intervals: NDArray[np.int64]) -> NDArray[np.int64]:
        """Of the places whose first intervals fit, those where the others fit too."""
        ends = self.arrays["line_first"].astype(np.int64)[self.line_of(places) + 1]
        places = places[places + len(intervals) < ends]
        pitch = self.arrays["pitch"]
        for i, rise in enumerate(np.cumsum(intervals), 1):
            places = places[pitch[places + i].astype(np.int64) - pitch[places] == rise]
        return places


def refresh(catalogue: Catalogue, home: Path, edition: str) -> list[Shard]:
    """Brings an edition's index up to date with the catalogue; gives its shards.

    Raises:
        OutputError: the index cannot be written.
    """
    folder = home / FOLDER / edition
    wanted = list(_stamps(catalogue, edition))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for stamp, rows in wanted:
            if not (folder / stamp).is_dir():
                _build(catalogue, rows, folder, stamp)
        _sweep(folder, {stamp for stamp, _ in wanted})
    except OSError as error:
        raise OutputError(f"{folder} cannot be written ({error.strerror}): free some space, then run the same command again") from error
    return [Shard(folder / stamp) for stamp, _ in wanted]


def _sweep(folder: Path, wanted: set[str]) -> None:
    """Takes away shards that are out of date, and unfinished ones of runs that must be over."""
    for old in folder.iterdir():
        with suppress(FileNotFoundError):  # another run sweeps too, or has just finished
            unfinished = old.name.startswith(".") and time.time() - old.stat().st_mtime < _LONGEST_BUILD_SEC
            if old.name not in wanted and not unfinished:
                shutil.rmtree(old, ignore_errors=True)


def _stamps(catalogue: Catalogue, edition: str) -> Iterator[tuple[str, list[int]]]:
    """A name for each shard that changes with what is in it, and its rows."""
    query = """SELECT files.id, files.sha256, files.tecla FROM files JOIN editions ON editions.id = files.edition
               WHERE editions.name = ? AND files.sha256 IS NOT NULL ORDER BY files.id"""
    shards: dict[int, list[tuple[int, str, str]]] = {}
    for row in catalogue.rows(query, (edition,)):
        shards.setdefault(row["id"] // _SHARD_RECORDINGS, []).append(tuple(row))
    for number, rows in shards.items():
        yield f"{number}-{hashlib.sha256(repr(rows).encode()).hexdigest()[:12]}", [row[0] for row in rows]


def _build(catalogue: Catalogue, rows: list[int], folder: Path, stamp: str) -> None:
    query = "SELECT file, lines FROM melodies WHERE file BETWEEN ? AND ? ORDER BY file"
    wanted = set(rows)
    stored = [(row[0], Lines.from_bytes(row[1])) for row in catalogue.rows(query, (rows[0], rows[-1])) if row[0] in wanted]
    length = _joined([lines.length for _, lines in stored], np.uint32)
    pitch = _joined([lines.pitch for _, lines in stored], np.uint8)
    keys = _keys(pitch, length)
    where = np.argsort(keys, kind="stable")
    arrays: dict[str, Array] = {
        "keys": keys[where],
        "where": where.astype(np.uint32),
        "pitch": pitch,
        "onset_sec": _joined([lines.onset_sec for _, lines in stored], np.float32),
        "line_first": np.concatenate([[0], np.cumsum(length)]).astype(np.uint32),
        "line_file": np.repeat([file for file, _ in stored], [len(lines.kind) for _, lines in stored]).astype(np.int64),
        "line_kind": _joined([lines.kind for _, lines in stored], np.uint8),
    }
    passing = folder / f".{uuid.uuid4().hex}"
    passing.mkdir()
    for name, array in arrays.items():
        np.save(passing / f"{name}.npy", array)
    try:
        passing.replace(folder / stamp)
    except OSError:
        if not (folder / stamp).is_dir():
            raise
        shutil.rmtree(passing)  # another run has just built the same


def _keys(pitch: NDArray[np.uint8], length: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """The eight intervals after each place, one a byte, the first one highest."""
    intervals = _bytes(np.append(np.diff(pitch.astype(np.int64)), 0)[: len(pitch)])
    intervals[np.cumsum(length.astype(np.int64)) - 1] = _OVER
    key = np.zeros(len(pitch), np.uint64)
    over = np.zeros(len(pitch), bool)
    for i in range(KEY_INTERVALS):
        following = np.append(intervals[i:], np.full(min(i, len(pitch)), _OVER, np.uint64))
        over |= following == _OVER
        key = (key << np.uint64(8)) | np.where(over, np.uint64(_OVER), following)
    return key


def _bytes(intervals: NDArray[np.int64]) -> NDArray[np.uint64]:
    return (np.clip(intervals, -_WIDEST, _WIDEST) + _ZERO).astype(np.uint64)


def _key(head: NDArray[np.uint64], rest: int) -> np.uint64:
    """A key that begins with `head` and goes on with bytes of `rest`."""
    filled = [*head.tolist(), *[rest] * (KEY_INTERVALS - len(head))]
    return np.uint64(int.from_bytes(bytes(filled), "big"))


def _joined(parts: list[Array], dtype: type) -> Array:
    return np.concatenate([np.zeros(0, dtype), *parts]).astype(dtype, copy=False)
