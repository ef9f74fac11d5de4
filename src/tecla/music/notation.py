"""What a page is spelt with: pitches with a letter, key and time signatures, note values."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Final

from tecla.errors import InputError, OptionError

STEPS: Final = "FCGDAEB"  # in order of fifths: F = -1, C = 0, ... B = 5 on the line of fifths
_SEMITONES: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_DIATONIC: Final = "CDEFGAB"

VALUE_QUARTERS: Final = {
    "breve": Fraction(8),
    "whole": Fraction(4),
    "half": Fraction(2),
    "quarter": Fraction(1),
    "eighth": Fraction(1, 2),
    "16th": Fraction(1, 4),
    "32nd": Fraction(1, 8),
    "64th": Fraction(1, 16),
    "128th": Fraction(1, 32),
    "256th": Fraction(1, 64),
}
MOST_ALTERATION: Final = 2


@dataclass(frozen=True, slots=True)
class SpelledPitch:
    """A pitch as written: letter, accidental in semitones (-2 double flat .. 2 double sharp), scientific octave (C4 = MIDI 60).

    >>> SpelledPitch("E", -1, 4).midi, str(SpelledPitch("F", 1, 5))
    (63, 'F#5')
    """

    step: str
    alter: int
    octave: int

    def __post_init__(self) -> None:
        if self.step not in _SEMITONES or abs(self.alter) > MOST_ALTERATION:
            raise InputError(f"{self.step!r} altered by {self.alter} is no written pitch: letters A to G, at most two accidentals")

    def __str__(self) -> str:
        return self.step + ("#" * self.alter if self.alter >= 0 else "b" * -self.alter) + str(self.octave)

    @property
    def midi(self) -> int:
        """MIDI pitch."""
        return 12 * (self.octave + 1) + _SEMITONES[self.step] + self.alter

    @property
    def fifths(self) -> int:
        """Place on the line of fifths: F = -1, C = 0, G = 1, B flat = -2, F sharp = 6."""
        return STEPS.index(self.step) - 1 + 7 * self.alter

    @property
    def diatonic(self) -> int:
        """Staff degree, 7 an octave, C0 = 0: what decides the height on the staff."""
        return 7 * self.octave + _DIATONIC.index(self.step)

    @classmethod
    def from_fifths(cls, midi: int, fifths: int) -> SpelledPitch:
        """The spelling of MIDI pitch `midi` that stands at `fifths` on the line of fifths.

        Raises:
            InputError: the two do not name the same key of the piano.
        """
        alter, place = divmod(fifths + 1, 7)
        step = STEPS[place]
        octave, rest = divmod(midi - alter - _SEMITONES[step], 12)
        if rest:
            raise InputError(f"MIDI pitch {midi} cannot be spelt {step} altered by {alter}")
        return cls(step, alter, octave - 1)


@dataclass(frozen=True, slots=True)
class TimeSignature:
    """Metre: `beats` units of `unit` (4 = quarter) fill a bar.

    >>> TimeSignature(6, 8).bar_quarters, TimeSignature(6, 8).beat_quarters
    (Fraction(3, 1), Fraction(3, 2))
    """

    beats: int
    unit: int

    def __post_init__(self) -> None:
        if not 1 <= self.beats <= 64 or self.unit not in (1, 2, 4, 8, 16, 32, 64):
            raise InputError(f"{self.beats}/{self.unit} is no time signature: 1 to 64 beats of a 1, 2, 4, 8, 16, 32 or 64")

    def __str__(self) -> str:
        return f"{self.beats}/{self.unit}"

    @classmethod
    def parse(cls, text: str) -> TimeSignature:
        """Reads "3/4", or "C" for 4/4."""
        above, _, below = ("4/4" if text.strip() == "C" else text).partition("/")
        if not (above.strip().isdigit() and below.strip().isdigit()):
            raise InputError(f"{text!r} is no time signature: write it like 3/4 or 6/8")
        return cls(int(above), int(below))

    @property
    def bar_quarters(self) -> Fraction:
        """Length of a bar in quarters."""
        return Fraction(4 * self.beats, self.unit)

    @property
    def compound(self) -> bool:
        """True where three units make a felt beat: 6/8, 9/8, 12/8, 6/4 ..., not 3/8 and 3/4."""
        return self.beats % 3 == 0 and self.beats > 3

    @property
    def beat_quarters(self) -> Fraction:
        """Length of a felt beat in quarters: a quarter in 3/4, a dotted quarter in 6/8, the whole bar in 3/8."""
        if self.compound or (self.beats == 3 and self.unit >= 8):
            return Fraction(12, self.unit)
        return Fraction(4, self.unit)


@dataclass(frozen=True)
class NoteValue:
    """A written value: type, dots, and tuplet as (actual, normal): (3, 2) is a triplet.

    >>> NoteValue("quarter", 1).quarters, NoteValue("eighth", 0, (3, 2)).quarters
    (Fraction(3, 2), Fraction(1, 3))
    """

    type: str
    dots: int = 0
    tuplet: tuple[int, int] | None = None

    @cached_property
    def quarters(self) -> Fraction:
        """Length in quarters."""
        length = VALUE_QUARTERS[self.type] * (2 - Fraction(1, 2**self.dots))
        return length if self.tuplet is None else length * self.tuplet[1] / self.tuplet[0]


def _single_values() -> dict[Fraction, NoteValue]:
    values = {}
    for dots in (2, 1, 0):
        for name in VALUE_QUARTERS:
            value = NoteValue(name, dots)
            values[value.quarters] = value
    return values


PLAIN_VALUES: Final = _single_values()


def alter_in_key(step: str, fifths: int) -> int:
    """The accidental that a signature of so many fifths gives a letter.

    >>> [alter_in_key(step, -3) for step in "BEADFC"], alter_in_key("F", 1)
    ([-1, -1, -1, 0, 0, 0], 1)
    """
    sharps, flats = STEPS[: max(fifths, 0)], STEPS[len(STEPS) + min(fifths, 0) :]
    return (step in sharps) - (step in flats)


def parse_key(text: str) -> int:
    """Key signature in fifths from a key's name: a letter, an accidental, "m" for minor; or the number itself.

    >>> parse_key("Eb"), parse_key("F#m"), parse_key("-2")
    (-3, 3, -2)

    Raises:
        OptionError: no key, or one of more than seven accidentals.
    """
    name = text.strip()
    if name.lstrip("+-").isdigit():
        fifths = int(name)
    else:
        minor = name.endswith("m") or name.lower().endswith("minor")
        root = name.lower().removesuffix("minor").removesuffix("major").removesuffix("m").strip().capitalize()
        if root[:1] not in tuple(STEPS) or root[1:] not in ("", "#", "b"):
            raise OptionError(f"{text!r} is no key: write it like Eb, F#m or -3")
        fifths = STEPS.index(root[0]) - 1 + 7 * root.count("#") - 7 * root[1:].count("b") - 3 * minor
    if not -7 <= fifths <= 7:
        raise OptionError(f"{text!r} needs {abs(fifths)} accidentals: a key signature has at most 7")
    return fifths
