"""Which rests are written: an end that was played is not yet an end that an editor writes.

Short gaps are closed, longer ones where the pedal carries the sound; and where a rest stays, the note before it is written as
long as makes the fewest signs of both, so that a short stroke on the beat is an eighth and a rest, not a 16th and two.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.counting import TICKS
from tecla.engraving.markwise import SIGNS
from tecla.engraving.placed import Placed
from tecla.engraving.rhythm import PLAIN_GRID
from tecla.engraving.values import length_merit

LEAST_REST: Final = TICKS // 2
TINY_REST: Final = TICKS // 4
_STACCATO_REST: Final = TICKS // 2  # a program lets go of a dotted note half-way
SIGN_REST: Final = 4 * TICKS  # a rest after an ornament: shorter ones are what is left of it
GAP_COST: Final = 1.5  # log-likelihood a note that a rest stands for it, below which the rest is not written
HELD_REST: Final = 2 * TICKS + 1  # both where the pedal carries a chord to the next one; chosen on development pieces
HELD_GAP_COST: Final = 9.0
SIGN_COST: Final = 2.0  # log-likelihood a note that pays for one more note value or rest; chosen on development pieces
_HELD_SEC: Final = 0.08  # pedals change with the new harmony, or just before it
_LONGEST_SIGN: Final = 4 * TICKS
_STRETCH: Final = 4  # times its played value a note may be written


@dataclass
class Chord:
    """Notes of one onset in one voice, and where they are written to end."""

    onset: int
    end: int
    notes: list[Placed]

    def merit(self, end: int, log_value: NDArray[np.float64]) -> float:
        """Log-likelihood of an end, over all its notes."""
        return sum(length_merit(log_value[note.source], end - self.onset) for note in self.notes)


def close_gaps(
    voice: list[Chord],
    log_value: NDArray[np.float64],
    starts: Sequence[int],
    played_sec: NDArray[np.float64] | None = None,
    staccato: bool = False,
) -> None:
    """Moves ends of a voice's chords to where an editor would write them; bars begin at `starts`.

    With `staccato` only gaps that a dot leaves are closed: half of a note, and no more than an eighth.
    """
    for chord, following in pairwise(voice):
        if staccato and following.onset - chord.end > min(_STACCATO_REST, chord.end - chord.onset):
            continue
        longest, sure = (HELD_REST, HELD_GAP_COST) if _is_held(chord, following, played_sec) else (LEAST_REST, GAP_COST)
        if any(set(note.marks) & set(SIGNS) for note in chord.notes):  # its ornament went on, and is not written
            longest, sure = SIGN_REST, np.inf
        gap = following.onset - chord.end
        if 0 < gap < longest:
            cost = chord.merit(chord.end, log_value) - chord.merit(following.onset, log_value)
            if cost < sure * len(chord.notes) or gap < TINY_REST:
                chord.end = following.onset
        if chord.end < following.onset:
            chord.end = _plainest_end(chord, following.onset, log_value, starts)


def _is_held(chord: Chord, following: Chord, played_sec: NDArray[np.float64] | None) -> bool:
    """Whether every note of a chord sounds until the next one begins."""
    if played_sec is None:
        return False
    silent_sec = min(played_sec[note.source, 1] for note in chord.notes)
    return bool(silent_sec >= max(played_sec[note.source, 0] for note in following.notes) - _HELD_SEC)


def _plainest_end(chord: Chord, following: int, log_value: NDArray[np.float64], starts: Sequence[int]) -> int:
    """The end, not before the present one, with the fewest signs for the note and the rest after it that its length allows.

    Tuplets are left as they are: their signs do not lie on this grid.
    """
    index = bisect_right(starts, chord.end - 1)
    limit = min(following, starts[index]) if index < len(starts) else following  # rests of later bars stay what they are
    start = starts[max(0, bisect_right(starts, chord.onset) - 1)]
    if any((tick - start) % PLAIN_GRID for tick in (chord.onset, chord.end, limit)):
        return chord.end
    furthest = min(limit, chord.onset + _STRETCH * (chord.end - chord.onset))

    def cost(end: int) -> float:
        signs = count_signs(chord.onset - start, end - start) + count_signs(end - start, limit - start)
        return SIGN_COST * signs - chord.merit(end, log_value) / len(chord.notes)

    return min(range(chord.end, furthest + 1, PLAIN_GRID), key=cost)


def count_signs(begin: int, end: int) -> int:
    """Undotted values that fill a stretch of a bar without hiding the beat; both on the plain grid.

    >>> count_signs(TICKS // 4, TICKS), count_signs(0, TICKS // 2)
    (2, 1)
    """
    count = 0
    while begin < end:
        length = _LONGEST_SIGN
        while length > PLAIN_GRID and (begin % length or begin + length > end):
            length //= 2
        begin += length
        count += 1
    return count
