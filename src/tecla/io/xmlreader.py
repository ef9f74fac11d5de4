"""MusicXML -> Score: one part or several, each measure made whole, loose ties cut.

Files in the wild leave voices unfinished, write bars longer than their metre and ties without an end. The reader mends
what has one obvious meaning: gaps become hidden rests, a loose tie is dropped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Final
from xml.etree.ElementTree import Element

from tecla.errors import InputError
from tecla.io.xmlwriter import FAINT
from tecla.music.notation import VALUE_QUARTERS, NoteValue, SpelledPitch, TimeSignature
from tecla.music.repeats import MOST_TURNS, NO_REPEAT, Repeat
from tecla.music.score import Clef, Direction, Event, Head, Measure, Score, cut_loose_ties

_EXACT: Final = re.compile(r"\s*[+-]?\d{0,9}\.?\d{0,9}\s*")  # no exponents: 1e999999999 is a number that fills the memory
_MOST_STAVES: Final = 64
_MOST_VOICES: Final = 1000
_MOST_PARTS: Final = 64
_MOST_HEADS: Final = 128  # in a chord
_MOST_MARKS: Final = 32
_ALTERS: Final = range(-2, 3)
_MARK_PARENTS: Final = ("articulations", "ornaments", "technical")
_VOICES_PER_PART: Final = 16


@dataclass
class _State:
    """What carries over from measure to measure of a part."""

    divisions: Fraction = Fraction(1)
    time: TimeSignature = field(default_factory=lambda: TimeSignature(4, 4))
    fifths: int = 0
    turns: tuple[int, ...] = ()


@dataclass
class _Draft:
    """One measure of one part while it is read."""

    time: TimeSignature
    fifths: int
    placed: dict[int, list[tuple[Fraction, Event]]] = field(default_factory=dict)
    directions: list[Direction] = field(default_factory=list)
    clefs: list[Clef] = field(default_factory=list)
    length: Fraction = Fraction(0)
    number: str = ""
    repeat: Repeat = NO_REPEAT


def tree_to_score(root: Element) -> Score:
    """Reads a score-partwise tree. Several parts are stacked: their staves and voices are numbered on.

    Raises:
        InputError: it is not score-partwise, has no measure, or a number in it is none.
    """
    if root.tag != "score-partwise":
        raise InputError(f"its root is <{root.tag}>, not <score-partwise>")
    try:
        parts = _read_parts(root)
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        raise InputError(f"a number in it cannot be ({error})") from error
    if not any(parts):
        raise InputError("it holds no measure")
    measures = tuple(_finish([part[i] for part in parts if i < len(part)]) for i in range(max(map(len, parts))))
    title = root.findtext("work/work-title") or root.findtext("movement-title") or ""
    composer = next((item.text or "" for item in root.iter("creator") if item.get("type") == "composer"), "")
    tempo = next((float(sound.get("tempo", "")) for sound in root.iter("sound") if _number(sound.get("tempo"))), None)
    return Score(cut_loose_ties(measures), title.strip(), composer.strip(), tempo)


def _read_parts(root: Element) -> list[list[_Draft]]:
    parts, staves = [], 0
    elements = root.findall("part")
    if len(elements) > _MOST_PARTS:
        raise ValueError(f"{len(elements)} parts, more than {_MOST_PARTS}")
    for index, part in enumerate(elements):
        parts.append(_read_part(part, index, staves))
        staves += max((_staff(item.text) for item in part.iter("staff")), default=1)
    return parts


def _exact(text: str) -> Fraction:
    """A decimal number. ValueError for any other, and for one of more than nine digits before or after its point."""
    if not _EXACT.fullmatch(text):
        raise ValueError(f"{text.strip()[:20]!r}")
    return Fraction(text)


def _staff(text: str | None) -> int:
    return _within(text, _MOST_STAVES)


def _within(text: str | None, most: int, least: int = 1) -> int:
    number = int(text or 1)
    if not least <= number <= most:
        raise ValueError(f"{number} is not within {least} to {most}")
    return number


def _number(text: str | None) -> bool:
    return bool(text) and re.fullmatch(r"[0-9]{1,4}(\.[0-9]*)?", str(text)) is not None and float(str(text)) > 0


def _read_part(part: Element, part_index: int, first_staff: int) -> list[_Draft]:
    state = _State()
    return [_read_measure(element, state, part_index, first_staff) for element in part.findall("measure")]


def _read_measure(element: Element, state: _State, part_index: int, first_staff: int) -> _Draft:
    draft = _Draft(state.time, state.fifths, number=element.get("number", ""), repeat=Repeat(turns=state.turns))
    position = Fraction(0)
    for item in element:
        if item.tag == "attributes":
            _read_attributes(item, state, draft, position, first_staff)
        elif item.tag in ("backup", "forward"):
            step = _exact(item.findtext("duration") or "0") / state.divisions
            position = max(Fraction(0), position + (step if item.tag == "forward" else -step))
        elif item.tag == "note":
            event, voice = _read_note(item, state, part_index, first_staff)
            in_chord, unwritten = item.find("chord") is not None, event.hidden and item.find("cue") is not None
            if in_chord and (unwritten or _add_to_chord(draft, voice, event)):
                continue
            if not unwritten:  # small notes are music; hidden ones tell a program how an ornament goes
                draft.placed.setdefault(voice, []).append((position, event))
            position += event.duration
        elif item.tag == "direction":
            draft.directions += _read_direction(item, state, position, first_staff)
        elif item.tag == "barline":
            _read_barline(item, state, draft)
        draft.length = max(draft.length, position)
    return draft


def _read_barline(item: Element, state: _State, draft: _Draft) -> None:
    """Signs of a repeat, and numbered endings, which last until their bracket stops."""
    repeat, ending = item.find("repeat"), item.find("ending")
    if ending is not None and ending.get("type") == "start":
        named = {int(number) for number in re.findall(r"\d{1,2}", ending.get("number", ""))}
        state.turns = tuple(sorted(turn for turn in named if 1 <= turn <= MOST_TURNS))
        draft.repeat = replace(draft.repeat, turns=state.turns)
    elif ending is not None:
        state.turns = ()
    if repeat is not None:
        forward = repeat.get("direction") == "forward"
        draft.repeat = replace(draft.repeat, begins=draft.repeat.begins or forward, ends=draft.repeat.ends or not forward)


def _read_attributes(item: Element, state: _State, draft: _Draft, position: Fraction, first_staff: int) -> None:
    if item.findtext("divisions"):
        state.divisions = _exact(item.findtext("divisions") or "1")
    if item.findtext("key/fifths") is not None:
        state.fifths = draft.fifths = max(-7, min(7, int(item.findtext("key/fifths") or 0)))
    beats, unit = item.findtext("time/beats"), item.findtext("time/beat-type")
    if beats and unit:
        total = sum(int(piece) for piece in beats.split("+"))
        state.time = TimeSignature(total, int(unit))
        draft.time = state.time if position == 0 else draft.time
    for clef in item.findall("clef"):
        staff = first_staff + _staff(clef.get("number"))
        draft.clefs.append(Clef(position, staff, clef.findtext("sign") or "G", int(clef.findtext("line") or 2)))


def _read_note(item: Element, state: _State, part_index: int, first_staff: int) -> tuple[Event, int]:
    grace = item.find("grace") is not None
    duration = Fraction(0) if grace else max(Fraction(0), _exact(item.findtext("duration") or "0") / state.divisions)
    staff = first_staff + _staff(item.findtext("staff"))
    voice = _VOICES_PER_PART * part_index + _within(item.findtext("voice"), _MOST_VOICES)
    heads = (_read_head(item),) if item.find("pitch") is not None else ()
    marks = tuple(mark.tag for parent in _MARK_PARENTS for group in item.findall(f"notations/{parent}") for mark in group)
    marks += tuple(name for name in ("arpeggiate", "fermata") if item.find(f"notations/{name}") is not None)
    if not grace and duration == 0:
        duration, grace = Fraction(0), True  # a note that lasts nothing and is no grace note: keep it as one
    event = Event(
        duration,
        heads,
        staff,
        _value(item, duration, grace),
        grace,
        item.get("print-object") == "no",
        marks[:_MOST_MARKS],
        stem=item.findtext("stem") or "",
    )
    return event, voice


def _read_head(item: Element) -> Head:
    step = item.findtext("pitch/step") or "C"
    octave = _within(item.findtext("pitch/octave") or "4", 9, -2)  # B sharp -2 is the lowest key of MIDI
    alter = int(float(item.findtext("pitch/alter") or 0))
    ties = {tie.get("type") for tie in item.findall("tie")}
    pitch = SpelledPitch(step.strip().upper(), alter if alter in _ALTERS else 0, octave)
    return Head(pitch, "stop" in ties, "start" in ties, item.get("id", ""), item.get("color", "").upper() == FAINT)


def _value(item: Element, duration: Fraction, grace: bool) -> NoteValue | None:
    kind = (item.findtext("type") or "").strip()
    if kind not in VALUE_QUARTERS:
        return None
    actual, normal = item.findtext("time-modification/actual-notes"), item.findtext("time-modification/normal-notes")
    value = NoteValue(kind, len(item.findall("dot")), (int(actual), int(normal)) if actual and normal else None)
    return value if grace or value.quarters == duration else None


def _add_to_chord(draft: _Draft, voice: int, event: Event) -> bool:
    placed = draft.placed.get(voice)
    if not placed or not event.heads or not placed[-1][1].heads:
        return False
    at, chord = placed[-1]
    if len(chord.heads) == _MOST_HEADS:
        raise ValueError(f"a chord of more than {_MOST_HEADS} notes")
    marks = chord.marks + tuple(mark for mark in event.marks if mark not in chord.marks)
    placed[-1] = (at, replace(chord, heads=chord.heads + event.heads, marks=marks))
    return True


def _read_direction(item: Element, state: _State, position: Fraction, first_staff: int) -> list[Direction]:
    at = position + _exact(item.findtext("offset") or "0") / state.divisions
    staff, found = first_staff + _staff(item.findtext("staff")), []
    long, short = (item.findtext(f"sound/swing/{name}") or "" for name in ("first", "second"))
    if re.fullmatch("[1-9][0-9]?", long) and re.fullmatch("[1-9][0-9]?", short):
        return [Direction(at, "swing", f"{long}:{short}", staff)]
    sound = item.find("sound")
    if sound is not None and _number(sound.get("tempo")):
        found.append(Direction(at, "tempo", sound.get("tempo", "")))
    for kind in item.findall("direction-type"):
        for element in kind:
            if element.tag == "dynamics" and len(element):
                found.append(Direction(at, "dynamics", element[0].tag, staff))
            elif element.tag in ("wedge", "pedal", "octave-shift"):
                found.append(Direction(at, element.tag, element.get("type", ""), staff))
            elif element.tag == "words" and element.text:
                found.append(Direction(at, "words", element.text.strip(), staff))
    return found


def _finish(drafts: list[_Draft]) -> Measure:
    """One measure of all parts that have it, every voice filled to the longest; its signs are those of the first."""
    first = drafts[0]
    length = max(draft.length for draft in drafts) or first.time.bar_quarters
    voices = {voice: _fill(placed, length) for draft in drafts for voice, placed in sorted(draft.placed.items())}
    directions = tuple(item for draft in drafts for item in draft.directions)
    clefs = tuple(item for draft in drafts for item in draft.clefs)
    return Measure(first.time, first.fifths, voices, length, directions, clefs, first.number, first.repeat)


def _fill(placed: list[tuple[Fraction, Event]], length: Fraction) -> tuple[Event, ...]:
    """Events end to end: gaps become hidden rests, what overlaps its successor is cut short."""
    events: list[Event] = []
    at = Fraction(0)
    placed = sorted(placed, key=lambda item: item[0])
    following, ends = length, []  # where the next event that takes time begins, for each
    for start, event in reversed(placed):
        ends.append(following)
        following = following if event.grace else start
    for (start, event), end in zip(placed, reversed(ends), strict=True):
        if start > at:
            events.append(Event(start - at, staff=event.staff, hidden=True))
            at = start
        duration = min(event.duration, max(end, at) - at) if not event.grace else Fraction(0)
        if duration == 0 and not event.grace:
            event = replace(event, grace=True)
        events.append(event if duration == event.duration else replace(event, duration=duration, value=None))
        at += duration
    if at < length:
        events.append(Event(length - at, staff=placed[-1][1].staff, hidden=True))
    return tuple(events)
