"""Modes that nobody named are told apart."""

import numpy as np

from tecla.engraving.spelling import PROFILES
from tecla.music import Performance
from tecla.training.key_profiles import counts, learn_profiles


def test_pitches_are_counted_from_the_c_of_their_signature() -> None:
    onset = np.arange(4) * 1.0
    played = Performance.from_arrays(onset, onset + 0.5, np.array([62, 69, 60, 67]), np.full(4, 64))
    in_d, in_c = counts(played, ((0.0, 2), (2.0, 0)))[::-1]
    assert np.flatnonzero(in_d).tolist() == [0, 1]  # D and A under two sharps are what C and G are under none
    assert np.flatnonzero(in_c).tolist() == [0, 1]


def test_major_and_minor_are_found_in_a_mixture() -> None:
    rng = np.random.default_rng(0)
    shares = np.array(PROFILES) / np.sum(PROFILES, axis=1, keepdims=True)
    found = np.array([rng.multinomial(2000, shares[k % 2]) for k in range(60)], float) / np.sqrt(2100)
    assert np.allclose(learn_profiles(found), shares, atol=0.02)
