"""Placed: a note on its way to the page, between what was played and what is written."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Placed:
    """A note with its written place: onset and end in ticks from the first bar line, staff, voice, spelling.

    `source` is its index in the performance; grace notes end where they begin and stand before the note at their onset.
    """

    onset: int
    end: int
    pitch: int
    staff: int
    source: int
    velocity: int = 64
    voice: int = 1
    fifths: int = 0
    grace: bool = False
    marks: tuple[str, ...] = ()
