"""What may follow, character by character, in a tune that parses and whose bars add up.

The sublanguage is that of the Irish corpus: fields X T Z M L K, eighths as unit, notes with accidentals, octave marks, lengths 2..8, /,
3/2, triplets, dotted pairs, bars, repeats and numbered endings; a pickup is made good by the last bar of its section. Everything stays on
a grid of half eighths, so that no choice can lead where no bar can be completed.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Final

METERS: Final = {"C": 8, "C|": 8, "4/4": 8, "2/4": 4, "3/4": 6, "6/8": 6, "9/8": 9, "12/8": 12, "2/2": 8, "3/8": 3}
KEYS: Final = tuple(
    f"{tonic} {mode}"
    for mode, tonics in {
        "Major": ("G", "D", "A", "F", "C", "E", "Bb"),
        "Minor": ("E", "A", "D", "B", "G", "F#"),
        "Dorian": ("A", "E", "D", "G", "B"),
        "Mixolydian": ("D", "A", "G", "E"),
    }.items()
    for tonic in tonics
)
KINDS: Final = ("hornpipe", "jig", "miscellaneous", "ocarolan", "polka", "reel", "setdance", "slide", "slipjig", "waltz")
_DIGITS: Final = frozenset("0123456789")
_TITLE: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ',.-()&!?")
_LETTERS: Final = frozenset("ABCDEFGabcdefg")
_HALF: Final = Fraction(1, 2)
_LONGEST_TITLE: Final = 40


class AbcGrammar:
    """Follows a tune and says which characters may come next; "" among them means that it may end."""

    def __init__(self) -> None:
        self._line, self._header = "", 0  # which header line is being written, 6: the body
        self.meter, self.bars = Fraction(8), 0
        self._at = "line"
        self._done = self._pickup = Fraction(0)  # eighths in this bar; those of the section's pickup
        self._pending = Fraction(0)  # length of the note being written
        self._triplet, self._triplet_note = 0, Fraction(0)
        self._first, self._closing, self._closed, self._space = True, False, False, False
        self._ending = self._slashed = False  # inside a numbered ending; the note being written is divided

    @property
    def line(self) -> str:
        """What has been written of the present field."""
        return self._line

    @property
    def in_key_field(self) -> bool:
        """Whether the K: field is being written."""
        return self._header == 5

    @property
    def section_begins(self) -> bool:
        """Whether a section of the body begins here."""
        return self._header == 6 and self._at == "line" and self._first

    def allowed(self, finish: bool = False) -> set[str]:
        """Characters that may come next. With `finish` the tune closes at the next bar where it can."""
        if self._header < 6:
            return self._header_allowed()
        choices = getattr(self, f"_after_{self._at}")()
        if finish and ":" in choices:
            return {":"}
        if finish and "" in choices:
            return {""}
        return set(choices)

    def advance(self, character: str) -> None:
        """Takes one character of the tune. Characters beyond the sublanguage (a prompt may have them) are passed over."""
        if self._header < 6:
            self._header_advance(character)
        else:
            self._body_advance(character)

    # -- fields -----------------------------------------------------------------------------------------------------

    def _header_allowed(self) -> set[str]:
        line, step = self._line, self._header
        if step == 1 and line.startswith("T:"):
            title = line[2:]
            letters = set(_TITLE) if title else set(_TITLE - {" "})
            return ({"\n"} if title.strip() else set()) | (letters if len(title) < _LONGEST_TITLE else set())
        stems = {0: ("X:",), 1: ("T:",), 2: tuple(f"Z: id:dc-{kind}-" for kind in KINDS)}.get(step)
        if stems and line in stems:
            return set("123456789")
        if stems and any(line.startswith(stem) for stem in stems):
            return {"\n"} | (set(_DIGITS) if len(line.rpartition("-" if step == 2 else ":")[2]) < 3 else set())
        wholes = {3: tuple(f"M:{m}" for m in METERS), 4: ("L:1/8",), 5: tuple(f"K:{key}" for key in KEYS)}.get(step, stems or ())
        return {whole[len(line)] for whole in wholes if whole.startswith(line) and whole != line} | ({"\n"} if line in wholes else set())

    def _header_advance(self, character: str) -> None:
        if character != "\n":
            self._line += character
            return
        field, value = self._line[:2], self._line[2:].strip()
        if field == "M:" and value in METERS:
            self.meter = Fraction(METERS[value])
        self._header = {"X:": 1, "T:": 2, "Z:": 3, "M:": 4, "L:": 5, "K:": 6}.get(field, self._header)
        self._line = ""

    # -- body: what may follow --------------------------------------------------------------------------------------

    def _room(self) -> Fraction:
        return self.meter - self._done

    def _after_line(self) -> set[str]:
        return self._starts() | ({"["} if self.bars else set()) | ({""} if self._closed else set())

    def _after_item(self) -> set[str]:
        return self._starts() | self._bars_allowed() | ({" "} if not self._space and self._room() > 0 and not self._triplet else set())

    def _starts(self) -> set[str]:
        """How a note may begin."""
        room = self._room()
        if room < _HALF:
            return set()
        if self._triplet:
            return set(_LETTERS) | set("^=_")
        return set(_LETTERS) | set("^=_z") | ({"("} if room >= 2 else set())

    def _bars_allowed(self) -> set[str]:
        if self._triplet or self._done == 0:
            return set()
        full, complement = self._done == self.meter, self._pickup > 0 and self._done == self.meter - self._pickup
        if full or complement:
            return {"|", ":"}
        return {"|"} if self._first and self._done <= self.meter / 2 else set()

    def _after_accidental(self) -> set[str]:
        return set(_LETTERS)

    def _after_note(self) -> set[str]:
        room, marks = self._room(), {","} if self._line.isupper() else {"'"} if self._line in "abcdefg" else set()
        if self._triplet:
            return marks | self._triplet_lengths()
        lengths = {"/"} | {str(d) for d in (2, 3, 4, 6, 8) if d <= room or (d == 3 and room >= Fraction(3, 2))}
        dotted = {">"} if room >= 2 else set()
        return marks | lengths | (dotted | self._following(Fraction(1)) if room >= 1 else set())

    def _triplet_lengths(self) -> set[str]:
        """In a triplet all notes are as long as the first: eighths where two fit, else sixteenths."""
        if self._triplet == 3:
            fits = self._room() >= 2
            return (self._following(Fraction(2, 3)) if fits else set()) | {"/"}
        return {"/"} if self._triplet_note == Fraction(1, 3) else self._following(Fraction(2, 3))

    def _following(self, length: Fraction) -> set[str]:
        """What an item may be followed by once a note of `length` is counted."""
        before, self._done = self._done, self._done + length
        left, self._triplet = self._triplet, max(0, self._triplet - 1)
        space, self._space = self._space, False
        choices = self._after_item()
        self._done, self._triplet, self._space = before, left, space
        return choices

    def _after_octave(self) -> set[str]:
        return self._after_note() - {",", "'"}

    def _after_digit(self) -> set[str]:
        room, choices = self._room(), set()
        if self._pending == 3 and room >= Fraction(3, 2):
            choices |= {"/"}
        return choices | (self._following(self._pending) if self._pending <= room else set())

    def _after_slash(self) -> set[str]:
        return ({"2"} if self._pending == 3 else set()) | self._following(self._length())

    def _after_halved(self) -> set[str]:
        return self._following(self._length())

    def _after_fixed(self) -> set[str]:
        return self._following(self._pending)

    def _after_paren(self) -> set[str]:
        return {"3"}

    def _after_dotted(self) -> set[str]:
        return set(_LETTERS)

    def _after_colon(self) -> set[str]:
        return {"|"}

    def _after_bar(self) -> set[str]:
        if self._closed:
            return {"!"}
        if self._closing:
            return {"!", "]", "["}
        return self._starts() | ({"]", "!", "["} if self._line == "full" else set())

    def _after_bang(self) -> set[str]:
        return {"\n"}

    def _after_bracket(self) -> set[str]:
        return {"1", "2"}

    def _after_ending(self) -> set[str]:
        return {" "}

    # -- body: what has come ----------------------------------------------------------------------------------------

    def _body_advance(self, c: str) -> None:
        if self._at in ("note", "octave", "digit", "slash", "halved", "fixed"):
            if self._lengthen(c):
                return
            self._commit(dotted=c in "<>")
        if c in _LETTERS or c == "z":
            self._begin_note(c)
        elif c in "^=_":
            self._at = "accidental"
        elif c in "|:!]\n[":
            self._punctuate(c)
        elif c == "(":
            self._at = "paren"
        elif self._at == "paren" and c == "3":
            self._triplet, self._at = 3, "item"
        elif self._at == "bracket" and c in "12":
            self._at, self._first, self._ending = "ending", True, True
        elif c == " ":
            self._at = "item"
        self._space = c == " "

    def _begin_note(self, c: str) -> None:
        dotted = self._at == "dotted"
        self._line, self._pending, self._slashed = c, Fraction(1), False
        self._closed = False
        self._at = "fixed" if dotted else "note"

    def _lengthen(self, c: str) -> bool:
        """Takes an octave mark or a piece of a length; False when the note is over."""
        if c in ",'" and self._at in ("note", "fixed"):
            self._at = "octave" if self._at == "note" else "fixed"
        elif c in _DIGITS and self._at in ("note", "octave"):
            self._pending, self._at = Fraction(int(c) or 1), "digit"
        elif c == "/" and self._at in ("note", "octave", "digit"):
            self._slashed, self._at = True, "slash"
        elif c in _DIGITS and self._at == "slash":  # the 2 of 3/2
            self._at = "halved"
        else:
            return False
        return True

    def _length(self) -> Fraction:
        length = self._pending / (2 if self._slashed else 1)
        return length * Fraction(2, 3) if self._triplet else length

    def _commit(self, dotted: bool) -> None:
        length = self._length()
        self._done += length
        if self._triplet:
            self._triplet, self._triplet_note = self._triplet - 1, length
        self._at = "dotted" if dotted else "item"

    def _punctuate(self, c: str) -> None:
        if c == "|":
            self._end_bar(repeated=self._at == "colon")
        elif c == ":":
            self._at = "colon"
        elif c == "]":
            self._closed, self._at = True, "bar"
        elif c == "!":
            self._at = "bang"
        elif c == "[":
            self._at = "bracket"
        else:
            if self._closed or self._closing:
                self._first = True
            self._at, self._closing = "line", False

    def _end_bar(self, repeated: bool) -> None:
        full = self._done >= self.meter
        if self._first and not full and not repeated:
            self._pickup, self._closing, self._line = self._done, False, "pickup"
        else:
            if self._first and not self._ending:  # a numbered ending makes good its section's pickup
                self._pickup = Fraction(0)
            self._closing, self._line = not full, "full" if full else "short"
            self.bars += 1
        self._first, self._closed = False, repeated
        self._ending = self._ending and not full and not repeated
        if repeated or self._closing:
            self._first = True
        self._done, self._triplet, self._at = Fraction(0), 0, "bar"


May = Callable[[AbcGrammar], set[str]]  # which characters may come next where a grammar stands, "" for the end
