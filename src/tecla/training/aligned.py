"""An aligned performance: which note of its score each played note is, and what that says of it.

UNKNOWN is a note that the alignment does not place; it costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.corpora.asap import Recording, load_alignment
from tecla.io.midi import load_midi
from tecla.io.xmlreader import tree_to_score
from tecla.io.xmlsource import read_tree
from tecla.music import Performance
from tecla.music.score import Score, ScoreNote
from tecla.training.readers import UNKNOWN

NO_NAME: Final = -99  # on the line of fifths
_WINDOW_QUARTERS: Final = 3.0


@dataclass(frozen=True, eq=False)
class Aligned:
    """A performance and what its score says of each note.

    Shape:
        downbeat, beat, left (N,) 1 or 0, UNKNOWN where not known; fifths (N,) its name on the line of fifths, or NO_NAME
    """

    performance: Performance
    downbeat: NDArray[np.int64]
    beat: NDArray[np.int64]
    left: NDArray[np.int64]
    fifths: NDArray[np.int64]


def load_aligned(recording: Recording) -> Aligned | None:
    """An aligned performance; None where the alignment does not fit the MIDI file."""
    performance = load_midi(recording.midi)
    score = tree_to_score(read_tree(recording.score))
    placed = align(performance, score, load_alignment(recording.alignment))
    if placed is None:
        return None
    told = np.array([_of_note(score, note) for note in placed[0]], np.int64).reshape(-1, 4)
    return Aligned(performance, *told.T)


def _of_note(score: Score, note: ScoreNote | None) -> tuple[int, int, int, int]:
    """Whether a note is on a bar line, on a beat, on a lower staff, and its name."""
    if note is None:
        return UNKNOWN, UNKNOWN, UNKNOWN, NO_NAME
    measure, position = score.measures[note.measure], note.position
    if note.measure == 0 and measure.length < measure.time.bar_quarters:
        position += measure.time.bar_quarters - measure.length  # a pickup ends on the bar line
    lower = note.staff % 2 == 0  # a score of two parts numbers its staves 1 to 4
    return int(position == 0), int(position % measure.time.beat_quarters == 0), int(lower), note.pitch.fifths


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
