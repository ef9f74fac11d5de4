"""Reference and estimate in one picture: hits, misses, inventions.

What was heard rightly recedes in pale blue, with the reference's outline around it, so that a wrong end shows. A miss is an empty box in
vermilion, a place where a note should be; an invention is a solid one in indigo. Shape and lightness differ, not only hue.
"""

from __future__ import annotations

from os import PathLike
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tecla.errors import OptionError
from tecla.music import Performance
from tecla.rendering import palette
from tecla.rendering.canvas import LABEL_SIZE, Page, Row, font
from tecla.rendering.layout import MARGIN, WIDTH, Layout
from tecla.rendering.palette import Colour

MISS_FILL: Final[Colour] = (255, 240, 235)
REFERENCE_EDGE: Final[Colour] = (70, 118, 160)
_SWATCH: Final = (34, 14)


def draw_overlay(
    reference: Performance, estimate: Performance, matches: ArrayLike, path: str | PathLike[str], title: str = "Reference and estimate"
) -> None:
    """Writes reference and estimate as a PNG, 2200 pixels wide and at most 12,000 high.

    Shape:
        matches: (K, 2) pairs (index in reference.notes, index in estimate.notes) of the notes that count as the same

    Raises:
        OptionError: an index is out of bounds.
    """
    pairs = np.asarray(matches, np.int64).reshape(-1, 2)
    _check(pairs, len(reference), len(estimate))
    missed = np.setdiff1d(np.arange(len(reference)), pairs[:, 0])
    invented = np.setdiff1d(np.arange(len(estimate)), pairs[:, 1])
    layout = Layout.of([reference, estimate])
    page = Page(layout, title, facts(len(reference), len(estimate), len(pairs)))
    _legend(page, len(pairs), len(missed), len(invented))
    for number in range(layout.n_rows):
        row = Row(layout, number)
        _draw(row, estimate.notes[pairs[:, 1]], palette.HIT, None)
        _draw(row, reference.notes[pairs[:, 0]], None, REFERENCE_EDGE)
        _draw(row, reference.notes[missed], MISS_FILL, palette.MISS, line=2)
        _draw(row, estimate.notes[invented], palette.INVENTION, palette.INVENTION, inset=0.12)
        for pedal in layout.pedals:
            row.pedal(reference, pedal)
        page.paste(row)
    page.save(path)


def facts(n_reference: int, n_estimate: int, n_hits: int) -> str:
    """Counts and what follows from them, in one line.

    >>> facts(4, 4, 3)
    '4 notes in the reference, 4 in the estimate   ·   precision 75.0 %   ·   recall 75.0 %   ·   F1 75.0 %'
    """
    shares = (n_hits / max(n_estimate, 1), n_hits / max(n_reference, 1), 2 * n_hits / max(n_reference + n_estimate, 1))
    said = [f"{name} {100 * share:.1f} %" for name, share in zip(("precision", "recall", "F1"), shares, strict=True)]
    return "   ·   ".join([f"{n_reference:,} notes in the reference, {n_estimate:,} in the estimate", *said])


def _draw(row: Row, notes: NDArray[np.void], fill: Colour | None, edge: Colour | None, inset: float = 0.0, line: int = 1) -> None:
    start = row.layout.row_start_sec(row.number)
    for note in notes[(notes["onset_sec"] < start + row.layout.row_sec) & (notes["offset_sec"] >= start)]:
        row.note(note["onset_sec"], note["offset_sec"], int(note["pitch"]), fill, edge, inset, line)


def _legend(page: Page, n_hits: int, n_misses: int, n_inventions: int) -> None:
    kinds: list[tuple[str, Colour, Colour]] = [
        (f"{n_inventions:,} invention{'s' * (n_inventions != 1)}", palette.INVENTION, palette.INVENTION),
        (f"{n_misses:,} miss{'es' * (n_misses != 1)}", MISS_FILL, palette.MISS),
        (f"{n_hits:,} hit{'s' * (n_hits != 1)}", palette.HIT, REFERENCE_EDGE),
    ]
    right, (width, height) = float(WIDTH - MARGIN), _SWATCH
    for words, fill, edge in kinds:
        page.text(right, 51, words, LABEL_SIZE + 2, palette.INK, "rm")
        right -= page.draw.textlength(words, font=font(LABEL_SIZE + 2)) + 12 + width
        page.draw.rectangle((right, 44, right + width, 44 + height), fill, edge, 2)
        right -= 34


def _check(pairs: NDArray[np.int64], n_reference: int, n_estimate: int) -> None:
    for column, n, name in ((0, n_reference, "reference"), (1, n_estimate, "estimate")):
        wrong = pairs[(pairs[:, column] < 0) | (pairs[:, column] >= n), column]
        if len(wrong):
            raise OptionError(f"a match names note {wrong[0]} of the {name}, which has {n}")
