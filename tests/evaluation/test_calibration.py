"""Confidences are judged by hand-counted bins, and what was spoilt by a known line is mended by it."""

import numpy as np
import pytest

from tecla.errors import OptionError
from tecla.evaluation.calibration import evaluate, fit_line, fit_staircase, fit_temperature, log_odds


def believers(slope: float, intercept: float, n: int = 40_000) -> tuple[np.ndarray, np.ndarray]:
    """Activations whose notes are right as often as a line on their log odds says."""
    rng = np.random.default_rng(0)
    seen = rng.uniform(0.3, 0.97, n)
    return seen, rng.random(n) < 1 / (1 + np.exp(-(slope * log_odds(seen) + intercept)))


def test_two_bins_by_hand() -> None:
    found = evaluate([0.9, 0.9, 0.9, 0.9, 0.1, 0.1], [True, True, True, False, False, True])
    assert found.expected_error == pytest.approx(4 / 6 * 0.15 + 2 / 6 * 0.4)
    assert found.brier == pytest.approx((3 * 0.01 + 0.81 + 0.01 + 0.81) / 6)
    assert found.count.sum() == 6
    assert found.right[13] == 0.75


def test_the_area_counts_pairs_in_order() -> None:
    assert evaluate([0.9, 0.8, 0.2], [True, False, False]).area == 1.0
    assert evaluate([0.5, 0.5], [True, False]).area == 0.5
    assert np.isnan(evaluate([0.5], [True]).area)


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (2.2, 0.7), (0.5, -1.0)])
def test_a_known_line_is_found_and_mends(slope: float, intercept: float) -> None:
    seen, right = believers(slope, intercept)
    found = fit_line(seen, right)
    assert found == pytest.approx((slope, intercept), abs=0.06)
    mended = 1 / (1 + np.exp(-(found[0] * log_odds(seen) + found[1])))
    assert evaluate(mended, right).expected_error < 0.01
    assert evaluate(mended, right).expected_error <= evaluate(seen, right).expected_error + 0.002


def test_the_temperature_is_the_line_without_its_intercept() -> None:
    assert fit_temperature(*believers(1.7, 0.0)) == pytest.approx(1.7, abs=0.05)


def test_notes_that_are_all_right_keep_the_line_finite() -> None:
    assert np.isfinite(fit_line(np.linspace(0.5, 0.9, 50), np.ones(50, bool))).all()


def test_the_staircase_rises_and_pools_what_falls() -> None:
    begins, heights = fit_staircase([0.1, 0.2, 0.3, 0.4], [False, True, False, True])
    assert begins.tolist() == [0.1, 0.2, 0.4]
    assert heights.tolist() == [0.0, 0.5, 1.0]
    _, many = fit_staircase(*believers(1.0, 0.0, 3000))
    assert (np.diff(many) > 0).all()


def test_what_cannot_be_judged_is_refused() -> None:
    with pytest.raises(OptionError, match="2 confidences of 1 notes"):
        evaluate([0.5, 0.5], [True])
    with pytest.raises(OptionError, match=r"outside 0\.\.1"):
        evaluate([1.5], [True])
