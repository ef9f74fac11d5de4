"""Mistakes: where errors sit.

Aim
    Show what to work on: which notes are missed (quiet, low, struck again) and what the inventions are (harmonics, re-strikes, late notes).

Conventions
    A note is missed or invented when the maximum onset matching leaves it over (tolerance 50 ms). A band "30-44" holds both ends.
    A mistake is counted under the first cause that fits, in the order in which `MISS_CAUSES` and `INVENTION_CAUSES` list them.

Metrics
    Recall by velocity band and by pitch band, precision by pitch band; misses and inventions by cause (`Mistakes`).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.errors import OptionError
from tecla.evaluation import matching, notes
from tecla.evaluation.matching import Pairs
from tecla.evaluation.notes import ONSET_TOLERANCE_SEC
from tecla.music import Performance

VELOCITY_BANDS: Final = (1, 30, 45, 60, 80, 128)
PITCH_BANDS: Final = (0, 36, 48, 60, 72, 84, 128)
HARMONICS: Final = (12, 19, 24, 28, 31, 34, 36)  # semitones from a tone to its 2nd ... 8th partial
OFF_TIME_SEC: Final = 0.25  # a note that is heard, but this late or early at most
RESTRIKE_SEC: Final = 0.25  # a key struck again this soon, or while it sounds

MISS_CAUSES: Final = ("off time", "re-strike", "hidden in a harmonic", "other")
INVENTION_CAUSES: Final = ("off time", "re-strike", "octave", "other harmonic", "below a note by a harmonic", "other")


@dataclass(frozen=True)
class Share:
    """So many of so many; `hits` of `total` notes in a band, or mistakes of one cause among all of their kind."""

    name: str
    hits: int
    total: int

    @property
    def ratio(self) -> float:
        """hits / total, 0..1; NaN when there was nothing to count."""
        return self.hits / self.total if self.total else float("nan")


@dataclass(frozen=True)
class Mistakes:
    """Where errors sit, each table in a fixed order."""

    recall_by_velocity: tuple[Share, ...]
    recall_by_pitch: tuple[Share, ...]
    precision_by_pitch: tuple[Share, ...]
    misses: tuple[Share, ...]
    inventions: tuple[Share, ...]


def validate(pairs: Pairs, n_reference: int, n_estimate: int) -> None:
    """Raises OptionError unless pairs are indices into both sides."""
    if len(pairs) and (pairs.min() < 0 or pairs[:, 0].max() >= n_reference or pairs[:, 1].max() >= n_estimate):
        raise OptionError(f"a matched pair lies outside {n_reference} reference and {n_estimate} estimated notes")


def evaluate(reference: Performance, estimate: Performance, pairs: Pairs | None = None) -> Mistakes:
    """Where the errors of one piece sit; `pairs` is the onset matching, found anew if left out.

    Raises:
        OptionError: a pair lies out of bounds.

    >>> played = Performance.from_arrays([0.0], [1.0], [60])
    >>> heard = Performance.from_arrays([0.0, 0.0], [1.0, 1.0], [60, 72])
    >>> [share.name for share in evaluate(played, heard).inventions if share.hits]
    ['octave']
    """
    matched = notes.match_onsets(reference, estimate) if pairs is None else pairs
    validate(matched, len(reference), len(estimate))
    found, true = np.zeros(len(reference), bool), np.zeros(len(estimate), bool)
    found[matched[:, 0]], true[matched[:, 1]] = True, True
    return Mistakes(
        recall_by_velocity=by_band(reference.notes["velocity"], found, VELOCITY_BANDS),
        recall_by_pitch=by_band(reference.notes["pitch"], found, PITCH_BANDS),
        precision_by_pitch=by_band(estimate.notes["pitch"], true, PITCH_BANDS),
        misses=miss_causes(reference, estimate, found, true),
        inventions=invention_causes(reference, estimate, found, true),
    )


def total(mistakes: Sequence[Mistakes]) -> Mistakes:
    """The mistakes of several pieces together, note by note."""

    def add(tables: Sequence[tuple[Share, ...]]) -> tuple[Share, ...]:
        rows = zip(*tables, strict=True)
        return tuple(Share(row[0].name, sum(share.hits for share in row), sum(share.total for share in row)) for row in rows)

    return Mistakes(**{field.name: add([getattr(one, field.name) for one in mistakes]) for field in fields(Mistakes)})


def by_band(values: NDArray[np.int16], right: NDArray[np.bool_], edges: Sequence[int]) -> tuple[Share, ...]:
    """How many notes of each band are right; `values` and `right` are (N,)."""
    bands = [(values >= low) & (values < high) for low, high in itertools.pairwise(edges)]
    names = [f"{low}-{high - 1}" for low, high in itertools.pairwise(edges)]
    return tuple(Share(name, int(right[band].sum()), int(band.sum())) for name, band in zip(names, bands, strict=True))


def miss_causes(reference: Performance, estimate: Performance, found: NDArray[np.bool_], true: NDArray[np.bool_]) -> tuple[Share, ...]:
    """Why notes were missed, in the order of `MISS_CAUSES`."""
    missed, invented = reference.notes[~found], estimate.notes[~true]
    again = struck_again(reference, reference.notes)[~found]
    hidden = np.any([_meets(missed, reference.notes, interval) for interval in HARMONICS], axis=0)
    return _first_causes(MISS_CAUSES, [_meets(missed, invented, 0, OFF_TIME_SEC), again, hidden])


def invention_causes(reference: Performance, estimate: Performance, found: NDArray[np.bool_], true: NDArray[np.bool_]) -> tuple[Share, ...]:
    """What inventions are, in the order of `INVENTION_CAUSES`."""
    invented, missed = estimate.notes[~true], reference.notes[~found]
    over = [_meets(invented, reference.notes, interval) for interval in HARMONICS]
    under = np.any([_meets(invented, reference.notes, -interval) for interval in HARMONICS], axis=0)
    again = struck_again(reference, invented) | _meets(invented, reference.notes, 0)  # the second: one strike heard twice
    late = _meets(invented, missed, 0, OFF_TIME_SEC)
    return _first_causes(INVENTION_CAUSES, [late, again, over[0], np.any(over[1:], axis=0), under])


def struck_again(performance: Performance, strikes: NDArray[np.void]) -> NDArray[np.bool_]:
    """Which strikes fall on a key that a Performance holds or has just let go, (N,)."""
    sounding_sec = performance.sounding_offset_sec()
    again = np.zeros(len(strikes), bool)
    for pitch in np.unique(strikes["pitch"]):
        key = performance.notes["pitch"] == pitch
        onset_sec, end_sec = performance.notes["onset_sec"][key], sounding_sec[key]
        at_sec = strikes["onset_sec"][strikes["pitch"] == pitch]
        before = np.searchsorted(onset_sec, at_sec) - 1  # the last strike before this one
        if len(onset_sec):
            soon = at_sec <= np.maximum(onset_sec[before] + RESTRIKE_SEC, end_sec[before])
            again[strikes["pitch"] == pitch] = (before >= 0) & soon
    return again


def _meets(
    some: NDArray[np.void], others: NDArray[np.void], interval: int, tolerance_sec: float = ONSET_TOLERANCE_SEC
) -> NDArray[np.bool_]:
    """Which of some notes begin together with another that lies `interval` semitones below them, (N,)."""
    pairs = matching.near_pairs(
        others["onset_sec"], some["onset_sec"], tolerance_sec, others["pitch"].astype("i8") + interval, some["pitch"].astype("i8")
    )
    meets = np.zeros(len(some), bool)
    meets[pairs[:, 1]] = True
    return meets


def _first_causes(names: Sequence[str], causes: Sequence[NDArray[np.bool_]]) -> tuple[Share, ...]:
    n_mistakes = len(causes[0])
    table = np.stack([*causes, np.ones(n_mistakes, bool)])
    counts = np.bincount(np.argmax(table, axis=0), minlength=len(names))
    return tuple(Share(name, int(count), n_mistakes) for name, count in zip(names, counts, strict=True))
