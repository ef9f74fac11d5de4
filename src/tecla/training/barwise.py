"""What the bar network should have said of a count, right or wrong: true beats are recounted at every pace, and slip now and then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.barwise import LEVELS, OTHER, RIGHT, SHIFTED, beat_features, recount
from tecla.engraving.pulse import find_strokes
from tecla.training.pulse import JOINED, performances
from tecla.training.pulse_targets import Beaten, bend, join_hands, window
from tecla.training.readers import UNKNOWN, Row, Rows, stack

WEIGHTS: Final = {"level": 1.0, "downbeat": 2.0, "beat_in_bar": 0.7, "metre": 0.5}
BEATS: Final = 64
LONGEST: Final = 96  # beats learned from at once: a count may be faster than the true one
_RIGHT_SHARE: Final = 0.5
_ODD_PACES: Final = (3 / 4, 4 / 3, 5 / 4, 4 / 5)


@dataclass(frozen=True, eq=False)
class Proposal:
    """A count that somebody could propose. Shape: beats_sec (K,), level (K,) class of its pace."""

    beats_sec: NDArray[np.float64]
    level: NDArray[np.int64]


def propose(beats_sec: NDArray[np.float64], onset_sec: NDArray[np.float64], level: int, rng: np.random.Generator) -> Proposal:
    """True beats counted at another pace, from somewhere in the first of them."""
    if level == SHIFTED:
        ratio, offset = 1.0, float(rng.choice([1 / 2, 1 / 2, 1 / 3, 2 / 3, 1 / 4, 3 / 4]))
    elif level == OTHER:
        ratio, offset = float(rng.choice(_ODD_PACES)), float(rng.uniform(0, 1))
    else:
        ratio = LEVELS[level]
        grain = ratio if ratio < 1 and ratio != 2 / 3 else 1 / 3 if ratio == 2 / 3 else 1 / 2 if ratio == 3 / 2 else 1.0
        offset = grain * int(rng.integers(0, max(1, round(ratio / grain))))
    times = recount(beats_sec, onset_sec, ratio, offset)
    return Proposal(times, np.full(len(times), level))


def slip(count: Proposal, rng: np.random.Generator) -> Proposal:
    """The same count with a few beats misplaced, one lost or one too many."""
    times, level = count.beats_sec.copy(), count.level
    if len(times) < 8:
        return count
    wrong = rng.random(len(times)) < rng.choice([0.0, 0.05, 0.15])
    times = times + wrong * rng.normal(0, 0.08, len(times)) * np.gradient(times)
    kept = np.ones(len(times), bool)
    if rng.random() < 0.2:
        kept[rng.integers(2, len(times) - 2)] = False
    times, level = times[kept], level[kept]
    order = np.argsort(times)
    return Proposal(times[order], level[order])


def propose_some(piece: Beaten, onset_sec: NDArray[np.float64], rng: np.random.Generator) -> Proposal:
    """A count at one pace or, now and then, at two, the second taken up somewhere on the way."""

    def one() -> Proposal:
        level = RIGHT if rng.random() < _RIGHT_SHARE else int(rng.integers(0, OTHER + 1))
        return propose(piece.beats_sec, onset_sec, level, rng)

    count = one()
    if rng.random() < 0.25 and len(count.beats_sec):
        other, cut = one(), rng.uniform(onset_sec[0], onset_sec[-1])
        early, late = count.beats_sec < cut, other.beats_sec >= cut + 0.2
        count = Proposal(
            np.concatenate([count.beats_sec[early], other.beats_sec[late]]), np.concatenate([count.level[early], other.level[late]])
        )
    return slip(count, rng)


def tell_beats(piece: Beaten, count: Proposal) -> dict[str, NDArray[np.int64]]:
    """Targets of each beat of a count, UNKNOWN beyond the annotated beats; bars and metre only where the pace is right. (K,) each."""
    beats, times = piece.beats_sec, count.beats_sec
    position = np.interp(times, beats, np.arange(len(beats)), left=np.nan, right=np.nan)
    known = np.isfinite(position)
    nearest = np.rint(np.where(known, position, 0.0)).astype(np.int64)
    right = known & (count.level == RIGHT) & (np.abs(position - nearest) < 0.25)

    def where_right(value: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.where(right, value, UNKNOWN)

    return {
        "level": np.where(known, count.level, UNKNOWN),
        "downbeat": where_right((piece.place[nearest] == 0).astype(np.int64)),
        "beat_in_bar": where_right(np.minimum(piece.place[nearest], 3)),
        "metre": where_right(piece.metre[nearest]),
    }


def windows(pieces: Sequence[Sequence[Beaten]], rng: np.random.Generator) -> Iterator[Row]:
    """Random windows of about BEATS beats, played differently, under counts right and wrong."""
    some = performances(pieces, rng)
    while True:
        piece = some()
        n_notes = int(np.clip(len(piece.performance) / len(piece.beats_sec) * BEATS, 100, 900))
        played = window(piece, int(rng.integers(0, max(1, len(piece.performance) - n_notes // 2))), n_notes)
        if rng.random() < JOINED:
            played = join_hands(played, some(), rng)
        played = bend(played, rng)
        strokes = find_strokes(played.performance.notes["onset_sec"])
        begin, end = strokes.onset_sec[0], strokes.onset_sec[-1]
        count = propose_some(played, strokes.onset_sec, rng)
        inside = (count.beats_sec > begin - 0.1) & (count.beats_sec < end + 0.1)
        count = Proposal(count.beats_sec[inside], count.level[inside])
        if len(count.beats_sec) >= 8 and (np.diff(count.beats_sec) > 1e-3).all():
            yield beat_features(played.performance, count.beats_sec), tell_beats(played, count)


def whole(piece: Beaten) -> Rows:
    """A held-out performance as it is, under a count of every pace."""
    onset_sec = find_strokes(piece.performance.notes["onset_sec"]).onset_sec
    rng = np.random.default_rng(0)
    counts = [propose(piece.beats_sec, onset_sec, level, rng) for level in range(OTHER + 1)]
    rows = [(beat_features(piece.performance, count.beats_sec), tell_beats(piece, count)) for count in counts]
    return stack(rows, max(len(count.beats_sec) for count in counts))
