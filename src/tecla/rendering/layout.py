"""Where everything lies on a piano roll: rows of equal length in time, keys upwards, a lane per pedal. Geometry only.

A page stays readable and bounded whatever the length of the music: the number of rows grows with the square root of the duration, each
row then holds more time on thinner keys. Three hours make a page of at most `LARGEST_HEIGHT` pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from tecla.music import SOFT, SOSTENUTO, SUSTAIN, Performance

WIDTH: Final = 2200
MARGIN: Final = 48
KEYBOARD: Final = 64
HEADER: Final = 128
AXIS: Final = 30
PEDAL_LANE: Final = 26
GAP: Final = 22
LARGEST_HEIGHT: Final = 12_000
PAGE: Final = LARGEST_HEIGHT - HEADER - MARGIN
KEY_HEIGHTS: Final = (3, 11)  # thinnest and thickest, pixels
SMALLEST_SPAN: Final = 36  # keys: three octaves
PEDAL_ORDER: Final = (SUSTAIN, SOSTENUTO, SOFT)
PEDAL_NAMES: Final = {SUSTAIN: "sustain", SOSTENUTO: "sostenuto", SOFT: "soft"}

_ROW_STEPS_SEC: Final = ((20, 1), (60, 5), (300, 10), (np.inf, 60))  # rows up to so long are whole multiples of so much
_TICKS_SEC: Final = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800)
_TICK_PIXELS: Final = 90


Seconds = TypeVar("Seconds", float, NDArray[np.float64])


@dataclass(frozen=True)
class Layout:
    """Pixels of a piano roll.

    Args:
        start_sec: time at the left end of the first row.
        row_sec: time in a row.
        lowest_pitch, highest_pitch: keys shown, both included.
        pedals: controller numbers that have a lane.
        key_height: of one key, in pixels.
    """

    start_sec: float
    row_sec: float
    n_rows: int
    lowest_pitch: int
    highest_pitch: int
    pedals: tuple[int, ...]
    key_height: int

    @classmethod
    def of(cls, performances: Sequence[Performance]) -> Layout:
        """The page that shows all of several Performances (usually one, or a reference and an estimate)."""
        notes = np.concatenate([performance.notes for performance in performances])
        controls = np.concatenate([performance.controls for performance in performances])
        start = float(np.floor(min(notes["onset_sec"].min(initial=0), controls["time_sec"].min(initial=0))))
        duration = max(max(p.duration_sec for p in performances) - start, 1.0)
        lowest, highest = _pitch_span(notes["pitch"])
        pedals = tuple(number for number in PEDAL_ORDER if controls["value"][controls["number"] == number].any())
        n_keys, around = highest - lowest + 1, AXIS + GAP + PEDAL_LANE * len(pedals)
        row_sec = _row_sec(duration, PAGE // (around + n_keys * KEY_HEIGHTS[0]))
        n_rows = int(np.ceil(duration / row_sec))
        key_height = int(np.clip((PAGE / n_rows - around) // n_keys, *KEY_HEIGHTS))
        return cls(start, row_sec, n_rows, lowest, highest, pedals, key_height)

    @property
    def n_keys(self) -> int:
        """Keys shown."""
        return self.highest_pitch - self.lowest_pitch + 1

    @property
    def keys_height(self) -> int:
        """Pixels of all keys together."""
        return self.n_keys * self.key_height

    @property
    def row_height(self) -> int:
        """Pixels from a row's time axis to its last pedal."""
        return AXIS + self.keys_height + PEDAL_LANE * len(self.pedals)

    @property
    def height(self) -> int:
        """Pixels of the whole page."""
        return HEADER + self.n_rows * (self.row_height + GAP) - GAP + MARGIN

    @property
    def left(self) -> int:
        """First pixel of the time axis."""
        return MARGIN + KEYBOARD

    @property
    def pixels_per_sec(self) -> float:
        """Scale of the time axis."""
        return (WIDTH - MARGIN - self.left) / self.row_sec

    @cached_property
    def tick_sec(self) -> float:
        """Time between two labels of the axis."""
        return next((tick for tick in _TICKS_SEC if tick * self.pixels_per_sec >= _TICK_PIXELS), _TICKS_SEC[-1])

    def row_start_sec(self, row: int) -> float:
        """Time at a row's left end."""
        return self.start_sec + row * self.row_sec

    def row_top(self, row: int) -> int:
        """First pixel of a row on the page; inside a row y counts from here."""
        return HEADER + row * (self.row_height + GAP)

    def x(self, time_sec: Seconds, row: int) -> Seconds:
        """Pixel of a time, or of many, on a row."""
        return self.left + (time_sec - self.row_start_sec(row)) * self.pixels_per_sec

    def key_top(self, pitch: int) -> int:
        """First pixel of a key inside its row."""
        return AXIS + (self.highest_pitch - pitch) * self.key_height


def _row_sec(duration_sec: float, most_rows: int) -> float:
    wanted = duration_sec / min(max(round(0.4 * duration_sec**0.5), 1), most_rows)
    step = next(step for longest, step in _ROW_STEPS_SEC if wanted <= longest)
    return float(step * np.ceil(wanted / step))


def _pitch_span(pitch: NDArray[np.int16]) -> tuple[int, int]:
    """Whole keyboard sections, from a C or F below to a B or E above, at least three octaves."""
    low, high = (int(pitch.min()), int(pitch.max())) if len(pitch) else (48, 83)
    while high - low + 1 < SMALLEST_SPAN - 4:
        low, high = low - 1, high + 1
    low, high = max(low - 1, 0), min(high + 1, 127)
    while low > 0 and low % 12 not in (0, 5, 9):
        low -= 1
    while high < 127 and high % 12 not in (4, 11):
        high += 1
    return low, high
