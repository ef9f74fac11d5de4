"""Colours keep their order for every eye."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tecla.rendering.palette import HIT, INVENTION, MISS, faded, oklch_to_rgb, velocity_colours

# Machado, Oliveira, Fernandes 2009: complete protanopia, deuteranopia, tritanopia, on linear RGB.
DEFICIENCIES = np.array(
    [
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ]
)


def linear(rgb: ArrayLike) -> NDArray[np.float64]:
    share = np.asarray(rgb) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def luminance(rgb: ArrayLike) -> NDArray[np.float64]:
    return linear(rgb) @ [0.2126, 0.7152, 0.0722]


def test_louder_is_darker_for_every_eye() -> None:
    colours = linear(velocity_colours(np.arange(1, 128, 6)))
    for seen in (colours, *(colours @ matrix.T for matrix in DEFICIENCIES)):
        assert (np.diff(seen.clip(0, 1) @ [0.2126, 0.7152, 0.0722]) < 0).all()


def test_kinds_of_notes_differ_in_lightness() -> None:
    light = np.sort(luminance([HIT, MISS, INVENTION]))
    assert (light[1:] / light[:-1] > 2).all()


def test_oklch_knows_grey_and_red() -> None:
    assert oklch_to_rgb([0.0, 1.0], 0.0, 0.0).tolist() == [[0, 0, 0], [255, 255, 255]]
    assert np.abs(oklch_to_rgb(0.62796, 0.25768, 29.234).astype(int) - [255, 0, 0]).max() <= 1


def test_fading_ends_at_the_ground() -> None:
    assert faded((10, 20, 30), 0.0, (200, 210, 220)) == (200, 210, 220)
    assert faded((10, 20, 30), 1.0) == (10, 20, 30)
