"""The one constant shift of a take is found, and only that."""

import numpy as np
import pytest

from tecla.errors import OptionError
from tecla.evaluation import notes, shift
from tecla.music import Performance


def piece(seed: int = 0) -> Performance:
    rng = np.random.default_rng(seed)
    onset = 1.0 + np.cumsum(rng.uniform(0.02, 0.4, 80))
    return Performance.from_arrays(onset, onset + 0.3, rng.integers(40, 80, 80), 64)


def test_a_delay_beyond_the_tolerance_is_found_and_mended() -> None:
    played = piece()
    rng = np.random.default_rng(1)
    noise = rng.uniform(-0.045, 0.045, len(played))
    heard = Performance.from_arrays(played.notes["onset_sec"] + 0.03 + noise, played.notes["offset_sec"] + 1, played.notes["pitch"])
    best = shift.evaluate(played, heard)
    assert best.shift_sec == pytest.approx(0.03, abs=0.0051)
    assert best.onset.f1 > notes.evaluate(played, heard).onset.f1
    assert notes.evaluate(played, heard.shifted(-best.shift_sec)).onset == best.onset


@pytest.mark.parametrize("seed", range(10))
def test_equals_trying_every_shift_in_turn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    played = piece(seed)
    onset = played.notes["onset_sec"] + rng.normal(0.02, 0.05, len(played))
    heard = Performance.from_arrays(onset, onset + 0.2, played.notes["pitch"])
    tried = max(notes.evaluate(played, heard.shifted(-step * 0.005)).onset.f1 for step in range(-6, 13))
    assert shift.evaluate(played, heard).onset.f1 == pytest.approx(tried)


def test_of_equal_shifts_the_smallest_counts() -> None:
    assert shift.evaluate(piece(), piece()).shift_sec == 0.0
    assert shift.evaluate(piece(), Performance()).shift_sec == 0.0


def test_a_range_without_a_shift_is_refused() -> None:
    with pytest.raises(OptionError, match="give a range"):
        shift.evaluate(piece(), piece(), earliest_sec=0.1, latest_sec=0.0)
    with pytest.raises(OptionError, match="no multiple"):
        shift.evaluate(piece(), piece(), earliest_sec=0.001, latest_sec=0.002)
