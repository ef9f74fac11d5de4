"""The picture shows what was played, where and how it was played."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from tecla.music import SUSTAIN, Performance
from tecla.rendering.canvas import clock, printable, shortened
from tecla.rendering.layout import AXIS, LARGEST_HEIGHT, PEDAL_LANE, WIDTH, Layout
from tecla.rendering.palette import PEDALS, faded, velocity_colours
from tecla.rendering.pianoroll import LEAST_OPACITY, draw_piano_roll, facts


def drawn(performance: Performance, tmp_path: Path, title: str = "a title") -> tuple[NDArray[np.int64], Layout]:
    draw_piano_roll(performance, tmp_path / "roll.png", title)
    return np.asarray(Image.open(tmp_path / "roll.png").convert("RGB")).astype(int), Layout.of([performance])


def pixel(picture: NDArray[np.int64], layout: Layout, time_sec: float, pitch: int) -> NDArray[np.int64]:
    row = int((time_sec - layout.start_sec) / layout.row_sec)
    y = layout.row_top(row) + layout.key_top(pitch) + layout.key_height // 2
    return picture[y, round(layout.x(time_sec, row))]


def near(colour: ArrayLike, other: ArrayLike) -> bool:
    return bool(np.abs(np.asarray(colour, int) - np.asarray(other, int)).max() <= 2)


def test_a_note_is_where_it_was_played_in_the_colour_of_its_velocity(tmp_path: Path) -> None:
    performance = Performance.from_arrays([1.0, 24.2], [2.0, 25.0], [60, 72], [30, 110])
    picture, layout = drawn(performance, tmp_path)
    assert picture.shape[1] == WIDTH
    assert layout.n_rows > 1
    assert near(pixel(picture, layout, 1.5, 60), velocity_colours(30))
    assert near(pixel(picture, layout, 24.6, 72), velocity_colours(110))
    for time_sec, pitch in ((0.8, 60), (2.2, 60), (1.5, 61), (1.5, 59), (24.6, 60)):
        assert not near(pixel(picture, layout, time_sec, pitch), velocity_colours(30))
        assert pixel(picture, layout, time_sec, pitch).min() > 230


def test_doubt_fades_a_note(tmp_path: Path) -> None:
    picture, layout = drawn(Performance.from_arrays([1.0, 3.0], [2.0, 4.0], 60, 80, [1.0, 0.0]), tmp_path)
    assert near(pixel(picture, layout, 1.5, 60), velocity_colours(80))
    assert near(pixel(picture, layout, 3.5, 60), faded(velocity_colours(80), LEAST_OPACITY))


def test_the_pedal_lane_shows_its_value_and_a_tail_how_long_strings_sound(tmp_path: Path) -> None:
    performance = Performance.from_arrays([1.0], [1.5], [60], [80], controls=[(1.2, SUSTAIN, 127), (3.0, SUSTAIN, 50), (4.0, SUSTAIN, 0)])
    picture, layout = drawn(performance, tmp_path)
    lane = layout.row_top(0) + AXIS + layout.keys_height
    filled = [
        sum(near(colour, PEDALS[SUSTAIN]) for colour in picture[lane : lane + PEDAL_LANE, round(layout.x(time_sec, 0))])
        for time_sec in (1.0, 2.0, 3.5)
    ]
    assert filled[0] == 0 < filled[2] < filled[1]
    assert pixel(picture, layout, 2.5, 60).min() < 245
    assert pixel(picture, layout, 3.3, 60).min() > 245


def test_a_note_crosses_from_row_to_row(tmp_path: Path) -> None:
    picture, layout = drawn(Performance.from_arrays([0.0], [40.0], [60], [80]), tmp_path)
    assert layout.n_rows > 1
    for row in range(layout.n_rows):
        assert near(pixel(picture, layout, layout.row_start_sec(row) + 0.5, 60), velocity_colours(80))


@pytest.mark.parametrize("performance", [Performance(), Performance.from_arrays([0.0], [0.0], [0], [1])], ids=["nothing", "no length"])
def test_next_to_nothing_is_drawn_too(performance: Performance, tmp_path: Path) -> None:
    picture, _ = drawn(performance, tmp_path)
    assert picture.shape[0] > 300


def test_three_hours_stay_a_picture(tmp_path: Path) -> None:
    onset = np.linspace(0, 3 * 3600 - 1, 500)
    picture, _ = drawn(Performance.from_arrays(onset, onset + 1, 21 + np.arange(500) % 88), tmp_path)
    assert picture.shape[0] <= LARGEST_HEIGHT


def test_any_title_can_be_printed(tmp_path: Path) -> None:
    drawn(Performance(), tmp_path, "Прелюдия № 1 — Étude 練習曲 " * 20)
    assert printable("Étude in a – Saint-Saëns") == "Etude in a - Saint-Saens"
    assert shortened("short", 20, 500) == "short"
    assert shortened("long " * 100, 20, 500).endswith("...")


def test_the_facts_are_true() -> None:
    performance = Performance.from_arrays([0, 1], [1, 62], [21, 60], [20, 90], controls=[(0, SUSTAIN, 127), (1, SUSTAIN, 0)])
    assert facts(performance) == "2 notes   ·   1:02   ·   A0 to C4   ·   velocity 20 to 90   ·   sustain pedal once"
    assert facts(Performance()) == "no notes"


@pytest.mark.parametrize(("time_sec", "face"), [(0, "0:00"), (61, "1:01"), (3725, "1:02:05"), (0.2, "0:00.2"), (-2, "-0:02")])
def test_the_clock(time_sec: float, face: str) -> None:
    assert clock(time_sec) == face
