"""N-gram baselines: what counting alone predicts. Interpolated Witten-Bell over any tokenizer's ids.

p_n(x | context) = (count(context x) + T p_{n-1}(x)) / (count(context) + T), T = distinct followers of the context: every order backs
off to the one below, the lowest to a uniform choice, so that the model is a proper distribution over its closed vocabulary
(Bell, Cleary and Witten 1990, section 6: method C).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence


class Ngram:
    """Counts of every context up to `order` - 1 tokens."""

    def __init__(self, order: int, vocabulary: int) -> None:
        self.order, self.vocabulary = order, vocabulary
        self._counts: dict[tuple[Hashable, ...], Counter[Hashable]] = defaultdict(Counter)
        self._totals: Counter[tuple[Hashable, ...]] = Counter()

    def fit(self, pieces: Iterable[Sequence[int]]) -> Ngram:
        """Counts every context of every piece; pieces begin after a virtual END (0) and should close with one."""
        for piece in pieces:
            tokens = (0, *piece)
            for at in range(1, len(tokens)):
                for size in range(min(self.order, at + 1)):
                    self._counts[tokens[at - size : at]][tokens[at]] += 1
        self._totals.update({context: followers.total() for context, followers in self._counts.items()})
        return self

    def probability(self, token: int, context: Sequence[int]) -> float:
        """Probability of `token` after `context` (the latest token last).

        >>> model = Ngram(2, 3).fit([[1, 2, 1, 2, 0]])
        >>> round(sum(model.probability(token, [1]) for token in range(3)), 12)
        1.0
        """
        likely = 1.0 / self.vocabulary
        for size in range(min(self.order, len(context) + 1)):
            key = tuple(context[len(context) - size :])
            total = self._totals.get(key, 0)
            if not total:
                break  # a longer context is unseen too
            followers = self._counts[key]
            likely = (followers.get(token, 0) + len(followers) * likely) / (total + len(followers))
        return likely

    def bits(self, piece: Sequence[int]) -> list[float]:
        """Bits of every token of a piece, END included."""
        tokens = (0, *piece)
        return [-math.log2(self.probability(tokens[at], tokens[max(0, at - self.order + 1) : at])) for at in range(1, len(tokens))]
