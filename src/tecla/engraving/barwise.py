"""What the bar network sees and says: one row of features in, one row of logits out, per beat of a count.

The beat network hears in seconds; this one reads in beats. A count that somebody proposes is laid under the notes, every note falls
into one of twelve places of its beat, and the network says of each beat: is this the right pace, or twice, or two thirds of it; does
a bar begin here; which metre is it. Since it reads in beats, a tune learned at one tempo is known at all, and scores teach as much
as performances. Repetition is told, not left to be found: how far each beat is like those one to sixteen beats on
(Temperley's "parallelism"; self-similarity after Foote 1999).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.pulse import METRES, local_mean
from tecla.music import Performance

SLOTS: Final = 12  # places in a beat
LAGS: Final = (1, 2, 3, 4, 6, 8, 12, 16)  # beats
AROUND: Final = 16  # beats to either side over which likeness is averaged
SPANS: Final = (1, 2, 3, 4)  # beats before and after, whose harmony is compared
LEVELS: Final = (1 / 4, 1 / 3, 1 / 2, 2 / 3, 1.0, 3 / 2, 2.0, 3.0, 4.0)  # the count's beats in true ones
RIGHT: Final = LEVELS.index(1.0)
SHIFTED: Final = len(LEVELS)  # the right pace, but between the beats
OTHER: Final = len(LEVELS) + 1
HEADS: Final = {"level": len(LEVELS) + 2, "downbeat": 1, "beat_in_bar": 4, "metre": len(METRES)}
N_OUTPUTS: Final = sum(HEADS.values())
_CHANNELS: Final = 6
_LIKENESSES: Final = 3
N_FEATURES: Final = SLOTS * _CHANNELS + len(SPANS) + 3 * _LIKENESSES * len(LAGS) + 6
_SNAP_SEC: Final = 0.07
_SNAP_BEATS: Final = 0.17


@dataclass(frozen=True, eq=False)
class BarReadings:
    """What the bar network says of each beat of a count.

    Shape:
        log_level (K, 11), log_beat_in_bar (K, 4), log_metre (K, 12); downbeat (K,) log-odds
    """

    log_level: NDArray[np.float64]
    downbeat: NDArray[np.float64]
    log_beat_in_bar: NDArray[np.float64]
    log_metre: NDArray[np.float64]


def recount(beats_sec: NDArray[np.float64], onset_sec: NDArray[np.float64], ratio: float, offset: float = 0.0) -> NDArray[np.float64]:
    """A count whose beats last `ratio` of the given ones and begin `offset` of them late, each moved to a stroke that is near.

    >>> recount(np.arange(4.0), np.array([0.0, 0.52, 1.0, 2.0, 3.0]), 0.5)
    array([0.  , 0.52, 1.  , 1.5 , 2.  , 2.5 , 3.  ])
    """
    places = np.arange(offset, len(beats_sec) - 1 + 1e-6, ratio)
    times = np.interp(places, np.arange(len(beats_sec)), beats_sec)
    if len(times) < 2 or not len(onset_sec):
        return times
    after = np.clip(np.searchsorted(onset_sec, times), 1, max(len(onset_sec) - 1, 1))
    near = onset_sec[np.clip(np.stack([after - 1, after]), 0, len(onset_sec) - 1)]
    nearest = np.where(np.abs(near[0] - times) <= np.abs(near[1] - times), near[0], near[1])
    reach = np.minimum(_SNAP_SEC, _SNAP_BEATS * np.gradient(times))
    return np.asarray(np.where(np.abs(nearest - times) <= reach, nearest, times))


def beat_features(performance: Performance, beats_sec: NDArray[np.float64]) -> NDArray[np.float32]:
    """Rows the bar network reads, (K, F): what happens where in each beat, change of harmony, likeness to other beats, pace."""
    count = len(beats_sec)
    if count < 2 or not len(performance):
        return np.zeros((count, N_FEATURES), np.float32)
    notes = performance.notes
    place = _place(notes["onset_sec"], beats_sec)
    slot = np.rint(place * SLOTS).astype(np.int64)
    inside = (slot >= 0) & (slot < count * SLOTS)
    pictures = _pictures(performance, beats_sec, slot, inside)
    chroma, bass = _harmony(notes["pitch"][inside], slot[inside] // SLOTS, count)
    onsets = pictures[:, :, 0]
    stray = np.abs(place * SLOTS - slot)[inside]
    beat = slot[inside] // SLOTS
    strayed = np.bincount(beat, stray, count) / np.maximum(np.bincount(beat, minlength=count), 1)
    period = np.log2(np.maximum(np.gradient(beats_sec), 0.02))
    steps = np.diff(period, prepend=period[0])
    struck = onsets[:, 0] > 0
    own = np.stack(
        [strayed * 4, period + 1.0, 4 * steps, 4 * np.diff(period, append=period[-1]), struck, _mean_around(struck.astype(float))], axis=1
    )
    parts = (pictures.reshape(count, -1), _changes(chroma), _likeness(onsets, chroma, bass), own)
    return np.concatenate(parts, axis=1).astype(np.float32)


def _place(time_sec: NDArray[np.float64], beats_sec: NDArray[np.float64]) -> NDArray[np.float64]:
    """Beats since the first beat, counted on evenly beyond both ends."""
    first, last = beats_sec[1] - beats_sec[0], beats_sec[-1] - beats_sec[-2]
    edges = np.concatenate([[beats_sec[0] - first], beats_sec, [beats_sec[-1] + last]])
    return np.asarray(np.interp(time_sec, edges, np.arange(-1.0, len(beats_sec) + 1), left=-9.0, right=len(beats_sec) + 9.0))


def _pictures(
    performance: Performance, beats_sec: NDArray[np.float64], slot: NDArray[np.int64], inside: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """By place of each beat: how many notes begin, how loud, how low, how high, how long; pedals. (K, SLOTS, 6)."""
    notes, count = performance.notes, len(beats_sec)
    onset, pitch, velocity = notes["onset_sec"], notes["pitch"].astype(float), notes["velocity"].astype(float)
    loud = (velocity - local_mean(onset, velocity)) / 16
    middle = local_mean(onset, pitch)
    ends = _place(notes["offset_sec"], beats_sec)
    length = np.log2(np.clip(ends - slot / SLOTS, 0.05, 8.0)) / 2 + 1
    out = np.zeros((count * SLOTS, _CHANNELS))
    at = slot[inside]
    np.add.at(out[:, 0], at, 1.0)
    for channel, value in enumerate((loud, (middle - pitch) / 12, (pitch - middle) / 12, length), start=1):
        np.maximum.at(out[:, channel], at, value[inside])
    pressed = performance.pedal_intervals()
    if len(pressed):
        pedal = np.rint(_place(pressed[:, 0], beats_sec) * SLOTS).astype(np.int64)
        np.add.at(out[:, 5], pedal[(pedal >= 0) & (pedal < count * SLOTS)], 1.0)
    out[:, 0] = np.log1p(out[:, 0])
    return out.reshape(count, SLOTS, _CHANNELS)


def _harmony(pitch: NDArray[np.int64], beat: NDArray[np.int64], count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pitch classes of each beat (K, 12), and its lowest key, that of the beat before where nothing begins, (K,)."""
    chroma = np.zeros((count, 12))
    np.add.at(chroma, (beat, pitch % 12), 1.0)
    lowest = np.full(count, np.inf)
    np.minimum.at(lowest, beat, pitch.astype(float))
    filled = np.maximum.accumulate(np.where(np.isfinite(lowest), np.arange(count), 0))
    bass = lowest[filled]
    return np.sqrt(chroma), np.where(np.isfinite(bass), bass, 0.0)


def _changes(chroma: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far the harmony of the beats from here on is from that of the beats before, over several spans, (K, SPANS)."""
    total = np.concatenate([np.zeros((1, 12)), np.cumsum(chroma, axis=0)])
    here = np.arange(len(chroma))
    columns = []
    for span in SPANS:
        before = total[here] - total[np.maximum(here - span, 0)]
        after = total[np.minimum(here + span, len(chroma))] - total[here]
        columns.append(1.0 - _cosine(before, after))
    return np.stack(columns, axis=1)


def _cosine(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((a * b).sum(axis=1) / np.maximum(np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1), 1e-6))


def _likeness(onsets: NDArray[np.float64], chroma: NDArray[np.float64], bass: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each beat is like the beat each lag later and each lag before, and how far beats around it are, (K, 3 * 3 * LAGS)."""
    count, columns = len(onsets), []
    for lag in LAGS:
        alike = np.zeros((count, _LIKENESSES))
        if lag < count:
            alike[:-lag, 0] = _cosine(onsets[:-lag], onsets[lag:])
            alike[:-lag, 1] = _cosine(chroma[:-lag], chroma[lag:])
            alike[:-lag, 2] = bass[:-lag] == bass[lag:]
        before = np.concatenate([np.zeros((min(lag, count), _LIKENESSES)), alike[:-lag]])[:count]
        columns += [alike, before, _mean_around(alike)]
    return np.concatenate(columns, axis=1)


def _mean_around(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the beats within AROUND of each."""
    total = np.concatenate([np.zeros_like(value[:1]), np.cumsum(value, axis=0)])
    here = np.arange(len(value))
    low, high = np.maximum(here - AROUND, 0), np.minimum(here + AROUND + 1, len(value))
    width = (high - low).reshape(-1, *[1] * (value.ndim - 1))
    return np.asarray((total[high] - total[low]) / width)
