from fractions import Fraction

import pytest

from tecla.errors import InputError
from tecla.music.notation import NoteValue, SpelledPitch, TimeSignature
from tecla.music.playing import play_score
from tecla.music.score import Event, Head, Measure, Score, cut_loose_ties

C4, E4 = SpelledPitch("C", 0, 4), SpelledPitch("E", 0, 4)
TWO = TimeSignature(2, 4)


def note(quarters: int | Fraction, pitch: SpelledPitch = C4, tied_from: bool = False, tied_to: bool = False) -> Event:
    return Event(Fraction(quarters), (Head(pitch, tied_from, tied_to),))


def bar(*events: Event) -> Measure:
    return Measure(TWO, 0, {1: events}, Fraction(2))


def test_a_bar_must_add_up() -> None:
    with pytest.raises(InputError, match="lasts 1 quarters, the measure 2"):
        bar(note(1))


def test_a_value_must_last_what_it_says() -> None:
    with pytest.raises(InputError, match="is written as"):
        Event(Fraction(1), (Head(C4),), value=NoteValue("half"))


def test_only_grace_notes_last_nothing() -> None:
    with pytest.raises(InputError, match="grace"):
        note(0)


def test_ties_join() -> None:
    score = Score((bar(note(1, E4), note(1, tied_to=True)), bar(note(2, tied_from=True))))
    assert [(n.onset, n.duration, n.pitch) for n in score.notes()] == [(0, 1, E4), (1, 3, C4)]


@pytest.mark.parametrize("second", [note(2, E4, tied_from=True), note(2)])
def test_a_tie_needs_two_ends_of_one_pitch(second: Event) -> None:
    with pytest.raises(InputError, match="tie"):
        Score((bar(note(2, tied_to=True)), bar(second)))


def test_loose_ties_are_cut() -> None:
    measures = cut_loose_ties((bar(note(2, tied_to=True)), bar(note(2, E4, tied_from=True))))
    assert [n.duration for n in Score(measures).notes()] == [2, 2]


def test_a_page_plays_at_its_tempo() -> None:
    score = Score((bar(Event(Fraction(0), (Head(E4),), grace=True), note(1), note(1)),), tempo_bpm=60.0)
    played = play_score(score)
    assert played.notes["onset_sec"].tolist() == [0.0, 0.0, 1.0]
    assert played.notes["offset_sec"].max() == 2.0
