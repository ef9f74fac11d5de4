"""Maximum matching between what was played and what was heard: the ground of every event metric in this room.

Aim
    Pair reference and estimated events one to one, as many as the tolerances allow, and count.

Conventions
    mir_eval's (Raffel et al., ISMIR 2014; mir_eval.transcription): distances are rounded to 0.1 ms before they are compared, a
    distance equal to its tolerance is a hit, and where either side is empty every metric is 0. The size of the matching is unique;
    where several matchings have that size, events pair in the order of their onsets.

Metrics
    Precision, recall, F1 (`Detection`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.errors import OptionError

ROUNDED_DECIMALS: Final = 4

Pairs = NDArray[np.intp]


@dataclass(frozen=True)
class Detection:
    """How many of the reference were found, and how much of the estimate is true."""

    hits: float
    in_reference: float
    in_estimate: float

    @property
    def precision(self) -> float:
        """Share of the estimate that is true, 0..1; 0 when either side is empty."""
        return self.hits / self.in_estimate if self.in_reference and self.in_estimate else 0.0

    @property
    def recall(self) -> float:
        """Share of the reference that was found, 0..1; 0 when either side is empty."""
        return self.hits / self.in_reference if self.in_reference and self.in_estimate else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 0..1.

        >>> Detection(hits=2, in_reference=4, in_estimate=2).f1
        0.6666666666666666
        """
        total = self.in_reference + self.in_estimate
        return 2 * self.hits / total if self.in_reference and self.in_estimate else 0.0


def validate(tolerance_sec: float) -> None:
    """Raises OptionError unless a tolerance is a positive number of seconds."""
    if not 0 < tolerance_sec < np.inf:
        raise OptionError(f"a tolerance of {tolerance_sec} s: must be a positive number of seconds")


def near_pairs(
    reference_sec: NDArray[np.float64],
    estimate_sec: NDArray[np.float64],
    tolerance_sec: float,
    reference_key: NDArray[np.integer] | None = None,
    estimate_key: NDArray[np.integer] | None = None,
) -> Pairs:
    """All pairs of one key (pitch) whose times differ by at most `tolerance_sec`.

    Cost grows with the pairs found, not with the product of the sizes.

    Shape:
        reference_sec, reference_key: (N,); estimate_sec, estimate_key: (M,); keys are 0 where left out
        return: (K, 2) indices into reference and estimate, by estimate time, then reference time
    """
    if not len(reference_sec) or not len(estimate_sec):
        return np.zeros((0, 2), np.intp)
    times = np.concatenate([reference_sec, estimate_sec])
    # One line for all keys: each key gets a stretch of its own, longer than the whole piece and two tolerances.
    stride = np.ptp(times) + 2 * tolerance_sec + 1.0
    reference = _place(reference_sec - times.min(), reference_key, stride)
    estimate = _place(estimate_sec - times.min(), estimate_key, stride)
    order = np.argsort(reference, kind="stable")
    reach = tolerance_sec + 2 * 10.0**-ROUNDED_DECIMALS
    first = np.searchsorted(reference[order], estimate - reach)
    count = np.searchsorted(reference[order], estimate + reach, side="right") - first
    estimate_index = np.repeat(np.arange(len(estimate)), count)
    within = np.arange(len(estimate_index)) - np.repeat(np.cumsum(count) - count, count)
    reference_index = order[np.repeat(first, count) + within]
    near = is_near(reference_sec[reference_index], estimate_sec[estimate_index], tolerance_sec)
    pairs = np.stack([reference_index, estimate_index], axis=1)[near]
    return pairs[np.lexsort((reference_sec[pairs[:, 0]], estimate_sec[pairs[:, 1]]))]


def is_near(
    reference_sec: NDArray[np.float64], estimate_sec: NDArray[np.float64], tolerance_sec: float | NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether two times agree, rounded as mir_eval rounds."""
    return np.around(np.abs(reference_sec - estimate_sec), ROUNDED_DECIMALS) <= tolerance_sec


def maximum_matching(pairs: Pairs) -> Pairs:
    """The largest set of pairs in which every event occurs once.

    Most events have one candidate, and it has no other: those pair at once. What is left is small, and is matched exactly by
    shortest augmenting paths.

    Shape:
        pairs: (K, 2) candidates; return: (L, 2), L <= K, by reference index

    >>> maximum_matching(np.array([[0, 0], [1, 0], [0, 1]])).tolist()
    [[0, 1], [1, 0]]
    """
    if not len(pairs):
        return pairs
    alone = (np.bincount(pairs[:, 0])[pairs[:, 0]] == 1) & (np.bincount(pairs[:, 1])[pairs[:, 1]] == 1)
    candidates: dict[int, list[int]] = {}
    for reference, estimate in pairs[~alone].tolist():
        candidates.setdefault(estimate, []).append(reference)
    contested = np.array(list(_augment(candidates).items()), np.intp).reshape(-1, 2)
    matched = np.concatenate([pairs[alone], contested])
    return matched[np.argsort(matched[:, 0], kind="stable")]


def _place(time_sec: NDArray[np.float64], key: NDArray[np.integer] | None, stride: float) -> NDArray[np.float64]:
    return time_sec if key is None else time_sec + key.astype("f8") * stride


def _augment(candidates: Mapping[int, Sequence[int]]) -> dict[int, int]:
    """Maximum bipartite matching, reference -> estimate; `candidates` lists the references of each estimate."""
    holder_of: dict[int, int] = {}  # reference -> estimate
    place_of: dict[int, int] = {}  # estimate -> reference
    for estimate, references in candidates.items():
        free = next((reference for reference in references if reference not in holder_of), None)
        if free is not None:
            holder_of[free], place_of[estimate] = estimate, free
    for estimate in [estimate for estimate in candidates if estimate not in place_of]:
        _make_room(estimate, candidates, holder_of, place_of)
    return holder_of


def _make_room(estimate: int, candidates: Mapping[int, Sequence[int]], holder_of: dict[int, int], place_of: dict[int, int]) -> None:
    """Moves others along a shortest alternating path so that `estimate` finds a place, if there is such a path."""
    came_from: dict[int, int] = {}
    queue = deque([estimate])
    while queue:
        seeker = queue.popleft()
        for reference in candidates[seeker]:
            if reference in came_from:
                continue
            came_from[reference] = seeker
            if reference not in holder_of:
                _move_along(reference, came_from, holder_of, place_of)
                return
            queue.append(holder_of[reference])


def _move_along(free: int | None, came_from: Mapping[int, int], holder_of: dict[int, int], place_of: dict[int, int]) -> None:
    while free is not None:
        mover = came_from[free]
        left = place_of.get(mover)
        holder_of[free], place_of[mover] = mover, free
        free = left
