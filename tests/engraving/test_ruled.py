"""Music that a program wrote, on the page as its file has it."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest

from tecla.engraving import Wishes, engrave
from tecla.music import Performance
from tecla.music.beatmap import BeatMap
from tecla.music.notation import TimeSignature
from tecla.music.ruled import Ruled
from tecla.music.score import Score

RHYTHM = (1.0, 0.5, 0.5, 0.75, 0.25, 1.0, 1 / 3, 1 / 3, 1 / 3, 0.25, 0.25, 0.25, 0.25, 1.0, 1.5, 0.5)
FOUR = ((Fraction(0), TimeSignature(4, 4)),)


def tune(first: float = 0.0, gate: float = 0.95, tempo_bpm: float = 96.0, held: float = 1.0) -> Performance:
    """RHYTHM three times over a bass, from quarter `first` on, each note let go a little early."""
    lengths = np.tile(RHYTHM, 3)
    onset = first + np.concatenate([[0], np.cumsum(lengths)[:-1]])
    pitch = 67 + np.arange(len(onset)) * 5 % 12
    bass = first + np.arange(0, lengths.sum(), 2.0)
    begins, lasts = np.concatenate([onset, bass]), np.concatenate([lengths, np.full(len(bass), 2.0)]) * gate * held
    keys = np.concatenate([pitch, np.where(np.arange(len(bass)) % 2, 43, 48)])
    return Performance.from_arrays(begins * 60 / tempo_bpm, (begins + lasts) * 60 / tempo_bpm, keys, 70)


def lengths(score: Score, staff: int = 1) -> list[float]:
    return [float(note.duration) for note in score.notes() if note.staff == staff]


def test_places_lengths_and_bars_are_those_of_the_file() -> None:
    score = engrave(tune(), Wishes(), Ruled(BeatMap.steady(96), FOUR))
    assert lengths(score) == pytest.approx(np.tile(RHYTHM, 3))
    assert {str(measure.time) for measure in score.measures} == {"4/4"}
    assert set(lengths(score, 2)) == {2.0}


@pytest.mark.parametrize("first", [4.0, 7.0])
def test_silence_before_the_music_is_no_bar(first: float) -> None:
    score = engrave(tune(first), Wishes(), Ruled(BeatMap.steady(96), FOUR))
    assert score.measures[0].length == (4 if first == 4 else 1)
    assert score.measures[0].number == ("1" if first == 4 else "0")


def test_a_short_first_metre_is_a_pickup() -> None:
    score = engrave(tune(), Wishes(), Ruled(BeatMap.steady(96), ((Fraction(0), TimeSignature(1, 4)), (Fraction(1), TimeSignature(3, 4)))))
    assert [str(measure.time) for measure in score.measures[:2]] == ["3/4", "3/4"]
    assert [measure.length for measure in score.measures[:2]] == [1, 3]


def test_what_is_stated_goes_before_the_file() -> None:
    ruled = Ruled(BeatMap.steady(96), FOUR)
    assert {str(m.time) for m in engrave(tune(), Wishes(time=TimeSignature(3, 4)), ruled).measures} == {"3/4"}
    later = engrave(tune(), Wishes(barline_shift_beats=1), ruled)
    assert [m.length for m in later.measures[:2]] == [1, 4]
    assert lengths(engrave(tune(), Wishes(tempo_bpm=48), ruled))[:1] == [0.5]


def test_without_a_metre_the_quarters_count() -> None:
    score = engrave(tune(), Wishes(), Ruled(BeatMap.steady(96)))
    assert lengths(score) == pytest.approx(np.tile(RHYTHM, 3))


def test_hands_of_the_file_are_obeyed() -> None:
    performance = tune()
    hands = "".join("L" if pitch < 72 else "R" for pitch in performance.notes["pitch"])
    score = engrave(performance, Wishes(), Ruled(BeatMap.steady(96), FOUR, hands=hands))
    assert {note.staff for note in score.notes() if note.pitch.midi < 72} == {2}


def test_keys_of_the_file_are_obeyed_unless_one_is_stated() -> None:
    ruled = Ruled(BeatMap.steady(96), FOUR, ((Fraction(0), -3), (Fraction(8), 4)))
    assert [m.key_fifths for m in engrave(tune(), Wishes(), ruled).measures[:3]] == [-3, -3, 4]
    assert {m.key_fifths for m in engrave(tune(), Wishes(key_fifths=1), ruled).measures} == {1}


def test_notes_that_are_not_held_as_written_are_read_by_ear() -> None:
    short = lengths(engrave(tune(held=0.55), Wishes(), Ruled(BeatMap.steady(96), FOUR)))
    assert np.mean(np.isclose(short, np.tile(RHYTHM, 3))) > 0.5  # no rest after every note


def metres() -> Iterator[tuple[tuple[Fraction, TimeSignature], ...]]:
    rng = np.random.default_rng(5)
    for _ in range(6):
        places = np.cumsum(rng.integers(1, 9, 5)) / rng.choice([1, 2])
        yield (FOUR[0], *((Fraction(float(p)), TimeSignature(int(rng.integers(1, 8)), int(rng.choice([2, 4, 8])))) for p in places))


@pytest.mark.parametrize("changes", list(metres()))
def test_any_metres_make_bars_that_add_up(changes: tuple[tuple[Fraction, TimeSignature], ...]) -> None:
    performance = tune()
    score = engrave(performance, Wishes(), Ruled(BeatMap.steady(96), changes))  # a Score refuses others
    assert len(score.notes()) == len(performance)


def test_rests_and_chords_of_a_file_are_kept() -> None:
    onset, lasts = np.arange(0.0, 32.0, 2.0), np.tile([2.0, 1.0, 2.0, 2.0], 4)
    low = np.arange(0.0, 32.0, 4.0)
    begins, ends = np.concatenate([onset, low, low]), np.concatenate([onset + lasts, low + 4, low + 4])
    keys = np.concatenate([np.tile([72, 74, 76, 77], 4), np.full(8, 43), np.full(8, 47)])
    score = engrave(Performance.from_arrays(begins * 0.6, ends * 0.6 - 0.005, keys, 70), Wishes(), Ruled(BeatMap.steady(100), FOUR))
    assert lengths(score) == lasts.tolist()
    assert set(lengths(score, 2)) == {4.0}
    assert {note.voice for note in score.notes()} == {1, 5}  # chords, no second voices


def test_swing_keeps_the_bars_of_a_file() -> None:
    onset = np.concatenate([[k, k + 2 / 3] for k in range(3, 32)])
    take = Performance.from_arrays(onset * 0.5, onset * 0.5 + 0.15, 60 + np.arange(len(onset)) % 12, 70)
    score = engrave(take, Wishes(swing=True), Ruled(BeatMap.steady(120), FOUR))
    assert {str(measure.time) for measure in score.measures} == {"4/4"}
    assert score.measures[0].length == 1
    assert {float(note.onset) % 1 for note in score.notes()} == {0.0, 0.5}
