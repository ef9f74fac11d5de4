"""Keys that stand out for no musical reason are made even; what a player does stays."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tecla.transcription.evenness import even_keys

Take = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]


def take(notes: int = 800) -> Take:
    """A minute and more of notes at random, louder and softer by passages: velocity, onset, key."""
    rng = np.random.default_rng(1)
    onset = np.sort(rng.uniform(0, notes / 8, notes))
    velocity = 0.5 + 0.15 * np.sin(onset / 7) + rng.normal(0, 0.02, notes)
    return velocity, onset, rng.integers(20, 60, notes)


def test_a_key_that_stands_out_is_brought_most_of_the_way_back() -> None:
    velocity, onset, key = take()
    loud = key == 33
    heard = velocity + 0.1 * loud
    excess = (even_keys(heard, onset, key) - even_keys(velocity, onset, key))[loud].mean()
    count = loud.sum()
    assert excess == pytest.approx(0.1 * (1 - count / (count + 20)), abs=0.01)


def test_passages_stay_as_loud_and_soft_as_they_were() -> None:
    velocity, onset, key = take()
    evened = even_keys(velocity, onset, key)
    assert np.corrcoef(evened, 0.5 + 0.15 * np.sin(onset / 7))[0, 1] > 0.98
    assert evened.mean() == pytest.approx(velocity.mean(), abs=0.003)


def test_a_louder_treble_is_the_player_s() -> None:
    velocity, onset, key = take()
    tune = velocity + 0.004 * (key - 40)
    slope = np.polyfit(key, even_keys(tune, onset, key), 1)[0]
    assert slope == pytest.approx(np.polyfit(key, tune, 1)[0], abs=2e-4)


def test_the_order_of_notes_does_not_matter() -> None:
    velocity, onset, key = take(200)
    order = np.random.default_rng(2).permutation(200)
    assert np.allclose(even_keys(velocity, onset, key)[order], even_keys(velocity[order], onset[order], key[order]))


def test_few_notes_are_hardly_touched_and_none_are_no_error() -> None:
    velocity, onset, key = take(5)
    assert np.abs(even_keys(velocity, onset, key) - velocity).max() < 0.02
    assert not len(even_keys(np.zeros(0), np.zeros(0), np.zeros(0, np.intp)))
