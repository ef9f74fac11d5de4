"""The learning rate rises, stays, and falls to nothing."""

import numpy as np

from tecla.training.schedule import step_factor


def test_up_level_down() -> None:
    factors = [step_factor(step, total=100, warm_up=10, decay=30) for step in range(100)]
    assert np.allclose(factors[:10], np.arange(1, 11) / 10)
    assert factors[10:70] == [1.0] * 60
    assert np.allclose(factors[70:], np.arange(30, 0, -1) / 30)


def test_a_run_shorter_than_its_warm_up_still_falls() -> None:
    factors = [step_factor(step, total=5, warm_up=10, decay=10) for step in range(6)]
    assert max(factors) < 1
    assert factors[-1] == 0


def test_no_step_is_negative_even_past_the_end() -> None:
    assert step_factor(200, total=100, warm_up=10, decay=30) == 0
