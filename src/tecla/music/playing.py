"""Score -> Performance: the page played exactly as it is written, at one tempo; swung where it says so."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.music.performance import Performance
from tecla.music.score import Score, ScoreNote

_TEMPO_BPM: Final = 100.0
_GRACE_SEC: Final = 0.06
_VELOCITY: Final = 72


def play_score(score: Score) -> Performance:
    """Every note at its written place; grace notes 60 ms before the note they lead to.

    The tempo is the score's own, in quarters a minute, or 100. Under a swing mark the first eighth of a quarter is the longer one.
    """
    quarter_sec = 60.0 / (score.tempo_bpm or _TEMPO_BPM)
    notes = score.notes()
    begin, end = (_swung(score, np.array(quarters, float)) * quarter_sec for quarters in _begins_and_ends(notes))
    grace = np.array([n.grace for n in notes], bool)
    onset = np.maximum(0.0, begin - _GRACE_SEC * grace)
    return Performance.from_arrays(
        onset, np.where(grace, onset + _GRACE_SEC, onset + end - begin), [n.pitch.midi for n in notes], _VELOCITY
    )


def _begins_and_ends(notes: list[ScoreNote]) -> tuple[list[float], list[float]]:
    return [float(n.onset) for n in notes], [float(n.onset + n.duration) for n in notes]


def _swung(score: Score, quarters: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quarters with the middle of each, counted from its bar line, moved to where the score's swing mark puts it."""
    ratio = next((d.value for measure in score.measures for d in measure.directions if d.kind == "swing"), "1:1")
    long, short = (int(part) for part in ratio.split(":"))
    if long == short or not score.measures:
        return quarters
    lines = np.array([float(onset) for onset in score.measure_onsets()])
    lines[0] -= -lines[1] % 1.0  # a pickup is counted from its end
    line = lines[np.clip(np.searchsorted(lines, quarters, side="right") - 1, 0, len(lines) - 2)]
    whole = np.floor(quarters - line)
    return np.asarray(line + whole + np.interp(quarters - line - whole, (0.0, 0.5, 1.0), (0.0, long / (long + short), 1.0)))
