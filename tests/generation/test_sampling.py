"""Sampling: what each option keeps, worked by hand."""

import numpy as np
import pytest

from tecla.errors import OptionError
from tecla.generation.sampling import SamplingOptions, choose, probabilities

LOGITS = np.log([0.4, 0.3, 0.2, 0.1])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (SamplingOptions(), [0.4, 0.3, 0.2, 0.1]),
        (SamplingOptions(temperature=0), [1, 0, 0, 0]),
        (SamplingOptions(temperature=0.5), [16 / 30, 9 / 30, 4 / 30, 1 / 30]),
        (SamplingOptions(top_k=1), [1, 0, 0, 0]),
        (SamplingOptions(top_k=2), [4 / 7, 3 / 7, 0, 0]),
        (SamplingOptions(top_p=0.5), [4 / 7, 3 / 7, 0, 0]),
        (SamplingOptions(top_p=0.4), [1, 0, 0, 0]),
        (SamplingOptions(min_p=0.6), [4 / 7, 3 / 7, 0, 0]),
    ],
)
def test_options(options: SamplingOptions, expected: list[float]) -> None:
    assert probabilities(LOGITS, options) == pytest.approx(expected)


def test_nothing_outside_the_mask_is_ever_chosen() -> None:
    allowed = np.array([False, False, True, True])
    rng = np.random.default_rng(0)
    assert {choose(LOGITS, SamplingOptions(), rng, allowed) for _ in range(200)} == {2, 3}
    assert choose(LOGITS, SamplingOptions(temperature=0), rng, allowed) == 2


def test_frequencies_are_the_probabilities() -> None:
    rng = np.random.default_rng(0)
    counts = np.bincount([choose(LOGITS, SamplingOptions(), rng) for _ in range(4000)])
    assert counts / 4000 == pytest.approx(np.exp(LOGITS), abs=0.03)


def test_the_same_seed_chooses_the_same() -> None:
    generators = (np.random.default_rng(5), np.random.default_rng(5))
    first, second = ([choose(LOGITS, SamplingOptions(), rng) for _ in range(20)] for rng in generators)
    assert first == second


def test_an_empty_mask_is_refused() -> None:
    with pytest.raises(OptionError, match="nothing to play"):
        probabilities(LOGITS, SamplingOptions(), np.zeros(4, bool))


@pytest.mark.parametrize(("name", "value"), [("temperature", -1), ("top_k", -1), ("top_p", 1.5), ("min_p", -0.1), ("top_p", 0)])
def test_values_out_of_bounds_are_refused(name: str, value: float) -> None:
    with pytest.raises(OptionError, match=name.replace("_", "-")):
        SamplingOptions(**{name: value})
