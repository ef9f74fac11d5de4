import io
import re
import zipfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from tecla.errors import InputError, OutputError
from tecla.io.musicxml import load_musicxml, save_musicxml
from tecla.io.xmlwriter import score_to_xml
from tecla.music.notation import NoteValue, SpelledPitch, TimeSignature
from tecla.music.repeats import Repeat
from tecla.music.score import Clef, Direction, Event, Head, Measure, Score

EIGHTH = NoteValue("eighth", 0, (3, 2))


def page() -> Score:
    """A bar with a triplet, a chord, a grace note, a tie into the next bar, a rest and directions; two staves."""
    third = Fraction(1, 3)
    d, fis, g = SpelledPitch("D", 0, 5), SpelledPitch("F", 1, 4), SpelledPitch("G", 0, 2)
    triplet = [Event(third, (Head(d),), 1, EIGHTH, bracket=b) for b in ("start", "", "stop")]
    grace = Event(Fraction(0), (Head(fis),), 1, NoteValue("eighth"), grace=True)
    chord = Event(Fraction(2), (Head(fis), Head(d, tied_to=True)), 1, NoteValue("half"), marks=("staccato", "arpeggiate"))
    last = Event(Fraction(3), (Head(d, tied_from=True),), 1, NoteValue("half", 1))
    low = Event(Fraction(3), (Head(g),), 2, NoteValue("half", 1))
    told = (
        Direction(Fraction(0), "dynamics", "mf"),
        Direction(Fraction(1), "pedal", "start", 2),
        Direction(Fraction(3), "pedal", "stop", 2),
    )
    time = TimeSignature(3, 4)
    return Score(
        (
            Measure(time, 1, {1: (*triplet, grace, chord), 5: (low,)}, Fraction(3), told, (), "1"),
            Measure(time, 1, {1: (last,), 5: (Event(Fraction(3), staff=2),)}, Fraction(3), (), (), "2"),
        ),
        title="Waltz <1> & more",
        composer="Nobody",
        tempo_bpm=100.0,
    )


@pytest.mark.parametrize("name", ["page.musicxml", "page.xml", "page.mxl"])
def test_what_is_written_is_read(tmp_path: Path, name: str) -> None:
    score = page()
    save_musicxml(score, tmp_path / name)
    again = load_musicxml(tmp_path / name)
    mine, theirs = ([(n.onset, n.duration, n.pitch, n.staff, n.voice, n.grace, n.marks) for n in s.notes()] for s in (score, again))
    assert mine == theirs
    assert (again.title, again.composer) == (score.title, score.composer)
    assert [(d.kind, d.position, d.value) for d in again.measures[0].directions] == [
        ("dynamics", 0, "mf"), ("pedal", 1, "start"), ("pedal", 3, "stop")]  # fmt: skip


def test_repeats_are_written_and_read(tmp_path: Path) -> None:
    (first, second), signs = page().measures, [Repeat(begins=True), Repeat(ends=True, turns=(1, 2)), Repeat(turns=(3,)), Repeat(turns=(3,))]
    bars = [replace(bar, repeat=sign) for bar, sign in zip((first, second, first, second), signs, strict=True)]
    save_musicxml(Score(tuple(bars)), tmp_path / "page.musicxml")
    assert [bar.repeat for bar in load_musicxml(tmp_path / "page.musicxml").measures] == signs
    text = (tmp_path / "page.musicxml").read_text()
    assert [text.count(f'<ending number="{n}" type="{kind}"') for n, kind in (("1,2", "start"), ("1,2", "stop"), ("3", "start"))] == [1] * 3
    assert text.count('<ending number="3" type="discontinue"') == 1


def test_accidentals_are_printed_once_a_bar() -> None:
    cis, c = SpelledPitch("C", 1, 5), SpelledPitch("C", 0, 5)
    events = tuple(Event(Fraction(1), (Head(p),), 1, NoteValue("quarter")) for p in (cis, cis, c, c))
    text = score_to_xml(Score((Measure(TimeSignature(4, 4), 0, {1: events}, Fraction(4)),)))
    assert text.count("<accidental>sharp<") == 1
    assert text.count("<accidental>natural<") == 1


def test_an_entity_bomb_is_refused(tmp_path: Path) -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><score-partwise>&b;</score-partwise>'
    for encoding in ("utf-8", "utf-16"):
        (tmp_path / "bomb.musicxml").write_bytes(bomb.encode(encoding))
        with pytest.raises(InputError, match="entities"):
            load_musicxml(tmp_path / "bomb.musicxml")


def test_a_deep_tree_is_refused(tmp_path: Path) -> None:
    (tmp_path / "deep.musicxml").write_text("<score-partwise>" + "<part>" * 100_000 + "</part>" * 100_000 + "</score-partwise>")
    with pytest.raises(InputError, match="nested more than 64 deep"):
        load_musicxml(tmp_path / "deep.musicxml")


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("score.xml", b" " * (65 * 2**20))
    (tmp_path / "bomb.mxl").write_bytes(buffer.getvalue())
    with pytest.raises(InputError, match="unpacks to more than 16 MiB"):
        load_musicxml(tmp_path / "bomb.mxl")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "well-formed"),
        (b"<score-timewise/>", "score-timewise"),
        (b"<score-partwise/>", "no measure"),
        (b"PK\x03\x04 damaged", "damaged"),
        (b"\xff\xff\xff", "text is not"),
        (b"<score-partwise><part><measure><attributes><divisions>x</divisions></attributes></measure></part></score-partwise>", "number"),
    ],
)
def test_other_files_are_refused_with_their_name(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "odd.musicxml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=why) as told:
        load_musicxml(path)
    assert "odd.musicxml" in str(told.value)


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.xml"):
        load_musicxml(tmp_path / "none.xml")
    with pytest.raises(OutputError, match="nowhere"):
        save_musicxml(page(), tmp_path / "nowhere" / "page.xml")


def test_loose_ends_are_mended(tmp_path: Path) -> None:
    text = """<score-partwise><part-list/><part id="P1"><measure number="1"><attributes><divisions>2</divisions></attributes>
    <note><pitch><step>C</step><octave>4</octave></pitch><duration>4</duration><tie type="start"/><voice>1</voice></note>
    <backup><duration>2</duration></backup>
    <note><pitch><step>E</step><octave>4</octave></pitch><duration>6</duration><voice>2</voice></note>
    </measure></part></score-partwise>"""
    path = tmp_path / "loose.musicxml"
    path.write_text(text)
    score = load_musicxml(path)
    assert score.measures[0].length == 4
    assert [(str(n.pitch), n.onset, n.duration) for n in score.notes()] == [("C4", 0, 2), ("E4", 1, 3)]


def test_a_part_that_goes_on_alone_is_read_to_its_end(tmp_path: Path) -> None:
    def part(*bars: str) -> str:
        note = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>3</duration><voice>1</voice></note>"
        return "".join(f'<measure number="{k}">{signs}{note}</measure>' for k, signs in enumerate(bars, 1))

    signs = "<attributes><key><fifths>-2</fifths></key><time><beats>3</beats><beat-type>4</beat-type></time></attributes>"
    path = tmp_path / "long.musicxml"
    path.write_text(f'<score-partwise><part id="P1">{part(signs)}</part><part id="P2">{part(signs, "", "")}</part></score-partwise>')
    score = load_musicxml(path)
    assert [len(bar.voices) for bar in score.measures] == [2, 1, 1]
    assert {(str(bar.time), bar.key_fifths) for bar in score.measures} == {("3/4", -2)}


def test_small_notes_are_read_and_hidden_ones_only_take_their_time(tmp_path: Path) -> None:
    def note(step: str, inside: str = "", attributes: str = "") -> str:
        pitch = f"<pitch><step>{step}</step><octave>4</octave></pitch>"
        return f"<note{attributes}>{inside}{pitch}<duration>1</duration><voice>1</voice></note>"

    hidden = note("E", "<cue/>", ' print-object="no"') + note("G", "<cue/><chord/>", ' print-object="no"')
    text = (
        '<score-partwise><part-list/><part id="P1"><measure number="1"><attributes><divisions>1</divisions></attributes>'
        + note("C") + note("D", "<cue/>") + hidden + note("F") + "</measure></part></score-partwise>"
    )  # fmt: skip
    path = tmp_path / "small.musicxml"
    path.write_text(text)
    assert [(str(n.pitch), n.onset) for n in load_musicxml(path).notes()] == [("C4", 0), ("D4", 1), ("F4", 3)]


def test_one_grace_note_is_slashed_and_several_hang_together() -> None:
    def xml(*graces: tuple[str, ...]) -> str:
        c = Head(SpelledPitch("C", 0, 5))
        small = [Event(Fraction(0), (c,), 1, NoteValue("16th"), grace=True, beams=words) for words in graces]
        events = (*small, Event(Fraction(1), (c,), 1, NoteValue("quarter")))
        return score_to_xml(Score((Measure(TimeSignature(1, 4), 0, {1: events}, Fraction(1)),)))

    assert xml(()).count('slash="yes"') == 1
    two = xml(("begin", "begin"), ("end", "end"))
    assert two.count("<grace") == 2
    assert "slash" not in two
    assert two.count(">begin</beam>") == 2


def test_a_clef_within_a_bar_comes_back_where_it_was(tmp_path: Path) -> None:
    low, high = (Head(SpelledPitch("G", 0, octave)) for octave in (2, 5))
    events = tuple(Event(Fraction(1), (head,), 2, NoteValue("quarter")) for head in (low, high))
    clefs = (Clef(Fraction(1), 2, "G", 2),)
    save_musicxml(
        Score((Measure(TimeSignature(2, 4), 0, {1: (Event(Fraction(2)),), 5: events}, Fraction(2), (), clefs),)), tmp_path / "a.musicxml"
    )
    assert [(c.position, c.staff, c.sign) for c in load_musicxml(tmp_path / "a.musicxml").measures[0].clefs if c.position] == [(1, 2, "G")]


@pytest.mark.parametrize(
    ("time", "unit"),
    [
        ((3, 4), "<beat-unit>quarter</beat-unit><per-minute>90<"),
        ((6, 8), "<beat-unit>quarter</beat-unit><beat-unit-dot /><per-minute>60<"),
        ((2, 2), "<beat-unit>half</beat-unit><per-minute>45<"),
    ],
)
def test_a_metronome_mark_counts_beats(time: tuple[int, int], unit: str) -> None:
    metre = TimeSignature(*time)
    told = (Direction(Fraction(0), "tempo", "90"),)
    text = score_to_xml(Score((Measure(metre, 0, {1: (Event(metre.bar_quarters),)}, metre.bar_quarters, told, (), "1"),)))
    assert unit in re.sub(r"\s*\n\s*", "", text)
    assert 'tempo="90"' in text  # which is in quarters whatever is counted


def test_tempo_marks_come_back_where_they_were(tmp_path: Path) -> None:
    whole = Event(Fraction(4), (Head(SpelledPitch("C", 0, 4)),), 1, NoteValue("whole"))
    marks = [(Direction(Fraction(0), "tempo", "60"),), (Direction(Fraction(5, 2), "tempo", "96"),)]
    save_musicxml(
        Score(tuple(Measure(TimeSignature(4, 4), 0, {1: (whole,)}, Fraction(4), told) for told in marks)), tmp_path / "a.musicxml"
    )
    again = load_musicxml(tmp_path / "a.musicxml")
    assert [m.directions for m in again.measures] == marks
    assert again.tempo_bpm == 60
