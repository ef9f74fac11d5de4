"""Hits, misses and inventions, each where it is and as what it is."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tecla.errors import OptionError
from tecla.music import Performance
from tecla.rendering.layout import Layout
from tecla.rendering.overlay import MISS_FILL, draw_overlay, facts
from tecla.rendering.palette import HIT, INVENTION, MISS


def test_each_kind_has_its_colour(tmp_path: Path) -> None:
    reference = Performance.from_arrays([1.0, 3.0], [2.0, 4.0], [60, 64])
    estimate = Performance.from_arrays([1.01, 5.0], [1.9, 6.0], [60, 67])
    draw_overlay(reference, estimate, [(0, 0)], tmp_path / "overlay.png")
    picture, layout = np.asarray(Image.open(tmp_path / "overlay.png").convert("RGB")), Layout.of([reference, estimate])

    def colours(time_sec: float, pitch: int) -> set[tuple[int, ...]]:
        top = layout.row_top(0) + layout.key_top(pitch)
        return {tuple(colour) for colour in picture[top : top + layout.key_height, round(layout.x(time_sec, 0))].tolist()}

    assert HIT in colours(1.5, 60)
    assert MISS_FILL in colours(3.5, 64)
    assert MISS in colours(3.5, 64)
    assert INVENTION in colours(5.5, 67)
    assert not {HIT, MISS, INVENTION} & colours(3.5, 60)


def test_counts_and_shares() -> None:
    assert facts(10, 8, 6).endswith("precision 75.0 %   ·   recall 60.0 %   ·   F1 66.7 %")
    assert "0 notes in the reference" in facts(0, 0, 0)


def test_nothing_against_nothing(tmp_path: Path) -> None:
    draw_overlay(Performance(), Performance(), [], tmp_path / "overlay.png")
    assert (tmp_path / "overlay.png").stat().st_size > 1000


def test_a_match_of_a_note_that_is_not_there_is_refused(tmp_path: Path) -> None:
    one = Performance.from_arrays([0.0], [1.0], [60])
    with pytest.raises(OptionError, match="a match names note 1 of the estimate, which has 1"):
        draw_overlay(one, one, [(0, 1)], tmp_path / "overlay.png")
