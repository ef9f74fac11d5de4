"""Runs the networks (ONNX): on a performance (notes, hands, strokes, tempo), on the beats that were found, and on the page in its keys."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving import barwise, beatwise, handwise, markwise, pulse, spellwise, voicewise
from tecla.engraving.notewise import HEADS, N_OUTPUTS, Readings, features
from tecla.engraving.tempo import EVERY, tempo_candidates
from tecla.engraving.tracking import Pulse, PulseReadings
from tecla.music import Performance
from tecla.weights.session import WEIGHTS, Session, open_network

NOTE_WEIGHTS: Final = "notes.onnx"
BEAT_WEIGHTS: Final = "beats.onnx"
TEMPO_WEIGHTS: Final = "tempo.onnx"
BAR_WEIGHTS: Final = "bars.onnx"
HAND_WEIGHTS: Final = "hands.onnx"
RHYTHM_WEIGHTS: Final = "rhythm.onnx"
VOICE_WEIGHTS: Final = "voices.onnx"
MARK_WEIGHTS: Final = "marks.onnx"
SPELLING_WEIGHTS: Final = "spelling.onnx"
_MIDDLE, _FARTHEST = 2, 17  # D on the line of fifths; from D to F double flat one way, to B double sharp the other
_SECOND_OPINION: Final = 0.2  # of the note-wise network on hands: little worse on performances, and better on the demo as it was heard
_SPAN: Final = 2048  # notes or strokes read at once; the networks saw windows of a few hundred
_MARGIN: Final = 192  # notes or strokes of context to either side, thrown away


def read_notes(performance: Performance) -> Readings:
    """What the networks say of each note; long performances are read in overlapping spans, so memory stays bounded."""
    return _split(_run(NOTE_WEIGHTS, "notes", features(performance), N_OUTPUTS), read_hands(performance))


def read_hands(performance: Performance) -> NDArray[np.float64]:
    """Log-odds that the left hand plays each note, (N,)."""
    return _run(HAND_WEIGHTS, "notes", handwise.hand_features(performance), handwise.N_OUTPUTS)[:, 0]


def read_counted(performance: Performance, pulse: Pulse, left_odds: NDArray[np.float64]) -> tuple[beatwise.Rhythm, markwise.Marks]:
    """What the rhythm, the voice and the marks network say of each note over at least two beats.

    `left_odds` (N,) are those of the left hand.
    """
    seen = markwise.mark_features(performance, pulse, left_odds)
    marks = _parts(_run(MARK_WEIGHTS, "notes", seen, markwise.N_OUTPUTS), markwise.HEADS)
    articulation = _sigmoid(np.concatenate([marks[name] for name in markwise.ARTICULATIONS], axis=1))
    signed = 1 - np.exp(_log_softmax(marks["sign"]))[:, 0]
    odds = markwise.Marks(np.exp(_log_softmax(marks["kind"])), signed, articulation)
    seen = seen[:, : voicewise.N_FEATURES]
    in_beats = beatwise.with_fifths(seen[:, : beatwise.N_COUNTED], performance, pulse)
    parts = _parts(_run(RHYTHM_WEIGHTS, "notes", in_beats, beatwise.N_OUTPUTS), beatwise.HEADS)
    second = _sigmoid(_run(VOICE_WEIGHTS, "notes", seen, voicewise.N_OUTPUTS)[:, 0])
    return beatwise.Rhythm(**{f"log_{name}": _log_softmax(logits) for name, logits in parts.items()}, second=second), odds


def read_spelling(page: spellwise.Page) -> NDArray[np.int64]:
    """The likeliest name of each note that names its key of the piano, on the line of fifths, (N,)."""
    logits = _run(SPELLING_WEIGHTS, "notes", spellwise.spelling_features(page), spellwise.N_OUTPUTS)
    possible = spellwise.names_of(page.pitch, page.key) & (np.abs(spellwise.NAMES + page.key[:, None] - _MIDDLE) <= _FARTHEST)
    return np.asarray(spellwise.NAMES[np.where(possible, logits, -np.inf).argmax(axis=1)] + page.key)


def read_strokes(performance: Performance, strokes: pulse.Strokes) -> PulseReadings:
    """What the beat network says of each stroke."""
    logits = _run(BEAT_WEIGHTS, "strokes", pulse.stroke_features(performance, strokes), pulse.N_OUTPUTS)
    parts = _parts(logits, pulse.HEADS)
    logs = {f"log_{name}": _log_softmax(parts[name]) for name in ("metre", "beat_in_bar")}
    return PulseReadings(beat=parts["beat"][:, 0], downbeat=parts["downbeat"][:, 0], log_period=_read_tempo(performance, strokes), **logs)


def read_beats(performance: Performance, beats_sec: NDArray[np.float64]) -> barwise.BarReadings:
    """What the bar network says of each beat of a count."""
    parts = _parts(_run(BAR_WEIGHTS, "beats", barwise.beat_features(performance, beats_sec), barwise.N_OUTPUTS), barwise.HEADS)
    logs = {f"log_{name}": _log_softmax(parts[name]) for name in ("level", "beat_in_bar", "metre")}
    return barwise.BarReadings(downbeat=parts["downbeat"][:, 0], **logs)


def _read_tempo(performance: Performance, strokes: pulse.Strokes) -> NDArray[np.float64]:
    """Log-probability of each length of a beat at each stroke, (E, PERIODS)."""
    seen = tempo_candidates(performance, strokes)
    if not len(seen):
        return np.zeros((0, len(pulse.PERIODS)))
    logits = _session(TEMPO_WEIGHTS).run(["logits"], {"candidates": seen})[0].astype(np.float64)
    return np.repeat(_log_softmax(logits), EVERY, axis=0)[: len(strokes.onset_sec)]


def _run(weights: str, name: str, seen: NDArray[np.float32], outputs: int) -> NDArray[np.float64]:
    """Logits of each row, (N, outputs)."""
    n = len(seen)
    logits = np.zeros((n, outputs), np.float64)
    for start in range(0, n, _SPAN):
        low, high = max(0, start - _MARGIN), min(n, start + _SPAN + _MARGIN)
        out = _session(weights).run(["logits"], {name: seen[None, low:high]})[0][0]
        stop = min(n, start + _SPAN)
        logits[start:stop] = out[start - low : stop - low]
    return logits


@cache
def _session(weights: str) -> Session:
    return open_network(WEIGHTS / weights)


def _parts(logits: NDArray[np.float64], heads: Mapping[str, int]) -> dict[str, NDArray[np.float64]]:
    """Each head's columns."""
    edges = np.cumsum([0, *heads.values()])
    return {name: logits[:, low:high] for name, low, high in zip(heads, edges, edges[1:], strict=False)}


def _split(logits: NDArray[np.float64], left_odds: NDArray[np.float64]) -> Readings:
    parts = _parts(logits, HEADS)
    odds = {name: _sigmoid(parts[name][:, 0]) for name in ("downbeat", "beat")}
    left_odds = (1 - _SECOND_OPINION) * left_odds + _SECOND_OPINION * parts["staff"][:, 0]
    return Readings(_log_softmax(parts["alter"]), **odds, left_odds=left_odds)


def _log_softmax(x: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted = x - x.max(axis=1, keepdims=True) if len(x) else x
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -30, 30))))
