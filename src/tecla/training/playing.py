"""Scores that nobody played for us, played: the beats of a score, in the time and with the touch of a real performance.

There are few performances whose beats are annotated, and many scores. A score borrows the tempo curve of a performance in a like
metre, chords are spread and notes stray as a pianist's do, the pedal follows the harmony. It is no music to listen to, but a network
that counts beats needs no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.counting import beat_quarters, beats_a_bar
from tecla.engraving.pulse import METRES, find_strokes
from tecla.music import Performance
from tecla.music.score import Measure, Score, ScoreNote
from tecla.training.pulse_targets import SAME_AS, Beaten

_FEWEST_BARS: Final = 16
_ALIKE: Final = 0.15  # how far, in log strokes a beat, the performances that lend their time are from the score
_LIMITS_SEC: Final = (0.12, 4.0)  # of a beat


@dataclass(frozen=True, eq=False)
class Written:
    """The notes of a score in beats, and its beats.

    Shape:
        onset, end (N,) beats since the first; pitch, voice (N,); place (K,) beats since the bar line; in_bar (K,) beats of the bar; metre
        (K,) index into METRES
    """

    onset: NDArray[np.float64]
    end: NDArray[np.float64]
    pitch: NDArray[np.int64]
    voice: NDArray[np.int64]
    place: NDArray[np.int64]
    in_bar: NDArray[np.int64]
    metre: NDArray[np.int64]


def write_out(score: Score) -> list[Written]:
    """A score in beats: one piece for every stretch of sixteen bars and more in one metre."""
    onsets = score.measure_onsets()
    notes = [note for note in score.notes() if not note.grace and 21 <= note.pitch.midi <= 108]
    out = []
    for _, group in groupby(range(len(score.measures)), lambda k: score.measures[k].time):
        bars = list(group)
        begin, end = onsets[bars[0]], onsets[bars[-1]] + score.measures[bars[-1]].length
        inside = [note for note in notes if begin <= note.onset < end]
        if len(bars) >= _FEWEST_BARS and len(inside) > 4 * len(bars):
            out.append(_write(inside, [(score.measures[k], float(onsets[k])) for k in bars]))
    return out


def _write(notes: Sequence[ScoreNote], bars: Sequence[tuple[Measure, float]]) -> Written:
    time = bars[0][0].time
    beat, count = beat_quarters(time), beats_a_bar(time)
    place: list[int] = []
    in_bar: list[int] = []
    quarters: list[float] = []
    for measure, begin in bars:
        present = max(1, round(float(measure.length) / beat))
        early = count - present if not place and present < count else 0  # a pickup ends on the bar line
        place += [early + k for k in range(present)]
        in_bar += [max(count, present)] * present
        quarters += [begin + float(measure.length) * k / present for k in range(present)]
    quarters.append(bars[-1][1] + float(bars[-1][0].length))
    times = np.array([(float(note.onset), float(note.onset + note.duration)) for note in notes])
    onset, end = np.interp(times.T, quarters, np.arange(len(quarters), dtype=float))
    pitch, voice = (np.array(column) for column in zip(*((n.pitch.midi, n.voice) for n in notes), strict=True))
    name = SAME_AS.get(str(time), str(time))
    metre = np.full(len(place), METRES.index(name) if name in METRES else len(METRES) - 1)
    return Written(onset, np.maximum(end, onset + 0.05), pitch, voice, np.array(place), np.array(in_bar), metre)


def play(written: Written, styles: Sequence[Beaten], rng: np.random.Generator) -> Beaten:
    """The score in the time of one of the performances: in its metre if there are such, and about as busy."""
    beats = _borrowed_beats(written, styles, rng)
    kept = _some_voices(written, rng)
    onset, end, pitch = written.onset[kept], written.end[kept], written.pitch[kept]
    count, beat = np.arange(len(beats), dtype=float), np.minimum(onset.astype(int), len(beats) - 1)
    onset_sec = np.interp(onset, count, beats)
    spread = np.abs(rng.normal(0, rng.choice([0.003, 0.008, 0.014])))
    onset_sec = onset_sec + rng.normal(0, spread + 0.002, len(onset)) + rng.normal(0, rng.choice([0.0, 0.01]), len(beats))[beat]
    rolled = rng.random(len(beats)) < rng.choice([0.0, 0.05])  # chords rolled from below
    onset_sec += np.where(rolled[beat], (pitch - pitch.min()) * 0.0015, 0.0)
    touch = np.exp(rng.normal(np.log(rng.choice([0.5, 0.8, 0.95])), 0.15, len(onset)))
    lasting = np.maximum((np.interp(end, count, beats) - onset_sec) * np.minimum(touch, 1.2), 0.03)
    melody = _is_top(onset, pitch)
    waves = np.interp(onset, np.linspace(0, len(beats), max(2, len(beats) // 12)), rng.normal(0, 9, max(2, len(beats) // 12)))
    accent = rng.choice([0.0, 3.0, 6.0]) * ((written.place[beat] == 0) & (onset % 1 < 0.02))
    velocity = np.clip(58 + waves + 9 * melody + accent + rng.normal(0, 5, len(onset)), 8, 125)
    pedals = _pedals(onset, pitch, beats, rng) if rng.random() < 0.6 else []
    performance = Performance.from_arrays(onset_sec, onset_sec + lasting, pitch, np.rint(velocity).astype(int), controls=pedals)
    return Beaten(performance, beats, written.place, written.in_bar, written.metre)


def _borrowed_beats(written: Written, styles: Sequence[Beaten], rng: np.random.Generator) -> NDArray[np.float64]:
    """Times of the score's beats in the tempo curve of a performance, begun on one of its bar lines and repeated as needed."""
    usual = int(np.bincount(written.metre).argmax())
    like = [style for style in styles if int(np.bincount(style.metre).argmax()) == usual] or list(styles)
    strokes = len(np.unique(np.round(written.onset, 2))) / len(written.place)
    theirs = np.array([len(find_strokes(style.performance.notes["onset_sec"]).onset_sec) / len(style.beats_sec) for style in like])
    near = np.exp(-np.abs(np.log(theirs / strokes)) / _ALIKE) + 1e-9
    style = like[int(rng.choice(len(like), p=near / near.sum()))]
    lengths = np.diff(style.beats_sec)
    lines = np.flatnonzero(style.place[:-1] == 0)
    begin = int(rng.choice(lines[: max(1, len(lines) // 2)])) if len(lines) else 0
    there_and_back = np.concatenate([lengths[begin:], lengths[::-1]])
    taken = np.resize(there_and_back, len(written.place)) * np.exp(rng.normal(0, 0.1))
    return np.concatenate([[0.5], 0.5 + np.cumsum(np.clip(taken, *_LIMITS_SEC))])[: len(written.place)]


def _some_voices(written: Written, rng: np.random.Generator) -> NDArray[np.bool_]:
    """All voices or, of three and more, all but one now and then: hands hold less than four players do. A key once at a time."""
    voices = np.unique(written.voice)
    kept = np.ones(len(written.onset), bool)
    if len(voices) > 2 and rng.random() < 0.4:
        kept &= written.voice != rng.choice(voices)
    keys = np.round(written.onset, 3) * 1000 + written.pitch
    once = np.zeros(len(keys), bool)
    once[np.unique(keys, return_index=True)[1]] = True
    both = kept & once
    return both if both.sum() > 16 else once


def _is_top(onset: NDArray[np.float64], pitch: NDArray[np.int64]) -> NDArray[np.bool_]:
    _, which = np.unique(np.round(onset, 3), return_inverse=True)
    top = np.zeros(which.max() + 1, np.int64)
    np.maximum.at(top, which, pitch)
    return np.asarray(pitch == top[which])


def _pedals(
    onset: NDArray[np.float64], pitch: NDArray[np.int64], beats: NDArray[np.float64], rng: np.random.Generator
) -> list[tuple[float, int, int]]:
    """Pedal changed where the bass moves, a little late, as pianists do."""
    lowest = np.full(len(beats), 999)
    np.minimum.at(lowest, np.minimum(onset.astype(int), len(beats) - 1), pitch)
    changes = np.flatnonzero(np.diff(lowest, prepend=-1) != 0)
    out: list[tuple[float, int, int]] = []
    for k in changes[rng.random(len(changes)) < 0.8].tolist():
        late = beats[k] + float(rng.uniform(0.02, 0.15))
        out += [(late - 0.04, 64, 0), (late + 0.04, 64, 100)]
    return [(max(time, 0.0), number, value) for time, number, value in out]
