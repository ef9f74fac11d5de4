"""What the rhythm network sees and says: one row of features in, one row of logits out, per note of a counted performance.

Once beats are found, rhythm is read in them and no longer in seconds: where in its beat a note is written, how far it is to the next
one, how long it lasts on paper. What was played in eighths looks the same at every tempo and in every metre, so that few pieces teach
much. Beside lengths stands what they depend on: when either hand plays next, where the line goes on, how long key and pedal hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.handwise import OCTAVE, SHORTEST_SEC, in_stroke, interval
from tecla.engraving.pulse import Strokes, find_strokes, local_mean, log_sec, pedal_up_sec
from tecla.engraving.tracking import Pulse
from tecla.music import Performance


def _fractions(text: str) -> tuple[Fraction, ...]:
    return tuple(map(Fraction, text.split()))


PLACES: Final = _fractions(
    "0 1/12 1/9 1/8 1/6 1/5 2/9 1/4 1/3 3/8 2/5 5/12 4/9 1/2 5/9 7/12 3/5 5/8 2/3 3/4 7/9 4/5 5/6 7/8 8/9 11/12"
)  # beats after the last whole beat
STEPS: Final = _fractions(
    "0 1/24 1/18 1/16 1/12 1/9 1/8 1/6 1/5 1/4 1/3 3/8 2/5 1/2 2/3 3/4 1 4/3 3/2 2 3 4"
)  # beats to the next played note
LENGTHS: Final = _fractions(
    "1/24 1/18 1/16 1/12 1/9 1/8 1/6 1/5 1/4 1/3 3/8 2/5 1/2 2/3 3/4 4/5 1 5/4 4/3 3/2 5/3 2 5/2 8/3 3 4 5 6 8"
)  # written length, in beats
HEADS: Final = {"place": len(PLACES), "step": len(STEPS), "length": len(LENGTHS)}
N_OUTPUTS: Final = sum(HEADS.values())
_NEAR: Final = 4  # strokes to either side whose distance is seen
_NEAREST: Final = 2  # of these, so many whose place in the beat is seen
_LINE: Final = 16  # notes on among which a line is followed
FAR_BEATS: Final = 16.0
_BEAT_SEC: Final = (0.05, 8.0)

Column = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rhythm:
    """What is read of each note in beats of the count.

    Shape:
        log_place (N, 26), log_step (N, 22), log_length (N, 29) log-probabilities; second (N,) odds, of the voice network, that it lies in a
        lower voice of its staff
    """

    log_place: NDArray[np.float64]
    log_step: NDArray[np.float64]
    log_length: NDArray[np.float64]
    second: NDArray[np.float64]

    def among(self, kept: NDArray[np.int64]) -> Rhythm:
        """Readings of some of the notes; what was read of the step to one that is not kept says nothing of the next that is."""
        rows = {name: logs[kept] for name, logs in vars(self).items()}
        rows["log_step"][np.append(np.diff(kept) > 1, False)[: len(kept)]] = -np.log(len(STEPS))
        return Rhythm(**rows)


@dataclass(frozen=True, eq=False)
class _Scene:
    """Notes and strokes in beats. Shape: onset, held, ring, pitch, velocity, left (N,); at, low, high (E,) of each stroke."""

    strokes: Strokes
    onset: Column
    held: Column
    ring: Column
    pitch: Column
    velocity: Column
    left: NDArray[np.bool_]
    stroke: NDArray[np.int64]
    at: Column
    low: Column
    high: Column


def _scene(performance: Performance, pulse: Pulse, left: Column) -> _Scene:
    notes = performance.notes
    strokes = find_strokes(notes["onset_sec"].astype(float))
    onset, pitch = pulse.at(notes["onset_sec"]), notes["pitch"].astype(float)
    low, high = (extreme.reduceat(pitch, strokes.first[:-1]) for extreme in (np.minimum, np.maximum))
    held, ring = (pulse.at(end) - onset for end in (notes["offset_sec"], performance.sounding_offset_sec()))
    at = pulse.at(strokes.onset_sec)
    return _Scene(strokes, onset, held, ring, pitch, notes["velocity"].astype(float), left > 0, strokes.of_note, at, low, high)


def rhythm_features(performance: Performance, pulse: Pulse, left: Column) -> NDArray[np.float32]:
    """Rows the rhythm network reads, (N, F); `left` (N,) are the hands network's log-odds for the left hand. At least two beats."""
    return with_fifths(counted_features(performance, pulse, left), performance, pulse)


def with_fifths(seen: NDArray[np.float32], performance: Performance, pulse: Pulse) -> NDArray[np.float32]:
    """What rhythm alone reads besides `counted_features`: where a note lies in fifths of its beat, (N, F)."""
    return np.column_stack([seen, *_circle(pulse.at(performance.notes["onset_sec"]), _FIFTHS)]).astype(np.float32)


def counted_features(performance: Performance, pulse: Pulse, left: Column) -> NDArray[np.float32]:
    """Rows that all networks read which see notes over beats, (N, F), as `rhythm_features`."""
    if not len(performance):
        return np.zeros((0, N_COUNTED), np.float32)
    scene = _scene(performance, pulse, left)
    columns = [*_places(scene, pulse), *_neighbours(scene), *_lengths(scene, performance, pulse), *_hands(scene), *_line(scene)]
    columns += [*in_stroke(scene.pitch, scene.stroke), *_pedal(scene, performance, pulse), *_own(scene, left)]
    return np.stack(columns, axis=1).astype(np.float32)


_TURNS: Final = (1, 2, 3)
_OWN_TURNS: Final = (1, 2, 3, 4, 6)
_FIFTHS: Final = (5,)
N_COUNTED: Final = (
    (2 * len(_OWN_TURNS) + 2 * len(_TURNS) + 9)
    + (2 * _NEAR * 3 + 2 * _NEAREST * 2 * len(_TURNS))
    + (4 + 2 * len(_TURNS))
    + 2 * (4 + 2 * len(_TURNS))
    + 3
    + 8
    + 2
    + 11
)
N_FEATURES: Final = N_COUNTED + 2 * len(_FIFTHS)


def log_beats(beats: Column) -> Column:
    """Base-2 logarithm of a distance, a fiftieth of a beat to sixteen, as -2 to 3."""
    return np.asarray((np.log2(np.clip(beats, 0.02, FAR_BEATS)) + 1.5) / 2)


def _log_ratio(a: Column, b: Column) -> Column:
    return np.asarray(np.clip(np.log2(np.maximum(a, 0.02) / np.maximum(b, 0.02)), -4, 4) / 2)


def _circle(place: Column, turns: Sequence[int] = _TURNS) -> list[Column]:
    """A place in the beat as points on circles: halves, thirds and quarters of the beat fall together on one each."""
    return [wave(2 * np.pi * k * place) for k in turns for wave in (np.cos, np.sin)]


def _places(scene: _Scene, pulse: Pulse) -> list[Column]:
    """Where in its beat and bar each note lies, and how long that beat and its neighbours last."""
    last = len(pulse.beats_sec) - 1
    lasting = np.log2(np.clip(np.diff(pulse.beats_sec), *_BEAT_SEC))
    beat = np.clip(np.floor(scene.onset + 1e-6).astype(np.int64), 0, last - 1)
    before, after = (np.clip(lasting[np.clip(beat + k, 0, last - 1)] - lasting[beat], -2, 2) for k in (-1, 1))
    of_bar = np.clip(np.floor(scene.onset + 0.1).astype(np.int64), 0, last)  # a note just before the line is on it
    place, in_bar = pulse.place[of_bar].astype(float), pulse.in_bar[of_bar].astype(float)
    around = np.searchsorted(scene.at, scene.at + 1) - np.searchsorted(scene.at, scene.at - 1)
    return [
        *_circle(scene.onset, _OWN_TURNS), *_circle(scene.at[scene.stroke]), (scene.onset - scene.at[scene.stroke]) * 8,
        lasting[beat] + 0.7, before * 4, after * 4, (place == 0).astype(float), (in_bar - place == 1).astype(float), place / 4, in_bar / 4,
        np.log2(1 + around)[scene.stroke] - 2,
    ]  # fmt: skip


def _neighbours(scene: _Scene) -> list[Column]:
    """How far strokes before and after are, how far from their lowest and highest notes, and where in their beat the nearest lie."""
    columns = []
    for k in (*range(-_NEAR, 0), *range(1, _NEAR + 1)):
        other = np.clip(np.arange(len(scene.at)) + k, 0, len(scene.at) - 1)[scene.stroke]
        columns.append(log_beats(np.abs(scene.at[other] - scene.at[scene.stroke])))
        columns += [interval(edge[other] - scene.pitch) for edge in (scene.low, scene.high)]
        columns += _circle(scene.at[other]) if abs(k) <= _NEAREST else []
    return columns


def _lengths(scene: _Scene, performance: Performance, pulse: Pulse) -> list[Column]:
    """How long key and string last, and when the same key is struck again."""
    seconds = performance.notes["offset_sec"] - performance.notes["onset_sec"]
    again = pulse.at(performance.next_onset_sec()) - scene.onset
    return [
        log_beats(scene.held), log_beats(scene.ring), *_circle(scene.onset + scene.held),
        log_sec(seconds, SHORTEST_SEC), log_beats(again),
    ]  # fmt: skip


def _hands(scene: _Scene) -> list[Column]:
    """When the same hand, then the other one, plays before and after each note."""
    columns = []
    for own in (True, False):
        after, before, where = (np.full(len(scene.onset), value) for value in (FAR_BEATS, FAR_BEATS, 0.0))
        for hand in (True, False):
            notes = np.flatnonzero(scene.left == hand)
            played = np.unique(scene.stroke[scene.left == (hand if own else not hand)])
            if not len(notes) or not len(played):
                continue
            here = scene.stroke[notes]
            following, previous = np.searchsorted(played, here, side="right"), np.searchsorted(played, here) - 1
            following_at = scene.at[played[np.minimum(following, len(played) - 1)]]
            after[notes] = np.where(following < len(played), following_at - scene.at[here], FAR_BEATS)
            before[notes] = np.where(previous >= 0, scene.at[here] - scene.at[played[np.maximum(previous, 0)]], FAR_BEATS)
            where[notes] = following_at
        columns += [log_beats(after), log_beats(before), _log_ratio(scene.held, after), _log_ratio(scene.ring, after), *_circle(where)]
    return columns


def _line(scene: _Scene) -> list[Column]:
    """How far it is to the note with which the line of each note probably goes on: near in pitch and in time, in the same hand."""
    index = np.arange(len(scene.onset))
    least, after, interval = np.full(len(index), 1e9), np.full(len(index), FAR_BEATS), np.zeros(len(index))
    for k in range(1, _LINE + 1):
        other = np.minimum(index + k, len(index) - 1)
        leap, gap = scene.pitch[other] - scene.pitch, scene.onset[other] - scene.onset
        far = np.abs(leap) / 4 + np.abs(gap)
        nearer = (scene.stroke[other] > scene.stroke) & (scene.left[other] == scene.left) & (far < least)
        least, after, interval = (np.where(nearer, new, old) for new, old in ((far, least), (gap, after), (leap, interval)))
    return [log_beats(after), np.clip(interval / OCTAVE, -2, 2), _log_ratio(scene.held, after)]


def _pedal(scene: _Scene, performance: Performance, pulse: Pulse) -> list[Column]:
    """Whether the pedal is down, and how long still."""
    up = pedal_up_sec(performance)
    down = up > performance.notes["onset_sec"]
    return [down.astype(float), log_beats(np.where(down, pulse.at(up) - scene.onset, 8.0))]


def _own(scene: _Scene, left: Column) -> list[Column]:
    """Hand, height, loudness and articulation of each note among its neighbours."""
    first, size = scene.strokes.first[:-1], np.diff(scene.strokes.first)
    articulation = np.log2(np.maximum(scene.held, 0.02))
    loud, usual = (np.add.reduceat(value, first) / size for value in (scene.velocity, articulation))
    around_low, around_high, around_loud = (local_mean(scene.strokes.onset_sec, value) for value in (scene.low, scene.high, loud))
    return [
        np.clip(left, -6, 6) / 4, (scene.pitch - 62) / 24, np.log2(size)[scene.stroke] / 2,
        (scene.pitch - scene.low[scene.stroke]) / OCTAVE, (scene.high[scene.stroke] - scene.pitch) / OCTAVE,
        articulation - usual[scene.stroke], (scene.velocity - loud[scene.stroke]) / 16, (scene.velocity - around_loud[scene.stroke]) / 16,
        (around_low[scene.stroke] - scene.pitch) / OCTAVE, (around_high[scene.stroke] - scene.pitch) / OCTAVE,
        np.clip(np.log2(np.maximum(scene.ring, 0.02)) - articulation, 0, 6) / 2,
    ]  # fmt: skip
