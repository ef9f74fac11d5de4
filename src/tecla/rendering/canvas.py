"""The empty piano roll: paper, keyboard, grid, time axis, pedal lanes, words. What is played is drawn on it by pianoroll and overlay.

Rows are drawn one by one at twice their size and scaled down, which smooths every edge and keeps the memory of a long page small.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from os import PathLike
from typing import Final
from unicodedata import combining, normalize

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tecla.music import Performance
from tecla.music.pitch import pitch_to_name
from tecla.rendering import palette
from tecla.rendering.layout import AXIS, KEYBOARD, MARGIN, PEDAL_LANE, PEDAL_NAMES, WIDTH, Layout
from tecla.rendering.palette import Colour

SMOOTHING: Final = 2
EDGED: Final = 5  # pixels from which a key is thick enough for notes with an edge
BLACK_KEYS: Final = frozenset({1, 3, 6, 8, 10})
TITLE_SIZE: Final = 34
TEXT_SIZE: Final = 19
LABEL_SIZE: Final = 15
_TITLE_SHARE: Final = 0.62  # of the width; the legend has the rest


@lru_cache(maxsize=16)
def font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The typeface that comes with Pillow, so that a picture is the same everywhere."""
    return ImageFont.load_default(size)


@dataclass
class Row:
    """One row while it is being drawn: coordinates are the page's, counted from the row's top."""

    layout: Layout
    number: int

    def __post_init__(self) -> None:
        self.image = Image.new("RGB", (WIDTH * SMOOTHING, self.layout.row_height * SMOOTHING), palette.PAPER)
        self.draw = ImageDraw.Draw(self.image)
        self._lanes()
        self._grid()

    def box(
        self, left: float, top: float, right: float, bottom: float, fill: Colour | None, edge: Colour | None = None, line: int = 1
    ) -> None:
        """A rectangle, its right and bottom excluded; its edge is `line` pixels wide."""
        x0, y0, x1, y1 = (round(pixel * SMOOTHING) for pixel in (left, top, right, bottom))
        self.draw.rectangle((x0, y0, max(x1 - 1, x0), max(y1 - 1, y0)), fill, edge, line * SMOOTHING if edge else 0)

    def text(self, x: float, y: float, words: str, size: float, colour: Colour, anchor: str) -> None:
        """Words at a point; `anchor` as in Pillow."""
        self.draw.text((x * SMOOTHING, y * SMOOTHING), words, colour, font(size * SMOOTHING), anchor)

    def finished(self) -> Image.Image:
        """The row at its true size, with the keyboard on top."""
        self._keyboard()
        return self.image.reduce(SMOOTHING)

    def note(
        self,
        onset_sec: float,
        offset_sec: float,
        pitch: int,
        fill: Colour | None,
        edge: Colour | None = None,
        inset: float = 0.0,
        line: int = 1,
    ) -> None:
        """A bar on a key's lane, at least two pixels long, cut at the row's ends; `inset` thins it by that share on both sides."""
        layout = self.layout
        left = max(layout.x(onset_sec, self.number), layout.left)
        right = min(max(layout.x(offset_sec, self.number), left + 2), WIDTH - MARGIN)
        top, height = layout.key_top(pitch), layout.key_height
        if right > left:
            thin = inset * height
            self.box(left, top + thin, right, top + height - thin, fill, edge if height >= EDGED or fill is None else None, line)

    def pedal(self, performance: Performance, number: int) -> None:
        """A controller as an area whose height is its value."""
        lane = self.layout.pedals.index(number)
        bottom = AXIS + self.layout.keys_height + (lane + 1) * PEDAL_LANE - 2
        height = PEDAL_LANE - 8
        moves = performance.controls[performance.controls["number"] == number]
        times = np.append(moves["time_sec"], max(performance.duration_sec, self.layout.start_sec))
        edges = np.clip(self.layout.x(times, self.number), self.layout.left, WIDTH - MARGIN)
        for i in np.flatnonzero((np.diff(edges) > 0) & (moves["value"] > 0)):
            self.box(edges[i], bottom - height * moves["value"][i] / 127, edges[i + 1], bottom, palette.PEDALS[number])

    def _lanes(self) -> None:
        layout = self.layout
        for pitch in range(layout.lowest_pitch, layout.highest_pitch + 1):
            top = layout.key_top(pitch)
            colour = palette.BLACK_LANE if pitch % 12 in BLACK_KEYS else palette.WHITE_LANE
            self.box(layout.left, top, WIDTH - MARGIN, top + layout.key_height, colour)
            if pitch % 12 in (0, 5):  # the two places where white keys meet: where the eye counts
                line = palette.STRONG_GRID if pitch % 12 == 0 else palette.GRID
                self.box(layout.left, top + layout.key_height - 0.5, WIDTH - MARGIN, top + layout.key_height + 0.5, line)
        for lane, number in enumerate(layout.pedals):
            bottom = AXIS + layout.keys_height + (lane + 1) * PEDAL_LANE - 2
            self.box(layout.left, bottom - PEDAL_LANE + 8, WIDTH - MARGIN, bottom, palette.BLACK_LANE)
            self.text(layout.left - 8, bottom - PEDAL_LANE / 2 + 4, PEDAL_NAMES[number], LABEL_SIZE - 2, palette.PALE_INK, "rm")

    def _grid(self) -> None:
        layout = self.layout
        bottom = AXIS + layout.keys_height
        first = int(np.ceil(layout.row_start_sec(self.number) / layout.tick_sec - 1e-9))
        last = int(np.floor((layout.row_start_sec(self.number) + layout.row_sec) / layout.tick_sec + 1e-9))
        for tick in range(first, last + 1):
            x = layout.x(tick * layout.tick_sec, self.number)
            self.box(x - 0.5, AXIS - 6, x + 0.5, bottom, palette.STRONG_GRID)
            self.text(x, AXIS - 10, clock(tick * layout.tick_sec), LABEL_SIZE, palette.PALE_INK, "ms")

    def _keyboard(self) -> None:
        layout, top, bottom = self.layout, AXIS, AXIS + self.layout.keys_height
        self.box(MARGIN, top, layout.left, bottom, palette.IVORY)
        for pitch in range(layout.lowest_pitch, layout.highest_pitch + 1):
            y, height = layout.key_top(pitch), layout.key_height
            if pitch % 12 in BLACK_KEYS:
                self.box(MARGIN, y + height / 2 - 0.5, layout.left, y + height / 2 + 0.5, palette.STRONG_GRID)
                self.box(MARGIN, y, MARGIN + 0.62 * KEYBOARD, y + height, palette.EBONY)
            elif pitch % 12 in (0, 5):
                self.box(MARGIN, y + height - 0.5, layout.left, y + height + 0.5, palette.STRONG_GRID)
            if pitch % 12 == 0:
                size = min(LABEL_SIZE, 1.6 * height + 4)
                self.text(layout.left - 4, y + height / 2, pitch_to_name(pitch), size, palette.INK, "rm")
        self.box(MARGIN, top, layout.left, bottom, None, palette.FRAME)
        self.box(layout.left, top, WIDTH - MARGIN, bottom, None, palette.STRONG_GRID)


class Page:
    """Title, legend, and the rows that are pasted below."""

    def __init__(self, layout: Layout, title: str, facts: str) -> None:
        self.layout = layout
        self.image = Image.new("RGB", (WIDTH, layout.height), palette.PAPER)
        self.draw = ImageDraw.Draw(self.image)
        self.text(MARGIN, 56, shortened(printable(title), TITLE_SIZE, _TITLE_SHARE * WIDTH), TITLE_SIZE, palette.INK, "ls")
        self.text(MARGIN, 92, shortened(facts, TEXT_SIZE, _TITLE_SHARE * WIDTH), TEXT_SIZE, palette.PALE_INK, "ls")

    def text(self, x: float, y: float, words: str, size: float, colour: Colour, anchor: str) -> None:
        """Words at a point; `anchor` as in Pillow."""
        self.draw.text((x, y), words, colour, font(size), anchor)

    def paste(self, row: Row) -> None:
        """Puts a row in its place."""
        self.image.paste(row.finished(), (0, self.layout.row_top(row.number)))

    def save(self, path: str | PathLike[str]) -> None:
        """Writes a PNG, whatever the suffix."""
        self.image.save(path, "PNG", optimize=self.layout.n_rows < 12)


def clock(time_sec: float) -> str:
    """A time on the axis: 0:07, 12:30, 1:02:00, 0:00.5.

    >>> clock(62), clock(3720), clock(0.5)
    ('1:02', '1:02:00', '0:00.5')
    """
    sign, tenths = "-" if time_sec < -0.05 else "", round(abs(time_sec) * 10)
    minutes, seconds = divmod(tenths // 10, 60)
    hours, minutes = divmod(minutes, 60)
    face = f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
    return f"{sign}{face}.{tenths % 10}" if tenths % 10 else sign + face


def printable(words: str) -> str:
    """What the font that comes with Pillow can show: letters without their accents, a middle dot for what is left.

    >>> printable("Étude")
    'Etude'
    """
    plain = normalize("NFKD", words.replace("\N{EN DASH}", "-").replace("\N{EM DASH}", "-"))
    return "".join(c if c.isascii() else "·" for c in plain if not combining(c))


def shortened(words: str, size: float, width: float) -> str:
    """Words cut to a width in pixels."""
    if font(size).getlength(words) <= width:
        return words
    while words and font(size).getlength(words + "...") > width:
        words = words[:-1]
    return words.rstrip() + "..."
