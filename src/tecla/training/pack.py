"""A pack: many performances in one small file, so that a thousand recitals load in a second and travel to any machine.

Times are whole half-milliseconds, kept as differences; pedal movements that change the damper by less than one part in
sixteen, and do not cross the switch point, are left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tecla.music.performance import CONTROL, NOTE, PEDAL_DOWN, SUSTAIN, Performance

_TICKS_PER_SEC: Final = 2000
_SMALL_MOVE: Final = 8


def save_pack(performances: Iterable[Performance], path: Path) -> None:
    """Writes performances to an .npz, whole or not at all."""
    notes, controls, counts = [], [], []
    for performance in performances:
        moves = _thinned(performance.controls)
        notes.append(_note_columns(performance.notes))
        controls.append(_control_columns(moves))
        counts.append((len(performance.notes), len(moves)))
    partial = path.with_suffix(".partial.npz")
    columns: dict[str, Any] = {name: np.concatenate([n[name] for n in notes]) for name in notes[0]}
    columns |= {name: np.concatenate([c[name] for c in controls]) for name in controls[0]}
    np.savez_compressed(partial, counts=np.array(counts, np.uint32), **columns)
    partial.rename(path)


def load_pack(path: Path) -> list[Performance]:
    """Reads the performances of a pack, in the order they were saved."""
    with np.load(path) as stored:
        columns = {name: stored[name] for name in stored.files}
    ends = np.cumsum(columns["counts"], axis=0)
    begins = ends - columns["counts"]
    return [
        _performance(columns, slice(note_from, note_to), slice(move_from, move_to))
        for (note_from, move_from), (note_to, move_to) in zip(begins, ends, strict=True)
    ]


def _ticks(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.round(seconds * _TICKS_PER_SEC).astype(np.int64)


def _note_columns(notes: NDArray[np.void]) -> dict[str, NDArray[np.integer[Any]]]:
    onset = _ticks(notes["onset_sec"])
    return {
        "onset": np.diff(onset, prepend=0).astype(np.int32),
        "length": (_ticks(notes["offset_sec"]) - onset).astype(np.uint32),
        "pitch": notes["pitch"].astype(np.uint8),
        "velocity": notes["velocity"].astype(np.uint8),
    }


def _control_columns(moves: NDArray[np.void]) -> dict[str, NDArray[np.integer[Any]]]:
    return {
        "move": np.diff(_ticks(moves["time_sec"]), prepend=0).astype(np.int32),
        "number": moves["number"].astype(np.uint8),
        "value": moves["value"].astype(np.uint8),
    }


def _thinned(controls: NDArray[np.void]) -> NDArray[np.void]:
    """Drops the small movements of the sustain pedal between the ones that matter."""
    keep, last = [], 0
    for index, (number, value) in enumerate(zip(controls["number"].tolist(), controls["value"].tolist(), strict=True)):
        if number != SUSTAIN:
            keep.append(index)
        elif abs(value - last) >= _SMALL_MOVE or (value >= PEDAL_DOWN) != (last >= PEDAL_DOWN):
            keep.append(index)
            last = value
    return controls[keep]


def _performance(columns: dict[str, NDArray[np.integer[Any]]], note: slice, move: slice) -> Performance:
    notes = np.zeros(note.stop - note.start, NOTE)
    onset = np.cumsum(columns["onset"][note], dtype=np.int64)
    notes["onset_sec"] = onset / _TICKS_PER_SEC
    notes["offset_sec"] = (onset + columns["length"][note]) / _TICKS_PER_SEC
    notes["pitch"], notes["velocity"], notes["confidence"] = columns["pitch"][note], columns["velocity"][note], 1.0
    controls = np.zeros(move.stop - move.start, CONTROL)
    controls["time_sec"] = np.cumsum(columns["move"][move], dtype=np.int64) / _TICKS_PER_SEC
    controls["number"], controls["value"] = columns["number"][move], columns["value"][move]
    return Performance(notes, controls)
