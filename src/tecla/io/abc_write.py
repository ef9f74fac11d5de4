"""A grid of voices -> ABC: one V: field a voice, spelt in the key that needs fewest accidentals."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.io.abc_key import accidentals_of
from tecla.io.target import write_whole

_STEPS: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_MAJORS: Final = {-4: "Ab", -3: "Eb", -2: "Bb", -1: "F", 0: "C", 1: "G", 2: "D", 3: "A", 4: "E"}
_SIGNS: Final = {1: "^", 0: "=", -1: "_"}
_SIXTEENTHS: Final = 16  # in a 4/4 bar


def save_abc(text: str, path: Path) -> None:
    """Writes a tune, whole or not at all.

    Raises:
        OutputError: the target cannot be written.
    """
    write_whole(path, text.encode("utf-8"))


def grid_to_abc(grid: NDArray[np.integer], title: str, quarters_per_minute: float = 96.0) -> str:
    """Four voices (or any number) on a grid of 16ths as a tune in 4/4. Shape: (T, G) pitches, -1 silent."""
    sharps = _signature(grid)
    head = f"X:1\nT:{title}\nM:4/4\nL:1/16\nQ:1/4={quarters_per_minute:g}\n"
    voices = [f"V:{number} clef={_clef(voice)}\n" for number, voice in enumerate(grid.T, 1)]
    music = [f"V:{number}\n{_music(voice, sharps)}\n" for number, voice in enumerate(grid.T, 1)]
    return head + "".join(voices) + f"K:{_MAJORS[sharps]}\n" + "".join(music)


def _signature(grid: NDArray[np.integer]) -> int:
    counts = np.bincount(grid[grid >= 0] % 12, minlength=12)
    inside = {sharps: sum(counts[(step + accidentals_of(sharps)[name]) % 12] for name, step in _STEPS.items()) for sharps in _MAJORS}
    return max(inside, key=lambda sharps: (inside[sharps], -abs(sharps)))


def _clef(voice: NDArray[np.integer]) -> str:
    sung = voice[voice >= 0]
    return "bass" if len(sung) and np.median(sung) < 57 else "treble"


def _music(voice: NDArray[np.integer], sharps: int) -> str:
    """Bars of one voice; a note over a bar line is tied; the last bar is filled up with rests."""
    filled = np.concatenate([voice, np.full(-len(voice) % _SIXTEENTHS, -1)])
    bars = []
    for begin in range(0, len(filled), _SIXTEENTHS):
        bar, written, altered = filled[begin : begin + _SIXTEENTHS], [], dict(accidentals_of(sharps))
        edges = [0, *(np.flatnonzero(np.diff(bar)) + 1).tolist(), _SIXTEENTHS]
        octaves: dict[tuple[str, int], int] = {}
        for left, right in pairwise(edges):
            pitch, length = int(bar[left]), right - left
            goes_on = right == _SIXTEENTHS and begin + right < len(filled) and filled[begin + right] == pitch and pitch >= 0
            name = "z" if pitch < 0 else _spelt(pitch, altered, octaves, sharps)
            written.append(f"{name}{length if length > 1 else ''}{'-' if goes_on else ''}")
        bars.append(" ".join(written))
    return "|".join(bars) + "|]"


def _spelt(pitch: int, altered: dict[str, int], octaves: dict[tuple[str, int], int], sharps: int) -> str:
    """A pitch in letters; writes an accidental only where the bar so far does not imply it."""
    spellings = [(name, size) for name, step in _STEPS.items() for size in (-1, 0, 1) if (step + size) % 12 == pitch % 12]
    side = -1 if sharps < 0 else 1
    name, size = min(spellings, key=lambda spelling: (altered[spelling[0]] != spelling[1], spelling[1] == -side, abs(spelling[1])))
    octave = (pitch - _STEPS[name] - size) // 12 - 5
    sign = "" if octaves.get((name, octave), altered[name]) == size else _SIGNS[size]
    octaves[name, octave] = size
    letter = name if octave < 1 else name.lower()
    return sign + letter + ("'" * (octave - 1) if octave > 1 else "," * -octave if octave < 0 else "")
