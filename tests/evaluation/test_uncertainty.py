"""Intervals cover what they should, and pairing sharpens them."""

import numpy as np
import pytest

from tecla.errors import OptionError
from tecla.evaluation import uncertainty


def test_the_interval_holds_the_mean_and_has_the_width_theory_gives() -> None:
    values = np.random.default_rng(0).normal(0.9, 0.1, 400)
    interval = uncertainty.evaluate(values)
    assert interval.mean == pytest.approx(values.mean())
    assert interval.low < interval.mean < interval.high
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.05)


def test_it_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    intervals = [uncertainty.evaluate(rng.normal(0.5, 0.2, 30)) for _ in range(100)]
    assert sum(one.low <= 0.5 <= one.high for one in intervals) >= 85


def test_pairing_finds_a_gain_that_separate_intervals_cannot() -> None:
    pieces = np.random.default_rng(2).uniform(0.5, 1.0, 12)
    better = pieces + np.random.default_rng(3).normal(0.01, 0.005, 12)
    gain = uncertainty.paired_difference(better, pieces)
    assert gain.low > 0
    assert uncertainty.evaluate(better).low < pieces.mean()


def test_the_seed_decides_and_one_piece_has_no_interval() -> None:
    values = [0.1, 0.5, 0.7]
    assert uncertainty.evaluate(values, seed=4) == uncertainty.evaluate(values, seed=4)
    alone = uncertainty.evaluate([0.5])
    assert alone.mean == 0.5
    assert np.isnan(alone.low)
    assert np.isnan(alone.high)


@pytest.mark.parametrize("values", [[], [float("nan")], [[0.1, 0.2]]])
def test_values_are_finite_and_one_a_piece(values: list[float]) -> None:
    with pytest.raises(OptionError, match="one finite number a piece"):
        uncertainty.evaluate(values)


def test_pairs_need_the_same_pieces() -> None:
    with pytest.raises(OptionError, match="3 pieces against 2"):
        uncertainty.paired_difference([1, 2, 3], [1, 2])


def test_a_ratio_of_sums_weighs_long_pieces_more_and_its_interval_holds_it() -> None:
    rng = np.random.default_rng(5)
    notes = rng.integers(100, 5000, 60).astype(float)
    bits = notes * rng.normal(18, 2, 60)
    found = uncertainty.evaluate_ratio(bits, notes)
    assert found.mean == pytest.approx(bits.sum() / notes.sum())
    assert found.low < found.mean < found.high
    alike = uncertainty.evaluate_ratio(bits / notes, np.ones(60))
    plain = uncertainty.evaluate(bits / notes)
    assert (alike.mean, alike.low, alike.high) == pytest.approx((plain.mean, plain.low, plain.high))  # equal lengths: the plain mean


def test_a_ratio_needs_one_positive_denominator_a_piece() -> None:
    with pytest.raises(OptionError, match="2 numerators over 1 denominators"):
        uncertainty.evaluate_ratio([1, 2], [1])
    with pytest.raises(OptionError, match="a denominator is 0"):
        uncertainty.evaluate_ratio([1, 2], [1, 0])
