"""Octave lines: over a passage far above the staff, not over a single high note."""

from fractions import Fraction

from tecla.engraving.ottava import add_octave_lines
from tecla.music.notation import SpelledPitch, TimeSignature
from tecla.music.score import Event, Head, Measure


def bar(octaves: tuple[int, ...], staff: int = 1, second: bool = False) -> Measure:
    """Quarters on C of the given octaves; `second` adds a second voice on the same staff."""
    events = tuple(Event(Fraction(1), (Head(SpelledPitch("C", 0, octave)),), staff) for octave in octaves)
    voices = {1: events, 2: tuple(events)} if second else {1: events}
    return Measure(TimeSignature(len(octaves), 4), 0, voices, Fraction(len(octaves)))


def told(measures: list[Measure]) -> list[tuple[int, Fraction, str]]:
    return [(i, d.position, d.value) for i, m in enumerate(add_octave_lines(measures)) for d in m.directions]


def test_a_high_passage_stands_under_an_octave_line() -> None:
    page = [bar((5, 5, 5, 7)), bar((7, 7, 7, 7)), bar((7, 5, 5, 5))]
    assert told(page) == [(0, Fraction(3), "down"), (2, Fraction(1), "stop")]


def test_the_line_covers_no_note_that_lies_well() -> None:
    page = [bar((5, 5, 5, 5)), bar((7, 7, 7, 7)), bar((7, 7, 7, 7)), bar((5, 5, 5, 5))]
    assert told(page) == [(1, Fraction(0), "down"), (2, Fraction(4), "stop")]


def test_one_high_note_keeps_its_ledger_lines() -> None:
    assert told([bar((5, 5, 7, 5)), bar((5, 5, 5, 5))]) == []


def test_notes_just_above_the_staff_keep_theirs_however_many() -> None:
    assert told([bar((6, 6, 6, 6))] * 8) == []  # C6 on its second ledger line


def test_only_the_deepest_left_hand_stands_over_one() -> None:
    assert told([bar((1, 1, 1, 1), 2)] * 8) == [(0, Fraction(0), "up"), (7, Fraction(4), "stop")]
    assert told([bar((2, 2, 2, 2), 2)] * 8) == []


def test_two_voices_keep_their_ledger_lines() -> None:
    assert told([bar((7, 7, 7, 7), second=True), bar((7, 7, 7, 7), second=True)]) == []
