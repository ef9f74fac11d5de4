"""What the beat network should have said: annotated beats, told stroke by stroke; and performances that nobody gave.

Few pieces are annotated, and a network learns them by heart. So a training window is seldom one: hands of two pieces in one
metre are put together on the beats of one, keys are turned upside down, the tempo is bent, notes and pedals go missing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.corpora.asap import Annotations, Recording, load_annotations
from tecla.engraving.pulse import METRES, PERIODS, PHASES, Strokes, find_strokes
from tecla.io.midi import load_midi
from tecla.music import Performance
from tecla.training.readers import UNKNOWN

_MEETS_SEC: Final = 0.05  # a stroke this near a beat may be on it
_MEETS_BEATS: Final = 0.2
SAME_AS: Final = {"12/16": "12/8", "24/16": "12/8", "6/16": "6/8", "4/8": "2/4", "1/2": "other"}


@dataclass(frozen=True, eq=False)
class Beaten:
    """A performance and its beats.

    Shape:
        beats_sec (K,); place (K,) beats since the bar line; in_bar (K,) beats of the bar; metre (K,) index into METRES
    """

    performance: Performance
    beats_sec: NDArray[np.float64]
    place: NDArray[np.int64]
    in_bar: NDArray[np.int64]
    metre: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Told:
    """Targets of strokes, UNKNOWN where nothing can be said.

    Shape:
        beat, downbeat, phase, metre, beat_in_bar (E,) int; log_period (E,) log2 seconds a beat, NaN where unknown
    """

    beat: NDArray[np.int64]
    downbeat: NDArray[np.int64]
    phase: NDArray[np.int64]
    metre: NDArray[np.int64]
    beat_in_bar: NDArray[np.int64]
    log_period: NDArray[np.float64]


def load_beaten(recording: Recording) -> Beaten | None:
    """A performance with its annotated beats; None where they are missing, fewer than eight, or do not rise."""
    if not recording.annotations.is_file():
        return None
    annotations = load_annotations(recording.annotations)
    beats = annotations.beats_sec
    if len(beats) < 8 or len(annotations.downbeats_sec) < 3 or (np.diff(beats) <= 0).any():
        return None
    return beaten(load_midi(recording.midi), annotations)


def beaten(performance: Performance, annotations: Annotations) -> Beaten:
    """Joins a performance and its annotations."""
    beats = annotations.beats_sec
    lines = np.searchsorted(beats, annotations.downbeats_sec - 1e-6)
    bar = np.searchsorted(lines, np.arange(len(beats)), side="right") - 1
    lengths = np.append(np.diff(lines), np.median(np.diff(lines)).astype(int))
    usual = int(lengths[0])
    place = np.where(bar >= 0, np.arange(len(beats)) - lines[np.maximum(bar, 0)], (np.arange(len(beats)) - lines[0]) % usual)
    names = [SAME_AS.get(name, name) for _, name in annotations.times] or ["other"]
    known = np.array([METRES.index(name) if name in METRES else len(METRES) - 1 for name in names])
    since = np.array([time for time, _ in annotations.times] or [0.0])
    metre = known[np.maximum(np.searchsorted(since, beats + 1e-3, side="right") - 1, 0)]
    return Beaten(performance, beats, place, lengths[np.maximum(bar, 0)], metre)


def tell(strokes: Strokes, piece: Beaten) -> Told:
    """Targets of strokes played on the beats of `piece`."""
    beats, time = piece.beats_sec, strokes.onset_sec
    position = np.interp(time, beats, np.arange(len(beats)), left=np.nan, right=np.nan)
    known = np.isfinite(position)
    at = np.where(known, position, 0.0)
    nearest = np.rint(at).astype(np.int64)
    off_sec = np.abs(time - beats[nearest])
    on = known & (off_sec < _MEETS_SEC) & (np.abs(at - nearest) < _MEETS_BEATS)
    order = np.lexsort((off_sec, nearest))
    best = np.zeros(len(time), bool)
    chosen = order[on[order]]
    best[chosen[np.unique(nearest[chosen], return_index=True)[1]]] = True
    beat = np.where(best, 1, np.where(on | ~known, UNKNOWN, 0))
    line = piece.place[nearest] == 0
    downbeat = np.where(best & line, 1, np.where((on & line & ~best) | ~known, UNKNOWN, 0))
    floor = np.floor(at + 1 / (2 * PHASES)).astype(np.int64)
    phase = np.where(known, np.rint((at - np.floor(at)) * PHASES).astype(np.int64) % PHASES, UNKNOWN)
    place = np.minimum(piece.place[np.minimum(floor, len(beats) - 1)], 3)
    metre = piece.metre[np.minimum(floor, len(beats) - 1)]
    return Told(
        beat, downbeat, phase, np.where(known, metre, UNKNOWN), np.where(known, place, UNKNOWN),
        np.where(known, np.interp(at, np.arange(len(beats) - 1) + 0.5, _log_intervals(beats)), np.nan),
    )  # fmt: skip


def _log_intervals(beats_sec: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log2 of the time a beat takes around each interval between beats: the mean of three, (K - 1,)."""
    log = np.clip(np.log2(np.maximum(np.diff(beats_sec), 0.05)), PERIODS[0], PERIODS[-1])
    padded = np.concatenate([log[:1], log, log[-1:]])
    return np.asarray((padded[:-2] + padded[1:-1] + padded[2:]) / 3)


def window(piece: Beaten, start: int, length: int) -> Beaten:
    """The notes `start` and on, with their pedal."""
    return replace(piece, performance=stretch_of(piece.performance, start, start + length))


def stretch_of(performance: Performance, begin: int, stop: int) -> Performance:
    """Notes begin..stop, with the pedal from three seconds before them to three seconds after."""
    notes, controls = performance.notes[begin:stop], performance.controls
    times = controls["time_sec"]
    return Performance(notes, controls[(times > notes["onset_sec"][0] - 3.0) & (times < notes["offset_sec"].max() + 3.0)])


def is_left(performance: Performance) -> NDArray[np.bool_]:
    """Notes below the middle of what sounds within two seconds, (N,): roughly the left hand."""
    notes, strokes = performance.notes, find_strokes(performance.notes["onset_sec"])
    pitch, time = notes["pitch"].astype(float), strokes.onset_sec
    low, high = np.minimum.reduceat(pitch, strokes.first[:-1]), np.maximum.reduceat(pitch, strokes.first[:-1])
    a, b = np.searchsorted(time, time - 2.0), np.searchsorted(time, time + 2.0, side="right")
    middle = [(low[i:j].min() + high[i:j].max()) / 2 for i, j in zip(a, b, strict=True)]
    return np.asarray(pitch < np.array(middle)[strokes.of_note])


def join_hands(piece: Beaten, other: Beaten, rng: np.random.Generator) -> Beaten:
    """One hand of `piece` with the other hand of `other`, which is moved bar by bar onto the beats of `piece`."""
    notes = piece.performance.notes
    span = np.searchsorted(piece.beats_sec, [notes["onset_sec"][0], notes["onset_sec"][-1]])
    lines = np.flatnonzero((piece.place == 0) & (np.arange(len(piece.place)) >= span[0]))
    room = len(other.beats_sec) - (span[1] - span[0]) - 2
    starts = np.flatnonzero((other.place == 0) & (np.arange(len(other.place)) < max(room, 1)))
    if not len(lines) or not len(starts) or lines[0] >= span[1] or other.in_bar[starts[0]] != piece.in_bar[lines[0]]:
        return piece
    shift = int(lines[0]) - int(rng.choice(starts))  # beats from the other piece's count to this one's
    theirs = other.performance.notes
    own, count = is_left(piece.performance), np.arange(len(other.beats_sec), dtype=float)
    begin, end = (int(np.clip(k - shift, 0, len(count) - 1)) for k in (span[0] - 1, span[1] + 1))
    inside = (theirs["onset_sec"] >= other.beats_sec[begin]) & (theirs["onset_sec"] < other.beats_sec[end])
    theirs = theirs[inside].copy()
    if len(theirs) < 16:
        return piece
    left = rng.random() < 0.5
    theirs = theirs[is_left(Performance(theirs)) != left]
    own_count = np.arange(len(piece.beats_sec), dtype=float)
    for name in ("onset_sec", "offset_sec"):
        theirs[name] = np.interp(np.interp(theirs[name], other.beats_sec, count) + shift, own_count, piece.beats_sec)
    theirs["offset_sec"] = np.maximum(theirs["offset_sec"], theirs["onset_sec"] + 0.03)
    theirs["pitch"] = np.clip(theirs["pitch"] + rng.integers(-5, 6), 21, 108)
    kept = notes[own == left]
    if len(kept) + len(theirs) < 32:
        return piece
    return replace(piece, performance=Performance(np.concatenate([kept, theirs]), piece.performance.controls))


def bend(piece: Beaten, rng: np.random.Generator) -> Beaten:
    """The same beats in another tempo, with another rubato, touch, register and pedal, and some notes fewer."""
    notes, controls = piece.performance.notes.copy(), piece.performance.controls.copy()
    begin, end = float(notes["onset_sec"].min()) - 5.0, float(notes["offset_sec"].max()) + 5.0
    knots = np.linspace(begin, end, max(3, int((end - begin) / rng.uniform(2, 8))))
    pace = np.exp(rng.uniform(-0.35, 0.35) + np.clip(rng.normal(0, rng.choice([0.0, 0.08, 0.2]), len(knots) - 1), -0.5, 0.5))
    bent = np.concatenate([[0.0], np.cumsum(np.diff(knots) * pace)])

    def warp(time: NDArray[np.float64]) -> NDArray[np.float64]:
        outside = np.where(time < begin, time - begin, np.where(time > end, time - end, 0.0))
        return np.asarray(np.interp(time, knots, bent) + outside)

    lasting = notes["offset_sec"] - notes["onset_sec"]
    scale = np.exp(rng.normal(0, 0.2) + rng.normal(0, rng.choice([0.05, 0.2]), len(notes)))
    late = warp(notes["onset_sec"])
    held = (warp(notes["onset_sec"] + lasting * scale) - late).clip(0.02)
    notes["onset_sec"] = late + rng.normal(0, rng.choice([0.001, 0.006, 0.012]), len(notes))
    notes["offset_sec"] = notes["onset_sec"] + held
    notes["velocity"] = np.clip(notes["velocity"] * rng.uniform(0.75, 1.25) + rng.normal(0, rng.choice([2, 8]), len(notes)), 1, 127)
    pitch = notes["pitch"].astype(int) + int(rng.integers(-7, 8))
    notes["pitch"] = np.clip(132 - pitch if rng.random() < 0.15 else pitch, 21, 108)
    kept = rng.random(len(notes)) >= rng.choice([0.0, 0.02, 0.1])
    if rng.random() < 0.1:
        alone = is_left(piece.performance) == (rng.random() < 0.5)
        kept = kept & alone if (kept & alone).sum() > 48 else kept
    controls["time_sec"] = warp(controls["time_sec"])
    played = Performance(notes[kept] if kept.sum() > 16 else notes, controls[:0] if rng.random() < 0.25 else controls)
    return replace(piece, performance=played, beats_sec=warp(piece.beats_sec))
