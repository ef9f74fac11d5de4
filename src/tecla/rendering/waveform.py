"""A Performance's sound as a picture: peaks pale, loudness dark, left and right channel as one, rows of time from top to bottom.

The sound is played a block at a time and kept as one peak and one power a column, so an hour needs no more memory than its picture.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from os import PathLike
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tecla.music import Performance
from tecla.rendering import palette
from tecla.rendering.canvas import LABEL_SIZE, TEXT_SIZE, TITLE_SIZE, clock, font, printable
from tecla.rendering.instrument import SAMPLE_RATE
from tecla.rendering.layout import MARGIN, WIDTH
from tecla.rendering.pianoroll import facts
from tecla.rendering.sampler import render_blocks

SUFFIX: Final = ".waveform.png"
ROW_HEIGHT: Final = 220
SHORTEST_ROW_SEC: Final = 10.0
MOST_ROWS: Final = 12
TICKS: Final = 10  # a row
_HEADER: Final = 130
_AXIS: Final = 34
_COLUMNS: Final = WIDTH - 2 * MARGIN
_PEAK: Final[palette.Colour] = palette.HIT
_LOUD: Final[palette.Colour] = palette.INVENTION


def draw_waveform(performance: Performance, path: str | PathLike[str], title: str = "") -> None:
    """Writes the sound of a Performance on the sampled piano as a PNG, 2200 pixels wide."""
    row_sec = max(SHORTEST_ROW_SEC, performance.sounding_offset_sec().max(initial=0.0) / MOST_ROWS)
    peak, loud = columns(render_blocks(performance), row_sec / _COLUMNS)
    n_rows = max(1, math.ceil(len(peak) / _COLUMNS))
    page = Image.new("RGB", (WIDTH, _HEADER + n_rows * (ROW_HEIGHT + _AXIS) + MARGIN), palette.PAPER)
    draw = ImageDraw.Draw(page)
    draw.text((MARGIN, 44), printable(title.removesuffix(".waveform") or "Waveform"), palette.INK, font(TITLE_SIZE))
    draw.text((MARGIN, 92), facts(performance), palette.PALE_INK, font(TEXT_SIZE))
    scale = 0.5 * (ROW_HEIGHT - 12) / max(float(peak.max(initial=0.0)), 1e-3)
    for row in range(n_rows):
        top = _HEADER + row * (ROW_HEIGHT + _AXIS)
        _paper(draw, top, row, row_sec)
        part = slice(row * _COLUMNS, (row + 1) * _COLUMNS)
        for high, colour in ((peak[part], _PEAK), (loud[part], _LOUD)):
            _bars(draw, top + ROW_HEIGHT // 2, high * scale, colour)
    page.save(path, "PNG")


def columns(blocks: Iterable[NDArray[Any]], column_sec: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Peak and root mean square of every column of a sound. Shape: blocks (n,) or (n, channels) -> (C,), (C,)."""
    per_column = max(1, round(column_sec * SAMPLE_RATE))
    peaks, powers, rest = list[NDArray[np.float64]](), list[NDArray[np.float64]](), np.zeros(0)
    for block in blocks:
        loudest = np.abs(np.asarray(block, np.float64)).reshape(len(block), -1).max(1)  # the louder channel
        rest = np.concatenate([rest, loudest])
        whole = len(rest) // per_column
        framed = rest[: whole * per_column].reshape(whole, per_column)
        peaks.append(framed.max(1, initial=0.0))
        powers.append(np.square(framed).mean(1))
        rest = rest[whole * per_column :]
    if len(rest):
        peaks.append(rest.max(keepdims=True))
        powers.append(np.square(rest).mean(keepdims=True))
    nothing = np.zeros(0)
    return np.concatenate([nothing, *peaks]), np.sqrt(np.concatenate([nothing, *powers]))


def _paper(draw: ImageDraw.ImageDraw, top: int, row: int, row_sec: float) -> None:
    draw.rectangle((MARGIN, top, WIDTH - MARGIN, top + ROW_HEIGHT), palette.WHITE_LANE)
    for tick in range(TICKS + 1):
        x = MARGIN + tick * _COLUMNS / TICKS
        draw.line((x, top, x, top + ROW_HEIGHT), palette.GRID)
        if tick < TICKS:
            moment = clock(round(row_sec * (row + tick / TICKS), 1))
            draw.text((x + 3, top + ROW_HEIGHT + 4), moment, palette.PALE_INK, font(LABEL_SIZE))
    middle = top + ROW_HEIGHT // 2
    draw.line((MARGIN, middle, WIDTH - MARGIN, middle), palette.STRONG_GRID)


def _bars(draw: ImageDraw.ImageDraw, middle: int, heights: NDArray[np.float64], colour: palette.Colour) -> None:
    for column in np.flatnonzero(heights >= 0.5):
        x, height = MARGIN + int(column), round(heights[column])
        draw.line((x, middle - height, x, middle + height), colour)
