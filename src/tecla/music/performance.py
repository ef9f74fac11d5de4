"""Performance: what was played. Seconds, MIDI pitch, velocity, pedals.

A note ends twice: when the key comes up (`offset_sec`, what the finger did) and when the string falls silent, which
the sustain pedal may delay (`sounding`). A Performance keeps the first and the pedal, and derives the second, so that
the two can never disagree.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tecla.errors import InputError
from tecla.music.pitch import pitch_to_name

NOTE: Final = np.dtype([("onset_sec", "f8"), ("offset_sec", "f8"), ("pitch", "i2"), ("velocity", "i2"), ("confidence", "f4")])
CONTROL: Final = np.dtype([("time_sec", "f8"), ("number", "i2"), ("value", "i2")])
BEND: Final = np.dtype([("time_sec", "f8"), ("semitones", "f4")])  # a voice's distance from its note's pitch, from then on

SUSTAIN: Final = 64
SOSTENUTO: Final = 66
SOFT: Final = 67
PEDALS: Final = (SUSTAIN, SOSTENUTO, SOFT)
PEDAL_DOWN: Final = 64  # a pedal is down from this controller value on (MIDI 1.0, controllers 64 to 69)


@dataclass(frozen=True, eq=False, repr=False)
class Performance:
    """Notes and pedal movements, immutable, in order of time.

    Shape:
        notes: (N,) structured, fields of `NOTE`; `offset_sec` is the key-up, `confidence` 0..1 (1 where it was not estimated)
        controls: (M,) structured, fields of `CONTROL`; the three of `PEDALS` only
        bends: (K,) structured, fields of `BEND`; a single voice has them, a piano none

    Raises:
        InputError: a value is not finite or out of range, or a note ends before it begins.
    """

    notes: NDArray[np.void] = field(default_factory=lambda: np.zeros(0, NOTE))
    controls: NDArray[np.void] = field(default_factory=lambda: np.zeros(0, CONTROL))
    bends: NDArray[np.void] = field(default_factory=lambda: np.zeros(0, BEND))

    def __post_init__(self) -> None:
        notes, controls, bends = np.asarray(self.notes, NOTE), np.asarray(self.controls, CONTROL), np.asarray(self.bends, BEND)
        _check(notes, controls, bends)
        order = np.lexsort((notes["pitch"], notes["onset_sec"]))
        object.__setattr__(self, "notes", _frozen(notes[order]))
        for name, table in (("controls", controls), ("bends", bends)):
            object.__setattr__(self, name, _frozen(table[np.argsort(table["time_sec"], kind="stable")]))

    @classmethod
    def from_arrays(
        cls,
        onset_sec: ArrayLike,
        offset_sec: ArrayLike,
        pitch: ArrayLike,
        velocity: ArrayLike = 64,
        confidence: ArrayLike = 1.0,
        controls: ArrayLike = (),
    ) -> Performance:
        """Builds a Performance from columns; `controls` is a sequence of (time_sec, number, value).

        Raises:
            InputError: a value is not finite or out of range, or a note ends before it begins.

        >>> Performance.from_arrays([0.0], [1.0], [60], [80]).duration_sec
        1.0
        """
        columns = np.broadcast_arrays(onset_sec, offset_sec, pitch, velocity, confidence)
        notes = _table(np.array([column.ravel() for column in columns], "f8"), NOTE)
        return cls(notes, _table(np.asarray(controls, "f8").reshape(-1, 3).T, CONTROL))

    def __repr__(self) -> str:
        """What it is in one line, for whoever prints it: a table of ten thousand notes tells less.

        >>> Performance.from_arrays([0.0, 11.0], [1.0, 12.0], [48, 81], controls=[(0.5, SUSTAIN, 127)]), Performance()
        (Performance(2 notes, 0:12, C3 to A5, 1 control), Performance(0 notes, 0:00))
        """
        minutes, seconds = divmod(round(self.duration_sec), 60)
        said = [_counted(len(self.notes), "note"), f"{minutes}:{seconds:02}"]
        if len(self.notes):
            pitch = self.notes["pitch"]
            said.append(f"{pitch_to_name(int(pitch.min()))} to {pitch_to_name(int(pitch.max()))}")
        said += [_counted(len(table), name) for table, name in ((self.controls, "control"), (self.bends, "bend")) if len(table)]
        return f"Performance({', '.join(said)})"

    def __len__(self) -> int:
        return len(self.notes)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Performance):
            return NotImplemented
        return all(np.array_equal(getattr(self, name), getattr(other, name)) for name in ("notes", "controls", "bends"))

    @property
    def duration_sec(self) -> float:
        """Time of the last event: key-up or pedal movement; 0 for an empty Performance."""
        ends = [self.notes["offset_sec"].max()] if len(self.notes) else []
        return float(max([*ends, *self.controls["time_sec"][-1:]], default=0.0))

    def pedal_intervals(self, number: int = SUSTAIN) -> NDArray[np.float64]:
        """Stretches in which a pedal is down, (K, 2) seconds; one that never comes up ends with the Performance."""
        moves = self.controls[self.controls["number"] == number]
        down = moves["value"] >= PEDAL_DOWN
        changes = np.flatnonzero(np.diff(down, prepend=False, append=False))
        times = np.append(moves["time_sec"], max(self.duration_sec, 0.0))[changes]
        return times.reshape(-1, 2)

    def sounding_offset_sec(self) -> NDArray[np.float64]:
        """End of each note as heard, (N,) seconds: the sustain pedal holds it until it lifts or the key is struck again.

        A key that comes up while the pedal is down sounds on to the pedal's release. The convention is that of MAPS'
        text labels and of Onsets and Frames (Hawthorne et al. 2018, section 3).
        """
        key_up = self.notes["offset_sec"]
        ends = key_up.copy()
        pedal = self.pedal_intervals()
        if len(pedal):
            holding = np.searchsorted(pedal[:, 0], key_up, side="right") - 1
            held = (holding >= 0) & (key_up < pedal[holding, 1])
            ends[held] = pedal[holding[held], 1]
        return np.minimum(ends, np.maximum(self.next_onset_sec(), key_up))

    def with_sounding_offsets(self) -> Performance:
        """The same notes with their ends as heard and without pedals, for readers that know no pedal."""
        notes = self.notes.copy()
        notes["offset_sec"] = self.sounding_offset_sec()
        return Performance(notes)

    def shifted(self, shift_sec: float) -> Performance:
        """Everything `shift_sec` later (earlier if negative)."""
        notes, controls, bends = self.notes.copy(), self.controls.copy(), self.bends.copy()
        notes["onset_sec"] += shift_sec
        notes["offset_sec"] += shift_sec
        controls["time_sec"] += shift_sec
        bends["time_sec"] += shift_sec
        return replace(self, notes=notes, controls=controls, bends=bends)

    def transposed(self, semitones: int) -> Performance:
        """Every pitch `semitones` higher.

        Raises:
            InputError: a note would leave MIDI 0..127.
        """
        notes = self.notes.copy()
        notes["pitch"] += semitones
        return replace(self, notes=notes)

    def next_onset_sec(self) -> NDArray[np.float64]:
        """Onset of the next note on the same key, (N,) seconds; infinity for a key's last note."""
        order = np.lexsort((self.notes["onset_sec"], self.notes["pitch"]))
        following = np.full(len(self.notes), np.inf)
        same = np.diff(self.notes["pitch"][order]) == 0
        following[order[:-1][same]] = self.notes["onset_sec"][order[1:][same]]
        return following


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def _frozen(array: NDArray[np.void]) -> NDArray[np.void]:
    array = array.copy()
    array.flags.writeable = False
    return array


def _table(columns: NDArray[np.float64], dtype: np.dtype[np.void]) -> NDArray[np.void]:
    """Columns as a structured array; a value that its field cannot hold is refused, not wrapped around."""
    table = np.zeros(columns.shape[1], dtype)
    for name, column in zip(dtype.names or (), columns, strict=True):
        wrong = column[~(np.abs(column) < 2**15)]
        if dtype[name] != "f8" and len(wrong):
            raise InputError(f"{name} {wrong[0]} is out of range")
        table[name] = column
    return table


_BOUNDS: Final = {"pitch": (0, 127), "velocity": (1, 127), "confidence": (0, 1), "value": (0, 127)}


def _check(notes: NDArray[np.void], controls: NDArray[np.void], bends: NDArray[np.void]) -> None:
    for what, table in (("note", notes), ("pedal movement", controls), ("bend", bends)):
        for name in table.dtype.names or ():
            low, high = _BOUNDS.get(name, (-np.inf, np.inf))
            wrong = table[name][~np.isfinite(table[name]) | (table[name] < low) | (table[name] > high)]
            if len(wrong):
                raise InputError(f"a {what} has {name} {wrong[0]}: must be {f'{low} to {high}' if name in _BOUNDS else 'finite'}")
    unknown = controls["number"][~np.isin(controls["number"], PEDALS)]
    if len(unknown):
        raise InputError(f"a pedal movement has number {unknown[0]}: must be one of {', '.join(map(str, PEDALS))}")
    late = np.flatnonzero(notes["offset_sec"] < notes["onset_sec"])
    if len(late):
        onset, offset = notes["onset_sec"][late[0]], notes["offset_sec"][late[0]]
        raise InputError(f"a note ends at {offset:.3f} s, before it begins at {onset:.3f} s")
