"""The matching is as large as mir_eval's, whatever the crowd."""

import mir_eval
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tecla.errors import OptionError
from tecla.evaluation.matching import Detection, maximum_matching, near_pairs, validate

TIMES = st.lists(st.integers(0, 400).map(lambda tick: tick / 400), max_size=30).map(np.array)


@settings(deadline=None)
@given(TIMES, TIMES)
def test_near_pairs_are_all_pairs_within_the_tolerance(reference: np.ndarray, estimate: np.ndarray) -> None:
    every = {(i, j) for i in range(len(reference)) for j in range(len(estimate)) if round(abs(reference[i] - estimate[j]), 4) <= 0.05}
    found = near_pairs(reference, estimate, 0.05)
    assert {tuple(pair) for pair in found.tolist()} == every
    assert len(found) == len(every)


@settings(deadline=None)
@given(st.sets(st.tuples(st.integers(0, 8), st.integers(0, 8))))
def test_matching_is_one_to_one_and_as_large_as_mir_eval_s(edges: set[tuple[int, int]]) -> None:
    graph: dict[int, list[int]] = {}
    for reference, estimate in sorted(edges):
        graph.setdefault(estimate, []).append(reference)
    matched = maximum_matching(np.array(sorted(edges), np.intp).reshape(-1, 2)).tolist()
    assert len(matched) == len(mir_eval.util._bipartite_match(graph))
    assert {tuple(pair) for pair in matched} <= edges
    assert len({reference for reference, _ in matched}) == len({estimate for _, estimate in matched}) == len(matched)


def test_a_long_chain_of_rivals_is_resolved() -> None:
    # Estimate k may take reference k or k + 1 and prefers k + 1's place last: every one must move up for the last to sit.
    size = 3000
    edges = [(k, k) for k in range(size)] + [(k, k + 1) for k in range(size)]
    assert len(maximum_matching(np.array(edges))) == size


def test_keys_keep_apart_what_time_brings_together() -> None:
    times = np.array([1.0, 1.0])
    pairs = near_pairs(times, times, 0.05, np.array([60, 61]), np.array([61, 72]))
    assert pairs.tolist() == [[1, 0]]


def test_detection_of_nothing_is_zero_as_in_mir_eval() -> None:
    for empty in (Detection(0, 0, 3), Detection(0, 3, 0), Detection(0, 0, 0)):
        assert (empty.precision, empty.recall, empty.f1) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("tolerance_sec", [0.0, -1.0, float("nan"), float("inf")])
def test_a_tolerance_is_positive_and_finite(tolerance_sec: float) -> None:
    with pytest.raises(OptionError, match="must be a positive number"):
        validate(tolerance_sec)
