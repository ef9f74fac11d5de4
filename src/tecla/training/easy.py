"""Easy music: folk tunes, alone or over a plain accompaniment, in steady time.

Concert pieces do not tell how a beginner's piece is counted, or a file that a notation program played. A tune's metre is known from
its page; a triad to a bar, in one of the figures that every primer has, makes it two hands.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.counting import beat_quarters, beats_a_bar
from tecla.engraving.pulse import METRES
from tecla.errors import InputError
from tecla.io.abc import parse_tune
from tecla.io.abc_play import unfolded
from tecla.music import Performance
from tecla.music.notation import TimeSignature
from tecla.training.pulse_targets import Beaten

_METRES: Final = {"C": "4/4", "C|": "2/2"}
_REGULAR: Final = 0.9  # share of bar lines that must stand where the metre has them
_COPIES: Final = {"3/4": 12, "2/4": 3, "9/8": 2, "2/2": 2}
_ALONE: Final = 0.4  # share of performances without accompaniment
_EXACT: Final = 0.4  # and of those that a program plays, not a hand
_BEATS_A_MINUTE: Final = (50.0, 150.0)
_SHORTEST_SEC: Final = 0.03
_TRIADS: Final = np.array([[(root + step) % 12 for step in (0, third, 7)] for root in range(12) for third in (3, 4)])
_BASS: Final = 43  # about where roots lie
_Figure = tuple[tuple[float, tuple[int, ...], float], ...]
_FIGURES: Final[dict[str, dict[int, _Figure]]] = {  # by beats of a bar: (beat, what of the triad: 0 root, 1 third, 2 fifth; beats it lasts)
    "blocks": {2: ((0, (0, 1, 2), 2),), 3: ((0, (0, 1, 2), 3),), 4: ((0, (0, 1, 2), 4),)},
    "bass and chord": {
        2: ((0, (0,), 1), (1, (1, 2), 1)),
        3: ((0, (0,), 1), (1, (1, 2), 1), (2, (1, 2), 1)),
        4: ((0, (0,), 1), (1, (1, 2), 1), (2, (2,), 1), (3, (0, 1), 1)),
    },
    "broken": {
        2: tuple((k / 2, ((0, 2, 1, 2)[k],), 0.5) for k in range(4)),
        3: tuple((k / 2, ((0, 2, 1, 2, 1, 2)[k],), 0.5) for k in range(6)),
        4: tuple((k / 2, ((0, 2, 1, 2)[k % 4],), 0.5) for k in range(8)),
    },
    "drone": {n: ((0, (0, 2), n),) for n in (2, 3, 4)},
    "on every beat": {n: tuple((k, (0, 1, 2), 1) for k in range(n)) for n in (2, 3, 4)},
}
_BROKEN_COMPOUND: Final = {n: tuple((k / 3, ((0, 1, 2)[k % 3],), 1 / 3) for k in range(3 * n)) for n in (2, 3, 4)}


@dataclass(frozen=True, eq=False)
class Tune:
    """A tune in beats since its first.

    Shape:
        onset, end (N,); pitch (N,); place (K,) of each beat in its bar
    """

    time: TimeSignature
    onset: NDArray[np.float64]
    end: NDArray[np.float64]
    pitch: NDArray[np.int64]
    place: NDArray[np.int64]


def read_tune(text: str) -> Tune | None:
    """The first voice of a tune in ABC, repeats taken; None where its bars do not keep to one metre."""
    try:
        tune = parse_tune(text)
        time = TimeSignature.parse(_METRES.get(tune.meter, tune.meter))
        bars = unfolded(tune.bars)
    except InputError:
        return None
    lines, rows, at = [], [], Fraction(0)
    for bar in bars:
        lines.append(at)
        rows += [(at + note.onset, at + note.onset + note.duration, pitch) for note in bar.notes for pitch in note.pitches]
        at += bar.duration
    beat, count = beat_quarters(time), beats_a_bar(time)
    full = [line for line, bar in zip(lines, bars, strict=True) if bar.duration == time.bar_quarters]
    if len(full) < 8 or count not in _FIGURES["drone"]:
        return None
    beats = np.array([float(line - full[0]) / beat for line in full])
    if np.mean(np.abs(beats / count - np.rint(beats / count)) < 1e-6) < _REGULAR:
        return None
    onset, end, pitch = np.array([(float(a), float(b), p) for a, b, p in rows]).T
    early = -(-float(full[0]) // beat)  # beats of a pickup, the first one whole
    since = np.stack([onset, end]) / beat - float(full[0]) / beat + early
    place = (np.arange(int(np.ceil(since.max())) + 1) - int(early)) % count
    return Tune(time, since[0], since[1], pitch.astype(np.int64), place)


def copies(tune: Tune) -> int:
    """How often a tune is taken, so that rare metres are learned as well."""
    return _COPIES.get(str(tune.time), 1)


def play_easily(tune: Tune, rng: np.random.Generator) -> Beaten:
    """The tune with or without a left hand, played by a program or by a steady hand."""
    pitch = tune.pitch + int(rng.integers(-7, 6))
    onset, end = tune.onset, tune.end
    if rng.random() >= _ALONE:
        low = _accompaniment(tune, pitch, rng)
        onset, end, pitch = np.concatenate([onset, low[0]]), np.concatenate([end, low[1]]), np.concatenate([pitch, low[2].astype(np.int64)])
    exact = rng.random() < _EXACT
    beats = _steady_beats(len(tune.place), exact, rng)
    count = np.arange(len(beats), dtype=float)
    onset_sec, end_sec = np.interp(onset, count, beats), np.interp(end, count, beats)
    if not exact:
        onset_sec = onset_sec + rng.normal(0, rng.uniform(0.003, 0.015), len(onset))
    touch = rng.choice([0.5, 0.8, 0.95, 1.0])
    lasting = np.maximum((end_sec - onset_sec) * touch - (touch == 1.0) * 0.01, _SHORTEST_SEC)
    accent = rng.choice([0.0, 8.0]) * ((tune.place[np.minimum(onset.astype(int), len(beats) - 1)] == 0) & (onset % 1 < 0.02))
    velocity = rng.uniform(45, 95) - 8 * (pitch < 60) + accent + (0 if exact else rng.normal(0, 6, len(onset)))
    performance = Performance.from_arrays(
        np.maximum(onset_sec, 0),
        np.maximum(onset_sec, 0) + lasting,
        np.clip(pitch, 21, 108),
        np.clip(np.rint(velocity), 1, 127).astype(int),
    )
    metre = METRES.index(str(tune.time)) if str(tune.time) in METRES else len(METRES) - 1
    bar = beats_a_bar(tune.time)
    return Beaten(performance, beats, tune.place, np.full(len(beats), bar), np.full(len(beats), metre))


def _steady_beats(count: int, exact: bool, rng: np.random.Generator) -> NDArray[np.float64]:
    """Times of beats in a tempo that stays, or that wanders a little and comes to rest."""
    period = 60.0 / np.exp(rng.uniform(*np.log(_BEATS_A_MINUTE)))
    bend = np.zeros(count) if exact else np.cumsum(rng.normal(0, rng.uniform(0.0, 0.02), count))
    bend -= bend.mean()
    if not exact:
        bend[-4:] += np.linspace(0, rng.uniform(0, 0.4), min(4, count))[-count:]
    return float(rng.uniform(0, 1)) + np.concatenate([[0.0], np.cumsum(period * np.exp(bend))[:-1]])


def _accompaniment(tune: Tune, pitch: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Onset, end and pitch of a left hand, (3, M): one triad to a bar, the one that has most of its tune."""
    bar = int(tune.place.max()) + 1
    figure = str(rng.choice(list(_FIGURES)))
    rows = _BROKEN_COMPOUND[bar] if figure == "broken" and tune.time.compound else _FIGURES[figure][bar]
    low = []
    for first in np.flatnonzero(tune.place == 0).tolist():
        inside = (tune.onset >= first - 1e-6) & (tune.onset < first + bar - 1e-6)
        if not inside.any() or first + bar > len(tune.place):
            continue
        weight = np.zeros(12)
        np.add.at(weight, pitch[inside] % 12, (tune.end - tune.onset)[inside])
        triad = _TRIADS[int((weight[_TRIADS].sum(axis=1) + 0.2 * weight[_TRIADS[:, 0]]).argmax())]
        root = _BASS + (triad[0] - _BASS + 6) % 12 - 6
        keys = [root, root + (triad[1] - triad[0]) % 12, root + (triad[2] - triad[0]) % 12]
        low += [(first + at, first + at + lasts, keys[part]) for at, parts, lasts in rows for part in parts]
    return np.array(low, np.float64).reshape(-1, 3).T
