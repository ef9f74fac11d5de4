"""Which note of an estimated score is which note of the reference: edit distance over chords, then over pitches.

Rhythm is what is judged, so the alignment looks at order and pitch only: chords of both scores are aligned by dynamic
programming (a band around the diagonal, widened where it is touched), notes of aligned chords by pitch, and what is left
over is matched to the same pitch in nearby chords; last, notes left over in aligned chords pair up as pitch errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.music.score import ScoreNote

_NEAR: Final = 3  # chords to either side in which a left-over note looks for its pitch
_BAND: Final = 300
_SLIP: Final = 2  # semitones between the two notes of a pitch error


def match_notes(reference: Sequence[ScoreNote], estimate: Sequence[ScoreNote]) -> list[tuple[int, int]]:
    """Pairs (index in reference, index in estimate), each index once, in the order of the reference."""
    if not reference or not estimate:
        return []
    ours, theirs = _chords(reference), _chords(estimate)
    path = _align([_pitches(reference, c) for c in ours], [_pitches(estimate, c) for c in theirs])
    pairs: dict[int, int] = {}
    used: set[int] = set()
    anchors = _anchors(path, len(ours))
    for reach in range(_NEAR + 1):
        for i, j in path if reach == 0 else anchors:
            for shift in sorted({-reach, reach, reach - 1}):
                if 0 <= j + shift < len(theirs):
                    _pair(reference, estimate, ours[i], theirs[j + shift], pairs, used, slip=0)
    for i, j in path:
        _pair(reference, estimate, ours[i], theirs[j], pairs, used, slip=_SLIP)
    return sorted(pairs.items())


def _anchors(path: Sequence[tuple[int, int]], n: int) -> list[tuple[int, int]]:
    """For every chord of the reference a chord of the estimate to look around: its own, or that of the chord before it."""
    own = dict(path)
    last, out = 0, []
    for i in range(n):
        last = own.get(i, last)
        out.append((i, last))
    return out


def _chords(notes: Sequence[ScoreNote]) -> list[list[int]]:
    """Indices of notes by onset."""
    chords: list[list[int]] = []
    for i, n in enumerate(notes):
        if chords and notes[chords[-1][0]].onset == n.onset:
            chords[-1].append(i)
        else:
            chords.append([i])
    return chords


def _pitches(notes: Sequence[ScoreNote], chord: Sequence[int]) -> int:
    """Pitches of a chord as a set of bits."""
    bits = 0
    for i in chord:
        bits |= 1 << notes[i].pitch.midi
    return bits


def _pair(
    reference: Sequence[ScoreNote], estimate: Sequence[ScoreNote], ours: Sequence[int], theirs: Sequence[int],
    pairs: dict[int, int], used: set[int], slip: int,
) -> None:  # fmt: skip
    for i in ours:
        if i in pairs:
            continue
        free = [j for j in theirs if j not in used and abs(estimate[j].pitch.midi - reference[i].pitch.midi) <= slip]
        if free:
            j = min(free, key=lambda j: (estimate[j].grace != reference[i].grace, estimate[j].staff != reference[i].staff))
            pairs[i] = j
            used.add(j)


def _align(ours: Sequence[int], theirs: Sequence[int]) -> list[tuple[int, int]]:
    """For chords of the reference the chord of the estimate they stand beside; a chord split in two goes to its first part.

    Longest common subsequence weighted by shared pitches, within a band.
    """
    n, m = len(ours), len(theirs)
    width = max(_BAND, 2 * abs(n - m))
    gain = np.full((n + 1, 2 * width + 1), -1.0)
    move = np.zeros((n + 1, 2 * width + 1), np.int8)
    centres = (np.arange(n + 1) * m / n).astype(int) if n else np.zeros(1, int)
    bits = np.array([[b >> k & 1 for k in range(128)] for b in theirs], np.float32)  # (M, 128)
    gain[0] = np.where((np.arange(2 * width + 1) - width >= 0) & (np.arange(2 * width + 1) - width <= m), 0.0, -1.0)
    for i in range(1, n + 1):
        low = centres[i] - width
        columns = np.arange(low, low + 2 * width + 1)
        inside = (columns >= 0) & (columns <= m)
        own = np.array([ours[i - 1] >> k & 1 for k in range(128)], np.float32)
        shared = np.zeros(len(columns))
        some = inside & (columns >= 1)
        shared[some] = bits[columns[some] - 1] @ own
        total = np.zeros(len(columns))
        total[some] = bits[columns[some] - 1].sum(axis=1) + own.sum()
        merit = np.where(shared > 0, 2 * shared / np.maximum(total, 1) * np.sqrt(own.sum()), -0.2)
        before = _shifted(gain[i - 1], int(centres[i] - centres[i - 1]))
        diagonal = _shifted(gain[i - 1], int(centres[i] - centres[i - 1]) - 1) + merit
        best = np.maximum(before, diagonal)
        best[~inside] = -1.0
        from_left = np.maximum.accumulate(best)
        move[i] = np.where(from_left > best, 2, np.where(diagonal >= before, 1, 0))
        gain[i] = np.where(inside, from_left, -1.0)
    return _trace(move, centres, width, n, m)


def _shifted(row: NDArray[np.float64], shift: int) -> NDArray[np.float64]:
    """The row seen from a window that begins `shift` columns further right."""
    out = np.full(len(row), -1e9)
    if shift >= 0:
        out[: len(row) - shift] = row[shift:]
    else:
        out[-shift:] = row[:shift]
    return out


def _trace(move: NDArray[np.int8], centres: NDArray[np.int64], width: int, n: int, m: int) -> list[tuple[int, int]]:
    i, j, path = n, m, []
    while i > 0 and j > 0:
        step = move[i, np.clip(j - centres[i] + width, 0, 2 * width)]
        if step == 1:
            path.append((i - 1, j - 1))
            i, j = i - 1, j - 1
        elif step == 2:
            j -= 1
        else:
            i -= 1
    return _bridged(path[::-1], n, m)


def _bridged(path: Sequence[tuple[int, int]], n: int, m: int) -> list[tuple[int, int]]:
    """The path with the chords between its steps paired off in order: where pitches disagree, order still speaks."""
    full: list[tuple[int, int]] = []
    before = (-1, -1)
    for step in [*path, (n, m)]:
        between = min(step[0] - before[0], step[1] - before[1]) - 1
        full += [(before[0] + k, before[1] + k) for k in range(1, between + 1)]
        full.append(step)
        before = step
    return full[:-1]
