"""What is in corpora, as tables on the terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table

from tecla.cli.tables import make_console
from tecla.corpora.statistics import DURATION_EDGES_SEC, CorpusFacts, PieceFacts
from tecla.music.pitch import pitch_to_name

_BARS: Final = " ▁▂▃▄▅▆▇█"
_MOST_SHOWN: Final = 12


def print_facts(corpora: Sequence[CorpusFacts]) -> None:
    """Prints corpora side by side, then what should be looked at."""
    console = make_console()
    table = Table("", *(corpus.name for corpus in corpora), box=SIMPLE_HEAD, pad_edge=False)
    for name, say in _ROWS.items():
        table.add_row(name, *(say(corpus) for corpus in corpora))
    console.print(table)
    for corpus in corpora:
        odd = [*corpus.unreadable, *corpus.outliers]
        if odd:
            console.print(f"{corpus.name}: look at", *odd[:_MOST_SHOWN], sep="\n  ", markup=False, highlight=False)


def _middle(value: Callable[[PieceFacts], float], unit: str = "", digits: int = 1) -> Callable[[CorpusFacts], str]:
    """Median and the range that holds nine pieces in ten."""

    def say(corpus: CorpusFacts) -> str:
        values = [value(piece) for piece in corpus.pieces if piece.n_notes]
        if not values:
            return "-"
        low, middle, high = np.percentile(values, [5, 50, 95])
        return f"{middle:.{digits}f}{unit} ({low:.{digits}f} to {high:.{digits}f})"

    return say


def _composers(corpus: CorpusFacts) -> str:
    few = ", ".join(f"{name.split('/')[0].split()[-1]} {count}" for name, count in list(corpus.composers.items())[:4])
    return f"{len(corpus.composers)}: {few}" if corpus.composers else "not stated"


def _range(corpus: CorpusFacts) -> str:
    used = np.flatnonzero(corpus.pitch)
    return f"{pitch_to_name(int(used[0]))} to {pitch_to_name(int(used[-1]))}" if len(used) else "-"


def _note_length(corpus: CorpusFacts) -> str:
    if not corpus.length.sum():
        return "-"
    share = np.cumsum(corpus.length) / corpus.length.sum()
    low, middle, high = (1000 * DURATION_EDGES_SEC[1 + int(np.searchsorted(share, q))] for q in (0.05, 0.5, 0.95))
    return f"{middle:.0f} ms ({low:.0f} to {high:.0f})"


def _sketch(counts: np.ndarray, bins: int) -> str:
    """A distribution in one line of text."""
    parts = [float(part.sum()) for part in np.array_split(counts, bins)]
    top = max(parts) or 1.0
    return "".join(_BARS[round(8 * part / top)] for part in parts)


_ROWS: Final[dict[str, Callable[[CorpusFacts], str]]] = {
    "pieces": lambda corpus: f"{len(corpus.pieces):,} of {corpus.n_works:,} works",
    "composers": _composers,
    "splits": lambda corpus: ", ".join(f"{name} {count}" for name, count in corpus.splits.items()),
    "hours": lambda corpus: f"{corpus.hours:.2f}",
    "notes": lambda corpus: f"{corpus.n_notes:,}",
    "length of a piece": _middle(lambda piece: piece.duration_sec, " s", 0),
    "notes a second": _middle(lambda piece: piece.notes_per_sec),
    "notes at once": _middle(lambda piece: piece.mean_voices),
    "velocity": _middle(lambda piece: piece.mean_velocity, "", 0),
    "note, key down": _note_length,
    "pedal down": _middle(lambda piece: 100 * piece.pedal_share, " %", 0),
    "presses a minute": _middle(lambda piece: 60 * piece.pressed / max(piece.duration_sec, 1e-9)),
    "range": _range,
    "pitch 21..108": lambda corpus: _sketch(corpus.pitch[21:109], 18),
    "velocity 1..127": lambda corpus: _sketch(corpus.velocity[1:], 18),
    "voices 1..18": lambda corpus: _sketch(corpus.voices[1:19], 18),
}
