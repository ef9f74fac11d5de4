"""Score against reference score.

Aim: say how far an engraved page is from the page that an editor wrote.
Conventions: rates are percentages, lower is better; F-measures and accuracies are 0..1. MUSTER is Nakamura, Benetos,
Yoshii, Dixon, "Towards complete polyphonic music transcription" (ICASSP 2018, section 4) as its authors' program applies
it: over matched notes, pitch errors / reference notes, missing / reference notes, extra / estimated notes, onset
corrections / matched notes, wrong offsets / matched notes. Onset corrections are the fewest shifts of a note and changes
of scale that turn the estimate's rhythm into the reference's. Alignment is ours (evaluation/alignment.py): the authors
use a hidden Markov model aligner, so figures near theirs, but not identical, are to be expected.
Grace notes count as notes that last nothing, at the onset of the note they lead to.
Metrics: pitch, missing, extra, onset, offset rates and their mean; staff, voice, spelling; time and key signature.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from tecla.evaluation.alignment import match_notes
from tecla.music.score import Score, ScoreNote

_VALUES: Final = [
    Fraction(4, 2**k) * f for k in range(6) for f in map(Fraction, ("1", "3/2", "7/4", "2/3"))
]  # whole to 32nd, plain, dotted, triplet


@dataclass(frozen=True)
class ScoreMetrics:
    """Five MUSTER rates in per cent; accuracies and the voice F-measure 0..1."""

    pitch_rate: float
    missing_rate: float
    extra_rate: float
    onset_rate: float
    offset_rate: float
    staff_error: float
    voice_f: float
    spelling_accuracy: float
    time_signature_right: bool
    key_signature_right: bool
    time_accuracy: float
    key_accuracy: float

    @property
    def muster(self) -> float:
        """Mean of the five rates, per cent."""
        return (self.pitch_rate + self.missing_rate + self.extra_rate + self.onset_rate + self.offset_rate) / 5

    def as_dict(self) -> dict[str, float | bool]:
        """Every figure by name, the mean rate first."""
        return {"muster": self.muster, **asdict(self)}


def evaluate_score(reference: Score, estimate: Score) -> ScoreMetrics:
    """Every metric of one piece.

    >>> evaluate_score(Score(()), Score(())).muster
    0.0
    """
    wanted, found = reference.notes(), estimate.notes()
    pairs = match_notes(wanted, found)
    matched = [(wanted[i], found[j]) for i, j in pairs]
    wrong_pitch = sum(a.pitch.midi != b.pitch.midi for a, b in matched)
    times = _signatures(reference, estimate, matched)
    return ScoreMetrics(
        _rate(wrong_pitch, len(wanted)),
        _rate(len(wanted) - len(matched), len(wanted)),
        _rate(len(found) - len(matched), len(found)),
        _rate(onset_corrections(matched), len(matched)),
        _rate(wrong_offsets(matched), len(matched)),
        _rate(sum(a.staff != b.staff for a, b in matched), len(matched)),
        voice_f(matched),
        _share([a.pitch == b.pitch for a, b in matched if a.pitch.midi == b.pitch.midi]),
        _usual(reference, 0) == _usual(estimate, 0),
        _usual(reference, 1) == _usual(estimate, 1),
        _share([a == b for a, b in times[0]]),
        _share([a == b for a, b in times[1]]),
    )


def onset_corrections(matched: Sequence[tuple[ScoreNote, ScoreNote]]) -> int:
    """Fewest operations that make the estimate's rhythm the reference's: shifting one note, changing the scale from here on.

    Viterbi over scales, one step for each pair of successive matched notes in the order of the reference.
    """
    if len(matched) < 2:
        return 0
    scales = sorted({a / b for a in _VALUES for b in _VALUES}, key=lambda s: (s != 1, s))
    places = {scale: i for i, scale in enumerate(scales)}
    cost = np.ones(len(scales), np.int64)
    cost[0] = 0
    for (a, b), (c, d) in itertools.pairwise(matched):
        cost = np.minimum(cost, cost.min() + 1)
        wanted, found = c.onset - a.onset, d.onset - b.onset
        if found == 0:
            cost = cost + (wanted != 0)
        else:
            fits = places.get(wanted / found) if wanted else None
            cost = cost + 1
            if fits is not None:
                cost[fits] -= 1
    return int(cost.min())


def wrong_offsets(matched: Sequence[tuple[ScoreNote, ScoreNote]]) -> int:
    """Matched notes whose end is wrong once the estimate's onsets are carried to the reference's (linearly in between)."""
    if len(matched) < 2:
        return sum(a.duration != b.duration for a, b in matched)
    line = _onset_line(matched)
    xs = [x for x, _ in line]
    return sum(_carried(b.onset + b.duration, xs, line, a, b) != a.onset + a.duration for a, b in matched)


def _onset_line(matched: Sequence[tuple[ScoreNote, ScoreNote]]) -> list[tuple[Fraction, list[tuple[int, Fraction]]]]:
    """Estimated onset -> (pitch, reference onset) of the notes there, rising."""
    at: dict[Fraction, list[tuple[int, Fraction]]] = {}
    for a, b in matched:
        at.setdefault(b.onset, []).append((b.pitch.midi, a.onset))
    return sorted(at.items())


def _carried(
    end: Fraction, xs: Sequence[Fraction], line: Sequence[tuple[Fraction, list[tuple[int, Fraction]]]], a: ScoreNote, b: ScoreNote
) -> Fraction:
    """Where an estimated end lies in the reference's time: at the onset it meets, else between its neighbours."""
    place = bisect_left(xs, end)
    if place == len(xs):
        return a.onset + b.duration
    after = _nearest(line[place][1], b.pitch.midi)
    if xs[place] == end:
        return after
    x0, x1 = xs[place - 1], xs[place]
    before = _nearest(line[place - 1][1], b.pitch.midi)
    return before + (after - before) * (end - x0) / (x1 - x0)


def _nearest(notes: Sequence[tuple[int, Fraction]], pitch: int) -> Fraction:
    return min(notes, key=lambda item: abs(item[0] - pitch))[1]


def voice_f(matched: Sequence[tuple[ScoreNote, ScoreNote]]) -> float:
    """F-measure of voice links: pairs of matched notes that follow one another in a voice, in reference and estimate."""
    wanted, found = _links([a for a, _ in matched]), _links([b for _, b in matched])
    if not wanted and not found:
        return 1.0
    return 2 * len(wanted & found) / (len(wanted) + len(found))


def _links(notes: Sequence[ScoreNote]) -> set[tuple[int, int]]:
    """Successions within a voice: every note of a chord to every note of the next, as pairs of places in the list."""
    voices: dict[tuple[int, int], dict[Fraction, list[int]]] = {}
    for i, n in enumerate(notes):
        voices.setdefault((n.staff, n.voice), {}).setdefault(n.onset, []).append(i)
    out = set()
    for chords in voices.values():
        order = sorted(chords)
        for x, y in itertools.pairwise(order):
            out |= {(i, j) for i in chords[x] for j in chords[y]}
    return out


def _signatures(
    reference: Score, estimate: Score, matched: Sequence[tuple[ScoreNote, ScoreNote]]
) -> tuple[list[tuple[object, object]], list[tuple[object, object]]]:
    """Time and key signature at each matched note, reference and estimate."""
    times: list[tuple[object, object]] = []
    keys: list[tuple[object, object]] = []
    for a, b in matched:
        x, y = reference.measures[a.measure], estimate.measures[b.measure]
        times.append((str(x.time), str(y.time)))
        keys.append((x.key_fifths, y.key_fifths))
    return times, keys


def _usual(score: Score, which: int) -> object:
    """The signature that holds longest: which = 0 time, 1 key."""
    held: dict[object, Fraction] = {}
    for measure in score.measures:
        name: object = str(measure.time) if which == 0 else measure.key_fifths
        held[name] = held.get(name, Fraction(0)) + measure.length
    return max(held, key=lambda name: held[name]) if held else None


def _rate(count: int, total: int) -> float:
    return 100.0 * count / total if total else 0.0


def _share(hits: Sequence[bool]) -> float:
    return sum(hits) / len(hits) if hits else 1.0
