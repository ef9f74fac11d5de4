"""Score -> Performance: the page played exactly as it is written, at one tempo."""

from __future__ import annotations

from typing import Final

from tecla.music.performance import Performance
from tecla.music.score import Score

_TEMPO_BPM: Final = 100.0
_GRACE_SEC: Final = 0.06
_VELOCITY: Final = 72


def play_score(score: Score) -> Performance:
    """Every note at its written place; grace notes 60 ms before the note they lead to.

    The tempo is the score's own, in quarters a minute, or 100.
    """
    quarter_sec = 60.0 / (score.tempo_bpm or _TEMPO_BPM)
    notes = score.notes()
    onsets = [max(0.0, float(n.onset) * quarter_sec - _GRACE_SEC * n.grace) for n in notes]
    lasting = [_GRACE_SEC if n.grace else float(n.duration) * quarter_sec for n in notes]
    return Performance.from_arrays(onsets, [a + b for a, b in zip(onsets, lasting, strict=True)], [n.pitch.midi for n in notes], _VELOCITY)
