"""What the beat network sees and says: one row of features in, one row of logits out, per stroke.

A stroke is what the hands begin together: notes whose onsets lie within 35 ms. Beats are felt beats (a dotted quarter in 6/8, a
half in 2/2): their tempo varies far less from piece to piece than a written quarter's. No feature knows in which key the music
is, so that the network cannot know pieces by heart by their keys. Periodicity is told, not left to be found: how the distances
between strokes, and between returns of a pitch, are spread around each stroke (Dixon, JNMR 2001; Temperley's "parallelism").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.music import Performance

STROKE_SEC: Final = 0.035
NEAR: Final = 5  # strokes to either side whose distance a stroke sees
FAR: Final = 40  # strokes to either side among which it looks for its like
LAGS: Final = np.arange(-3.5, 2.51, 0.25)  # log2 seconds: 88 ms to 5.7 s
SMOOTH_SEC: Final = 5.0
NOVELTY_SEC: Final = (0.4, 1.0, 2.5)
PEDAL_AFTER_SEC: Final = 0.04  # a pedal that comes up with a note belongs to the chord before, and where exactly is not heard
PERIODS: Final = np.arange(-2.5, 1.76, 0.125)  # log2 seconds a beat: 177 ms to 3.4 s
PHASES: Final = 12  # places in a beat: the network learns them besides, rhythm is read in beats (beatwise.py)
METRES: Final = ("2/4", "3/4", "4/4", "6/8", "3/8", "12/8", "9/8", "2/2", "6/4", "3/2", "4/2", "other")
HEADS: Final = {"beat": 1, "downbeat": 1, "phase": PHASES, "metre": len(METRES), "beat_in_bar": 4}
N_OUTPUTS: Final = sum(HEADS.values())


_Like = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.bool_]]  # (others, own) -> whether they are alike


@dataclass(frozen=True, eq=False)
class Strokes:
    """Notes gathered by onset. Shape: onset_sec (E,); first (E + 1,) index of each stroke's first note, N at the end."""

    onset_sec: NDArray[np.float64]
    first: NDArray[np.int64]

    @property
    def of_note(self) -> NDArray[np.int64]:
        """The stroke of each note, (N,)."""
        return np.repeat(np.arange(len(self.onset_sec)), np.diff(self.first))


def find_strokes(onset_sec: NDArray[np.float64]) -> Strokes:
    """Gathers notes in order of onset; a stroke takes 35 ms at most, and stands at the mean of its onsets."""
    first, begin = [], -np.inf
    for i, time in enumerate(onset_sec.tolist()):
        if time - begin > STROKE_SEC:
            first.append(i)
            begin = time
    edges = np.array([*first, len(onset_sec)], np.int64)
    if not first:
        return Strokes(np.zeros(0), edges)
    return Strokes(np.add.reduceat(onset_sec, edges[:-1]) / np.diff(edges), edges)


def stroke_features(performance: Performance, strokes: Strokes) -> NDArray[np.float32]:
    """Rows the beat network reads, (E, F): distances, register, loudness, length, pedal, change of harmony, periodicity."""
    if not len(strokes.onset_sec):
        return np.zeros((0, N_FEATURES), np.float32)
    notes, time = performance.notes, strokes.onset_sec
    start = strokes.first[:-1]
    pitch, velocity = notes["pitch"].astype(float), notes["velocity"].astype(float)
    low, high = np.minimum.reduceat(pitch, start), np.maximum.reduceat(pitch, start)
    loud = np.maximum.reduceat(velocity, start)
    length = notes["offset_sec"] - notes["onset_sec"]
    longest = np.maximum.reduceat(length, start)
    lowest_length = np.maximum.reduceat(np.where(pitch <= low[strokes.of_note], length, 0.0), start)
    sounding = np.maximum.reduceat(performance.sounding_offset_sec() - notes["onset_sec"], start)
    count = np.diff(strokes.first)
    near = _distances(time)
    likes = [
        _last_like(time, low, lambda other, own: other <= own + 2),
        _last_like(time, high, lambda other, own: other >= own - 2),
        _last_like(time, loud, lambda other, own: other >= own - 4),
        _last_like(time, longest, lambda other, own: other >= 0.8 * own),
        _last_like(time, count.astype(float), lambda other, own: other >= own),
    ]
    around = local_mean(time, loud)
    own = np.stack(
        [
            np.log2(count) / 2, (low - 60) / 24, (high - 60) / 24, np.diff(low, prepend=low[0]) / 24, np.diff(high, prepend=high[0]) / 24,
            (low - local_mean(time, low)) / 12, (high - local_mean(time, high)) / 12,
            (loud - 64) / 32, (loud - around) / 16, (np.add.reduceat(velocity, start) / count - around) / 16,
            log_sec(longest), log_sec(lowest_length), log_sec(sounding),
        ],
        axis=1,
    )  # fmt: skip
    accent = np.sqrt(count) * np.exp((loud - around) / 24) * np.where(low < local_mean(time, low), 1.4, 1.0)
    spread = _spread(time, accent)
    parts = (near, *likes, own, _pedal(performance, time), _novelty(performance, time), *spread, _returns(performance, strokes))
    return np.concatenate(parts, axis=1).astype(np.float32)


N_FEATURES: Final = 2 * NEAR + 5 * 2 + 13 + 5 + len(NOVELTY_SEC) + 4 * len(LAGS)


def log_sec(seconds: NDArray[np.float64], least_sec: float = 0.01) -> NDArray[np.float64]:
    """Base-2 logarithm of a distance, `least_sec` and less together, centred near a quarter of a second."""
    return np.asarray((np.log2(np.clip(seconds, least_sec, 8.0)) + 2.0) / 2.0)


def pedal_up_sec(performance: Performance) -> NDArray[np.float64]:
    """When the pedal comes up that is down just after each note begins, (N,) seconds; where none is, the note's onset."""
    onset, pressed = performance.notes["onset_sec"], performance.pedal_intervals()
    if not len(pressed):
        return onset
    last = np.searchsorted(pressed[:, 0], onset + PEDAL_AFTER_SEC, side="right") - 1
    up = pressed[np.maximum(last, 0), 1]
    return np.where((last >= 0) & (onset + PEDAL_AFTER_SEC < up), up, onset)


def _distances(time: NDArray[np.float64]) -> NDArray[np.float64]:
    padded = np.concatenate([np.full(NEAR, time[0] - 1.0), time, np.full(NEAR, time[-1] + 1.0)])
    n = len(time)
    columns = [time - padded[NEAR - k : NEAR - k + n] for k in range(1, NEAR + 1)]
    columns += [padded[NEAR + k : NEAR + k + n] - time for k in range(1, NEAR + 1)]
    return log_sec(np.stack(columns, axis=1))


def _neighbours(n: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Index of the FAR strokes before each, nearest first, and whether they exist, (E, FAR)."""
    index = np.arange(n)[:, None] - np.arange(1, FAR + 1)
    return np.maximum(index, 0), index >= 0


def _last_like(time: NDArray[np.float64], value: NDArray[np.float64], like: _Like) -> NDArray[np.float64]:
    """Time since, and until, a stroke that is `like` this one, (E, 2)."""

    def since(t: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float64]:
        index, exists = _neighbours(len(t))
        found = like(v[index], v[:, None]) & exists
        nearest = found.argmax(axis=1)
        rows = np.arange(len(t))
        return np.where(found.any(axis=1), np.abs(t - t[index[rows, nearest]]), 8.0)

    return log_sec(np.stack([since(time, value), since(time[::-1], value[::-1])[::-1]], axis=1))


def local_mean(time: NDArray[np.float64], value: NDArray[np.float64], reach_sec: float = 2.0) -> NDArray[np.float64]:
    """Mean of a value over the strokes within `reach_sec` of each, (E,)."""
    total = np.concatenate([[0.0], np.cumsum(value)])
    low, high = np.searchsorted(time, time - reach_sec), np.searchsorted(time, time + reach_sec, side="right")
    return np.asarray((total[high] - total[low]) / (high - low))


def _pedal(performance: Performance, time: NDArray[np.float64]) -> NDArray[np.float64]:
    """Whether the pedal is down, and the time since and until it goes down and comes up, (E, 5)."""
    intervals = performance.pedal_intervals()
    if not len(intervals):
        return np.concatenate([np.zeros((len(time), 1)), np.full((len(time), 4), float(log_sec(np.array(8.0))))], axis=1)
    pressed, lifted = np.concatenate([[-9.0], intervals[:, 0], [1e6]]), np.concatenate([[-9.0], np.sort(intervals[:, 1]), [1e6]])
    last, up = np.searchsorted(pressed, time, side="right") - 1, np.searchsorted(lifted, time, side="right") - 1
    columns = [time - pressed[last], pressed[last + 1] - time, time - lifted[up], lifted[up + 1] - time]
    down = (last > 0) & (time < intervals[np.clip(last - 1, 0, len(intervals) - 1), 1])
    return np.concatenate([down[:, None].astype(float), log_sec(np.stack(columns, axis=1))], axis=1)


def _novelty(performance: Performance, time: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far the pitch classes after a stroke are from those before it, over several spans, (E, 3)."""
    onset, pitch = performance.notes["onset_sec"], performance.notes["pitch"]
    total = np.zeros((len(onset) + 1, 12))
    total[np.arange(1, len(onset) + 1), pitch % 12] = 1.0
    total = np.cumsum(total, axis=0)
    begin = np.searchsorted(onset, time - STROKE_SEC)
    columns = []
    for span in NOVELTY_SEC:
        before = total[begin] - total[np.searchsorted(onset, time - span)]
        after = total[np.searchsorted(onset, time + span)] - total[begin]
        size = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
        columns.append(1.0 - (before * after).sum(axis=1) / np.maximum(size, 1e-6))
    return np.stack(columns, axis=1)


def harmony_novelty(performance: Performance, time: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far the pitch classes of the second after each stroke are from those of the second before, (E,), 0..1."""
    return np.asarray(_novelty(performance, time)[:, NOVELTY_SEC.index(1.0)])


def binned(
    row: NDArray[np.int64], lag_sec: NDArray[np.float64], weight: NDArray[np.float64], rows: int, lags: NDArray[np.float64] = LAGS
) -> NDArray[np.float64]:
    """Weights added up by row and lag, shared between the two nearest of `lags` (L,), evenly spaced in octaves; (rows, L)."""
    place = (np.log2(np.maximum(lag_sec, 1e-3)) - lags[0]) / (lags[1] - lags[0])
    inside = (place >= 0) & (place < len(lags) - 1)
    place, row, weight = place[inside], row[inside], weight[inside]
    lower = place.astype(np.int64)
    above = place - lower
    flat = np.bincount(row * len(lags) + lower, weight * (1 - above), rows * len(lags))
    flat += np.bincount(row * len(lags) + lower + 1, weight * above, rows * len(lags))
    return np.asarray(flat.reshape(rows, len(lags)), np.float64)


def _smoothed(time: NDArray[np.float64], histogram: NDArray[np.float64]) -> NDArray[np.float64]:
    """Histograms added up within SMOOTH_SEC, as shares times the number of bins."""
    total = np.concatenate([np.zeros((1, histogram.shape[1])), np.cumsum(histogram, axis=0)])
    low, high = np.searchsorted(time, time - SMOOTH_SEC), np.searchsorted(time, time + SMOOTH_SEC, side="right")
    local = total[high] - total[low]
    return np.asarray(local / np.maximum(local.sum(axis=1, keepdims=True), 1e-6) * len(LAGS) / 2)


def _spread(time: NDArray[np.float64], accent: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Distances to accents after and before each stroke, and between all strokes around it, three of (E, LAGS)."""
    n = len(time)
    index, exists = _neighbours(n)
    later = np.broadcast_to(np.arange(n)[:, None], index.shape)[exists]
    earlier = index[exists]
    lag = time[later] - time[earlier]
    after = binned(earlier, lag, accent[later], n)
    before = binned(later, lag, accent[earlier], n)
    both = binned(earlier, lag, accent[later] * accent[earlier], n)
    return [np.log1p(after), np.log1p(before), _smoothed(time, both)]


def _returns(performance: Performance, strokes: Strokes) -> NDArray[np.float64]:
    """Distances at which pitches return around each stroke, (E, LAGS): accompaniments and motifs come back by the bar."""
    pitch, onset, stroke = performance.notes["pitch"], performance.notes["onset_sec"], strokes.of_note
    order = np.lexsort((onset, pitch))
    histogram = np.zeros((len(strokes.onset_sec), len(LAGS)))
    for k in (1, 2, 3):
        a, b = order[:-k], order[k:]
        same = pitch[a] == pitch[b]
        a, b = a[same], b[same]
        histogram += binned(stroke[a], onset[b] - onset[a], np.ones(len(a)), len(histogram))
    return _smoothed(strokes.onset_sec, histogram)
