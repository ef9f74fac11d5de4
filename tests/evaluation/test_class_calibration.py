"""Beliefs about classes, as a whole and class by class."""

import numpy as np
import pytest

from tecla.errors import OptionError
from tecla.evaluation.class_calibration import evaluate, fit_slope, sharpen


def test_a_class_that_is_overbelieved_shows_though_the_answers_are_right_on_average() -> None:
    """Class 0 is always right at 0.8, class 1 at 0.8 only in six of ten: their answers are right in four of five."""
    belief = np.repeat([[0.8, 0.2], [0.2, 0.8]], 10, axis=0)
    reference = np.array([0] * 10 + [1] * 6 + [0] * 4)
    found = evaluate(belief, reference)
    assert found.answers.expected_error == pytest.approx(0.0)
    assert [one.expected_error for one in found.classes] == pytest.approx([0.2, 0.2])
    own = np.where(reference == belief.argmax(1), 0.8, 0.2)
    assert found.negative_log_likelihood == pytest.approx(float(-np.log(own).mean()))


def test_temperature_mends_one_sharpness_and_leaves_the_answers() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(20_000, 4)) * 2
    true = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    reference = (true.cumsum(1) > rng.random((len(true), 1))).argmax(1)
    overbelieved = sharpen(true, 3.0)
    assert (overbelieved.argmax(1) == true.argmax(1)).all()
    slope = fit_slope(overbelieved, reference)
    assert slope == pytest.approx(1 / 3, rel=0.05)
    before, after = evaluate(overbelieved, reference), evaluate(sharpen(overbelieved, slope), reference)
    assert before.answers.expected_error > 0.1
    assert after.answers.expected_error < 0.015
    assert after.worst_class_error < 0.015
    assert after.negative_log_likelihood < before.negative_log_likelihood


def test_the_mean_of_disagreeing_beliefs_is_less_sure_than_each() -> None:
    sure = np.array([[0.99, 0.01], [0.01, 0.99]])
    reference = np.array([0, 0])
    apart = [evaluate(belief, reference).negative_log_likelihood for belief in (sure, sure[::-1])]
    together = evaluate((sure + sure[::-1]) / 2, reference).negative_log_likelihood
    assert together < np.mean(apart)


@pytest.mark.parametrize(
    ("belief", "reference", "message"),
    [
        (np.full((3, 2), 0.5), np.zeros(2, int), "for \\(2,\\) frames"),
        (np.full((3, 2), 0.4), np.zeros(3, int), "sum to one"),
        (np.full((3, 2), 0.5), np.array([0, 1, 2]), "a class 2"),
    ],
)
def test_what_does_not_fit_is_refused(belief: np.ndarray, reference: np.ndarray, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        evaluate(belief, reference)
