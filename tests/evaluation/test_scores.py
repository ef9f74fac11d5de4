"""A score against itself costs nothing; one moved note costs what Nakamura et al. (2018) say."""

from dataclasses import replace
from fractions import Fraction

import pytest

from tecla.evaluation.scores import evaluate_score
from tecla.music.notation import SpelledPitch, TimeSignature
from tecla.music.score import Event, Head, Measure, Score

FOUR = TimeSignature(4, 4)
SCALE = [SpelledPitch(step, 0, 4) for step in "CDEFGAB"] + [SpelledPitch("C", 0, 5)]


def melody(durations: list[Fraction], pitches: list[SpelledPitch] = SCALE, staff: int = 1, key: int = 0) -> Score:
    """Notes one after another in one long bar."""
    events = tuple(Event(d, (Head(p),), staff) for d, p in zip(durations, pitches, strict=True))
    length = sum(durations, Fraction(0))
    return Score((Measure(FOUR, key, {1: events}, length),))


EVEN = [Fraction(1)] * 8


def test_a_score_against_itself() -> None:
    metrics = evaluate_score(melody(EVEN), melody(EVEN))
    assert metrics.muster == metrics.staff_error == 0
    assert metrics.voice_f == metrics.spelling_accuracy == metrics.time_accuracy == metrics.key_accuracy == 1


def test_half_tempo_is_one_change_of_scale() -> None:
    metrics = evaluate_score(melody(EVEN), melody([Fraction(1, 2)] * 8))
    assert metrics.onset_rate == pytest.approx(100 / 8)
    assert metrics.offset_rate == pytest.approx(100 / 8)  # only the last note, which no onset follows


def test_one_late_note_is_two_shifts() -> None:
    late = [Fraction(1)] * 3 + [Fraction(5, 4), Fraction(3, 4)] + [Fraction(1)] * 3
    metrics = evaluate_score(melody(EVEN), melody(late))
    assert metrics.onset_rate == pytest.approx(200 / 8)
    assert metrics.offset_rate == 0


def test_a_longer_gap_is_one_shift() -> None:
    metrics = evaluate_score(melody(EVEN), melody([*EVEN[:3], Fraction(2), *EVEN[4:]]))
    assert metrics.onset_rate == pytest.approx(100 / 8)


def test_wrong_missing_and_extra_notes() -> None:
    wrong = [*SCALE[:3], SpelledPitch("F", 1, 4), *SCALE[4:]]
    assert evaluate_score(melody(EVEN), melody(EVEN, wrong)).pitch_rate == pytest.approx(100 / 8)
    fewer = melody([*EVEN[:2], Fraction(2), *EVEN[4:]], [*SCALE[:3], *SCALE[4:]])
    assert evaluate_score(melody(EVEN), fewer).missing_rate == pytest.approx(100 / 8)
    assert evaluate_score(fewer, melody(EVEN)).extra_rate == pytest.approx(100 / 8)


def test_a_shorter_note_is_a_wrong_offset() -> None:
    events = [Event(Fraction(1), (Head(p),)) for p in SCALE]
    events[2:3] = [replace(events[2], duration=Fraction(1, 2)), Event(Fraction(1, 2))]
    score = Score((Measure(FOUR, 0, {1: tuple(events)}, Fraction(8)),))
    metrics = evaluate_score(melody(EVEN), score)
    assert metrics.offset_rate == pytest.approx(100 / 8)
    assert metrics.onset_rate == 0


def test_staff_spelling_and_signatures() -> None:
    assert evaluate_score(melody(EVEN), melody(EVEN, staff=2)).staff_error == 100
    flat = [*SCALE[:7], SpelledPitch("B", 1, 4)]
    assert evaluate_score(melody(EVEN), melody(EVEN, flat)).spelling_accuracy == pytest.approx(7 / 8)
    assert not evaluate_score(melody(EVEN), melody(EVEN, key=2)).key_signature_right


def test_nothing_against_something() -> None:
    rest = Score((Measure(FOUR, 0, {1: (Event(Fraction(4)),)}, Fraction(4)),))
    assert evaluate_score(melody(EVEN), rest).missing_rate == 100
    assert evaluate_score(rest, rest).muster == 0
