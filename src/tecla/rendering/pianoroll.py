"""A Performance as a picture: keys upwards, time to the right, velocity as colour, doubt as transparency, pedals below.

Behind each note a thin tail runs to where its string falls silent: what the finger did and what the pedal made of it, in one look.
"""

from __future__ import annotations

from os import PathLike
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.music import SUSTAIN, Performance
from tecla.music.pitch import pitch_to_name
from tecla.rendering import palette
from tecla.rendering.canvas import LABEL_SIZE, Page, Row, clock
from tecla.rendering.layout import MARGIN, WIDTH, Layout
from tecla.rendering.palette import Colour

LEAST_OPACITY: Final = 0.22
TAIL_OPACITY: Final = 0.30
TAIL_INSET: Final = 0.36
EXACT_SEC: Final = 60.0  # from here on a duration is told in whole seconds
_BAR: Final = (254, 14)  # velocity scale, pixels
_SWATCH: Final = (34, 14)


def draw_piano_roll(performance: Performance, path: str | PathLike[str], title: str = "") -> None:
    """Writes a Performance as a PNG, 2200 pixels wide and at most 12,000 high."""
    layout = Layout.of([performance])
    page = Page(layout, title or "Piano roll", facts(performance))
    _legend(page, bool((performance.notes["confidence"] < 1).any()))
    sounding_sec, colours = performance.sounding_offset_sec(), palette.velocity_colours(performance.notes["velocity"])
    for number in range(layout.n_rows):
        row = Row(layout, number)
        _draw_notes(row, performance.notes, sounding_sec, colours)
        for pedal in layout.pedals:
            row.pedal(performance, pedal)
        page.paste(row)
    page.save(path)


def facts(performance: Performance) -> str:
    """What there is to say of a Performance in one line."""
    notes = performance.notes
    if not len(notes):
        return "no notes"
    said = [
        f"{len(notes):,} notes" if len(notes) > 1 else "1 note",
        clock(round(performance.duration_sec, 1 if performance.duration_sec < EXACT_SEC else None)),
    ]
    said.append(f"{pitch_to_name(int(notes['pitch'].min()))} to {pitch_to_name(int(notes['pitch'].max()))}")
    said.append(f"velocity {notes['velocity'].min()} to {notes['velocity'].max()}")
    pedal = performance.pedal_intervals(SUSTAIN)
    said += [f"sustain pedal {len(pedal)} times" if len(pedal) > 1 else "sustain pedal once"] if len(pedal) else []
    return "   ·   ".join(said)


def _draw_notes(row: Row, notes: NDArray[np.void], sounding_sec: NDArray[np.float64], colours: NDArray[np.uint8]) -> None:
    """Tails first, then notes, soft ones before loud ones: what was meant to be heard lies on top."""
    start = row.layout.row_start_sec(row.number)
    shown = np.flatnonzero((notes["onset_sec"] < start + row.layout.row_sec) & (sounding_sec >= start))
    shown = shown[np.argsort(notes["velocity"][shown], kind="stable")]
    for i in shown[sounding_sec[shown] > notes["offset_sec"][shown]]:
        tail = palette.faded(colours[i], TAIL_OPACITY)
        row.note(notes["offset_sec"][i], sounding_sec[i], notes["pitch"][i], tail, None, TAIL_INSET)
    for i in shown[notes["offset_sec"][shown] >= start]:
        fill, edge = _seen(colours[i], float(notes["confidence"][i]))
        row.note(notes["onset_sec"][i], notes["offset_sec"][i], notes["pitch"][i], fill, edge)


def _seen(colour: NDArray[np.uint8], confidence: float) -> tuple[Colour, Colour]:
    """Fill and edge of a note: doubt empties it, its edge stays."""
    opacity = LEAST_OPACITY + (1 - LEAST_OPACITY) * confidence
    return palette.faded(colour, opacity), palette.faded(colour, 0.72, palette.INK)


def _legend(page: Page, doubts: bool) -> None:
    width, height = _BAR
    left, top = WIDTH - MARGIN - width, 44
    for x, colour in enumerate(palette.velocity_colours(np.linspace(1, 127, width))):
        page.draw.line((left + x, top, left + x, top + height - 1), tuple(int(c) for c in colour))
    page.text(left - 14, top + height / 2, "velocity", LABEL_SIZE, palette.PALE_INK, "rm")
    for velocity in (1, 32, 64, 96, 127):
        tick = left + (velocity - 1) / 126 * (width - 1)
        page.text(tick, top + height + 8, str(velocity), LABEL_SIZE - 1, palette.PALE_INK, "mt")
    if doubts:
        _confidence_legend(page, left - 120, top)


def _confidence_legend(page: Page, right: float, top: float) -> None:
    width, height = _SWATCH
    colour = palette.velocity_colours(80)
    for i, confidence in enumerate((1.0, 0.5, 0.0)):
        left = right - (i + 1) * (width + 16)
        page.draw.rectangle((left, top, left + width, top + height), *_seen(colour, confidence))
        page.text(left + width / 2, top + height + 8, f"{confidence:g}", LABEL_SIZE - 1, palette.PALE_INK, "mt")
    page.text(right - 3 * (width + 16) - 14, top + height / 2, "confidence", LABEL_SIZE, palette.PALE_INK, "rm")
