"""A few seconds of a piece that are worth looking at, with their sound."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.corpora.pieces import Piece
from tecla.io.audio import SAMPLE_RATE, array_source, load_audio
from tecla.music import Performance
from tecla.rendering import SAMPLE_RATE as RENDER_RATE
from tecla.rendering import render_blocks

EXCERPT_SEC: Final = 8.0
_MOST_SEC: Final = 120.0  # of a piece is looked at: nobody waits for the rendering of a sonata


def lively_excerpt(piece: Piece, length_sec: float = EXCERPT_SEC) -> tuple[NDArray[np.float32], Performance, float]:
    """The stretch with the most notes among the first two minutes: (samples at 16 kHz, its notes from time 0, where it begins).

    Without a recording the notes are played on tecla's sampled piano.
    """
    whole = piece.load()
    onset_sec = whole.notes["onset_sec"][whole.notes["onset_sec"] < _MOST_SEC]
    counts = np.searchsorted(onset_sec, onset_sec + length_sec) - np.arange(len(onset_sec))
    begin_sec = float(max(0.0, onset_sec[counts.argmax()] - 0.1)) if len(onset_sec) else 0.0
    near = whole.notes[(whole.notes["onset_sec"] > begin_sec - 10) & (whole.notes["onset_sec"] < begin_sec + length_sec)]
    moves = whole.controls[whole.controls["time_sec"] < begin_sec + length_sec]
    if piece.audio is not None:
        first = int(begin_sec * SAMPLE_RATE)
        samples = load_audio(piece.audio)[first : first + int(length_sec * SAMPLE_RATE)]
    else:
        lead_sec = min(10.0, begin_sec)
        played = Performance(near, moves).shifted(lead_sec - begin_sec)
        stereo = np.concatenate(list(render_blocks(Performance(played.notes, played.controls[played.controls["time_sec"] >= 0]))))
        mono = np.concatenate(list(array_source(stereo, RENDER_RATE).blocks()))
        samples = mono[int(lead_sec * SAMPLE_RATE) : int((lead_sec + length_sec) * SAMPLE_RATE)]
    return samples, Performance(near, moves).shifted(-begin_sec), begin_sec
