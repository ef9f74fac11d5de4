"""Time that a file has ruled already: quarters, bars and hands of music that a program wrote, and nobody played."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from tecla.music.beatmap import BeatMap
from tecla.music.notation import TimeSignature

Metres = tuple[tuple[Fraction, TimeSignature], ...]  # each time signature with the quarter from which on it holds
Keys = tuple[tuple[Fraction, int], ...]  # each key signature, in fifths, likewise


@dataclass(frozen=True, eq=False)
class Ruled:
    """What a file says of its notes, all of which keep to it.

    `metres` and `keys` rise; () where the file has none. `hands` says "L", "R" or "." for each note, or "" where the tracks are no hands.
    """

    beat_map: BeatMap
    metres: Metres = ()
    keys: Keys = ()
    hands: str = ""
