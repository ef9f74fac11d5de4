"""Colours that read in print, on screen and to every kind of eye.

Velocity runs along a path in OKLCH (Ottosson, A perceptual color space for image processing, 2020) whose lightness falls evenly from
soft to loud: it keeps its order in grey and under every colour blindness, the hue only helps. Hits, misses and inventions differ in
lightness and in shape as well as in hue (after Tol, Colour schemes, SRON technical note 2021).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Colour = tuple[int, int, int]

PAPER: Final[Colour] = (255, 255, 255)
WHITE_LANE: Final[Colour] = (252, 252, 250)
BLACK_LANE: Final[Colour] = (244, 244, 241)
GRID: Final[Colour] = (228, 228, 223)
STRONG_GRID: Final[Colour] = (203, 203, 197)
FRAME: Final[Colour] = (170, 170, 165)
INK: Final[Colour] = (38, 38, 42)
PALE_INK: Final[Colour] = (112, 112, 116)
IVORY: Final[Colour] = (255, 255, 255)
EBONY: Final[Colour] = (52, 52, 56)
PEDALS: Final[dict[int, Colour]] = {64: (98, 124, 148), 66: (122, 140, 96), 67: (150, 118, 140)}

HIT: Final[Colour] = (136, 189, 230)
MISS: Final[Colour] = (204, 51, 17)
INVENTION: Final[Colour] = (51, 34, 136)

# Stops of the velocity path: OKLCH lightness, chroma, hue in degrees.
_STOPS: Final = np.array([(0.86, 0.085, 95.0), (0.74, 0.13, 55.0), (0.60, 0.17, 15.0), (0.45, 0.17, -30.0), (0.30, 0.13, -70.0)])


def velocity_colours(velocity: ArrayLike) -> NDArray[np.uint8]:
    """sRGB of velocities 1..127, (N, 3): straw for the softest, over rose, to indigo for the loudest."""
    at = np.clip(np.asarray(velocity, "f8") / 127, 0, 1) * (len(_STOPS) - 1)
    lightness, chroma, hue = (np.interp(at, range(len(_STOPS)), column) for column in _STOPS.T)
    return oklch_to_rgb(lightness, chroma, hue)


def oklch_to_rgb(lightness: ArrayLike, chroma: ArrayLike, hue: ArrayLike) -> NDArray[np.uint8]:
    """sRGB 0..255, (..., 3), of OKLCH with hue in degrees; what lies outside sRGB is clipped.

    >>> oklch_to_rgb(1.0, 0.0, 0.0).tolist()
    [255, 255, 255]
    """
    angle = np.radians(hue)
    a, b = np.asarray(chroma) * np.cos(angle), np.asarray(chroma) * np.sin(angle)
    lms = [
        np.asarray(lightness) + 0.3963377774 * a + 0.2158037573 * b,
        np.asarray(lightness) - 0.1055613458 * a - 0.0638541728 * b,
        np.asarray(lightness) - 0.0894841775 * a - 1.2914855480 * b,
    ]
    long, medium, short = (value**3 for value in lms)
    linear = np.stack(
        [
            4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
            -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
            -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
        ],
        axis=-1,
    ).clip(0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(encoded * 255), np.uint8)


def faded(colour: ArrayLike, opacity: float, ground: Colour = WHITE_LANE) -> Colour:
    """A colour seen through `opacity` (0..1) above `ground`."""
    red, green, blue = (round(opacity * float(c) + (1 - opacity) * g) for c, g in zip(np.asarray(colour), ground, strict=True))
    return red, green, blue
