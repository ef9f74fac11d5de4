"""Tunes in ABC on a page: the same notes at the same places, bars as they are written, a staff for one voice and two for four."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tecla.errors import InputError
from tecla.io.abc import parse_tune
from tecla.io.abc_play import tune_to_performance
from tecla.io.abc_write import grid_to_abc
from tecla.io.musicxml import load_musicxml, save_musicxml
from tecla.music.repeats import NO_REPEAT, Repeat
from tecla.music.score import unfold
from tecla.tune_page import tune_to_score

HEAD = "X:1\nT:The Test\nM:{}\nL:1/8\nK:{}\n"
TUNES = {
    "reel": HEAD.format("C", "D Major") + "A2FA DAFA|d8:|!\n",
    "pickup and endings": HEAD.format("6/8", "E Minor") + "B|e2f gfe|B3 B2:|1 d c B|2 e3-e2|]\n",
    "triplets, ties, accidentals": HEAD.format("2/4", "Bb") + "(3Bcd e=e-|=e2 ^fF|z4|]\n",
    "a bar too long": HEAD.format("3/4", "A Dorian") + "A2c2e2|A2c2e2f|a6|]\n",
    "metre changes": HEAD.format("4/4", "F# Minor") + "f8|[M:3/4]f2e2d2|c6|]\n",
}


@pytest.mark.parametrize("text", TUNES.values(), ids=TUNES)
def test_the_page_sounds_as_the_tune(text: str) -> None:
    score, played = unfold(tune_to_score(text)), tune_to_performance(parse_tune(text)).notes
    quarter_sec = 60 / (score.tempo_bpm or 0)
    written = sorted((float(note.onset) * quarter_sec, note.pitch.midi) for note in score.notes())
    assert [pitch for _, pitch in written] == played["pitch"][np.lexsort((played["pitch"], played["onset_sec"]))].tolist()
    assert [time for time, _ in written] == pytest.approx(np.sort(played["onset_sec"]), abs=1e-3)


def test_a_page_of_a_tune_survives_its_file(tmp_path: Path) -> None:
    score = tune_to_score(TUNES["pickup and endings"])
    save_musicxml(score, tmp_path / "tune.musicxml")
    again = load_musicxml(tmp_path / "tune.musicxml")
    assert [(note.onset, note.pitch) for note in again.notes()] == [(note.onset, note.pitch) for note in score.notes()]
    assert (again.title, again.measures[0].key_fifths, str(again.measures[0].time)) == ("The Test", 1, "6/8")
    assert "<staves>1</staves>" in (tmp_path / "tune.musicxml").read_text()


def test_repeats_stand_as_they_are_written(tmp_path: Path) -> None:
    score = tune_to_score(HEAD.format("4/4", "C") + "G2|:C8|1D8:|2E8|]F8|\n")
    assert [m.repeat for m in score.measures] == [
        NO_REPEAT, Repeat(begins=True), Repeat(ends=True, turns=(1,)), Repeat(turns=(2,)), NO_REPEAT]  # fmt: skip
    save_musicxml(score, tmp_path / "tune.musicxml")
    assert [m.repeat for m in load_musicxml(tmp_path / "tune.musicxml").measures] == [m.repeat for m in score.measures]


def test_a_second_part_opens_with_a_sign() -> None:
    score = tune_to_score(HEAD.format("4/4", "C") + "C8|D8:|E8|F8:|\n")
    assert [(m.repeat.begins, m.repeat.ends) for m in score.measures] == [(False, False), (False, True), (True, False), (False, True)]


def test_voices_that_repeat_differently_are_written_out() -> None:
    text = HEAD.format("4/4", "C") + "V:1\nC8:|D8|\nV:2\nE8|F8|\n"
    score = tune_to_score(text)
    assert {m.repeat for m in score.measures} == {NO_REPEAT}
    assert len(score.notes()) == len(tune_to_performance(parse_tune(text)))


def test_bars_keep_their_lengths() -> None:
    score = tune_to_score(TUNES["pickup and endings"])
    assert [measure.length for measure in score.measures] == [Fraction(1, 2), 3, Fraction(5, 2), Fraction(3, 2), Fraction(5, 2)]
    assert [measure.length for measure in tune_to_score(TUNES["a bar too long"]).measures] == [3, Fraction(7, 2), 3]


def test_four_voices_stand_on_two_staves() -> None:
    grid = np.repeat([[67, 62, 59, 43], [67, 64, 60, 48], [71, 62, 55, 43], [72, 64, 55, 48]], 4, axis=0)
    score = tune_to_score(grid_to_abc(grid, "Cadence"))
    assert [(note.pitch.midi, note.staff) for note in score.notes() if note.onset == 0] == [(43, 2), (59, 2), (62, 1), (67, 1)]
    assert len({note.voice for note in score.notes()}) == 4


def test_eight_voices_stand_on_two_staves_and_more_are_refused() -> None:
    voices = [f"V:{number}\nA8|\n" for number in range(1, 10)]
    staves = {(note.voice, note.staff) for note in tune_to_score(HEAD.format("C", "D") + "".join(voices[:8])).notes()}
    assert staves == {(voice, 1 if voice < 5 else 2) for voice in range(1, 9)}
    with pytest.raises(InputError, match="has 9 voices, more than the 8"):
        tune_to_score(HEAD.format("C", "D") + "".join(voices))


def test_a_text_without_notes_has_no_page() -> None:
    with pytest.raises(InputError, match="no notes"):
        tune_to_score(HEAD.format("C", "D"))
