"""Figures as tables on the terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from tecla.cli.judging import Verdict
from tecla.evaluation.mistakes import Mistakes, Share
from tecla.evaluation.pieces import FIGURES, Piece, Summary
from tecla.evaluation.uncertainty import Interval

PLAIN_WIDTH: Final = 150  # columns where no one looks on: a file should not be cut to a terminal that is not there
PIECE_COLUMNS: Final[Mapping[str, str]] = {
    "onset": "onset",
    "+vel": "onset+velocity",
    "+end": "onset+offset sounding",
    "+end+vel": "onset+offset+velocity sounding",
    "+key-up": "onset+offset key",
    "frame": "frame sounding",
    "pedal": "pedal activation",
    "press": "pedal onset",
    "+release": "pedal onset+offset",
}


def print_verdict(verdict: Verdict) -> None:
    """Prints pieces, means by group, and where the errors sit."""
    console = make_console()
    console.print(piece_table(verdict.pieces))
    for group, summary in verdict.summaries.items():
        console.print(summary_table(summary, group or "all pieces"))
    for table in mistake_tables(verdict.summaries[""].mistakes):
        console.print(table)


def make_console() -> Console:
    """Standard output, as wide as its terminal, or wide enough for tables where there is none."""
    console = Console()
    return console if console.is_terminal else Console(width=PLAIN_WIDTH)


def piece_table(pieces: Sequence[Piece]) -> Table:
    """One row a piece; figures after its shift, the raw onset F1 beside them."""
    table = _table("F1 by piece after one constant shift (raw: as the times are); ends as they sound, or key-up")
    table.add_column("piece", no_wrap=True)
    for name in ("notes", "shift", "onset raw", *PIECE_COLUMNS):
        table.add_column(name, justify="right")
    for piece in pieces:
        onset = piece.raw.sounding.onset
        shifted = [_number(FIGURES[figure](piece.shifted)) for figure in PIECE_COLUMNS.values()]
        counts = f"{onset.in_estimate:.0f}/{onset.in_reference:.0f}"
        table.add_row(piece.name, counts, f"{1000 * piece.shift_sec:+.0f} ms", _number(onset.f1), *shifted)
    return table


def summary_table(summary: Summary, title: str) -> Table:
    """Means with their intervals, raw and shifted, and what is gained over another system."""
    n_pieces = max(interval.n_pieces for interval in summary.raw.values())
    table = _table(f"{title} ({n_pieces}): mean and 95 % interval")
    table.add_column("figure")
    columns = {"raw": summary.raw, "one shift a take": summary.shifted, "gain raw": summary.gain_raw, "gain shifted": summary.gain_shifted}
    shown = {name: column for name, column in columns.items() if column}
    for name in shown:
        table.add_column(name, justify="right")
    for figure in summary.raw:
        table.add_row(figure, *(_interval(column.get(figure), "+" if "gain" in name else "") for name, column in shown.items()))
    return table


def mistake_tables(mistakes: Mistakes) -> list[Table]:
    """Recall and precision by band, and the causes of misses and inventions, note by note over all pieces."""
    bands = _table("Where errors sit, after the shift")
    rows: dict[str, tuple[Share, ...]] = {
        "recall by velocity": mistakes.recall_by_velocity,
        "recall by pitch": mistakes.recall_by_pitch,
        "precision by pitch": mistakes.precision_by_pitch,
    }
    bands.add_column("")
    for _ in range(max(map(len, rows.values()))):
        bands.add_column("", justify="right")
    for name, shares in rows.items():
        bands.add_row(name, *(f"{share.name}\n{_number(share.ratio)} of {share.total}" for share in shares))
    causes = _table("")
    causes.add_column("")
    causes.add_column("")
    for name, shares in (("misses", mistakes.misses), ("inventions", mistakes.inventions)):
        causes.add_row(f"{shares[0].total} {name}", ", ".join(f"{share.name} {share.hits}" for share in shares))
    return [bands, causes]


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, show_header=bool(title))


def _number(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.3f}"


def _interval(interval: Interval | None, sign: str) -> str:
    if interval is None:
        return "-"
    mean, low, high = (format(value, f"{sign}.3f") for value in (interval.mean, interval.low, interval.high))
    return mean if math.isnan(interval.low) else f"{mean}  [{low}, {high}]"
