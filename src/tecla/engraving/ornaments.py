"""Grace notes, trills and arpeggios: written as such, not as 64ths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.notewise import FLAGS, Readings
from tecla.engraving.placed import Placed
from tecla.music import Performance

_LIKELY: Final = 0.5
_ROLLED_SEC: Final = 0.06  # least time a broken chord takes from its first to its last note
_TRILL_SEC: Final = 0.18  # most time from one note of a trill to the next
_TRILL_NOTES: Final = 4
_WRITTEN: Final = {"staccato": "staccato", "accent": "accent", "fermata": "fermata"}


def find_ornaments(notes: Sequence[Placed], performance: Performance, readings: Readings) -> list[Placed]:
    """Notes with their marks; what a trill repeats is left out, because its sign says it."""
    column = {name: readings.flags[:, FLAGS.index(name)] for name in FLAGS}
    onset_sec = performance.notes["onset_sec"]
    companions = {(n.onset, n.staff) for n in notes if column["grace"][n.source] <= _LIKELY}
    marked = []
    for n in notes:
        marks = tuple(sign for flag, sign in _WRITTEN.items() if column[flag][n.source] > _LIKELY)
        grace = bool(column["grace"][n.source] > _LIKELY) and (n.onset, n.staff) in companions
        marked.append(replace(n, marks=() if grace else marks, grace=grace, end=n.onset if grace else n.end))
    return _rolled(_trills(marked, onset_sec, column["extra"]), onset_sec, column["arpeggio"])


def _trills(notes: list[Placed], onset_sec: NDArray[np.float64], extra: NDArray[np.float64]) -> list[Placed]:
    """Fast alternation of two neighbouring keys, whose later notes the network calls extra: one note with a trill sign."""
    dropped: set[int] = set()
    signed: set[int] = set()
    for staff in (1, 2):
        line = [n for n in notes if n.staff == staff]
        for i, first in enumerate(line):
            if first.source in dropped:
                continue
            run = _alternation(line, i, onset_sec)
            later = [n.source for n in run[1:]]
            if len(run) >= _TRILL_NOTES and np.mean(extra[later]) > _LIKELY:
                dropped.update(later)
                signed.add(first.source)
    return [replace(n, marks=(*n.marks, "trill-mark")) if n.source in signed else n for n in notes if n.source not in dropped]


def _alternation(line: Sequence[Placed], start: int, onset_sec: NDArray[np.float64]) -> list[Placed]:
    run = [line[start]]
    for n in line[start + 1 : start + 200]:
        late = onset_sec[n.source] - onset_sec[run[-1].source]
        if late > _TRILL_SEC:
            break
        home = {run[0].pitch} if len(run) % 2 == 0 else {run[1].pitch} if len(run) > 1 else {run[0].pitch + k for k in (-2, -1, 1, 2)}
        if n.pitch in home:
            run.append(n)
    return run


def _rolled(notes: list[Placed], onset_sec: NDArray[np.float64], arpeggio: NDArray[np.float64]) -> list[Placed]:
    chords: dict[tuple[int, int], list[Placed]] = {}
    for n in notes:
        if not n.grace:
            chords.setdefault((n.onset, n.staff), []).append(n)
    rolled = set()
    for key, chord in chords.items():
        sources = [n.source for n in chord]
        if len(chord) > 1 and np.ptp(onset_sec[sources]) > _ROLLED_SEC and arpeggio[sources].mean() > _LIKELY:
            rolled.add(key)
    return [replace(n, marks=(*n.marks, "arpeggiate")) if (n.onset, n.staff) in rolled and not n.grace else n for n in notes]
