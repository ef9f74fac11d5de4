"""To ear and eye: a Performance as sound, as a piano roll, beside its reference."""

from tecla.rendering.instrument import SAMPLE_RATE
from tecla.rendering.room import HALL, ROOMS, SALON, Room
from tecla.rendering.sampler import render, render_blocks

__all__ = ["HALL", "ROOMS", "SALON", "SAMPLE_RATE", "Room", "render", "render_blocks"]
