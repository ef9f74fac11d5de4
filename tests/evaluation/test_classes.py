"""Class metrics, by hand."""

import numpy as np
import pytest

from tecla.errors import OptionError
from tecla.evaluation.classes import evaluate, far_from_changes


def test_hand_worked() -> None:
    reference = np.array([[0, 0, 1, 1], [2, 2, 2, 2]])
    metrics = evaluate(reference, np.array([[0, 1, 1, 1], [2, 2, 2, 0]]), 4)
    assert metrics.accuracy.tolist() == [0.75, 0.75]
    assert metrics.confusion.tolist() == [[1, 1, 0, 0], [0, 2, 0, 0], [1, 0, 3, 0], [0, 0, 0, 0]]
    assert metrics.macro_f1 == pytest.approx((1 / 2 + 4 / 5 + 6 / 7) / 3)  # class 3 never occurs


def test_renaming_classes_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    reference, estimate, name = rng.integers(0, 4, (3, 50)), rng.integers(0, 4, (3, 50)), np.array([2, 0, 3, 1])
    assert evaluate(name[reference], name[estimate], 4).macro_f1 == pytest.approx(evaluate(reference, estimate, 4).macro_f1)


def test_refusals() -> None:
    one = np.zeros((1, 3), int)
    with pytest.raises(OptionError, match=r"shape \(1, 3\) against \(1, 2\)"):
        evaluate(one, one[:, :2], 4)
    with pytest.raises(OptionError, match="a class 4: must be 0 to 3"):
        evaluate(one, one + 4, 4)


def test_far_from_changes_keeps_what_no_late_label_excuses() -> None:
    far = far_from_changes(np.array([[0] * 10 + [1] * 10]), 3)
    assert np.flatnonzero(~far[0]).tolist() == [7, 8, 9, 10, 11, 12]
