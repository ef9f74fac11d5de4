"""Mixtures of log-logistics in numpy: interval masses and draws, from the parameters that the continuous decoder's heads give.

Conventions: parameters are (..., 3 K): weights as logits, centres (log seconds), log scales; times are seconds. The same formulas, in
torch and with gradients, are in models/continuous_decoder.py; a test holds the two together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
_SCALE_BOUNDS = (-5.0, 3.0)


def log_interval_mass(params: Array, low: Array, high: Array) -> NDArray[np.float64]:
    """Log probability of the interval [low, high] of seconds, low >= 0. Shape: (..., 3 K), (...), (...) -> (...)."""
    weight, centre, scale = np.split(np.asarray(params, np.float64), 3, -1)
    spread = np.exp(np.clip(scale, *_SCALE_BOUNDS))
    b = (np.log(np.maximum(low, 1e-9))[..., None] - centre) / spread
    a = (np.log(high)[..., None] - centre) / spread
    inside = _log_sigmoid(a) + _log_sigmoid(-b) + np.log(-np.expm1(np.minimum(b - a, -1e-6)))
    return _log_sum_exp(log_softmax(weight) + inside)


def log_bin_mass(params: Array, seconds: Array, bin_sec: float, zero: Array | None = None) -> NDArray[np.float64]:
    """Log probability of the bin (width `bin_sec`, centred on its multiples) that holds each time.

    With `zero`, the logit of a point mass at 0 s, that mass is in bin 0. Shape: (..., 3 K), (...) -> (...).
    """
    index = np.round(np.asarray(seconds, np.float64) / bin_sec)
    low, high = np.maximum((index - 0.5) * bin_sec, 0.0), (index + 0.5) * bin_sec
    positive = log_interval_mass(params, low, high)
    if zero is None:
        return positive
    after = _log_sigmoid(-np.asarray(zero, np.float64)) + positive
    return np.where(low <= 0, np.logaddexp(_log_sigmoid(np.asarray(zero, np.float64)), after), after)


def draw(params: Array, rng: np.random.Generator, temperature: float = 1.0) -> float:
    """One time in seconds. Shape: (3 K,). Temperature sharpens the choice of component and narrows it; 0 is the likeliest centre."""
    weight, centre, scale = np.split(np.asarray(params, np.float64), 3)
    if temperature == 0:
        return float(np.exp(centre[weight.argmax()]))
    chances = np.exp(log_softmax(weight / temperature))
    component = rng.choice(len(chances), p=chances / chances.sum())
    uniform = rng.uniform(1e-4, 1 - 1e-4)  # beyond lie a millionth of the music and most of its accidents
    spread = np.exp(np.clip(scale[component], *_SCALE_BOUNDS)) * temperature
    return float(np.exp(centre[component] + spread * np.log(uniform / (1 - uniform))))


def log_softmax(logits: Array) -> NDArray[np.float64]:
    """Log probabilities along the last axis, in double precision."""
    exact: NDArray[np.float64] = np.asarray(logits, np.float64)
    return exact - _log_sum_exp(exact)[..., None]


def _log_sum_exp(x: NDArray[np.float64]) -> NDArray[np.float64]:
    top = x.max(-1, keepdims=True)
    total: NDArray[np.float64] = np.log(np.exp(x - top).sum(-1)) + top[..., 0]
    return total


def _log_sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return -np.logaddexp(0.0, -x)
