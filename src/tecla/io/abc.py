"""ABC notation (standard 2.1): text -> Tune -> Performance.

Conventions: times within a tune are quarters, as Fractions. A line break written as "!" (as old programs did) is only a line break.
What is read: fields X T M L Q K V, notes, rests, chords, lengths, ties, tuplets, dotted pairs, bars, repeats, numbered endings, inline
fields; decorations, slurs, words, grace notes and chord names are passed over. Anything else is an error with its line and column.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Final

from tecla.errors import InputError
from tecla.io.abc_key import accidentals_of, sharps_of
from tecla.io.bounded import read_bounded

_LARGEST_FILE_BYTES: Final = 4 * 2**20
_PITCHES: Final = {"C": 60, "D": 62, "E": 64, "F": 65, "G": 67, "A": 69, "B": 71}
_ACCIDENTALS: Final = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}
_TUPLET_TIME: Final = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}  # notes of a (p that take the time of q
_MOST_TEMPO: Final = 10_000  # quarters a minute
_TOKEN: Final = re.compile(  # digits beyond what a number may have are no music
    r"(?P<inline>\[[A-Za-z]:[^\]\n]*\])"
    r"|(?P<bar>:*\|[:|\]]*|::+|\[\||\[(?=\d))(?P<ending>\s*\[?\d{1,2}(?:[,-]\d{1,2})*)?"
    r"|(?P<decoration>![^!\n|:\[\]]{1,20}!|\+[a-z]{1,20}\+|[.~HLMOPSTuv](?=[\^=_A-Ga-gz\[.~HLMOPSTuv]))|(?P<words>\"[^\"\n]*\")|(?P<grace>\{[^}\n]*\})"
    r"|(?P<tuplet>\(\d)(?P<tuplet_more>(?::\d{0,2}){0,2})|(?P<slur>[()])"
    r"|(?P<note>(?:\^\^|__|\^|_|=)?[A-Ga-g][,']*|[zxZ])(?P<length>\d{0,4}(?:/{1,10}\d{0,4})?)"
    r"|(?P<chord>\[)|(?P<chord_end>\])(?P<chord_length>\d{0,4}(?:/{1,10}\d{0,4})?)"
    r"|(?P<dotted>>{1,3}|<{1,3})|(?P<tie>-)|(?P<blank>[ \t`!\\y]+|\*)"
)


@dataclass(frozen=True)
class AbcNote:
    """A note or chord in its bar: onset and duration in quarters; no pitches is a rest, those `tied` go on in the next note."""

    onset: Fraction
    duration: Fraction
    pitches: tuple[int, ...]
    tied: tuple[int, ...] = ()


@dataclass
class Bar:
    """One bar: its notes, how long it is and should be (quarters), and the signs at its ends."""

    meter: Fraction | None
    notes: list[AbcNote] = field(default_factory=list)
    duration: Fraction = Fraction(0)
    begins_repeat: bool = False
    ends_repeat: bool = False
    endings: tuple[int, ...] = ()
    ends_section: bool = False
    line: int = 0


@dataclass
class Tune:
    """One tune: fields as written, and bars for each voice."""

    title: str = ""
    meter: str = "C"
    unit: Fraction | None = None
    tempo: float | None = None
    key: str = ""
    voices: dict[str, list[Bar]] = field(default_factory=dict)

    @property
    def bars(self) -> list[Bar]:
        """Bars of the first voice."""
        return next(iter(self.voices.values()), [])


def _text(path: Path) -> str:
    data = read_bounded(path, _LARGEST_FILE_BYTES)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no ABC text: byte {error.start} is not UTF-8; save it as plain text") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def load_abc(path: str | os.PathLike[str]) -> list[Tune]:
    """Every tune of an .abc file.

    Raises:
        InputError: missing, too large, no text, no tune, or a tune that does not parse.
    """
    return [parse_tune(block) for block in _blocks(Path(path))]


def load_abc_text(path: str | os.PathLike[str]) -> str:
    """The text of the first tune of an .abc file, once it has been found to parse.

    Raises:
        InputError: as `load_abc`.
    """
    return _blocks(Path(path))[0]


def _blocks(path: Path) -> list[str]:
    """The text of every tune, each found to parse."""
    blocks = [block for block in re.split(r"\n\s*\n", _text(path)) if re.search(r"^X:", block, re.MULTILINE)]
    if not blocks:
        raise InputError(f"{path} holds no tune: an ABC tune begins with a line X:1")
    try:
        for block in blocks:
            parse_tune(block)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    return blocks


def parse_tune(text: str) -> Tune:
    """A tune from its text.

    Raises:
        InputError: no K: field, an unknown key, meter or unit, or something in the music that is no ABC; says line and column.

    >>> [bar.duration for bar in parse_tune("X:1\\nT:Two bars\\nM:2/4\\nL:1/8\\nK:D\\nABcd|e2f2|]\\n").bars]
    [Fraction(2, 1), Fraction(2, 1)]
    """
    reader = _Reader()
    for number, line in enumerate(text.split("\n"), 1):
        reader.read_line(line.split("%")[0].rstrip(), number)
    if not reader.in_body:
        raise InputError("the tune has no K: field, which ends the head of every ABC tune")
    return reader.finish()


@dataclass
class _Signs:
    """What notes are read by: meter and unit in quarters, and the key's accidentals."""

    meter: Fraction | None = Fraction(4)
    unit: Fraction = Fraction(1, 2)
    accidentals: dict[str, int] = field(default_factory=lambda: dict.fromkeys("CDEFGAB", 0))


class _Reader:
    """Reads line after line; keeps the voice, the bar and the accidentals it is in.

    What stands before the first voice's music holds for all voices, what stands within a voice for that one alone.
    """

    def __init__(self) -> None:
        self.tune, self.in_body = Tune(), False
        self.head = self.signs = _Signs()
        self.signs_of: dict[str, _Signs] = {}
        self._voice("1")

    def _voice(self, name: str) -> None:
        self.name, bars = name, self.tune.voices.setdefault(name, [])
        if not self.in_body:
            return
        self.signs = self.signs_of.setdefault(name, replace(self.head))
        if not bars:
            bars.append(Bar(self.signs.meter))
        self.bars, self.bar = bars, bars[-1]
        self.bar_accidentals: dict[tuple[str, int], int] = {}
        self.tuplet: tuple[int, Fraction] = (0, Fraction(1))
        self.chord: list[AbcNote] | None = None
        self.dotted = Fraction(1)

    def finish(self) -> Tune:
        for name, bars in list(self.tune.voices.items()):
            kept = [bar for bar in bars if bar.duration or bar.begins_repeat]
            self.tune.voices[name] = kept
        self.tune.voices = {name: bars for name, bars in self.tune.voices.items() if any(bar.duration for bar in bars)}
        return self.tune

    def read_line(self, line: str, number: int) -> None:
        if re.match(r"^[A-Za-z]:", line) and not line.startswith(("|:", "A:|")):
            self._field(line[0], line[2:].strip(), number)
        elif self.in_body and line.strip():
            self._music(line, number)

    def _field(self, name: str, value: str, number: int) -> None:
        if name == "T" and not self.tune.title:
            self.tune.title = value
        elif name == "M":
            self._meter(value, number)
        elif name == "L":
            self.signs.unit = self.tune.unit = _fraction(value, number) * 4
        elif name == "Q":
            self.tune.tempo = _tempo(value, number)
        elif name == "V" and value:
            self._voice(value.split(maxsplit=1)[0])
        elif name == "K":
            self._key(value, number)

    def _meter(self, value: str, number: int) -> None:
        value = value.split(maxsplit=1)[0] if value else "none"
        if not self.in_body:
            self.tune.meter = value
        meter = None if value == "none" else {"C": Fraction(4), "C|": Fraction(4)}.get(value) or _fraction(value, number) * 4
        self.signs.meter = meter
        if self.signs is not self.head:
            self.bar.meter = meter
        if self.tune.unit is None and not self.in_body and meter is not None:
            self.signs.unit = Fraction(1, 2) if meter >= 3 else Fraction(1, 4)  # standard 3.1.7

    def _key(self, value: str, number: int) -> None:
        try:
            self.signs.accidentals = accidentals_of(sharps_of(value))
        except ValueError as error:
            raise InputError(f"line {number}: key {value[:40]!r} is unknown; write it as K:D or K:A dorian") from error
        if not self.in_body:
            self.tune.key, self.in_body = value, True

    def _music(self, line: str, number: int) -> None:
        if self.signs is self.head:
            self._voice(self.name)
        at = 0
        while at < len(line):
            found = _TOKEN.match(line, at)
            if found is None or not found.group(0):
                raise InputError(f"line {number}, column {at + 1}: {line[at : at + 8]!r} is no ABC music")
            self._token(found, number, at)
            at = found.end()

    def _token(self, found: re.Match[str], number: int, at: int) -> None:
        last = found.lastgroup or ""
        kind = {"length": "note", "ending": "bar", "tuplet_more": "tuplet", "chord_length": "chord_end"}.get(last, last)
        if kind == "inline":
            self._field(found.group()[1], found.group()[3:-1].strip(), number)
        elif kind == "bar":
            self._barline(found.group("bar"), found.group("ending") or "", number)
        elif kind == "tuplet":
            self._tuplet(found.group("tuplet"), found.group("tuplet_more"))
        elif kind == "note":
            self._note(found.group("note"), _length(found.group("length"), number, at), number)
        elif kind == "chord":
            self.chord = []
        elif kind == "chord_end":
            if self.chord is None:
                raise InputError(f"line {number}, column {at + 1}: ']' closes no chord")
            self._close_chord(_length(found.group("chord_length"), number, at), number)
        elif kind == "dotted":
            self._dot(found.group(), number, at)
        elif kind == "tie" and (notes := self.bar.notes if self.chord is None else self.chord):
            notes[-1] = replace(notes[-1], tied=notes[-1].pitches)

    def _barline(self, sign: str, ending: str, number: int) -> None:
        bar = self.bar
        if bar.duration:
            bar.ends_repeat |= sign.startswith(":") or sign == "::"
            bar.ends_section |= bar.ends_repeat or "||" in sign or "]" in sign
            self.bar = Bar(self.signs.meter, line=number)
            self.bars.append(self.bar)
        elif len(self.bars) > 1 and sign.startswith(":"):
            self.bars[-2].ends_repeat = self.bars[-2].ends_section = True
        self.bar.begins_repeat |= sign.endswith(":")
        if ending:
            spans = re.findall(r"(\d+)(?:-(\d+))?", ending)
            self.bar.endings = tuple(sorted({turn for first, last in spans for turn in range(int(first), int(last or first) + 1)}))
        self.bar_accidentals = {}

    def _tuplet(self, sign: str, more: str) -> None:
        p = int(sign[1:])
        given = [int(part) if part else 0 for part in more.split(":")[1:]]
        compound = self.signs.meter is not None and (self.signs.meter * 2) % 3 == 0
        q = (given[0] if given else 0) or _TUPLET_TIME.get(p, 3 if compound else 2)
        count = (given[1] if len(given) > 1 else 0) or p
        if p:
            self.tuplet = (count, Fraction(q, p))

    def _note(self, name: str, length: Fraction, number: int) -> None:
        if name == "Z":
            self._add((), (self.signs.meter or Fraction(4)) * length)
        elif name in "zx":
            self._add((), self._timed(length * self.signs.unit))
        elif self.chord is not None:
            self.chord.append(AbcNote(self.bar.duration, length, (self._pitch(name, number),)))
        else:
            self._add((self._pitch(name, number),), self._timed(length * self.signs.unit))

    def _close_chord(self, length: Fraction, number: int) -> None:
        if not self.chord:
            raise InputError(f"line {number}: a chord without notes")
        pitches, tied = (tuple(pitch for note in self.chord for pitch in getattr(note, name)) for name in ("pitches", "tied"))
        duration = self.chord[0].duration * length * self.signs.unit
        self.chord = None
        self._add(pitches, self._timed(duration), tied)

    def _timed(self, duration: Fraction) -> Fraction:
        count, ratio = self.tuplet
        if count:
            self.tuplet = (count - 1, ratio)
            duration *= ratio
        duration, self.dotted = duration * self.dotted, Fraction(1)
        return duration

    def _dot(self, sign: str, number: int, at: int) -> None:
        if not self.bar.notes:
            raise InputError(f"line {number}, column {at + 1}: {sign!r} follows no note")
        short = Fraction(1, 2 ** len(sign))
        last = self.bar.notes[-1]
        factor, self.dotted = (2 - short, short) if sign[0] == ">" else (short, 2 - short)
        self.bar.notes[-1] = replace(last, duration=last.duration * factor)
        self.bar.duration += last.duration * (factor - 1)

    def _add(self, pitches: tuple[int, ...], duration: Fraction, tied: tuple[int, ...] = ()) -> None:
        self.bar.notes.append(AbcNote(self.bar.duration, duration, pitches, tied))
        self.bar.duration += duration

    def _pitch(self, name: str, number: int) -> int:
        mark, letter, octaves = re.fullmatch(r"([\^=_]*)([A-Ga-g])([,']*)", name).groups()  # type: ignore[union-attr]
        octave = letter.islower() + octaves.count("'") - octaves.count(",")
        upper = letter.upper()
        if mark:
            self.bar_accidentals[upper, octave] = _ACCIDENTALS[mark]
        pitch = _PITCHES[upper] + 12 * octave + self.bar_accidentals.get((upper, octave), self.signs.accidentals[upper])
        if not 0 <= pitch <= 127:
            raise InputError(f"line {number}: the note {name[:20]} is beyond MIDI's range")
        return pitch


def _length(text: str, number: int, at: int) -> Fraction:
    """A length such as 2, /, 3/2 or //."""
    above, slashes, below = re.fullmatch(r"(\d*)(/*)(\d*)", text).groups()  # type: ignore[union-attr]
    divisor = int(below) if below and slashes else 2 ** len(slashes)
    if not int(above or 1) or not 0 < divisor <= 1024:
        raise InputError(f"line {number}, column {at + 1}: a note of length {text!r}")
    return Fraction(int(above or 1), divisor)


def _fraction(text: str, number: int) -> Fraction:
    found = re.fullmatch(r"\(?(\d{1,3}(?:\+\d{1,3})*)\)?/(\d{1,3})", text.replace(" ", ""))
    if found is None or int(found.group(2)) == 0:
        raise InputError(f"line {number}: {text[:40]!r} is no fraction such as 6/8")
    return Fraction(sum(map(int, found.group(1).split("+"))), int(found.group(2)))


def _tempo(text: str, number: int) -> float | None:
    """Quarters a minute from a Q: field."""
    tempo, endless = 0.0, re.search(r"\d{10}", text)
    found = None if endless else re.search(r"(?:(\d+)/(\d+)\s*=\s*)?(\d+(?:\.\d+)?)\s*(?:\"|$)", text)
    if found:
        beat = 4 * int(found.group(1)) / (int(found.group(2)) or 1) if found.group(1) else 1
        tempo = float(found.group(3)) * beat
    if endless or (tempo and not 1 <= tempo <= _MOST_TEMPO):
        raise InputError(f"line {number}: a tempo of {text[:40]!r}: must be 1 to {_MOST_TEMPO:,} quarters a minute")
    return tempo or None
