"""What is played twice in a row, written once."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from tecla.engraving import Wishes, engrave
from tecla.engraving.repeats import fold_repeats
from tecla.music import Performance
from tecla.music.beatmap import BeatMap
from tecla.music.notation import NoteValue, SpelledPitch, TimeSignature
from tecla.music.playing import play_score
from tecla.music.repeats import NO_REPEAT, Repeat
from tecla.music.ruled import Ruled
from tecla.music.score import Direction, Event, Head, Measure, Score, unfold

THEME = ("CDEF", "GFED", "EGEC", "DEFD", "FGAB", "AGFE", "GBAG", "CEGC")
OTHERS = ("BAGA", "FAFA", "GAGB", "EDCB")


def page(bars: Sequence[str]) -> list[Measure]:
    """A bar of four quarters for each, numbered from 1."""
    return [
        Measure(
            TimeSignature(4, 4), 0,
            {1: tuple(Event(Fraction(1), (Head(SpelledPitch(step, 0, 4)),), value=NoteValue("quarter")) for step in bar)},
            Fraction(4), number=str(number),
        )
        for number, bar in enumerate(bars, 1)
    ]  # fmt: skip


def written(measures: Sequence[Measure]) -> list[str]:
    return ["".join(head.pitch.step for event in m.voices[1] for head in event.heads) for m in measures]


def test_a_passage_that_comes_twice_stands_once() -> None:
    folded = fold_repeats(page([*OTHERS, *THEME, *THEME, *OTHERS[::-1]]))
    assert written(folded) == [*OTHERS, *THEME, *OTHERS[::-1]]
    assert [m.repeat for m in folded if m.repeat != NO_REPEAT] == [Repeat(begins=True), Repeat(ends=True)]
    assert [m.number for m in folded] == [str(number) for number in range(1, len(folded) + 1)]


def test_bars_that_differ_at_last_are_endings() -> None:
    bars = [*THEME[:-1], "CCCC", *THEME[:-1], "CGCG", *OTHERS]
    folded = fold_repeats(page(bars))
    assert written(folded) == [*THEME[:-1], "CCCC", "CGCG", *OTHERS]
    assert [m.repeat for m in folded[7:9]] == [Repeat(ends=True, turns=(1,)), Repeat(turns=(2,))]
    assert folded[0].repeat == NO_REPEAT  # the beginning needs no sign
    assert written(unfold(Score(folded)).measures) == bars


def test_a_slip_hides_no_repeat_and_other_music_is_none() -> None:
    slipped = [*THEME[:3], "DEFE", *THEME[4:]]
    assert len(fold_repeats(page([*THEME, *slipped]))) == len(THEME)
    assert len(fold_repeats(page([*THEME, *(bar[::-1] for bar in THEME)]))) == 2 * len(THEME)


def test_three_bars_and_a_figure_that_goes_on_are_no_repeat() -> None:
    assert len(fold_repeats(page([*THEME[:3], *THEME[:3], *OTHERS]))) == 10
    assert fold_repeats([]) == ()


def test_a_line_that_loses_its_end_goes_with_it() -> None:
    measures = page([*THEME, *THEME])
    measures[7] = replace(measures[7], directions=(Direction(Fraction(0), "dynamics", "p"), Direction(Fraction(0), "pedal", "start", 2)))
    measures[8] = replace(measures[8], directions=(Direction(Fraction(1), "pedal", "stop", 2),))
    assert [d.kind for m in fold_repeats(measures) for d in m.directions] == ["dynamics"]


def test_a_performance_with_a_repeat_is_a_shorter_page_that_sounds_alike() -> None:
    melody = [60 + "C D EF G A B".index(step) for step in "".join([*THEME, *THEME, *OTHERS])]
    onset = np.arange(len(melody)) * 0.5
    onset, pitch = np.concatenate([onset, onset[::4]]), np.concatenate([melody, np.tile([36, 43], len(melody) // 8)])
    performance = Performance.from_arrays(onset, onset + np.where(pitch < 60, 1.9, 0.45), pitch, np.where(pitch < 60, 80, 64))
    ruled = Ruled(BeatMap.steady(120), ((Fraction(0), TimeSignature(4, 4)),))
    whole, folded = (engrave(performance, Wishes(repeats=wanted), ruled) for wanted in (False, True))
    assert len(whole.measures) - len(folded.measures) == len(THEME)
    assert play_score(folded).notes["pitch"].tolist() == play_score(whole).notes["pitch"].tolist()
