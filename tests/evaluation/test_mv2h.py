"""MV2H's parts on bars that can be counted on one's fingers."""

from fractions import Fraction

import pytest

from tecla.evaluation.mv2h import evaluate_mv2h, groupings
from tecla.music.notation import SpelledPitch, TimeSignature
from tecla.music.score import Event, Head, Measure, Score

SCALE = [SpelledPitch(step, 0, 4) for step in "CDEFGABC"]


def bars(time: TimeSignature, lengths: list[list[Fraction]], key: int = 0, scale: Fraction = Fraction(1)) -> Score:
    """Bars of notes up the scale, one voice."""
    pitches = iter(SCALE * 9)
    measures = []
    for row in lengths:
        events = tuple(Event(d * scale, (Head(next(pitches)),)) for d in row)
        measures.append(Measure(time, key, {1: events}, sum(row, Fraction(0)) * scale))
    return Score(tuple(measures))


QUARTERS = [[Fraction(1)] * 4] * 4
FOUR = bars(TimeSignature(4, 4), QUARTERS)


def test_a_score_against_itself_is_perfect() -> None:
    assert evaluate_mv2h(FOUR, FOUR).as_dict() == dict.fromkeys(
        ("mv2h", "mv2h_multi_pitch", "mv2h_voice", "mv2h_metre", "mv2h_value", "mv2h_harmony"), 1.0
    )


def test_groupings_of_a_bar_and_of_a_pickup() -> None:
    assert len(groupings(bars(TimeSignature(4, 4), QUARTERS[:1]))) == 1 + 4 + 8
    assert len(groupings(bars(TimeSignature(6, 8), [[Fraction(1), Fraction(2)]]))) == 1 + 2 + 6
    pickup = groupings(bars(TimeSignature(3, 4), [[Fraction(3, 2)]]))
    assert [0.0, 0.5] in pickup.tolist()
    assert [0.5, 1.5] in pickup.tolist()


def test_bars_of_two_for_bars_of_four_keep_beats_and_divisions() -> None:
    halves = bars(TimeSignature(2, 4), [[Fraction(1)] * 2] * 8)
    metrics = evaluate_mv2h(FOUR, halves)
    assert metrics.metre == pytest.approx(2 * (16 + 32) / (52 + 56))
    assert metrics.multi_pitch == metrics.voice == metrics.value == metrics.harmony == 1.0


def test_twice_as_slow_shares_one_level() -> None:
    slow = bars(TimeSignature(4, 4), [[Fraction(1)] * 2] * 8, scale=Fraction(2))
    metrics = evaluate_mv2h(FOUR, slow)
    assert metrics.value == 1.0
    assert metrics.metre == pytest.approx(2 * 32 / (52 + 8 * 13))  # its beats are the reference's eighths, and nothing else fits


def test_a_half_too_short_loses_half_its_value() -> None:
    measure = FOUR.measures[0]
    short = (Event(Fraction(1, 2), measure.voices[1][1].heads), Event(Fraction(1, 2)))
    events = (measure.voices[1][0], *short, *measure.voices[1][2:])
    estimate = Score((Measure(measure.time, 0, {1: events}, Fraction(4)), *FOUR.measures[1:]))
    assert evaluate_mv2h(FOUR, estimate).value == pytest.approx(1 - 0.5 / 16)


def test_a_key_a_fifth_away_is_half_right() -> None:
    assert evaluate_mv2h(FOUR, bars(TimeSignature(4, 4), QUARTERS, key=1)).harmony == 0.5
    assert evaluate_mv2h(FOUR, bars(TimeSignature(4, 4), QUARTERS, key=3)).harmony == pytest.approx(0.2)
    assert evaluate_mv2h(FOUR, bars(TimeSignature(4, 4), QUARTERS, key=2)).harmony == 0.0


def test_missing_notes_cost_pitch_alone() -> None:
    fewer = bars(TimeSignature(4, 4), QUARTERS[:3])
    metrics = evaluate_mv2h(FOUR, fewer)
    assert metrics.multi_pitch == pytest.approx(2 * 12 / 28)
    assert metrics.value == 1.0
