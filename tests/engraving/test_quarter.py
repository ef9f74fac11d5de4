"""The note-wise network's idea of a quarter, and the page's."""

from dataclasses import replace

import numpy as np
import pytest

from tecla.engraving.network import read_notes
from tecla.engraving.notewise import SHIFTS, VALUES
from tecla.engraving.quarter import in_page_quarters
from tecla.music import Performance

EIGHTH = SHIFTS.index(min(SHIFTS, key=lambda step: abs(step - 0.5)))


def eighths_read_as(quarters: float, quarter_sec: float) -> tuple[int, int, bool]:
    """Steps and lengths as read again, most likely entries, when the network sees eighths of half a second as so many of its quarters."""
    count = 64
    onset = 0.25 * np.arange(count)
    readings = read_notes(Performance.from_arrays(onset, onset + 0.2, 60 + np.arange(count) % 12, np.full(count, 64)))
    step = int(np.argmin([abs(float(s) - quarters) for s in SHIFTS]))
    length = int(np.argmin([abs(float(v) - quarters) for v in VALUES]))
    sure = replace(
        readings,
        log_shift=np.where(np.arange(len(SHIFTS)) == step, 0.0, -9.0) + np.zeros((count, 1)),
        log_value=np.where(np.arange(len(VALUES)) == length, 0.0, -9.0) + np.zeros((count, 1)),
        quarter_sec=np.full(count, quarter_sec),
    )
    told, ours = in_page_quarters(sure, onset, np.full(count, 0.5))
    return int(told.log_shift[8].argmax()), int(told.log_value[8].argmax()), bool(ours.all())


@pytest.mark.parametrize(("quarters", "quarter_sec"), [(0.25, 1.0), (0.5, 0.5), (1.0, 0.25)])
def test_readings_at_half_and_double_pace_are_read_in_the_page_s_quarters(quarters: float, quarter_sec: float) -> None:
    shift, value, ours = eighths_read_as(quarters, quarter_sec)
    assert SHIFTS[shift] == SHIFTS[EIGHTH] == VALUES[value]
    assert ours == (quarters == 0.5)


def test_an_idea_by_threes_is_taken_up_only_where_the_readings_are_sure_of_it() -> None:
    shift, value, ours = eighths_read_as(1 / 3, 0.75)
    assert not ours
    assert SHIFTS[shift] == VALUES[value] == SHIFTS[EIGHTH]
