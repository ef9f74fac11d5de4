"""Repeats: in what order bars are played, and scores with what is repeated written out."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tecla.errors import InputError
from tecla.music.notation import NoteValue, SpelledPitch, TimeSignature
from tecla.music.playing import play_score
from tecla.music.repeats import MOST_TURNS, NO_REPEAT, Repeat, played_order, with_openings
from tecla.music.score import Event, Head, Measure, Score, unfold

BEGINS, ENDS = Repeat(begins=True), Repeat(ends=True)


def bars(*repeats: Repeat) -> Score:
    """A bar of one quarter for each, on C4, D4, E4 ..."""
    return Score(tuple(bar(step, repeat) for step, repeat in zip("CDEFGAB", repeats, strict=False)), tempo_bpm=60)


def bar(step: str, repeat: Repeat, tied_from: bool = False, tied_to: bool = False) -> Measure:
    event = Event(Fraction(1), (Head(SpelledPitch(step, 0, 4), tied_from, tied_to),), value=NoteValue("quarter"))
    return Measure(TimeSignature(1, 4), 0, {1: (event,)}, Fraction(1), repeat=repeat)


@pytest.mark.parametrize(
    ("signs", "order"),
    [
        ((NO_REPEAT, NO_REPEAT), [0, 1]),
        ((NO_REPEAT, ENDS, NO_REPEAT), [0, 1, 0, 1, 2]),  # without a sign that opens: from the beginning
        ((NO_REPEAT, BEGINS, ENDS), [0, 1, 2, 1, 2]),
        ((Repeat(True, True), Repeat(True, True)), [0, 0, 1, 1]),
        ((NO_REPEAT, Repeat(ends=True, turns=(1,)), Repeat(turns=(2,)), NO_REPEAT), [0, 1, 0, 2, 3]),
        ((NO_REPEAT, Repeat(ends=True, turns=(1, 2)), Repeat(turns=(3,))), [0, 1, 0, 1, 0, 2]),
        ((NO_REPEAT, Repeat(turns=(1,)), Repeat(ends=True, turns=(1,)), Repeat(turns=(2,)), ENDS), [0, 1, 2, 0, 3, 4, 4]),
        ((ENDS, NO_REPEAT, ENDS), [0, 0, 1, 2, 1, 2]),
        ((NO_REPEAT, BEGINS, NO_REPEAT), [0, 1, 2]),  # a sign that nothing closes
    ],
)
def test_the_order_in_which_bars_are_played(signs: tuple[Repeat, ...], order: list[int]) -> None:
    assert played_order(signs) == order


@given(st.lists(st.builds(Repeat, st.booleans(), st.booleans(), st.lists(st.integers(1, MOST_TURNS), max_size=2).map(tuple)), max_size=40))
def test_any_signs_have_an_end(signs: list[Repeat]) -> None:
    order = played_order(signs)
    assert len(order) <= MOST_TURNS * len(signs)
    assert {at for at, sign in enumerate(signs) if not sign.turns} <= set(order)
    assert played_order(with_openings(signs)) == order


def test_a_page_is_played_with_its_repeats() -> None:
    score = bars(NO_REPEAT, Repeat(ends=True, turns=(1,)), Repeat(turns=(2,)))
    assert play_score(score).notes["pitch"].tolist() == [60, 62, 60, 64]
    assert [note.pitch.midi for note in score.notes()] == [60, 62, 64]


def test_a_tie_into_another_ending_is_cut() -> None:
    first = bar("D", Repeat(ends=True, turns=(1,)), tied_from=True)
    score = Score((bar("D", NO_REPEAT, tied_to=True), first, bar("E", Repeat(turns=(2,)))))
    assert [note.duration for note in unfold(score).notes()] == [2, 1, 1]


def test_a_score_without_repeats_stays_itself() -> None:
    score = bars(NO_REPEAT, NO_REPEAT)
    assert unfold(score) is score


def test_an_ending_for_the_hundredth_time_is_refused() -> None:
    with pytest.raises(InputError, match="must be 1 to 16"):
        Repeat(turns=(1, 100))
