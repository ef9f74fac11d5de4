"""Key signatures from pitches alone: what the network says is flat in all of these."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tecla.engraving.spelling import find_keys, spell

C_MAJOR = [60, 64, 67, 65, 69, 72, 67, 71, 74, 72, 67, 64]
C_MINOR = [60, 63, 67, 65, 68, 72, 67, 71, 74, 72, 70, 68, 67, 69, 71, 72]  # with the raised notes of its rising scale


def keys(pitch: NDArray[np.int64], notes_a_bar: int) -> NDArray[np.int64]:
    """Signatures of bars of so many notes."""
    bar = np.arange(len(pitch)) // notes_a_bar
    return find_keys(np.full((len(pitch), 5), -np.log(5)), pitch, bar, int(bar[-1]) + 1)


@pytest.mark.parametrize(("shift", "fifths"), [(0, 0), (7, 1), (2, 2), (5, -1), (10, -2), (9, 3), (8, -4)])
def test_a_major_key_is_found_wherever_it_lies(shift: int, fifths: int) -> None:
    assert set(keys(np.array(C_MAJOR * 4) + shift, 12).tolist()) == {fifths}


@pytest.mark.parametrize(("shift", "fifths"), [(0, -3), (2, -1), (5, -4), (9, 0), (4, 1)])
def test_the_raised_notes_of_a_minor_key_do_not_make_it_another(shift: int, fifths: int) -> None:
    assert set(keys(np.array(C_MINOR * 4) + shift, 16).tolist()) == {fifths}


def test_a_passing_dominant_stays_in_its_key_and_a_new_key_that_stays_is_written() -> None:
    home, away = np.array(C_MAJOR), np.array(C_MAJOR) + 2
    assert set(keys(np.concatenate([np.tile(home, 8), away, np.tile(home, 8)]), 12).tolist()) == {0}
    assert keys(np.concatenate([np.tile(home, 24), np.tile(away, 24)]), 12).tolist() == [0] * 24 + [2] * 24


@pytest.mark.parametrize("key", range(-7, 8))
def test_a_scale_is_spelt_with_the_signs_of_its_key(key: int) -> None:
    scale = list(range(key - 1, key + 6))  # on the line of fifths
    assert [spell(7 * fifths % 12 + 60, key) for fifths in scale] == scale
