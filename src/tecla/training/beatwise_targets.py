"""What the rhythm network should have said: where in the annotated beats each note is written, and how long.

Every class is an index into the tables of engraving/beatwise.py; UNKNOWN is "not known" (a note that the alignment does not place, a length
outside the table) and costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.corpora.asap import Recording, load_alignment
from tecla.engraving.beatwise import LENGTHS, PLACES, STEPS
from tecla.engraving.markwise import ARTICULATIONS, EXTRA, GRACE, HEADS, PLAIN, SIGNS
from tecla.engraving.network import read_hands
from tecla.engraving.tracking import Pulse
from tecla.io.xmlreader import tree_to_score
from tecla.io.xmlsource import read_tree
from tecla.music import Performance
from tecla.music.score import Score, ScoreNote
from tecla.training.aligned import align, local_quarter, voice_ranks
from tecla.training.pulse_targets import Beaten, load_beaten, stretch_of
from tecla.training.readers import UNKNOWN

_SAME_SIGN: Final = {"staccatissimo": "staccato", "strong-accent": "accent", "inverted-turn": "turn", "wavy-line": "trill-mark"}
_UNITS: Final = np.array([0.5, 0.75, 1.0, 1.5, 2.0, 3.0])  # quarters that an annotated beat may last
_FEWEST: Final = 5  # notes from which the length of a beat is told
_ASTRAY: Final = 0.2  # beats from its place on the page at which a note is astray
_MOST_ASTRAY: Final = 0.3  # share of notes astray from which page and beats do not belong together


@dataclass(frozen=True, eq=False)
class Counted:
    """A performance, its beats, and how it is written in them.

    Shape:
        onset (N,) beats since the first, length (N,) beats, NaN where not known; second (N,) 1 in a lower voice of its staff, else 0,
        UNKNOWN where not known; marks (N, 7) classes of the marks network in the order of its HEADS; left_odds (N,) what the hands network
        says
    """

    piece: Beaten
    onset: NDArray[np.float64]
    length: NDArray[np.float64]
    second: NDArray[np.int64]
    marks: NDArray[np.int64]
    left_odds: NDArray[np.float64]

    @property
    def pulse(self) -> Pulse:
        """The beats as the engraver would have found them."""
        return Pulse(self.piece.beats_sec, self.piece.place, self.piece.in_bar)


def load_counted(recording: Recording) -> Counted | None:
    """An aligned performance in its beats; None where it has none, or page and beats do not fit."""
    piece = load_beaten(recording)
    if piece is None:
        return None
    performance, score = piece.performance, tree_to_score(read_tree(recording.score))
    placed = align(performance, score, load_alignment(recording.alignment))
    if placed is None:
        return None
    notes, onsets, extra = placed
    count = np.arange(len(piece.beats_sec), dtype=float)
    played = np.interp(performance.notes["onset_sec"], piece.beats_sec, count, left=np.nan, right=np.nan)
    quarters = [np.nan if onset is None or note is None or note.grace else float(onset) for note, onset in zip(notes, onsets, strict=True)]
    unit = _units(score, notes, piece, played, local_quarter(performance, np.array(quarters)))
    onset, length = _in_beats(score, notes, played, unit)
    known = np.isfinite(onset)
    if (np.abs(onset - played)[known] > _ASTRAY).mean() > _MOST_ASTRAY:
        return None
    ranks = voice_ranks(score)
    second = np.array([UNKNOWN if note is None else ranks[note.measure, note.voice] for note in notes])
    marks = np.array([marks_of(note, slip) for note, slip in zip(notes, extra.tolist(), strict=True)], np.int64).reshape(-1, len(HEADS))
    return Counted(piece, onset, length, second, marks, read_hands(performance))


def marks_of(note: ScoreNote | None, extra: bool) -> list[int]:
    """What is written of a played note: its class for each head of the marks network."""
    if note is None:
        return [EXTRA if extra else UNKNOWN, 0 if extra else UNKNOWN, *[UNKNOWN] * len(ARTICULATIONS)]
    written = [_SAME_SIGN.get(mark, mark) for mark in note.marks]
    sign = next((SIGNS.index(mark) for mark in written if mark in SIGNS), 0)
    return [GRACE if note.grace else PLAIN, sign, *(int(mark in written) for mark in ARTICULATIONS)]


def _units(
    score: Score, notes: list[ScoreNote | None], piece: Beaten, played: NDArray[np.float64], quarter_sec: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Quarters that a beat lasts at each note, NaN where not known: one number for each signature, by how long beats and quarters take."""
    beat = np.clip(np.nan_to_num(played).astype(int), 0, len(piece.beats_sec) - 2)
    ratio = np.log2(np.diff(piece.beats_sec)[beat] / quarter_sec)
    signatures = np.array(["" if note is None else str(score.measures[note.measure].time) for note in notes])
    unit = np.full(len(notes), np.nan)
    for signature in set(signatures.tolist()) - {""}:
        here = (signatures == signature) & np.isfinite(ratio) & np.isfinite(played)
        if here.sum() >= _FEWEST:
            unit[signatures == signature] = _UNITS[np.abs(np.log2(_UNITS) - np.median(ratio[here])).argmin()]
    return unit


def _in_beats(
    score: Score, notes: list[ScoreNote | None], played: NDArray[np.float64], unit: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where each note is written and how long, in beats: the place in its beat is the page's, which beat it is the performance's."""
    onset, length = np.full(len(notes), np.nan), np.full(len(notes), np.nan)
    for i, note in enumerate(notes):
        if note is None or not np.isfinite(unit[i] + played[i]):
            continue
        measure, beat = score.measures[note.measure], Fraction(unit[i]).limit_denominator(8)
        position = note.position
        if note.measure == 0 and measure.length < measure.time.bar_quarters:
            position += measure.time.bar_quarters - measure.length  # a pickup ends on the bar line
        place = float(position / beat % 1)
        onset[i] = np.rint(played[i] - place) + place
        length[i] = np.nan if note.grace else float(note.duration / beat)
    return onset, length


def tell(onset: NDArray[np.float64], length: NDArray[np.float64]) -> Mapping[str, NDArray[np.int64]]:
    """Targets by name, (N,) each, of notes in the order in which they were played."""
    step = np.append(np.diff(onset), np.nan)
    known = np.isfinite(onset)
    told = {
        "place": _nearest(PLACES + (Fraction(1),), np.where(known, onset, np.nan) % 1, 0.012) % len(PLACES),
        "step": _nearest(STEPS, np.maximum(step, 0.0), 0.004),
        "length": _nearest(LENGTHS, length, 0.002),
    }
    told["place"][~known] = UNKNOWN
    return told


def _nearest(table: tuple[Fraction, ...], value: NDArray[np.float64], tolerance: float) -> NDArray[np.int64]:
    """Index of the entry that each value is, UNKNOWN where it is none."""
    off = np.abs(np.nan_to_num(value, nan=1e9)[:, None] - np.array([float(entry) for entry in table]))
    return np.where(off.min(axis=1) <= tolerance, off.argmin(axis=1), UNKNOWN)


def part(whole: Counted, begin: int, stop: int) -> Counted:
    """Notes begin..stop, with their pedal; beats and places stay what they are."""
    return with_performance(whole, stretch_of(whole.piece.performance, begin, stop), slice(begin, stop))


def with_performance(whole: Counted, performance: Performance, kept: slice | NDArray[np.int64] | NDArray[np.bool_]) -> Counted:
    """Another performance over the same beats; `kept` says which of the old rows its notes are."""
    piece = replace(whole.piece, performance=performance)
    return Counted(piece, whole.onset[kept], whole.length[kept], whole.second[kept], whole.marks[kept], whole.left_odds[kept])
