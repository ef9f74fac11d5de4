"""A Performance as the lines a listener may follow: top voice, bass, and every note in a line of its neighbours.

Each line is a sequence of single notes, ready to be searched for a melody. Every note of the Performance is in one of the inner lines,
which follow nearness in pitch and time; top and bass lie beside them, because a melody that leaps is nearest to its accompaniment.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tecla.errors import InputError
from tecla.music import Performance

TOP, BASS, INNER = range(3)
LINE_NAMES: Final = ("top voice", "bass", "inner voice")

_CHORD_SEC: Final = 0.035
_OVERLAP_SEC: Final = 0.1  # legato: a key may stay down so long into the next note of its line
_PAUSE_SEC: Final = 4.0  # after it, another line begins
_WIDEST_STEP: Final = 12
_BUSY_COST: Final = 8  # semitones: rather leap so far than strike a line's next note while its last is held
_SHORTEST_LINE: Final = 3


class Struck(NamedTuple):
    """A note as the lines see it."""

    onset_sec: float
    offset_sec: float
    pitch: int


@dataclass(frozen=True)
class Lines:
    """Lines one after the other.

    Shape:
        onset_sec (n,) float32, pitch (n,) uint8: of all notes; kind (l,) uint8: TOP, BASS or INNER; length (l,) uint32: notes in each line
    """

    onset_sec: NDArray[np.float32]
    pitch: NDArray[np.uint8]
    kind: NDArray[np.uint8]
    length: NDArray[np.uint32]

    def to_bytes(self) -> bytes:
        """Packed for the catalogue."""
        head = np.array([len(self.kind), len(self.pitch)], "<u4")
        parts = (head, self.kind, self.length.astype("<u4"), self.onset_sec.astype("<f4"), self.pitch)
        return zlib.compress(b"".join(part.tobytes() for part in parts), 1)

    @classmethod
    def from_bytes(cls, data: bytes) -> Lines:
        """The inverse of `to_bytes`.

        Raises:
            InputError: the bytes are damaged.
        """
        try:
            raw = zlib.decompress(data)
            n_lines, n_notes = (int(n) for n in np.frombuffer(raw, "<u4", 2))
            kind = np.frombuffer(raw, np.uint8, n_lines, 8)
            length = np.frombuffer(raw, "<u4", n_lines, 8 + n_lines)
            onset_sec = np.frombuffer(raw, "<f4", n_notes, 8 + 5 * n_lines)
            return cls(onset_sec, np.frombuffer(raw, np.uint8, n_notes, 8 + 5 * n_lines + 4 * n_notes), kind, length)
        except (zlib.error, ValueError) as error:
            raise InputError(f"the catalogue holds damaged melody lines ({error}): run tecla archive again") from error


def find_lines(performance: Performance) -> Lines:
    """Top voice, bass and inner lines of a Performance, each at least three notes long."""
    chords = list(_chords(performance))
    found = [(TOP, line) for line in _outer(chords, 1)] + [(BASS, line) for line in _outer(chords, -1)]
    found += [(INNER, line) for line in _inner(chords)]
    kept = [(kind, line) for kind, line in found if len(line) >= _SHORTEST_LINE]
    notes = [note for _, line in kept for note in line]
    return Lines(
        np.array([note.onset_sec for note in notes], np.float32),
        np.array([note.pitch for note in notes], np.uint8),
        np.array([kind for kind, _ in kept], np.uint8),
        np.array([len(line) for _, line in kept], np.uint32),
    )


def _chords(performance: Performance) -> Iterator[list[Struck]]:
    """Notes struck together, highest first, in order of time."""
    chord: list[Struck] = []
    for onset, offset, pitch in zip(*(performance.notes[name].tolist() for name in ("onset_sec", "offset_sec", "pitch")), strict=True):
        if chord and onset - chord[0].onset_sec > _CHORD_SEC:
            yield sorted(chord, key=lambda note: -note.pitch)
            chord = []
        chord.append(Struck(onset, offset, pitch))
    if chord:
        yield sorted(chord, key=lambda note: -note.pitch)


def _outer(chords: list[list[Struck]], side: int) -> Iterator[list[Struck]]:
    """The highest notes (side 1) or the lowest (-1), but for those struck while the line's last note is held beyond them."""
    line: list[Struck] = []
    for chord in chords:
        note = chord[0 if side > 0 else -1]
        if line and (line[-1].pitch - note.pitch) * side > 0 and line[-1].offset_sec > note.onset_sec + _OVERLAP_SEC:
            continue
        if line and note.onset_sec - line[-1].onset_sec > _PAUSE_SEC:
            yield line
            line = []
        line.append(note)
    yield line


def _inner(chords: list[list[Struck]]) -> Iterator[list[Struck]]:
    """Every note once, each in the line whose last note lies nearest."""
    lines: list[list[Struck]] = []
    for chord in chords:
        now = chord[0].onset_sec
        yield from (line for line in lines if now - line[-1].onset_sec > _PAUSE_SEC)
        lines = [line for line in lines if now - line[-1].onset_sec <= _PAUSE_SEC]
        for line, note in _matched(lines, chord):
            if line is None:
                lines.append([note])
            else:
                line.append(note)
    yield from lines


def _matched(lines: list[list[Struck]], chord: list[Struck]) -> Iterator[tuple[list[Struck] | None, Struck]]:
    """Each note of a chord with its line, nearest pairs first; None for one that begins a line."""
    offers = []
    for i, line in enumerate(lines):
        last = line[-1]
        for j, note in enumerate(chord):
            step = abs(note.pitch - last.pitch)
            busy = last.offset_sec > note.onset_sec + _OVERLAP_SEC and step > 0
            if step + _BUSY_COST * busy <= _WIDEST_STEP:
                offers.append((step + _BUSY_COST * busy, -last.onset_sec, i, j))
    free_lines, free_notes = set(range(len(lines))), set(range(len(chord)))
    for _, _, i, j in sorted(offers):
        if i in free_lines and j in free_notes:
            free_lines.remove(i)
            free_notes.remove(j)
            yield lines[i], chord[j]
    for j in sorted(free_notes):
        yield None, chord[j]
