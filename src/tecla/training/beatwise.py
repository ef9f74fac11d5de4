"""What the rhythm network learns from: windows of aligned performances over beats as somebody might count them.

The beats are annotated; but who uses the network finds them, and may count halves or doubles, or the bar from elsewhere. So now and
then they are counted so, and everything is told in that count. Hands of two pieces are laid over one another, beat on beat; tempo,
touch, key and pedal vary, notes go missing, and some seem to be played by the other hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.barwise import recount
from tecla.engraving.beatwise import rhythm_features
from tecla.engraving.pulse import find_strokes
from tecla.music import Performance
from tecla.training.as_heard import SHARE, lengths_as_heard
from tecla.training.beatwise_targets import Counted, part, tell, with_performance
from tecla.training.readers import Row, any_take

WEIGHTS: Final = {"place": 1.0, "step": 1.0, "length": 1.0}
NOTES: Final = 256
_DRAWN: Final = 295  # notes drawn for a window, of which some go missing
_JOINED: Final = 0.35  # share of windows whose hands come from two pieces
# Beats of a count in annotated ones, and beats of a joined hand in those of the own one: threes and fives, and either against fours
_COUNTS: Final = {1.0: 0.56, 0.5: 0.12, 2.0: 0.12, 1 / 3: 0.03, 2 / 3: 0.03, 1.5: 0.04, 3.0: 0.04, 1.25: 0.06}
_AGAINST: Final = {1.0: 0.76, 1.5: 0.06, 0.75: 0.04, 1.25: 0.14}
_OTHER_LINE: Final = 0.3  # share of windows whose bars begin on another beat
_LEAST: Final = (40, 20)  # notes of the own hand, and of the other one, below which hands are not joined


def windows(pieces: Sequence[Sequence[Counted]], rng: np.random.Generator) -> Iterator[Row]:
    """Random windows, `pieces` being the takes of each piece."""
    return map(row, draw(pieces, rng))


def draw(pieces: Sequence[Sequence[Counted]], rng: np.random.Generator) -> Iterator[Counted]:
    """Stretches of pieces as nobody played and counted them; a long piece is drawn more often, but not in proportion."""
    some = any_take(pieces, lambda take: len(take.onset), rng)
    while True:
        piece = some()
        begin = int(rng.integers(0, max(1, len(piece.onset) - _DRAWN // 2)))
        other = some() if rng.random() < _JOINED else None
        window = part(piece, begin, begin + _DRAWN)
        yield varied(recounted(window if other is None else join_hands(window, other, rng), rng), rng)


def row(piece: Counted) -> Row:
    """What the network sees of a performance over its beats, and what it is told."""
    return rhythm_features(piece.piece.performance, piece.pulse, piece.left_odds), tell(piece.onset, piece.length)


def join_hands(own: Counted, other: Counted, rng: np.random.Generator) -> Counted:
    """One hand of a window with the other hand of another piece, moved bar by bar onto its beats."""
    known = own.onset[np.isfinite(own.onset)]
    begin, span = (int(np.floor(known.min())), int(np.ceil(np.ptp(known)))) if len(known) else (0, 0)
    against = float(rng.choice(list(_AGAINST), p=list(_AGAINST.values())))
    if against != 1.0:
        other = _recounted_by(other, against)
    beats, theirs = own.piece.beats_sec, other.piece.beats_sec
    lines = np.flatnonzero(other.piece.place[: max(0, len(theirs) - span - 1)] == 0)
    if not len(lines) or begin < 0:
        return own
    first = int(rng.choice(lines))
    among = slice(*np.searchsorted(other.piece.performance.notes["onset_sec"], theirs[[first, first + span]]))
    from_left = bool(rng.random() < 0.5)
    kept, taken = (own.left_odds > 0) != from_left, np.flatnonzero((other.left_odds[among] > 0) == from_left) + among.start
    if kept.sum() < _LEAST[0] or len(taken) < _LEAST[1]:
        return own
    notes, move = other.piece.performance.notes[taken].copy(), begin - first
    for name in ("onset_sec", "offset_sec"):
        notes[name] = np.interp(np.interp(notes[name], theirs, np.arange(len(theirs))) + move, np.arange(len(beats)), beats)
    notes["offset_sec"] = np.maximum(notes["offset_sec"], notes["onset_sec"] + 0.02)
    notes["pitch"] = np.clip(notes["pitch"].astype(int) + int(rng.integers(-5, 6)), 21, 108)
    joined = with_performance(own, Performance(own.piece.performance.notes[kept], own.piece.performance.controls), kept)
    return _in_order(
        replace(
            joined,
            onset=np.concatenate([joined.onset, other.onset[taken] + move]),
            length=np.concatenate([joined.length, other.length[taken]]),
            second=np.concatenate([joined.second, other.second[taken]]),
            marks=np.concatenate([joined.marks, other.marks[taken]]),
            left_odds=np.concatenate([joined.left_odds, other.left_odds[taken]]),
        ),
        np.concatenate([joined.piece.performance.notes, notes]),
    )


def _recounted_by(piece: Counted, ratio: float) -> Counted:
    """The same music in beats that last `ratio` of the annotated ones; every one of them may begin a bar."""
    beats = recount(piece.piece.beats_sec, np.zeros(0), ratio)
    counted = replace(piece.piece, beats_sec=beats, place=np.zeros(len(beats), np.int64), in_bar=np.ones(len(beats), np.int64))
    return replace(piece, piece=counted, onset=piece.onset / ratio, length=piece.length / ratio)


def recounted(piece: Counted, rng: np.random.Generator) -> Counted:
    """The same music in another count now and then: at another pace, its bars from another beat, its beats a little off."""
    ratio = float(rng.choice(list(_COUNTS), p=list(_COUNTS.values())))
    beats, place, in_bar, offset = piece.piece.beats_sec, piece.piece.place, piece.piece.in_bar, 0
    if ratio != 1.0:
        offset = int(rng.integers(0, 2)) if ratio == 2.0 else 0
        beats = recount(beats, find_strokes(piece.piece.performance.notes["onset_sec"].astype(float)).onset_sec, ratio, offset)
        size = int(rng.choice([2, 3, 4]))
        place, in_bar = (np.arange(len(beats)) + int(rng.integers(size))) % size, np.full(len(beats), size)
    if rng.random() < _OTHER_LINE:
        place = (place + int(rng.integers(0, 4))) % np.maximum(in_bar, 1)
    if rng.random() < 0.7:
        beats = beats + np.clip(rng.normal(0, rng.choice([0.004, 0.012]), len(beats)), -0.03, 0.03)
    counted = replace(piece.piece, beats_sec=np.maximum.accumulate(beats), place=place, in_bar=in_bar)
    return replace(piece, piece=counted, onset=(piece.onset - offset) / ratio, length=piece.length / ratio)


def varied(piece: Counted, rng: np.random.Generator) -> Counted:
    """The same rhythm at another pace and touch, in another key, with some notes fewer, the pedal left out, hands mistaken."""
    notes, controls = piece.piece.performance.notes.copy(), piece.piece.performance.controls.copy()
    count, pace = len(notes), np.exp(rng.uniform(-0.3, 0.3))
    touch = np.exp(rng.normal(0, rng.choice([0.05, 0.2]), count) + rng.normal(0, 0.15))
    held = lengths_as_heard(piece.piece.performance, rng) if rng.random() < SHARE else notes["offset_sec"] - notes["onset_sec"]
    lasting = held * pace * touch
    notes["onset_sec"] = notes["onset_sec"] * pace + rng.normal(0, rng.choice([0.001, 0.006, 0.012]), count)
    notes["offset_sec"] = notes["onset_sec"] + np.maximum(lasting, 0.01)
    notes["pitch"] = np.clip(notes["pitch"].astype(int) + int(rng.integers(-6, 7)), 21, 108)
    notes["velocity"] = np.clip(notes["velocity"] * rng.uniform(0.8, 1.2) + rng.normal(0, 4, count), 1, 127)
    controls["time_sec"] *= pace
    left = piece.left_odds + rng.normal(0, 0.7, count)
    left = np.where(rng.random(count) < rng.choice([0.0, 0.02, 0.06]), -left, left)
    beaten = replace(piece.piece, beats_sec=piece.piece.beats_sec * pace)
    kept = rng.random(count) >= rng.choice([0.0, 0.01, 0.05])
    played = Performance(notes[kept], controls if rng.random() > 0.15 else controls[:0])
    return _in_order(with_performance(replace(piece, piece=beaten, left_odds=left), played, kept), notes[kept])


def _in_order(piece: Counted, notes: NDArray[np.void]) -> Counted:
    """The rows of a piece in the order in which `notes`, one a row, were played."""
    order = np.lexsort((notes["pitch"], notes["onset_sec"]))
    return with_performance(piece, Performance(notes[order], piece.piece.performance.controls), order)
