"""What the hands network sees: one row of features in, one logit out, per played note.

Hands are read from where notes lie, not from what they mean: intervals to what is struck with a note, just before it, just after it, and to
what still sounds. Only intervals and the height of the note itself are told, so that one piece in twelve keys looks nearly the same
(the merged-output view of Nakamura, Ono and Sagayama, ISMIR 2014, learned rather than modelled).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.pulse import find_strokes, log_sec
from tecla.music import Performance

NEAR: Final = 4  # strokes to either side whose lowest and highest notes are seen
RANKS: Final = 4  # notes below and above in the same stroke
_AROUND_SEC: Final = (1.0, 4.0)
_HELD: Final = 16  # notes back among which those that still sound are sought
N_FEATURES: Final = 6 * NEAR + 2 * RANKS + 4 + 3 * len(_AROUND_SEC) + 9
N_OUTPUTS: Final = 1
SHORTEST_SEC: Final = 0.02  # what is nearer, or shorter, is told as this
OCTAVE: Final = 12.0


def hand_features(performance: Performance) -> NDArray[np.float32]:
    """Rows the hands network reads, (N, F), in order of onset and pitch."""
    notes = performance.notes
    if not len(notes):
        return np.zeros((0, N_FEATURES), np.float32)
    strokes = find_strokes(notes["onset_sec"])
    pitch, stroke = notes["pitch"].astype(float), strokes.of_note
    start = strokes.first[:-1]
    low, high = np.minimum.reduceat(pitch, start), np.maximum.reduceat(pitch, start)
    columns = [*_neighbours(pitch, stroke, strokes.onset_sec, low, high), *in_stroke(pitch, stroke), *_held(performance)]
    columns += _around(strokes.onset_sec, low, high, pitch, stroke)
    size = np.diff(strokes.first)[stroke]
    loud = np.add.reduceat(notes["velocity"].astype(float), start) / np.diff(strokes.first)
    length = log_sec(notes["offset_sec"] - notes["onset_sec"], SHORTEST_SEC)
    columns += [
        (pitch - 62) / 24, np.log2(size) / 2, (pitch - low[stroke]) / OCTAVE, (high[stroke] - pitch) / OCTAVE,
        length, length - (np.add.reduceat(length, start) / np.diff(strokes.first))[stroke], (notes["velocity"] - loud[stroke]) / 16,
        (notes["onset_sec"] - strokes.onset_sec[stroke]) / 0.03, (notes["velocity"] - 64) / 32,
    ]  # fmt: skip
    return np.stack(columns, axis=1).astype(np.float32)


def _neighbours(
    pitch: NDArray[np.float64],
    stroke: NDArray[np.int64],
    time: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
) -> list[NDArray[np.float64]]:
    """Intervals to the lowest and highest notes of the strokes before and after, and how far away these are."""
    columns = []
    for k in (*range(-NEAR, 0), *range(1, NEAR + 1)):
        other = np.clip(np.arange(len(time)) + k, 0, len(time) - 1)[stroke]
        away = log_sec(np.abs(time[other] - time[stroke]), SHORTEST_SEC)
        columns += [interval(low[other] - pitch), interval(high[other] - pitch), away]
    return columns


def interval(semitones: NDArray[np.float64]) -> NDArray[np.float64]:
    """Octaves, four and more together."""
    return np.asarray(np.clip(semitones / OCTAVE, -4, 4))


def in_stroke(pitch: NDArray[np.float64], stroke: NDArray[np.int64]) -> list[NDArray[np.float64]]:
    """Intervals to the next notes below and above that are struck together with each, four octaves where there is none."""
    order = np.lexsort((pitch, stroke))
    sorted_pitch, sorted_stroke = pitch[order], stroke[order]
    columns = []
    for k in (*range(-RANKS, 0), *range(1, RANKS + 1)):
        other = np.clip(np.arange(len(pitch)) + k, 0, len(pitch) - 1)
        there = (sorted_stroke[other] == sorted_stroke) & (other != np.arange(len(pitch)))
        column = np.empty(len(pitch))
        column[order] = np.where(there, interval(sorted_pitch[other] - sorted_pitch), 4.0 * np.sign(k))
        columns.append(column)
    return columns


def _held(performance: Performance) -> list[NDArray[np.float64]]:
    """Nearest key below and above that is still down when each note begins, and how many are."""
    notes = performance.notes
    onset, pitch = notes["onset_sec"], notes["pitch"].astype(float)
    index = np.arange(len(notes))[:, None] - np.arange(1, _HELD + 1)
    there = (index >= 0) & (notes["offset_sec"][np.maximum(index, 0)] > onset[:, None] + 0.02)
    gap = pitch[np.maximum(index, 0)] - pitch[:, None]
    below = np.where(there & (gap < 0), gap, -48.0).max(axis=1)
    above = np.where(there & (gap > 0), gap, 48.0).min(axis=1)
    return [below / OCTAVE, above / OCTAVE, (there & (gap < 0)).sum(axis=1) / 4, (there & (gap > 0)).sum(axis=1) / 4]


def _around(
    time: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64], pitch: NDArray[np.float64], stroke: NDArray[np.int64]
) -> list[NDArray[np.float64]]:
    """How high each note lies between what is lowest and what is highest around it, over several spans."""
    columns = []
    sums = [np.concatenate([[0.0], np.cumsum(value)]) for value in (low, high)]
    for span in _AROUND_SEC:
        first, last = np.searchsorted(time, time - span), np.searchsorted(time, time + span, side="right")
        mean_low, mean_high = ((total[last] - total[first]) / (last - first) for total in sums)
        columns += [interval(mean_low[stroke] - pitch), interval(mean_high[stroke] - pitch)]
        columns.append(interval((mean_low + mean_high)[stroke] / 2 - pitch))
    return columns
