"""An archive on one page: hours, failures, confidence, what may be no piano, the worst and the best passages to hear."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.archive.catalogue import Catalogue
from tecla.archive.home import home, open_to_read
from tecla.archive.listening import CONFIDENCE_BINS
from tecla.archive.passages import Clip, make_clip
from tecla.archive.places import Place
from tecla.archive.report_page import Facts, page
from tecla.archive.search import edition_named
from tecla.io.target import check_target, make_folder, write_whole

PASSAGES: Final = 10
MOST_LISTED: Final = 200
PAGE: Final = "report.html"


def write_report(archive: str, output: Path | None = None, edition: str | None = None, *, force: bool = False) -> Path:
    """Writes the page, whole or not at all; gives its path.

    The archive's own page is anew each time; another that exists is replaced only by `force`.

    Raises:
        InputError: there is no archive or no such edition. OutputError: the page cannot be written, or exists while `force` is off.
    """
    place = Place(archive)
    own = home(place) / PAGE
    target = output or own
    check_target(target, force or target.resolve() == own.resolve())
    with open_to_read(place) as catalogue:
        facts = gather(catalogue, place, edition_named(catalogue, archive, edition))
    make_folder(target)
    write_whole(target, page(facts))
    return target


def gather(catalogue: Catalogue, archive: Place, edition: str) -> Facts:
    """All that the page of one edition tells."""
    number = next(catalogue.rows("SELECT id FROM editions WHERE name = ?", (edition,)))[0]
    counts = {
        row[0]: int(row[1]) for row in catalogue.rows("SELECT status, count(*) FROM files WHERE edition = ? GROUP BY status", (number,))
    }
    asked = "sum(duration_sec), sum(n_notes), sum(seconds_taken), sum(likely_not_piano), sum(size_bytes)"
    sums = next(catalogue.rows(f"SELECT {asked} FROM files WHERE edition = ? AND status = 'done'", (number,)))
    names = ("duration_sec", "n_notes", "seconds_taken", "not_piano", "size_bytes")
    return Facts(
        archive.address,
        edition,
        datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        counts,
        {name: float(value or 0) for name, value in zip(names, sums, strict=True)},
        _confidences(catalogue, number),
        _told(catalogue, number, "status = 'failed'"),
        _listed(catalogue, number, "likely_not_piano ORDER BY explained"),
        _told(catalogue, number, "status = 'done' AND error <> ''"),
        _clips(catalogue, archive, edition, number, "worst"),
        _clips(catalogue, archive, edition, number, "best"),
    )


def _confidences(catalogue: Catalogue, edition: int) -> NDArray[np.int64]:
    total = np.zeros(CONFIDENCE_BINS, np.int64)
    for row in catalogue.rows("SELECT confidence_counts FROM files WHERE edition = ? AND status = 'done'", (edition,)):
        total += np.array(json.loads(row[0]), np.int64)
    return total


def _listed(catalogue: Catalogue, edition: int, condition: str) -> list[sqlite3.Row]:
    return list(catalogue.rows(f"SELECT * FROM files WHERE edition = ? AND {condition} LIMIT {MOST_LISTED}", (edition,)))


def _told(catalogue: Catalogue, edition: int, condition: str) -> list[tuple[str, str]]:
    return [(row["source"], row["error"]) for row in _listed(catalogue, edition, f"{condition} ORDER BY source")]


def _clips(catalogue: Catalogue, archive: Place, edition: str, number: int, which: str) -> list[Clip]:
    """One passage a recording; what is likely no piano is listed elsewhere."""
    order = "ASC" if which == "worst" else "DESC"
    condition = f"status = 'done' AND NOT likely_not_piano AND {which}_confidence IS NOT NULL ORDER BY {which}_confidence {order}"
    return [make_clip(archive, edition, row, which) for row in _listed(catalogue, number, condition)[:PASSAGES]]
