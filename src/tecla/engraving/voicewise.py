"""What the voice network sees: all that the rhythm network sees of a note, and what else the hand that plays it is doing.

Two voices share a staff where a hand holds one key while it strikes others, or follows two lines at once. What comes out is one logit a
note: that it lies below another voice of its staff.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.beatwise import FAR_BEATS, N_COUNTED, Column, counted_features, log_beats
from tecla.engraving.handwise import OCTAVE
from tecla.engraving.pulse import Strokes, find_strokes
from tecla.engraving.tracking import Pulse
from tecla.music import Performance

TURNS: Final = (-3, -2, -1, 1, 2, 3)  # strokes of the hand before and after
N_COLUMNS: Final = 3 + 4 + 4 + 3 * len(TURNS) + 1
N_FEATURES: Final = N_COUNTED + N_COLUMNS
N_OUTPUTS: Final = 1
_REACH: Final = 24  # notes to either side among which companions are sought
_STROKE_REACH: Final = 8
_OVERLAP_BEATS: Final = 0.06  # of two notes, from which one is held while the other is struck
_AROUND_BEATS: Final = 2.0
_NONE: Final = 3.0  # octaves: where there is no companion


def voice_features(performance: Performance, pulse: Pulse, left: Column) -> NDArray[np.float32]:
    """Rows the voice network reads, (N, F), the rhythm network's first; `left` (N,) are log-odds for the left hand. At least two beats."""
    seen = counted_features(performance, pulse, left)
    notes = performance.notes
    if not len(notes):
        return np.zeros((0, N_FEATURES), np.float32)
    strokes = find_strokes(notes["onset_sec"].astype(float))
    onset = pulse.at(notes["onset_sec"])
    held = pulse.at(notes["offset_sec"]) - onset
    columns = companions(notes["pitch"].astype(float), onset, held, left > 0, strokes, pulse.at(strokes.onset_sec))
    return np.concatenate([seen, np.stack(columns, axis=1).astype(np.float32)], axis=1)


def companions(pitch: Column, onset: Column, held: Column, left: NDArray[np.bool_], strokes: Strokes, at: Column) -> list[Column]:
    """Columns (N,) each, of notes in order of onset and pitch: `onset`, `held` (N,) and `at` (E,), where each stroke lies, in beats."""
    stroke = strokes.of_note
    return [
        *_in_own_stroke(pitch, left, stroke), *_still_held(pitch, onset, held, left, stroke),
        *_struck_meanwhile(pitch, onset, held, left, stroke), *_own_strokes(pitch, left, stroke, at), _from_middle(pitch, onset, left),
    ]  # fmt: skip


def _octaves(semitones: Column) -> Column:
    return np.asarray(np.clip(semitones / OCTAVE, -_NONE, _NONE))


def _beside(count: int, step: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """For each note the one `step` further on, and whether there is one."""
    other = np.arange(count) + step
    return np.clip(other, 0, count - 1), (other >= 0) & (other < count)


def _in_own_stroke(pitch: Column, left: NDArray[np.bool_], stroke: NDArray[np.int64]) -> list[Column]:
    """How far the lowest and the highest note are that the hand strikes together with each, and how many there are."""
    low, high, others = (np.zeros(len(pitch)) for _ in range(3))
    for step in (*range(-_STROKE_REACH, 0), *range(1, _STROKE_REACH + 1)):
        other, there = _beside(len(pitch), step)
        there &= (left[other] == left) & (stroke[other] == stroke)
        interval = np.where(there, _octaves(pitch[other] - pitch), 0.0)
        low, high, others = np.minimum(low, interval), np.maximum(high, interval), others + there
    return [low, high, others / 3]


def _still_held(pitch: Column, onset: Column, held: Column, left: NDArray[np.bool_], stroke: NDArray[np.int64]) -> list[Column]:
    """The nearest keys below and above that the hand holds when it strikes each note: how far, and for how long still."""
    below, above = np.full(len(pitch), -_NONE), np.full(len(pitch), _NONE)
    below_for, above_for = np.zeros(len(pitch)), np.zeros(len(pitch))
    for step in range(1, _REACH + 1):
        other, there = _beside(len(pitch), -step)
        still = onset[other] + held[other] - onset
        there &= (left[other] == left) & (stroke[other] < stroke) & (still > _OVERLAP_BEATS)
        interval = _octaves(pitch[other] - pitch)
        nearer = there & (interval < 0) & (interval > below)
        below, below_for = np.where(nearer, interval, below), np.where(nearer, still, below_for)
        nearer = there & (interval > 0) & (interval < above)
        above, above_for = np.where(nearer, interval, above), np.where(nearer, still, above_for)
    return [below, above, log_beats(below_for), log_beats(above_for)]


def _struck_meanwhile(pitch: Column, onset: Column, held: Column, left: NDArray[np.bool_], stroke: NDArray[np.int64]) -> list[Column]:
    """How many keys above and below the hand strikes while it holds each note, and how far the nearest are."""
    above, below = np.zeros(len(pitch)), np.zeros(len(pitch))
    nearest_above, nearest_below = np.full(len(pitch), _NONE), np.full(len(pitch), -_NONE)
    for step in range(1, _REACH + 1):
        other, there = _beside(len(pitch), step)
        there &= (left[other] == left) & (stroke[other] > stroke) & (onset[other] < onset + held - _OVERLAP_BEATS)
        interval = _octaves(pitch[other] - pitch)
        higher, lower = there & (interval > 0), there & (interval < 0)
        above, below = above + higher, below + lower
        nearest_above = np.where(higher, np.minimum(nearest_above, interval), nearest_above)
        nearest_below = np.where(lower, np.maximum(nearest_below, interval), nearest_below)
    return [np.minimum(above, 6) / 3, np.minimum(below, 6) / 3, nearest_above, nearest_below]


def _own_strokes(pitch: Column, left: NDArray[np.bool_], stroke: NDArray[np.int64], at: Column) -> list[Column]:
    """How far off the hand's strokes before and after are, and how far from their lowest and highest notes."""
    columns = [np.zeros((3, len(pitch))) for _ in TURNS]
    for hand in (True, False):
        notes = np.flatnonzero(left == hand)
        if not len(notes):
            continue
        played, first = np.unique(stroke[notes], return_index=True)
        low, high = (extreme.reduceat(pitch[notes], first) for extreme in (np.minimum, np.maximum))
        for column, turn in zip(columns, TURNS, strict=True):
            place = np.searchsorted(played, stroke[notes]) + turn
            there, other = (place >= 0) & (place < len(played)), np.clip(place, 0, len(played) - 1)
            away = np.where(there, np.abs(at[played[other]] - at[stroke[notes]]), FAR_BEATS)
            intervals = [np.where(there, _octaves(edge[other] - pitch[notes]), 0.0) for edge in (low, high)]
            column[:, notes] = [*intervals, log_beats(away)]
    return [row for column in columns for row in column]


def _from_middle(pitch: Column, onset: Column, left: NDArray[np.bool_]) -> Column:
    """How far each note is from the mean of what its hand plays within two beats."""
    out = np.zeros(len(pitch))
    for hand in (True, False):
        own, time = pitch[left == hand], onset[left == hand]
        sums = np.concatenate([[0.0], np.cumsum(own)])
        begin, stop = np.searchsorted(time, time - _AROUND_BEATS), np.searchsorted(time, time + _AROUND_BEATS, side="right")
        out[left == hand] = _octaves((sums[stop] - sums[begin]) / np.maximum(stop - begin, 1) - own)
    return out
