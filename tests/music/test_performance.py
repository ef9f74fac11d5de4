"""A Performance holds what can have been played, in order of time, and nothing else."""

import numpy as np
import pytest

from tecla.errors import InputError
from tecla.music import Performance
from tecla.music.performance import BEND


@pytest.mark.parametrize("pitch", [65596, -65476, 1e300, float("nan")])
def test_a_pitch_is_not_wrapped_around(pitch: float) -> None:
    with pytest.raises(InputError, match="pitch .* is out of range"):
        Performance.from_arrays([0.0], [1.0], [pitch])


@pytest.mark.parametrize(("confidence", "said"), [(7.0, "7.0: must be 0 to 1"), (-0.5, "-0.5: must be 0 to 1"), (np.nan, "nan")])
def test_confidence_is_between_0_and_1(confidence: float, said: str) -> None:
    with pytest.raises(InputError, match=f"confidence {said}"):
        Performance.from_arrays([0.0], [1.0], [60], confidence=confidence)


def test_controls_are_the_three_pedals() -> None:
    with pytest.raises(InputError, match="number 1: must be one of 64, 66, 67"):
        Performance.from_arrays([], [], [], controls=[(0.0, 1, 64)])


def test_bends_are_finite_and_put_in_order() -> None:
    later, first = (1.0, 0.5), (0.0, -0.25)
    assert Performance(bends=np.array([later, first], BEND)).bends.tolist() == [first, later]
    for bend in ((np.nan, 0.0), (0.0, np.inf)):
        with pytest.raises(InputError, match="a bend has .* must be finite"):
            Performance(bends=np.array([bend], BEND))
