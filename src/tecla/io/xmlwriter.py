"""Score -> MusicXML 4.0 (score-partwise), one piano part on two staves.

Order of elements follows the schema (musicxml.xsd, W3C Music Notation Community Group, 2021): a reader that validates
accepts the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import lcm
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from tecla.music.notation import PLAIN_VALUES, STEPS, NoteValue, alter_in_key
from tecla.music.score import RIGHT, Clef, Direction, Event, Head, Measure, Score

_HEADER: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">\n'
)
_ARTICULATIONS: Final = ("accent", "strong-accent", "staccato", "tenuto", "staccatissimo")
_ORNAMENTS: Final = ("trill-mark", "turn", "inverted-turn", "mordent", "inverted-mordent")
_ACCIDENTALS: Final = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
FAINT: Final = "#9C9C9C"  # of notes that are drawn pale
_AT_THE_TOP: Final = ("tempo", "swing")  # directions that stand above the system
SWING: Final = "Swing"
_CLEFS: Final = (("G", 2), ("F", 4))


def score_to_xml(score: Score) -> str:
    """The text of a .musicxml file."""
    root = Element("score-partwise", version="4.0")
    if score.title:
        SubElement(SubElement(root, "work"), "work-title").text = _clean(score.title)
    identification = SubElement(root, "identification")
    if score.composer:
        SubElement(identification, "creator", type="composer").text = _clean(score.composer)
    SubElement(SubElement(identification, "encoding"), "software").text = "tecla"
    _credits(root, score)
    part_list = SubElement(SubElement(root, "part-list"), "score-part", id="P1")
    SubElement(part_list, "part-name", {"print-object": "no"}).text = "Piano"
    part = SubElement(root, "part", id="P1")
    divisions = _divisions(score)
    for index, (before, measure, after) in enumerate(_neighbours(score.measures)):
        part.append(_measure(measure, before, after, divisions, index))
    ElementTree.indent(root, " ")
    return _HEADER + ElementTree.tostring(root, encoding="unicode") + "\n"


def _credits(root: Element, score: Score) -> None:
    """Title and composer as they stand on the first page, in tenths of an A4 page."""
    places = (("title", score.title, "600", "1600", "center", "24"), ("composer", score.composer, "1130", "1520", "right", "12"))
    for kind, text, x, y, justify, size in places:
        if text:
            credit = SubElement(root, "credit", page="1")
            SubElement(credit, "credit-type").text = kind
            words = {"default-x": x, "default-y": y, "justify": justify, "valign": "top", "font-size": size}
            SubElement(credit, "credit-words", words).text = _clean(text)


def _clean(text: str) -> str:
    """Text without the control characters that XML forbids."""
    return "".join(c for c in text if c.isprintable())


def _divisions(score: Score) -> int:
    """The fewest parts of a quarter in which every duration and position is whole."""
    found = 1
    for measure in score.measures:
        found = lcm(found, measure.length.denominator, *(d.position.denominator for d in measure.directions))
        for events in measure.voices.values():
            found = lcm(found, *(event.duration.denominator for event in events))
    return found


def _neighbours(measures: tuple[Measure, ...]) -> Iterator[tuple[Measure | None, Measure, Measure | None]]:
    """Each measure between the one before and the one after it."""
    return zip((None, *measures[:-1]), measures, (*measures[1:], None), strict=True)


def _measure(measure: Measure, before: Measure | None, after: Measure | None, divisions: int, index: int) -> Element:
    element = Element("measure", number=measure.number or str(index + 1))
    if measure.length != measure.time.bar_quarters:
        element.set("implicit", "yes")
    repeat, turns = measure.repeat, ",".join(map(str, measure.repeat.turns))
    if repeat.begins or (turns and (before is None or before.repeat.turns != repeat.turns)):
        _barline(element, "left", "heavy-light" if repeat.begins else "", (turns, "start"), "forward" if repeat.begins else "")
    _attributes(element, measure, before, divisions)
    for direction in (d for d in measure.directions if d.kind in _AT_THE_TOP):
        element.append(_direction(direction, divisions, beat=measure.time.beat_quarters))
    told = sorted((d for d in measure.directions if d.kind not in _AT_THE_TOP), key=lambda d: d.position)
    voices = list(measure.voices.items())
    accidentals = _needed_accidentals(measure)
    for rank, (voice, events) in enumerate(voices):
        if rank:
            SubElement(SubElement(element, "backup"), "duration").text = str(_parts(measure.length, divisions))
        staff = events[0].staff if events else 1
        first = staff not in {e[0].staff for _, e in voices[:rank] if e}
        own = [d for d in told if d.staff == staff] if first else []
        clefs = sorted((c for c in measure.clefs if c.staff == staff and c.position > 0), key=lambda c: c.position) if first else []
        _write_voice(element, events, voice, own, clefs, divisions, accidentals)
    closes = bool(turns) and (after is None or after.repeat.turns != repeat.turns)
    if repeat.ends or closes or after is None:
        ending = (turns, "stop" if repeat.ends else "discontinue") if closes else ("", "")
        _barline(element, "right", "light-heavy" if repeat.ends or after is None else "", ending, "backward" if repeat.ends else "")
    return element


def _barline(element: Element, location: str, style: str, ending: tuple[str, str], direction: str) -> None:
    """A bar line with what it says of a repeat: `ending` is for which turns, and whether its bracket starts or stops."""
    line = SubElement(element, "barline", location=location)
    if style:
        SubElement(line, "bar-style").text = style
    if ending[0]:
        SubElement(line, "ending", number=ending[0], type=ending[1]).text = f"{ending[0]}." if ending[1] == "start" else None
    if direction:
        SubElement(line, "repeat", direction=direction)


def _attributes(element: Element, measure: Measure, before: Measure | None, divisions: int) -> None:
    new_key = before is None or before.key_fifths != measure.key_fifths
    new_time = before is None or before.time != measure.time
    opening = {clef.staff: clef for clef in measure.clefs if clef.position == 0}
    if not (new_key or new_time or opening):
        return
    attributes = SubElement(element, "attributes")
    if before is None:
        SubElement(attributes, "divisions").text = str(divisions)
    if new_key:
        SubElement(SubElement(attributes, "key"), "fifths").text = str(measure.key_fifths)
    if new_time:
        time = SubElement(attributes, "time")
        SubElement(time, "beats").text = str(measure.time.beats)
        SubElement(time, "beat-type").text = str(measure.time.unit)
    if before is None:
        staves = max((event.staff for events in measure.voices.values() for event in events), default=len(_CLEFS))
        SubElement(attributes, "staves").text = str(staves)
        for staff, (sign, line) in enumerate(_CLEFS[:staves], 1):
            opening.setdefault(staff, Clef(Fraction(0), staff, sign, line))
    for _, clef in sorted(opening.items()):
        _clef(attributes, clef)


def _clef(attributes: Element, clef: Clef) -> None:
    node = SubElement(attributes, "clef", number=str(clef.staff))
    SubElement(node, "sign").text = clef.sign
    SubElement(node, "line").text = str(clef.line)


def _parts(quarters: Fraction, divisions: int) -> int:
    return int(quarters * divisions)


def _write_voice(
    element: Element,
    events: Iterable[Event],
    voice: int,
    told: list[Direction],
    clefs: list[Clef],
    divisions: int,
    accidentals: dict[int, str],
) -> None:
    """One voice of a measure, and what its staff is told on the way: a clef before the event that begins at its place, or the next one."""
    at = Fraction(0)
    waiting, turns = list(told), list(clefs)
    for event in events:
        while turns and turns[0].position <= at:
            _clef(SubElement(element, "attributes"), turns.pop(0))
        while waiting and waiting[0].position < at + event.duration:
            element.append(_direction(waiting.pop(0), divisions, at))
        if event.hidden and not event.heads:
            SubElement(SubElement(element, "forward"), "duration").text = str(_parts(event.duration, divisions))
        elif not event.heads:
            element.append(_note(event, None, voice, divisions, False, None))
        for i, head in enumerate(event.heads):
            element.append(_note(event, head, voice, divisions, i > 0, accidentals.get(id(head))))
        at += event.duration
    for direction in waiting:
        element.append(_direction(direction, divisions, at))
    for clef in turns:
        _clef(SubElement(element, "attributes"), clef)


def _note(event: Event, head: Head | None, voice: int, divisions: int, chord: bool, accidental: str | None) -> Element:
    note = Element("note", {"color": FAINT} if head and head.faint else {})
    if event.grace:
        SubElement(note, "grace", {} if event.beams else {"slash": "yes"})
    if chord:
        SubElement(note, "chord")
    if head is None:
        SubElement(note, "rest", {"measure": "yes"} if event.value is None else {})
    else:
        pitch = SubElement(note, "pitch")
        SubElement(pitch, "step").text = head.pitch.step
        if head.pitch.alter:
            SubElement(pitch, "alter").text = str(head.pitch.alter)
        SubElement(pitch, "octave").text = str(head.pitch.octave)
    if not event.grace:
        SubElement(note, "duration").text = str(_parts(event.duration, divisions))
    ties = [kind for kind, here in (("stop", head and head.tied_from), ("start", head and head.tied_to)) if here]
    for kind in ties:
        SubElement(note, "tie", type=kind)
    SubElement(note, "voice").text = str(voice)
    _write_value(note, event.value)
    if accidental:
        SubElement(note, "accidental").text = accidental
    if event.value and event.value.tuplet:
        _time_modification(note, event.value.tuplet)
    if event.stem and head:
        SubElement(note, "stem").text = event.stem
    SubElement(note, "staff").text = str(event.staff)
    for number, word in enumerate(event.beams if not chord else (), 1):
        SubElement(note, "beam", number=str(number)).text = word
    _notations(note, event, ties, chord)
    return note


def _write_value(note: Element, value: NoteValue | None) -> None:
    if value is not None:
        SubElement(note, "type").text = value.type
        for _ in range(value.dots):
            SubElement(note, "dot")


def _time_modification(note: Element, tuplet: tuple[int, int]) -> None:
    ratio = SubElement(note, "time-modification")
    SubElement(ratio, "actual-notes").text = str(tuplet[0])
    SubElement(ratio, "normal-notes").text = str(tuplet[1])


def _notations(note: Element, event: Event, ties: list[str], chord: bool) -> None:
    notations = Element("notations")
    for kind in ties:
        SubElement(notations, "tied", type=kind)
    marks = () if chord else event.marks
    if not chord:
        for word in ("stop", "start"):
            if word in event.bracket and event.bracket != "startstop":
                SubElement(notations, "tuplet", type=word)
    _group(notations, "ornaments", [mark for mark in _ORNAMENTS if mark in marks])
    _group(notations, "articulations", [mark for mark in _ARTICULATIONS if mark in marks])
    if "fermata" in marks:
        SubElement(notations, "fermata", type="upright")
    if "arpeggiate" in event.marks:
        SubElement(notations, "arpeggiate")
    if len(notations):
        note.append(notations)


def _group(notations: Element, name: str, marks: list[str]) -> None:
    if marks:
        group = SubElement(notations, name)
        for mark in marks:
            SubElement(group, mark)


def _direction(direction: Direction, divisions: int, at: Fraction = Fraction(0), beat: Fraction = Fraction(1)) -> Element:
    above = direction.kind in _AT_THE_TOP or (direction.kind == "octave-shift" and direction.staff == RIGHT)
    element = Element("direction", placement="above" if above else "below")
    kind = SubElement(element, "direction-type")
    if direction.kind == "tempo":
        metronome = SubElement(kind, "metronome")
        unit = PLAIN_VALUES.get(beat, PLAIN_VALUES[Fraction(1)])  # what the reader counts: dotted quarters in 6/8, halves in 2/2
        SubElement(metronome, "beat-unit").text = unit.type
        for _ in range(unit.dots):
            SubElement(metronome, "beat-unit-dot")
        SubElement(metronome, "per-minute").text = str(round(float(direction.value) / float(unit.quarters)))
    elif direction.kind == "dynamics":
        SubElement(SubElement(kind, "dynamics"), direction.value)
    elif direction.kind == "swing":
        SubElement(kind, "words", {"font-weight": "bold"}).text = SWING
    elif direction.kind == "words":
        SubElement(kind, "words").text = _clean(direction.value)
    elif direction.kind == "pedal":
        SubElement(kind, "pedal", {"type": direction.value, "line": "yes", "sign": "no"})
    else:
        SubElement(kind, direction.kind, {"type": direction.value, **({"size": "8"} if direction.kind == "octave-shift" else {})})
    offset = _parts(direction.position - at, divisions)
    if offset:
        SubElement(element, "offset").text = str(offset)
    SubElement(element, "staff").text = str(direction.staff)
    if direction.kind == "tempo":
        SubElement(element, "sound", tempo=direction.value)
    elif direction.kind == "swing":
        swing = SubElement(SubElement(element, "sound"), "swing")
        for name, part in zip(("first", "second"), direction.value.split(":"), strict=True):
            SubElement(swing, name).text = part
        SubElement(swing, "swing-type").text = "eighth"
    return element


def _needed_accidentals(measure: Measure) -> dict[int, str]:
    """Accidentals to print, by identity of the head: where a pitch differs from what key and bar have said so far."""
    said: dict[tuple[int, str, int], int] = {}
    signature = {step: alter_in_key(step, measure.key_fifths) for step in STEPS}
    out: dict[int, str] = {}
    placed = []
    for voice, events in measure.voices.items():
        at = Fraction(0)
        for order, event in enumerate(events):
            placed += [(at, not event.grace, voice, order, event.staff, head) for head in event.heads]
            at += event.duration
    for _, _, _, _, staff, head in sorted(placed, key=lambda item: item[:4]):
        place = (staff, head.pitch.step, head.pitch.octave)
        if said.get(place, signature[head.pitch.step]) != head.pitch.alter and not head.tied_from:
            out[id(head)] = _ACCIDENTALS[head.pitch.alter]
            said[place] = head.pitch.alter
    return out
