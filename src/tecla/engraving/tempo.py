"""What the tempo network sees: every length that a beat could have, each judged alike by what happens at its multiples.

Around a stroke we count how far apart things are: strokes, neighbours, low notes, long notes, accents, changes of harmony, returns
of a key. For a candidate length the network sees these counts at an eighth to eight times that length, and nothing else but the
length itself, so that what it learns at one tempo holds at every other. Few pieces are enough for that.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.pulse import PERIODS, Strokes, binned, harmony_novelty, local_mean
from tecla.music import Performance

EVERY: Final = 4  # strokes from one judgement to the next
_LAGS: Final = np.arange(-4.5, 4.01, 0.125)  # log2 seconds
_STEP: Final = 0.125
_MULTIPLES: Final = np.log2([1 / 8, 1 / 6, 1 / 4, 1 / 3, 3 / 8, 1 / 2, 2 / 3, 3 / 4, 1, 4 / 3, 3 / 2, 2, 3, 4, 6, 8])
_KINDS: Final = 7
N_FEATURES: Final = _KINDS * len(_MULTIPLES)
_AROUND_SEC: Final = 6.0
_LONGEST_SEC: Final = 17.0
_SCALE: Final = 20.0


def tempo_candidates(performance: Performance, strokes: Strokes, every: int = EVERY) -> NDArray[np.float32]:
    """Features of every candidate length at every `every`-th stroke, (S, PERIODS, N_FEATURES)."""
    time = strokes.onset_sec
    if not len(time):
        return np.zeros((0, len(PERIODS), N_FEATURES), np.float32)
    chosen = np.arange(0, len(time), every)
    low = np.searchsorted(time, time[chosen] - _AROUND_SEC)
    high = np.searchsorted(time, time[chosen] + _AROUND_SEC, side="right")
    around = []
    for counts in _interval_counts(performance, strokes):
        total = np.concatenate([np.zeros((1, len(_LAGS))), np.cumsum(counts, axis=0)])
        local = total[high] - total[low]
        around.append(_SCALE * local / np.maximum(local.sum(axis=1, keepdims=True), 1e-6))
    return np.log1p(_at_multiples(np.stack(around, axis=1)))


def _at_multiples(counts: NDArray[np.float64]) -> NDArray[np.float32]:
    """Counts (S, KINDS, LAGS) at the multiples of each candidate, between bins in proportion, (S, PERIODS, N_FEATURES)."""
    out = np.zeros((len(counts), len(PERIODS), counts.shape[1], len(_MULTIPLES)), np.float32)
    for k, multiple in enumerate(_MULTIPLES):
        place = (PERIODS + multiple - _LAGS[0]) / _STEP
        lower = np.clip(np.floor(place).astype(int), 0, len(_LAGS) - 2)
        above, known = place - np.floor(place), (place >= 0) & (np.floor(place) < len(_LAGS) - 1)
        value = (counts[:, :, lower] * (1 - above) + counts[:, :, lower + 1] * above) * known
        out[:, :, :, k] = value.transpose(0, 2, 1)
    return out.reshape(len(counts), len(PERIODS), -1)


def _interval_counts(performance: Performance, strokes: Strokes) -> list[NDArray[np.float64]]:
    """By stroke, how often things of each kind follow at each distance: KINDS of (E, LAGS)."""
    notes, time, start = performance.notes, strokes.onset_sec, strokes.first[:-1]
    low = np.minimum.reduceat(notes["pitch"].astype(float), start)
    loud = np.maximum.reduceat(notes["velocity"].astype(float), start)
    longest = np.maximum.reduceat(notes["offset_sec"] - notes["onset_sec"], start)
    accent = np.sqrt(np.diff(strokes.first)) * np.exp((loud - local_mean(time, loud)) / 24)
    change = harmony_novelty(performance, time)
    ones, everywhere = np.ones(len(time)), np.ones(len(time), bool)
    return [
        _pairs(time, accent, everywhere, 40),
        _pairs(time, ones, everywhere, 1),
        _pairs(time, ones, low <= local_mean(time, low) - 2, 12),
        _pairs(time, ones, longest > 1.3 * local_mean(time, longest), 12),
        _pairs(time, np.maximum(change - local_mean(time, change), 0), change > local_mean(time, change), 16),
        _pairs(time, accent**2, accent > 1.15 * local_mean(time, accent), 16),
        _returns(performance, strokes),
    ]


def _pairs(time: NDArray[np.float64], weight: NDArray[np.float64], marked: NDArray[np.bool_], far: int) -> NDArray[np.float64]:
    """Distances between each marked stroke and the next `far` marked ones, by the product of their weights."""
    index = np.flatnonzero(marked)
    if len(index) < 3:
        return np.zeros((len(time), len(_LAGS)))
    first = np.arange(len(index))[:, None]
    second = first + np.arange(1, min(far, len(index) - 1) + 1)
    inside = second < len(index)
    second = np.minimum(second, len(index) - 1)
    lag = time[index[second]] - time[index[first]]
    inside &= lag < _LONGEST_SEC
    rows = np.broadcast_to(index[first], second.shape)[inside]
    return binned(rows, lag[inside], (weight[index[first]] * weight[index[second]])[inside], len(time), _LAGS)


def _returns(performance: Performance, strokes: Strokes) -> NDArray[np.float64]:
    """Distances at which keys are struck again."""
    pitch, onset, stroke = performance.notes["pitch"], performance.notes["onset_sec"], strokes.of_note
    order = np.lexsort((onset, pitch))
    out = np.zeros((len(strokes.onset_sec), len(_LAGS)))
    for k in (1, 2, 3, 4):
        a, b = order[:-k], order[k:]
        same = pitch[a] == pitch[b]
        out += binned(stroke[a[same]], (onset[b] - onset[a])[same], np.ones(int(same.sum())), len(out), _LAGS)
    return out
