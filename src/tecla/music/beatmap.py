"""BeatMap: the only bridge between seconds and quarters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tecla.errors import InputError

_SHORTEST_SEC: Final = 1e-4


@dataclass(frozen=True, eq=False)
class BeatMap:
    """A performance's time as a broken line through known places; beyond its ends the nearest slope goes on.

    Shape:
        quarters: (K,) strictly rising, K >= 2; seconds: (K,) strictly rising

    >>> BeatMap.steady(120.0).seconds_at(4.0)
    array(2.)
    """

    quarters: NDArray[np.float64]
    seconds: NDArray[np.float64]

    def __post_init__(self) -> None:
        quarters, seconds = np.array(self.quarters, float), np.array(self.seconds, float)
        if quarters.ndim != 1 or quarters.shape != seconds.shape or len(quarters) < 2:
            raise InputError("a beat map needs at least two places, each in quarters and in seconds")
        if not (np.isfinite(quarters).all() and np.isfinite(seconds).all()):
            raise InputError("a beat map has a place that is not finite")
        if (np.diff(quarters) <= 0).any() or (np.diff(seconds) <= 0).any():
            raise InputError("a beat map must rise: time cannot stand still or run back")
        object.__setattr__(self, "quarters", quarters)
        object.__setattr__(self, "seconds", seconds)

    @classmethod
    def steady(cls, tempo_bpm: float, start_sec: float = 0.0) -> BeatMap:
        """One tempo throughout, in quarters a minute.

        Raises:
            InputError: the tempo is not positive.
        """
        if not tempo_bpm > 0:
            raise InputError(f"a tempo of {tempo_bpm} quarters a minute: must be above 0")
        return cls(np.array([0.0, 1.0]), np.array([start_sec, start_sec + 60.0 / tempo_bpm]))

    @classmethod
    def through(cls, quarters: ArrayLike, seconds: ArrayLike) -> BeatMap:
        """A rising line through noisy places: sorted by quarters, and where time would stand still it creeps on."""
        order = np.argsort(np.asarray(quarters, float), kind="stable")
        x, first = np.unique(np.asarray(quarters, float)[order], return_index=True)
        creep = np.arange(len(x)) * _SHORTEST_SEC
        y = np.maximum.accumulate(np.asarray(seconds, float)[order][first] - creep) + creep
        if len(x) == 1:
            return cls(np.array([x[0], x[0] + 1.0]), np.array([y[0], y[0] + 0.5]))
        return cls(x, y)

    def seconds_at(self, quarters: ArrayLike) -> NDArray[np.float64]:
        """Seconds at places given in quarters, any shape."""
        return _along(np.asarray(quarters, float), self.quarters, self.seconds)

    def quarters_at(self, seconds: ArrayLike) -> NDArray[np.float64]:
        """Quarters at times given in seconds, any shape."""
        return _along(np.asarray(seconds, float), self.seconds, self.quarters)

    def tempo_bpm(self, quarters: ArrayLike, window_quarters: float = 4.0) -> NDArray[np.float64]:
        """Quarters a minute around places, over `window_quarters`."""
        at = np.asarray(quarters, float)
        half = window_quarters / 2
        return 60.0 * window_quarters / (self.seconds_at(at + half) - self.seconds_at(at - half))


def _along(x: NDArray[np.float64], known: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = np.interp(x, known, values)
    before = values[0] + (x - known[0]) * (values[1] - values[0]) / (known[1] - known[0])
    after = values[-1] + (x - known[-1]) * (values[-1] - values[-2]) / (known[-1] - known[-2])
    return np.asarray(np.where(x < known[0], before, np.where(x > known[-1], after, inside)))
