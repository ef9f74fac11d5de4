"""What the note-wise network should have said: an aligned score, told note by note.

Every class is an index into the tables of engraving/notewise.py; -1 is "not known" (a note that the alignment does not
place, a value outside the table) and costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.corpora.asap import Recording, load_alignment
from tecla.engraving.notewise import BAR_EIGHTHS, FLAGS, METRES, PLACES, SHIFTS, VALUES
from tecla.io.midi import load_midi
from tecla.io.xmlreader import tree_to_score
from tecla.io.xmlsource import read_tree
from tecla.music import Performance
from tecla.music.score import Score, ScoreNote

COLUMNS: Final = ("shift", "place", "value", "metre", "bar_eighth", "downbeat", "beat", "staff", "key", "alter")
_TOLERANCE: Final = Fraction(1, 50)
_WINDOW_QUARTERS: Final = 3.0
_TRILLS: Final = {"trill-mark", "mordent", "inverted-mordent", "turn", "inverted-turn", "tremolo", "wavy-line"}
_MARKS: Final = {"staccato": {"staccato", "staccatissimo"}, "accent": {"accent", "strong-accent"}, "trill": _TRILLS,
                 "arpeggio": {"arpeggiate"}, "fermata": {"fermata"}}  # fmt: skip


@dataclass(frozen=True)
class Example:
    """A performance and its targets.

    Shape:
        classes (N, 10) int16 in the order of COLUMNS; flags (N, 8) int8; quarter_sec (N,) float32, NaN where not known;
        fifths (N,) int16, -99 where not known; onset (N,) float64 quarters from the beginning, NaN where not known
    """

    performance: Performance
    classes: NDArray[np.int16]
    flags: NDArray[np.int8]
    quarter_sec: NDArray[np.float32]
    fifths: NDArray[np.int16]
    onset: NDArray[np.float64]


@lru_cache(maxsize=65536)
def nearest(table: tuple[Fraction, ...], value: Fraction) -> int:
    """Index of the entry of `table` that `value` is, within a fiftieth of a quarter, else -1."""
    best = min(range(len(table)), key=lambda i: abs(table[i] - value))
    return best if abs(table[best] - value) < _TOLERANCE else -1


def load_example(recording: Recording) -> Example | None:
    """An aligned performance; None where the alignment does not fit the MIDI file."""
    performance = load_midi(recording.midi)
    score = tree_to_score(read_tree(recording.score))
    pairs = load_alignment(recording.alignment)
    placed = align(performance, score, pairs)
    return None if placed is None else _targets(performance, score, *placed)


def align(
    performance: Performance, score: Score, pairs: Iterable[tuple[str, int]]
) -> tuple[list[ScoreNote | None], list[Fraction | None], NDArray[np.bool_]] | None:
    """For each played note its score note, its onset in the score as played (repeats unfolded), and whether it is extra.

    None where more than a twentieth of the pitches disagree.
    """
    by_id = {note.id: note for note in score.notes() if note.id}
    notes: list[ScoreNote | None] = [None] * len(performance)
    rounds = np.zeros(len(performance), int)
    extra = np.zeros(len(performance), bool)
    wrong = total = 0
    for name, index in pairs:
        stem, _, repeat = name.rpartition("-")
        if index >= len(notes):
            return None
        extra[index] = stem not in by_id  # of no written note, or of a hidden one, which tells how an ornament goes
        if stem in by_id:
            total += 1
            if by_id[stem].pitch.midi != performance.notes["pitch"][index]:
                wrong += 1
                continue
            notes[index], rounds[index] = by_id[stem], int(repeat) if repeat.isdigit() else 1
    if not total or wrong > total / 20:
        return None
    return notes, _unfold(performance, score, notes, rounds), extra


def _unfold(performance: Performance, score: Score, notes: list[ScoreNote | None], rounds: NDArray[np.int64]) -> list[Fraction | None]:
    visits: dict[tuple[int, int], list[float]] = {}
    for index, note in enumerate(notes):
        if note is not None:
            visits.setdefault((note.measure, int(rounds[index])), []).append(float(performance.notes["onset_sec"][index]))
    sounding = {note.measure for note in notes if note is not None}
    order = sorted(visits, key=lambda visit: float(np.median(visits[visit])))
    starts: dict[tuple[int, int], Fraction] = {}
    at = Fraction(0)
    for place, visit in enumerate(order):
        silent = visit[0] - 1
        while place and silent > order[place - 1][0] and silent not in sounding:  # bars of rest in between
            at += score.measures[silent].length
            silent -= 1
        starts[visit] = at
        at += score.measures[visit[0]].length
    return [None if note is None else starts[note.measure, int(rounds[index])] + note.position for index, note in enumerate(notes)]


def _targets(
    performance: Performance, score: Score, notes: list[ScoreNote | None], onsets: list[Fraction | None], extra: NDArray[np.bool_]
) -> Example:
    n = len(performance)
    classes = np.full((n, len(COLUMNS)), -1, np.int16)
    flags = np.full((n, len(FLAGS)), -1, np.int8)
    fifths = np.full(n, -99, np.int16)
    voices = voice_ranks(score)
    for i, note in enumerate(notes):
        flags[i, 1] = extra[i] if (extra[i] or note is not None) else -1
        if note is None:
            continue
        following = (
            next((onsets[j] for j in range(i + 1, min(i + 4, n)) if onsets[j] is not None), None)
            if i + 1 < n and not extra[min(i + 1, n - 1)]
            else None
        )
        classes[i] = _note_classes(score, note, onsets[i], following)
        flags[i] = [note.grace, 0, *(bool(_MARKS[name] & set(note.marks)) for name in FLAGS[2:7]), voices[note.measure, note.voice]]
        fifths[i] = note.pitch.fifths
    onset = np.array([np.nan if value is None else float(value) for value in onsets])
    grace = np.array([note is not None and note.grace for note in notes])
    return Example(performance, classes, flags, local_quarter(performance, np.where(grace, np.nan, onset)), fifths, onset)


def _note_classes(score: Score, note: ScoreNote, onset: Fraction | None, following: Fraction | None) -> list[int]:
    measure = score.measures[note.measure]
    shift = -1 if following is None or onset is None else nearest(SHIFTS, max(Fraction(0), following - onset))
    position = note.position
    if note.measure == 0 and measure.length < measure.time.bar_quarters:
        position += measure.time.bar_quarters - measure.length  # a pickup ends on the bar line
    beat = measure.time.beat_quarters
    metre = str(measure.time)
    return [
        shift,
        nearest(PLACES, position % 1),
        -1 if note.grace else nearest(VALUES, note.duration),
        METRES.index(metre) if metre in METRES else len(METRES) - 1,
        min(int(position * 2), BAR_EIGHTHS - 1),
        int(position == 0),
        int(position % beat == 0),
        int(note.staff % 2 == 0),  # a score of two parts numbers its staves 1 to 4
        measure.key_fifths + 7,
        note.pitch.alter + 2,
    ]


def voice_ranks(score: Score) -> dict[tuple[int, int], int]:
    """By measure and voice: 1 for a voice that lies below another of its staff in a measure, else 0."""
    heights: dict[tuple[int, int], dict[int, list[int]]] = {}
    for index, voice, _, event in score.events():
        for head in event.heads:
            heights.setdefault((index, event.staff), {}).setdefault(voice, []).append(head.pitch.midi)
    ranks: dict[tuple[int, int], int] = {}
    for (index, _), voices in heights.items():
        ordered = sorted(voices, key=lambda voice: -float(np.mean(voices[voice])))
        for rank, voice in enumerate(ordered):
            ranks[index, voice] = max(ranks.get((index, voice), 0), min(rank, 1))
    return ranks


def local_quarter(performance: Performance, onset: NDArray[np.float64]) -> NDArray[np.float32]:
    """Seconds a quarter takes around each note: slope of time over score within three quarters to either side."""
    known = np.flatnonzero(np.isfinite(onset))
    out = np.full(len(onset), np.nan, np.float32)
    if len(known) < 4:
        return out
    order = known[np.argsort(onset[known], kind="stable")]
    x, y = onset[order], performance.notes["onset_sec"][order]
    low = np.searchsorted(x, x - _WINDOW_QUARTERS)
    high = np.searchsorted(x, x + _WINDOW_QUARTERS, side="right")
    sums = [np.concatenate([[0.0], np.cumsum(v)]) for v in (np.ones_like(x), x, y, x * x, x * y)]
    count, sx, sy, sxx, sxy = (s[high] - s[low] for s in sums)
    spread = count * sxx - sx * sx
    slope = np.where(spread > 1e-6, (count * sxy - sx * sy) / np.maximum(spread, 1e-6), np.nan)
    slope[(slope < 0.05) | (slope > 8.0)] = np.nan
    out[order] = slope
    return out
