"""Rests that are written, and rests that are only touch."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tecla.engraving.counting import TICKS, ticks
from tecla.engraving.placed import Placed
from tecla.engraving.values import VALUES, written_ends
from tecla.engraving.voices import split_voices

EIGHTH = TICKS // 2


def ends(played_sec: list[tuple[float, float]], doubt: float) -> list[int]:
    """Ends in ticks of two notes a quarter apart, read as eighths, of which the network is sure by `doubt` in log-likelihood."""
    notes = [Placed(at, at + EIGHTH, 60 + at, 1, source) for source, at in enumerate((0, TICKS))]
    log_value = np.full((2, len(VALUES)), -doubt)
    log_value[:, [ticks(value) == EIGHTH for value in VALUES]] = 0.0
    return [n.end for n in split_voices(notes, np.zeros(2), log_value, [0], np.array(played_sec))]


@pytest.mark.parametrize(
    ("silent_sec", "doubt", "end"),
    [
        (0.25, 5.0, EIGHTH),  # the key came up, and with it the sound: a rest
        (0.5, 5.0, TICKS),  # the pedal carried it to the next note
        (0.45, 5.0, TICKS),  # or nearly: it changes with the harmony
        (0.5, 7.9, TICKS),
    ],
)
def test_what_the_pedal_carries_is_no_rest(silent_sec: float, doubt: float, end: int) -> None:
    assert ends([(0.0, silent_sec), (0.5, 0.75)], doubt) == [end, TICKS + EIGHTH]


def likes(*lengths: int) -> NDArray[np.float64]:
    """Readings of one note that the network thinks lasts one of `lengths`, the first likeliest by one in log-likelihood."""
    row = np.full(len(VALUES), -8.0)
    for rank, length in enumerate(lengths):
        row[[ticks(value) == length for value in VALUES]] = -float(rank)
    return row


@pytest.mark.parametrize(
    ("lengths", "end"),
    [
        ((TICKS // 4, EIGHTH), EIGHTH),  # an eighth and a rest, where a 16th would need two
        ((TICKS // 4,), TICKS // 4),  # unless the network will have nothing else
    ],
)
def test_a_short_stroke_before_a_rest_is_written_plainly(lengths: tuple[int, ...], end: int) -> None:
    notes = [Placed(0, TICKS // 4, 60, 1, 0), Placed(2 * TICKS, 3 * TICKS, 62, 1, 1)]
    readings = np.stack([likes(*lengths), likes(TICKS)])
    assert split_voices(notes, np.zeros(2), readings, [0])[0].end == end


def test_a_note_that_fills_its_bar_is_not_tied_over_the_line_to_save_a_rest() -> None:
    notes = [Placed(2 * TICKS, 3 * TICKS, 60, 1, 0), Placed(4 * TICKS, 5 * TICKS, 62, 1, 1)]
    readings = np.stack([likes(TICKS, 2 * TICKS), likes(TICKS)])
    assert split_voices(notes, np.zeros(2), readings, [0, 3 * TICKS])[0].end == 3 * TICKS


@pytest.mark.parametrize(
    ("second", "likeliest", "end"),
    [
        (90, 80, 60),  # thirds of a quarter whose onsets lie on fourths
        (120, 80, 60),  # thirds of a quarter that nothing else divides
        (80, 30, 60),  # fourths among thirds
        (80, 40, 40),
        (90, 30, 30),
    ],
)
def test_an_end_divides_its_quarter_as_the_onsets_do(second: int, likeliest: int, end: int) -> None:
    """Of a note that is read as lasting `likeliest` ticks or, less likely, an eighth, before another at `second` ticks."""
    log_value = np.stack([likes(likeliest, EIGHTH), likes(TICKS), likes(TICKS)])
    onset = np.array([0, second, 2 * TICKS])
    assert written_ends(onset, np.ones(3, int), np.array([60, 62, 64]), log_value, np.array([0, 4 * TICKS]))[0] == end
