"""The geometry of a page: bounded, complete, without gaps."""

import numpy as np
import pytest
from numpy.typing import ArrayLike

from tecla.music import SOFT, SUSTAIN, Performance
from tecla.rendering.layout import LARGEST_HEIGHT, MARGIN, WIDTH, Layout


def lasting(duration_sec: float, pitches: tuple[int, ...] = (60,), **columns: ArrayLike) -> Performance:
    return Performance.from_arrays([0.0] * len(pitches), duration_sec, list(pitches), 64, **columns)


@pytest.mark.parametrize("duration_sec", [0.1, 7, 35, 200, 600, 3600, 3 * 3600, 12 * 3600])
@pytest.mark.parametrize("pitches", [(60,), (21, 108), (0, 127)])
def test_a_page_is_bounded_and_holds_everything(duration_sec: float, pitches: tuple[int, ...]) -> None:
    layout = Layout.of([lasting(duration_sec, pitches, controls=[(0, SUSTAIN, 1), (0, SOFT, 1)])])
    assert layout.height <= LARGEST_HEIGHT
    assert layout.start_sec + layout.n_rows * layout.row_sec >= duration_sec
    assert layout.start_sec + (layout.n_rows - 1) * layout.row_sec < max(duration_sec, 1)
    assert layout.lowest_pitch <= min(pitches) <= max(pitches) <= layout.highest_pitch


def test_rows_join_in_time() -> None:
    layout = Layout.of([lasting(100)])
    end = layout.row_start_sec(1)
    assert layout.x(end, 0) == pytest.approx(WIDTH - MARGIN)
    assert layout.x(end, 1) == pytest.approx(layout.left)


def test_higher_keys_lie_higher_and_labels_have_room() -> None:
    layout = Layout.of([lasting(100, (30, 90))])
    tops = [layout.key_top(pitch) for pitch in range(layout.lowest_pitch, layout.highest_pitch + 1)]
    assert (np.diff(tops) == -layout.key_height).all()
    assert layout.tick_sec * layout.pixels_per_sec >= 90


def test_a_pedal_has_a_lane_only_if_it_moves() -> None:
    assert Layout.of([lasting(5, controls=[(1, SUSTAIN, 127), (1, SOFT, 0)])]).pedals == (SUSTAIN,)


def test_nothing_still_makes_a_page() -> None:
    layout = Layout.of([Performance()])
    assert layout.n_rows == 1
    assert layout.highest_pitch - layout.lowest_pitch >= 30


def test_time_before_zero_is_shown() -> None:
    assert Layout.of([Performance.from_arrays([-1.5], [2.0], [60])]).start_sec == -2
