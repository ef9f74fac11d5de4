"""Originality: how much of a piece stands already in a corpus, whatever its key and tempo.

Conventions: a piece is a line of moves from note to note, chords read from low to high: the interval in semitones and, where the next
note is not of the same chord, whether it comes faster, alike or slower than the one before (ratio bounds 2/3 and 3/2). Transposition and
tempo leave the line as it is.

Metrics:
    copied_share   share of the piece's runs of `RUN` moves that occur in the corpus
    longest_run    moves of the longest run common with the corpus, and where it stands
    exact          whether the whole piece is one of the corpus, up to transposition and tempo
A figure alone says nothing (human pieces share runs too: 30 % of Bach's validation sopranos occur transposed in his other chorales), so
that every report carries the same metrics of held-out human pieces.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.errors import InputError
from tecla.music import Performance

RUN: Final = 12  # moves
CHORD_SEC: Final = 0.035  # notes nearer than this are one chord
_AT_ONCE: Final = 64  # places of a piece whose occurrences are followed together
_FACTOR: Final = np.uint64(1_000_003)


@dataclass(frozen=True)
class Originality:
    """What a piece shares with a corpus; runs are counted in moves, one fewer than notes."""

    copied_share: float
    longest_run: int
    nearest_piece: str
    nearest_sec: float
    sample_sec: float
    exact: bool


def moves(performance: Performance) -> NDArray[np.int64]:
    """The line of a performance, (N - 1,): interval * 4 + 0 same chord, 1 faster, 2 alike, 3 slower.

    >>> a = Performance.from_arrays([0, 1, 2], [1, 2, 3], [60, 62, 64])
    >>> b = Performance.from_arrays([0, 0.5, 1], [1, 2, 3], [65, 67, 69])
    >>> moves(a).tolist() == moves(b).tolist()
    True
    """
    notes = _ordered(performance)
    gaps = np.diff(notes["onset_sec"])
    together = gaps < CHORD_SEC
    # The pace of the step before: the last gap between chords, carried over the notes of a chord.
    known = np.where(together, 0, np.arange(1, len(gaps) + 1))
    last = np.concatenate([[0], np.maximum.accumulate(known)[:-1]]) if len(gaps) else known
    before = np.concatenate([[0.0], gaps])[last]
    ratio = np.where(before > 0, gaps / np.maximum(before, 1e-9), 1.0)
    pace = np.where(together, 0, 1 + np.digitize(ratio, [2 / 3, 3 / 2]))
    pitch: NDArray[np.int64] = notes["pitch"].astype(np.int64)
    return (pitch[1:] - pitch[:-1]) * 4 + pace


def fingerprint(performance: Performance) -> str:
    """A hash that transposition and tempo do not change."""
    return hashlib.sha256(moves(performance).tobytes()).hexdigest()


class Corpus:
    """Lines of many pieces, ready to be searched."""

    def __init__(self, pieces: Mapping[str, Performance]) -> None:
        """Takes pieces by name.

        Raises:
            InputError: no piece has two notes.
        """
        lines = {name: moves(piece) for name, piece in pieces.items() if len(piece) > 1}
        if not lines:
            raise InputError("the corpus has no piece of two notes or more: nothing to compare with")
        self.names = list(lines)
        self._line = np.concatenate(list(lines.values()))
        self._starts = np.concatenate([[0], np.cumsum([len(line) for line in lines.values()])])
        self._onsets = np.concatenate([_ordered(pieces[name])["onset_sec"][:-1] for name in self.names])
        self._prints = {hashlib.sha256(line.tobytes()).hexdigest() for line in lines.values()}
        self._hashes: dict[int, tuple[NDArray[np.uint64], NDArray[np.int32]]] = {}

    def compare(self, sample: Performance) -> Originality:
        """What a piece shares with this corpus.

        Raises:
            InputError: the piece has fewer than two notes.
        """
        if len(sample) < 2:
            raise InputError("the piece has fewer than two notes: there is no line to compare")
        line = moves(sample)
        found, _ = self._shared(line, RUN)
        longest, at, place = self._longest(line)
        name, there, here = "", 0.0, 0.0
        if longest:
            name = self.names[int(np.searchsorted(self._starts, place, side="right")) - 1]
            there, here = float(self._onsets[place]), float(_ordered(sample)["onset_sec"][at])
        share = float(found.mean()) if len(found) else 0.0
        return Originality(share, longest, name, there, here, fingerprint(sample) in self._prints)

    def _longest(self, line: NDArray[np.int64]) -> tuple[int, int, int]:
        """The longest common run: how many moves, and where it begins in the line and in the corpus."""
        hashes, places = self._windows(RUN)
        wanted = window_hashes(line, RUN)
        first, last = (np.searchsorted(hashes, wanted, side) for side in ("left", "right"))
        best = (0, 0, 0)
        for at in range(0, len(wanted), _AT_ONCE):  # a trill occurs ten thousand times: not all pairs at once
            counts = (last - first)[at : at + _AT_ONCE]
            here = np.repeat(np.arange(at, at + len(counts)), counts)
            within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            there = places[within + np.repeat(first[at : at + _AT_ONCE], counts)]
            best = max(best, self._extended(line, here, there), key=lambda found: found[0])
        return best if best[0] else self._longest_below(line)

    def _extended(self, line: NDArray[np.int64], here: NDArray[np.int64], there: NDArray[np.int64]) -> tuple[int, int, int]:
        """The longest of the runs of RUN moves that begin at `here` in the line and `there` in the corpus, as far as both agree."""
        if not len(here):
            return 0, 0, 0
        ends, length = self._starts[np.searchsorted(self._starts, there, side="right")], RUN
        while True:
            inside = (here + length < len(line)) & (there + length < ends)
            goes_on = np.zeros(len(here), bool)
            goes_on[inside] = line[here[inside] + length] == self._line[there[inside] + length]
            if not goes_on.any():
                return length, int(here[0]), int(there[0])
            here, there, ends, length = here[goes_on], there[goes_on], ends[goes_on], length + 1

    def _longest_below(self, line: NDArray[np.int64]) -> tuple[int, int, int]:
        """The same where no run reaches RUN: one of n common moves holds one of n - 1, so that halving finds it."""
        low, high = 0, min(RUN - 1, len(line))
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self._shared(line, middle)[0].any() else (low, middle - 1)
        if not low:
            return 0, 0, 0
        hits, places = self._shared(line, low)
        at = int(np.flatnonzero(hits)[0])
        return low, at, int(places[at])

    def _shared(self, line: NDArray[np.int64], size: int) -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
        """For every run of `size` moves whether the corpus has it, and where. Shape: (n - size + 1,) twice."""
        hashes, places = self._windows(size)
        wanted = window_hashes(line, size)
        if not len(hashes) or not len(wanted):
            return np.zeros(len(wanted), bool), np.zeros(len(wanted), np.int32)
        at = np.minimum(np.searchsorted(hashes, wanted), len(hashes) - 1)
        return hashes[at] == wanted, places[at]

    def _windows(self, size: int) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
        """Sorted hashes of all runs that lie within one piece, and where each begins."""
        if size not in self._hashes:
            hashes = window_hashes(self._line, size)
            begins = np.arange(len(hashes))
            inside = np.searchsorted(self._starts, begins, side="right") == np.searchsorted(self._starts, begins + size - 1, side="right")
            order = np.argsort(hashes[inside], kind="stable")
            # Kept: a set of samples asks for the same few sizes again and again, and sorting MAESTRO's six million takes seconds.
            self._hashes[size] = (hashes[inside][order], begins[inside][order].astype(np.int32))
        return self._hashes[size]


def window_hashes(line: NDArray[np.int64], size: int) -> NDArray[np.uint64]:
    """A 64-bit hash of every run of `size` symbols, by doubling. Shape: (n,) -> (max(0, n - size + 1),).

    hash(a b) = hash(a) * factor ** |b| + hash(b), modulo 2 ** 64, so that any size is the sum of powers of two.
    """
    if size > len(line) or size < 1:
        return np.zeros(0, np.uint64)
    with np.errstate(over="ignore"):
        # Symbols are scattered first: modulo a power of two, small neighbouring numbers would collide.
        power = (line.astype(np.uint64) + np.uint64(1 << 20)) * np.uint64(0x9E3779B97F4A7C15)
        power ^= power >> np.uint64(29)
        factor, length, done = _FACTOR, 1, 0
        result = np.zeros(len(line) + 1, np.uint64)
        while length <= size:
            if size & length:
                count = len(line) - done - length + 1
                result = result[:count] * factor + power[done : done + count]
                done += length
            if 2 * length <= size:
                power = power[: len(power) - length] * factor + power[length:]
            factor, length = factor * factor, 2 * length
    return result


def _ordered(performance: Performance) -> NDArray[np.void]:
    """Notes by chord, then from low to high."""
    notes = performance.notes
    chord = np.cumsum(np.diff(notes["onset_sec"], prepend=-np.inf) >= CHORD_SEC) if len(notes) else np.zeros(0)
    return notes[np.lexsort((notes["pitch"], chord))]
