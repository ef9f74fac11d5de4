"""What the spelling network learns from: stretches of pages, spelt as their editors did, in their signature or in one nearby.

Signatures at use are found and not stated, so some windows have a wrong one; some notes are left out, as performances leave some out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.spellwise import N_OUTPUTS, REACH, Page, spelling_features
from tecla.music.score import Score
from tecla.training.readers import UNKNOWN, Row

HEADS: Final = {"name": N_OUTPUTS}
WEIGHTS: Final = {"name": 1.0}
NOTES: Final = 160
FEWEST: Final = 60
_ELSEWHERE: Final = (0.35, 3)  # share of windows in another signature, and how many fifths away at most
_LAST: Final = 0.05  # quarters that a note lasts at least


@dataclass(frozen=True, eq=False)
class Spelt:
    """A page and the names of its notes, (N,) on the line of fifths."""

    page: Page
    fifths: NDArray[np.int64]


def of_score(score: Score) -> Spelt:
    """The notes of a score, grace notes among them, without what no piano has."""
    rows = [
        (float(n.onset), n.pitch.midi, float(n.onset + n.duration), score.measures[n.measure].key_fifths, n.pitch.fifths)
        for n in score.notes() if 21 <= n.pitch.midi <= 108
    ]  # fmt: skip
    onset, pitch, end, key, fifths = np.array(sorted(rows), float).reshape(-1, 5).T
    return Spelt(Page(onset, end, pitch.astype(np.int64), key.astype(np.int64)), fifths.astype(np.int64))


def windows(pieces: Sequence[Spelt], rng: np.random.Generator) -> Iterator[Row]:
    """Random windows; a long piece is drawn more often, but not in proportion."""
    odds = np.sqrt([len(piece.fifths) for piece in pieces])
    odds /= odds.sum()
    while True:
        piece = pieces[int(rng.choice(len(pieces), p=odds))]
        begin = int(rng.integers(0, max(1, len(piece.fifths) - NOTES // 2)))
        yield row(varied(piece, slice(begin, begin + NOTES), rng))


def varied(piece: Spelt, stretch: slice, rng: np.random.Generator) -> Spelt:
    """A stretch of a page with some notes fewer, in other note values and now and then in another signature."""
    page, count = piece.page, len(piece.fifths[stretch])
    kept = rng.random(count) >= rng.choice([0.0, 0.03, 0.1])
    onset, end, pitch, key, fifths = (part[stretch][kept] for part in (page.onset, page.end, page.pitch, page.key, piece.fifths))
    if rng.random() < _ELSEWHERE[0]:
        key = key + int(rng.integers(1, _ELSEWHERE[1] + 1)) * int(rng.choice([-1, 1]))
    pace = np.exp(rng.normal(0, 0.4))
    return Spelt(Page(onset * pace, np.maximum(end, onset + _LAST) * pace, pitch, key), fifths)


def row(piece: Spelt) -> Row:
    """What the network sees of a page, and what it is told."""
    away = piece.fifths - piece.page.key
    return spelling_features(piece.page), {"name": np.where(np.abs(away) <= REACH, away + REACH, UNKNOWN)}
