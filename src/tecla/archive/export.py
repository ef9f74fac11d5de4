"""The catalogue as a table to take away: CSV by the standard library, Parquet by pyarrow."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from tecla.archive.home import open_to_read
from tecla.archive.places import Place
from tecla.errors import MissingExtraError, OutputError
from tecla.io.target import check_target, make_folder, whole_target

_QUERY: Final = "SELECT * FROM catalogue"
_BATCH_ROWS: Final = 10_000
_PARQUET_TYPES: Final = {
    **dict.fromkeys(("n_notes", "size_bytes", "likely_not_piano"), "int64"),
    **dict.fromkeys("duration_sec confidence loudness_lufs log_odds explained notes_per_sec seconds_taken".split(), "float64"),
    **dict.fromkeys("worst_sec worst_confidence best_sec best_confidence".split(), "float64"),
}


def export_catalogue(archive: str, output: Path, force: bool = False) -> int:
    """Writes all rows of all editions; gives their number.

    Raises:
        InputError: there is no archive. OutputError: another suffix, or a target that cannot be written.
        MissingExtraError: Parquet without the extra `archive`.
    """
    if output.suffix.lower() not in (".csv", ".parquet"):
        raise OutputError(f"{output} cannot be written: a catalogue is exported as .csv or .parquet")
    check_target(output, force)
    make_folder(output)
    with open_to_read(Place(archive)) as catalogue, whole_target(output) as target:
        rows = catalogue.rows(_QUERY)
        names = [str(row["name"]) for row in catalogue.rows("PRAGMA table_info(catalogue)")]
        return (_write_csv if output.suffix.lower() == ".csv" else _write_parquet)(target, names, (tuple(row) for row in rows))


def _write_csv(target: Path, names: list[str], rows: Iterator[tuple[object, ...]]) -> int:
    n_rows = 0
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        for row in rows:
            writer.writerow([_no_formula(value) for value in row])
            n_rows += 1
    return n_rows


def _no_formula(value: object) -> object:
    """A spreadsheet runs text that begins like a formula, and names come from strangers."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _write_parquet(target: Path, names: list[str], rows: Iterator[tuple[object, ...]]) -> int:
    try:
        import pyarrow  # noqa: PLC0415
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError('Parquet needs more packages: pip install "tecla[archive]", or choose .csv') from error
    schema = pyarrow.schema([(name, _PARQUET_TYPES.get(name, "string")) for name in names])
    n_rows = 0
    with pyarrow.parquet.ParquetWriter(target, schema) as writer:
        while batch := list(islice(rows, _BATCH_ROWS)):
            writer.write_table(pyarrow.table([list(column) for column in zip(*batch, strict=True)], schema=schema))
            n_rows += len(batch)
    return n_rows
