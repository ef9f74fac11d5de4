from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from tecla.errors import InputError
from tecla.music.notation import NoteValue, SpelledPitch, TimeSignature
from tecla.music.playing import play_score
from tecla.music.score import Direction, Event, Head, Measure, Score, cut_loose_ties

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


def grace(pitch: SpelledPitch) -> Event:
    return Event(Fraction(0), (Head(pitch),), grace=True)


def test_grace_notes_are_played_one_after_the_other() -> None:
    score = Score((bar(note(1), grace(E4), grace(SpelledPitch("D", 0, 4)), note(1)),), tempo_bpm=60.0)
    played = play_score(score).notes
    assert played["pitch"].tolist() == [60, 64, 62, 60]
    assert played["onset_sec"].round(2).tolist() == [0.0, 0.88, 0.94, 1.0]


@pytest.mark.parametrize(
    ("sign", "pitches"),
    [("trill-mark", [60, 62] * 6 + [60]), ("inverted-mordent", [60, 62, 60]), ("mordent", [60, 59, 60]), ("turn", [62, 60, 59, 60])],
)
def test_ornaments_are_played_out_and_end_with_their_note(sign: str, pitches: list[int]) -> None:
    marked = replace(note(1), marks=(sign,))
    played = play_score(Score((bar(marked, note(1)),), tempo_bpm=60.0)).notes
    assert played["pitch"].tolist() == [*pitches, 60]
    assert played["offset_sec"][len(pitches) - 1] == pytest.approx(1.0)
    assert (np.diff(played["onset_sec"]) > 0).all()


def test_only_the_top_of_a_chord_is_trilled() -> None:
    chord = Event(Fraction(1), (Head(SpelledPitch("C", 0, 4)), Head(E4)), marks=("inverted-mordent",))
    played = play_score(Score((bar(chord, note(1)),), tempo_bpm=60.0)).notes
    assert sorted(played["pitch"].tolist()) == [60, 60, 64, 64, 65]


def test_a_page_plays_at_each_of_its_tempi() -> None:
    faster = replace(bar(note(1), note(1)), directions=(Direction(Fraction(0), "tempo", "120"),))
    played = play_score(Score((bar(note(1), note(1)), faster, bar(note(2))), tempo_bpm=60.0)).notes
    assert played["onset_sec"].tolist() == [0.0, 1.0, 2.0, 2.5, 3.0]
    assert played["offset_sec"].max() == 4.0
