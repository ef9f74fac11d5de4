from fractions import Fraction

from tecla.engraving.clefs import choose_clefs
from tecla.music.notation import SpelledPitch, TimeSignature
from tecla.music.score import Event, Head, Measure


def bar(*octaves: int, staff: int = 2, quarters: int = 1) -> Measure:
    """Four quarters, or two halves, on G of an octave, or of one each."""
    heights = octaves if len(octaves) > 1 else octaves * (4 // quarters)
    events = tuple(Event(Fraction(quarters), (Head(SpelledPitch("G", 0, octave)),), staff) for octave in heights)
    return Measure(TimeSignature(4, 4), 0, {1: events}, Fraction(4))


def told(measures: list[Measure]) -> list[list[str]]:
    return [[clef.sign for clef in m.clefs] for m in choose_clefs(measures)]


def test_a_left_hand_that_stays_high_reads_in_treble() -> None:
    assert told([bar(3), bar(5), bar(5), bar(5), bar(3), bar(2), bar(2)]) == [[], ["G"], [], [], ["F"], [], []]


def test_one_high_chord_changes_nothing() -> None:
    assert told([bar(3), bar(4), bar(3)]) == [[], [], []]


def test_the_right_hand_may_begin_in_bass() -> None:
    assert told([bar(2, staff=1)] * 3) == [["F"], [], []]


def changes(measures: list[Measure]) -> list[list[tuple[Fraction, str]]]:
    return [[(clef.position, clef.sign) for clef in measure.clefs] for measure in choose_clefs(measures)]


def test_a_clef_changes_within_a_bar_where_a_beat_begins() -> None:
    assert changes([bar(2), bar(2, 2, 5, 5), bar(5), bar(5, 5, 5, 2), bar(2)]) == [[], [(2, "G")], [], [(3, "F")], []]


def test_no_clef_changes_under_a_held_note() -> None:
    assert changes([bar(2), bar(2, 5, quarters=2), bar(5)]) == [[], [(2, "G")], []]
    held = Event(Fraction(4), (Head(SpelledPitch("G", 0, 2)),), 2)
    above = Measure(TimeSignature(4, 4), 0, {5: (held,), 6: bar(2, 2, 5, 5).voices[1]}, Fraction(4))
    assert changes([bar(2), above, bar(5)]) == [[], [], [(0, "G")]]
