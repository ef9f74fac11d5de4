"""From logits to a choice: mask, temperature, top-k, top-p, min-p, in that order. Knows no music.

Conventions: V vocabulary; logits and probabilities are (V,) arrays; every function is pure and takes its random generator.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tecla.errors import OptionError


@dataclass(frozen=True)
class SamplingOptions:
    """How to choose among what a network finds likely.

    Attributes:
        temperature: above 1 bolder, below 1 safer, 0 always the likeliest
        top_k: keep the k likeliest; 0 keeps all
        top_p: keep the likeliest that together reach this probability (Holtzman et al. 2020); 1 keeps all
        min_p: keep what is at least this fraction as likely as the likeliest (Nguyen et al. 2024); 0 keeps all
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0

    def __post_init__(self) -> None:
        for name, low, high in (("temperature", 0.0, 10.0), ("top_k", 0, 1_000_000), ("top_p", 0.0, 1.0), ("min_p", 0.0, 1.0)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise OptionError(f"{name.replace('_', '-')} is {value}: must be {low:g} to {high:g}")
        if self.top_p == 0:
            raise OptionError("top-p is 0: must be above 0, up to 1")


def probabilities(logits: NDArray[np.floating], options: SamplingOptions, allowed: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
    """The distribution that is sampled from. Shape: (V,), (V,) bool -> (V,), sums to 1, 0 wherever not allowed.

    Raises:
        OptionError: nothing is allowed.

    >>> probabilities(np.log([0.5, 0.3, 0.2]), SamplingOptions(top_k=2)).round(3).tolist()
    [0.625, 0.375, 0.0]
    """
    scores = np.asarray(logits, np.float64).copy()
    if allowed is not None:
        if not allowed.any():
            raise OptionError("no token is allowed here: the limits on key, range and length leave nothing to play")
        scores[~allowed] = -np.inf
    if options.temperature == 0:
        return (np.arange(len(scores)) == scores.argmax()).astype(np.float64)
    chances = _softmax(scores / options.temperature)
    chances[chances < options.min_p * chances.max()] = 0.0
    if options.top_k and options.top_k < len(chances):
        chances[np.argsort(-chances, kind="stable")[options.top_k :]] = 0.0
    if options.top_p < 1.0:
        order = np.argsort(-chances, kind="stable")
        before = np.cumsum(chances[order]) - chances[order]
        chances[order[before >= options.top_p * chances.sum()]] = 0.0
    return chances / chances.sum()


def choose(
    logits: NDArray[np.floating], options: SamplingOptions, rng: np.random.Generator, allowed: NDArray[np.bool_] | None = None
) -> int:
    """One token id."""
    chances = probabilities(logits, options, allowed)
    return int(min(np.searchsorted(np.cumsum(chances), rng.random() * chances.sum(), side="right"), np.flatnonzero(chances)[-1]))


def _softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = np.exp(scores - scores.max())
    return weights / weights.sum()
