"""Performance <-> note lists: .json with everything, .csv with the notes alone, for spreadsheets and scripts."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tecla.errors import InputError
from tecla.io.bounded import read_bounded
from tecla.io.target import write_whole
from tecla.music import NOTE, Performance

_DECIMALS: Final = {"onset_sec": 6, "offset_sec": 6, "time_sec": 6, "confidence": 4}
_NEEDED: Final = ("onset_sec", "offset_sec", "pitch")
_LARGEST_FILE_BYTES: Final = 32 * 2**20  # over 200,000 notes as `save_json` writes them; parsed, they take thirty times as much


def save_json(performance: Performance, path: str | os.PathLike[str]) -> None:
    """Writes `{"notes": [{onset_sec, offset_sec, pitch, velocity, confidence}], "pedals": [{time_sec, number, value}]}`.

    Times are rounded to a microsecond.

    Raises:
        OutputError: the target cannot be written.
    """
    tables = {"notes": _to_rows(performance.notes), "pedals": _to_rows(performance.controls)}
    body = ",\n".join(f'"{name}": [\n' + ",\n".join(map(json.dumps, rows)) + "\n]" for name, rows in tables.items())
    write_whole(path, "{" + body + "}\n")


def load_json(path: str | os.PathLike[str]) -> Performance:
    """Reads what `save_json` wrote; `velocity` (64), `confidence` (1) and `pedals` may be missing.

    Raises:
        InputError: missing, not JSON, or with a note or pedal that is not one.
    """
    text = _read(Path(path))
    try:
        document = json.loads(text)
        if not isinstance(document, dict):
            raise TypeError("it is no object with notes")
        pedals = [(row["time_sec"], row["number"], row["value"]) for row in document.get("pedals", [])]
        return _from_rows(document["notes"], pedals)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, InputError) as error:
        raise InputError(f"{path} is no note list ({_reason(error)}): save it again with tecla") from error


def save_csv(performance: Performance, path: str | os.PathLike[str]) -> None:
    """Writes a header and one line a note: onset_sec, offset_sec, pitch, velocity, confidence. Pedals are left out.

    Raises:
        OutputError: the target cannot be written.
    """
    table = io.StringIO()
    writer = csv.DictWriter(table, NOTE.names or (), lineterminator="\n")
    writer.writeheader()
    writer.writerows(_to_rows(performance.notes))
    write_whole(path, table.getvalue())


def load_csv(path: str | os.PathLike[str]) -> Performance:
    """Reads a table with a header that names at least onset_sec, offset_sec and pitch; separated by comma, tab or semicolon.

    Raises:
        InputError: missing, without those columns, or with a value that is no number.
    """
    text = _read(Path(path))
    header = text.split("\n", 1)[0]
    separator = max(",\t;", key=header.count)
    try:
        table = csv.DictReader(io.StringIO(text), delimiter=separator)
        for name in _NEEDED:
            if name not in (table.fieldnames or ()):  # of no rows, none would miss it
                raise KeyError(name)
        return _from_rows(list(table), [])
    except (ValueError, KeyError, TypeError, OverflowError, csv.Error, InputError) as error:
        raise InputError(f"{path} is no note list ({_reason(error)}): name the columns {', '.join(NOTE.names or ())}") from error


def _read(path: Path) -> str:
    data = read_bounded(path, _LARGEST_FILE_BYTES)
    try:
        return io.TextIOWrapper(io.BytesIO(data), "utf-8-sig").read()  # with every kind of line end
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not text: give a .json or .csv note list") from error


def _to_rows(table: NDArray[np.void]) -> list[dict[str, float]]:
    names = table.dtype.names or ()
    columns = [np.round(table[name].astype("f8"), _DECIMALS[name]) if name in _DECIMALS else table[name] for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _from_rows(rows: list[dict[str, Any]], pedals: list[tuple[float, int, int]]) -> Performance:
    missing = {"velocity": 64, "confidence": 1.0}
    table = [tuple(float(row.get(name, missing[name]) if name in missing else row[name]) for name in NOTE.names or ()) for row in rows]
    moves = [tuple(map(float, pedal)) for pedal in pedals]
    onset_sec, offset_sec, pitch, velocity, confidence = np.array(table, "f8").reshape(-1, 5).T
    return Performance.from_arrays(onset_sec, offset_sec, pitch, velocity, confidence, moves)


def _reason(error: Exception) -> str:
    return f"no {error.args[0]}" if isinstance(error, KeyError) else str(error)
