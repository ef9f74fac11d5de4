"""MV2H: five parts of a transcription, from pitch to harmony, each by itself.

Aim: say which part of a page is wrong, not only how much of it.
Conventions: McLeod and Steedman, "Evaluating automatic polyphonic music transcription" (ISMIR 2018), section 3, for two scores. All
parts are 0..1, higher is better. Notes are aligned as for MUSTER (evaluation/alignment.py; McLeod's later program aligns with
dynamic time warping), and the estimate's time is carried to the reference's along the matched onsets. Where the paper allows
50 ms, we allow a tenth of a reference quarter (50 ms at 120 quarters a minute). A key is known by its signature alone, so
relative keys count as one; chords are not judged.
Metrics: multi-pitch F, voice F, metre F, note value, harmony, and their mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.evaluation.alignment import match_notes
from tecla.evaluation.scores import voice_f
from tecla.music.score import Score, ScoreNote

TOLERANCE_QUARTERS: Final = 0.1
_KEY_MERIT: Final = {0: 1.0, 1: 0.5, 3: 0.2}  # by distance in fifths: the same, a fifth away, the parallel key

_Matched = Sequence[tuple[ScoreNote, ScoreNote]]


@dataclass(frozen=True)
class Mv2hMetrics:
    """Five parts, 0..1."""

    multi_pitch: float
    voice: float
    metre: float
    value: float
    harmony: float

    @property
    def mean(self) -> float:
        """MV2H: the mean of the five."""
        return (self.multi_pitch + self.voice + self.metre + self.value + self.harmony) / 5

    def as_dict(self) -> dict[str, float]:
        """Every part by name, the mean first."""
        return {"mv2h": self.mean, **{f"mv2h_{name}": part for name, part in asdict(self).items()}}


def evaluate_mv2h(reference: Score, estimate: Score) -> Mv2hMetrics:
    """Every part of one piece.

    >>> evaluate_mv2h(Score(()), Score(())).mean
    1.0
    """
    wanted, found = reference.notes(), estimate.notes()
    matched = [(wanted[i], found[j]) for i, j in match_notes(wanted, found)]
    right = [(a, b) for a, b in matched if a.pitch.midi == b.pitch.midi]
    return Mv2hMetrics(
        _f_measure(len(right), len(wanted), len(found)),
        voice_f(right),
        metre_f(reference, estimate, right),
        note_value(right),
        harmony(reference, estimate, right),
    )


def metre_f(reference: Score, estimate: Score, matched: _Matched) -> float:
    """F-measure of groupings: bars, beats and their divisions, right where both ends are, whatever their level (section 3.3)."""
    wanted, found = groupings(reference), groupings(estimate)
    if not len(wanted) or not len(found):
        return float(len(wanted) == len(found))
    carried = _carry(found.ravel(), matched).reshape(-1, 2)
    return _f_measure(_paired(wanted, carried), len(wanted), len(carried))


def groupings(score: Score) -> NDArray[np.float64]:
    """Begin and end of every bar, beat and division of a beat, (G, 2) quarters; the three levels one after another."""
    spans: list[tuple[Fraction, Fraction]] = []
    for start, measure in zip(score.measure_onsets(), score.measures, strict=False):
        beat = measure.time.beat_quarters
        division = beat / (3 if measure.time.compound else 2)
        for unit in (measure.length, beat, division):
            late = -measure.length % unit  # a pickup ends on the bar line
            edges = sorted({Fraction(0), measure.length, *(k * unit - late for k in range(1, int(measure.length / unit) + 2))})
            edges = [edge for edge in edges if 0 <= edge <= measure.length]
            spans += [(start + a, start + b) for a, b in pairwise(edges)]
    return np.array([[float(a), float(b)] for a, b in spans]).reshape(-1, 2)


def note_value(matched: _Matched) -> float:
    """Mean over matched notes of one minus the share by which the length is wrong, never below 0 (section 3.4); grace notes aside."""
    sung = [(a, b) for a, b in matched if a.duration > 0 and b.duration > 0]
    if not sung:
        return 1.0
    ends = _carry(np.array([float(b.onset + b.duration) for _, b in sung]), matched)
    begins = _carry(np.array([float(b.onset) for _, b in sung]), matched)
    wanted = np.array([float(a.duration) for a, _ in sung])
    return float(np.maximum(0.0, 1.0 - np.abs(ends - begins - wanted) / wanted).mean())


def harmony(reference: Score, estimate: Score, matched: _Matched) -> float:
    """Mean over matched notes of how near the key signatures are: 1, half for a fifth, a fifth for the parallel key (section 3.5)."""
    if not matched:
        return 1.0
    apart = (abs(reference.measures[a.measure].key_fifths - estimate.measures[b.measure].key_fifths) for a, b in matched)
    return float(np.mean([_KEY_MERIT.get(min(d, 12 - d) if d <= 12 else d, 0.0) for d in apart]))


def _carry(quarters: NDArray[np.float64], matched: _Matched) -> NDArray[np.float64]:
    """The estimate's time in the reference's: along the means of matched onsets; beyond them the nearest slope goes on."""
    at: dict[Fraction, list[float]] = {}
    for a, b in matched:
        at.setdefault(b.onset, []).append(float(a.onset))
    x = np.array(sorted(map(float, at)))
    y = np.array([np.median(at[key]) for key in sorted(at)])
    if len(x) < 2:
        return quarters - (x[0] - y[0] if len(x) else 0.0)
    inside = np.interp(quarters, x, y)
    before = y[0] + (quarters - x[0]) * (y[1] - y[0]) / (x[1] - x[0])
    after = y[-1] + (quarters - x[-1]) * (y[-1] - y[-2]) / (x[-1] - x[-2])
    return np.asarray(np.where(quarters < x[0], before, np.where(quarters > x[-1], after, inside)))


def _paired(wanted: NDArray[np.float64], found: NDArray[np.float64]) -> int:
    """How many spans of `found` have one of `wanted` to themselves whose ends lie within the tolerance."""
    order = np.argsort(wanted[:, 0], kind="stable")
    wanted, free, count = wanted[order], np.ones(len(wanted), bool), 0
    for begin, end in found:
        low, high = np.searchsorted(wanted[:, 0], [begin - TOLERANCE_QUARTERS, begin + TOLERANCE_QUARTERS])
        near = np.flatnonzero(free[low:high] & (np.abs(wanted[low:high, 1] - end) <= TOLERANCE_QUARTERS))
        if len(near):
            free[low + near[0]] = False
            count += 1
    return count


def _f_measure(hits: int, wanted: int, found: int) -> float:
    return 2 * hits / (wanted + found) if wanted + found else 1.0
