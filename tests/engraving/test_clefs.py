from fractions import Fraction

from tecla.engraving.clefs import choose_clefs
from tecla.music.notation import SpelledPitch, TimeSignature
from tecla.music.score import Event, Head, Measure


def bar(octave: int, staff: int = 2) -> Measure:
    """Four quarters on G of an octave."""
    events = tuple(Event(Fraction(1), (Head(SpelledPitch("G", 0, octave)),), staff) for _ in range(4))
    return Measure(TimeSignature(4, 4), 0, {1: events}, Fraction(4))


def told(measures: list[Measure]) -> list[list[str]]:
    return [[clef.sign for clef in m.clefs] for m in choose_clefs(measures)]


def test_a_left_hand_that_stays_high_reads_in_treble() -> None:
    assert told([bar(3), bar(5), bar(5), bar(5), bar(3), bar(2), bar(2)]) == [[], ["G"], [], [], ["F"], [], []]


def test_one_high_chord_changes_nothing() -> None:
    assert told([bar(3), bar(4), bar(3)]) == [[], [], []]


def test_the_right_hand_may_begin_in_bass() -> None:
    assert told([bar(2, 1), bar(2, 1), bar(2, 1)]) == [["F"], [], []]
