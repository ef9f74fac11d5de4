"""Pieces: one system on a corpus, or two against each other.

Aim
    The table that a report needs: every piece, the means with their intervals, where errors sit; raw and with one constant shift a take.

Conventions
    Whole pieces, one vote each. Raw figures and shifted ones are both kept; the shift is each system's own best on onset F1 (see shift.py).
    A figure that a piece does not have (pedals where none was played) leaves the piece out of that mean.

Metrics
    `FIGURES` names them: note F1 by both offset conventions, frame F1, pedal F1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tecla.errors import OptionError
from tecla.evaluation import frames, mistakes, notes, pedals, shift, uncertainty
from tecla.evaluation.matching import Detection
from tecla.evaluation.mistakes import Mistakes
from tecla.evaluation.notes import NoteMetrics
from tecla.evaluation.pedals import PedalMetrics
from tecla.evaluation.uncertainty import Interval
from tecla.music import Performance


@dataclass(frozen=True)
class Readings:
    """All metrics of one estimate against its reference; `key` and `sounding` are the two offset conventions."""

    key: NoteMetrics
    sounding: NoteMetrics
    frame: Detection
    pedal: PedalMetrics


@dataclass(frozen=True)
class Piece:
    """One take: its raw readings, the estimate's delay, and the readings without it."""

    name: str
    raw: Readings
    shift_sec: float
    shifted: Readings
    mistakes: Mistakes


@dataclass(frozen=True)
class Summary:
    """Means over pieces by figure; a figure that no piece has is missing. Gains are paired differences."""

    raw: Mapping[str, Interval]
    shifted: Mapping[str, Interval]
    mistakes: Mistakes
    gain_raw: Mapping[str, Interval]
    gain_shifted: Mapping[str, Interval]


def _pedal(detection: Detection) -> float | None:
    return detection.f1 if detection.in_reference else None


FIGURES: Final[Mapping[str, Callable[[Readings], float | None]]] = {
    "onset": lambda readings: readings.sounding.onset.f1,
    "onset precision": lambda readings: readings.sounding.onset.precision,
    "onset recall": lambda readings: readings.sounding.onset.recall,
    "onset+velocity": lambda readings: readings.sounding.onset_velocity.f1,
    "onset+offset sounding": lambda readings: readings.sounding.onset_offset.f1,
    "onset+offset+velocity sounding": lambda readings: readings.sounding.onset_offset_velocity.f1,
    "onset+offset key": lambda readings: readings.key.onset_offset.f1,
    "onset+offset+velocity key": lambda readings: readings.key.onset_offset_velocity.f1,
    "frame sounding": lambda readings: readings.frame.f1,
    "pedal activation": lambda readings: _pedal(readings.pedal.activation),
    "pedal onset": lambda readings: _pedal(readings.pedal.onset),
    "pedal onset+offset": lambda readings: _pedal(readings.pedal.onset_offset),
}


def validate(pieces: Sequence[Piece], versus: Sequence[Piece]) -> None:
    """Raises OptionError without pieces, or when two systems did not hear the same ones."""
    if not pieces:
        raise OptionError("no piece to judge: give at least one reference with its estimate")
    names, others = [piece.name for piece in pieces], [piece.name for piece in versus]
    if versus and names != others:
        missing = sorted(set(names).symmetric_difference(others)) or names
        raise OptionError(f"two systems must have heard the same pieces in the same order: {missing[0]} is not in both")


def read(reference: Performance, estimate: Performance) -> Readings:
    """All metrics as the times stand."""
    return Readings(
        key=notes.evaluate(reference, estimate, offsets="key"),
        sounding=notes.evaluate(reference, estimate, offsets="sounding"),
        frame=frames.evaluate(reference, estimate, offsets="sounding"),
        pedal=pedals.evaluate(reference, estimate),
    )


def evaluate(name: str, reference: Performance, estimate: Performance) -> Piece:
    """All metrics of one piece, raw and shifted; mistakes are counted after the shift.

    >>> played = Performance.from_arrays([1.0], [2.0], [60])
    >>> evaluate("one note", played, played.shifted(0.08)).shift_sec
    0.03
    """
    best = shift.evaluate(reference, estimate)
    mended = estimate.shifted(-best.shift_sec)
    return Piece(name, read(reference, estimate), best.shift_sec, read(reference, mended), mistakes.evaluate(reference, mended))


def summarise(pieces: Sequence[Piece], versus: Sequence[Piece] = ()) -> Summary:
    """Means with 95 % intervals, and what `pieces` gain over `versus`, which are the same pieces by another system.

    Raises:
        OptionError: no pieces, or not the same ones.
    """
    validate(pieces, versus)
    return Summary(
        raw=_means([piece.raw for piece in pieces]),
        shifted=_means([piece.shifted for piece in pieces]),
        mistakes=mistakes.total([piece.mistakes for piece in pieces]),
        gain_raw=_gains([piece.raw for piece in pieces], [piece.raw for piece in versus]),
        gain_shifted=_gains([piece.shifted for piece in pieces], [piece.shifted for piece in versus]),
    )


def _means(readings: Sequence[Readings]) -> dict[str, Interval]:
    columns = {name: [value for one in readings if (value := figure(one)) is not None] for name, figure in FIGURES.items()}
    return {name: uncertainty.evaluate(values) for name, values in columns.items() if values}


def _gains(ours: Sequence[Readings], theirs: Sequence[Readings]) -> dict[str, Interval]:
    if not theirs:
        return {}
    gains = {}
    for name, figure in FIGURES.items():
        rows = [(figure(one), figure(other)) for one, other in zip(ours, theirs, strict=True)]
        both = np.array([row for row in rows if None not in row], "f8").reshape(-1, 2)
        if len(both):
            gains[name] = uncertainty.paired_difference(both[:, 0], both[:, 1])
    return gains
