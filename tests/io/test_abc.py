"""ABC: what a musician would read is what is heard, bars are counted, nonsense is refused with its place."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tecla.errors import InputError
from tecla.io.abc import load_abc, parse_tune
from tecla.io.abc_key import accidentals_of, sharps_of
from tecla.io.abc_play import bars_that_add_up, tune_to_performance, unfolded
from tecla.io.abc_write import grid_to_abc

HEAD = "X:1\nT:Test\nM:4/4\nL:1/8\nQ:1/4=60\nK:"


def pitches(music: str, key: str = "C") -> list[int]:
    return [pitch for bar in parse_tune(f"{HEAD}{key}\n{music}\n").bars for note in bar.notes for pitch in note.pitches]


def durations(music: str) -> list[Fraction]:
    return [note.duration for bar in parse_tune(f"{HEAD}C\n{music}\n").bars for note in bar.notes]


def test_letters_and_octaves() -> None:
    assert pitches("C,CGcc'") == [48, 60, 67, 72, 84]


def test_key_signature_and_accidentals_last_to_the_bar_line() -> None:
    assert pitches("F^GG|G=F", "D") == [66, 68, 68, 67, 65]


def test_an_accidental_holds_in_its_own_octave_only() -> None:
    assert pitches("^Ff") == [66, 77]


@pytest.mark.parametrize(
    ("key", "sharps"), [("C", 0), ("Am", 0), ("A Dorian", 1), ("Dmix", 1), ("F# Minor", 3), ("Bb", -2), ("Eb lydian", -2), ("HP", 2)]
)
def test_keys(key: str, sharps: int) -> None:
    assert sharps_of(key) == sharps


def test_signature_letters() -> None:
    assert [letter for letter, size in accidentals_of(-3).items() if size] == ["E", "A", "B"]


def test_lengths() -> None:
    assert durations("C C2 C/ C3/2 C// z4") == [Fraction(n, d) for n, d in ((1, 2), (1, 1), (1, 4), (3, 4), (1, 8), (2, 1))]


def test_triplets_and_dotted_pairs() -> None:
    assert durations("(3CDE F>G A<B") == [Fraction(1, 3)] * 3 + [Fraction(3, 4), Fraction(1, 4), Fraction(1, 4), Fraction(3, 4)]


def test_chord_takes_its_own_length() -> None:
    bar = parse_tune(f"{HEAD}C\n[CEG]4\n").bars[0]
    assert bar.notes[0].pitches == (60, 64, 67)
    assert bar.duration == 2


def test_repeats_and_endings_unfold() -> None:
    tune = parse_tune(f"{HEAD}C\n|:C8|1D8:|2E8|]F8|\n")
    assert [bar.notes[0].pitches[0] for bar in unfolded(tune.bars)] == [60, 62, 60, 64, 65]


def test_a_passage_is_played_as_often_as_it_has_endings() -> None:
    tune = parse_tune(f"{HEAD}C\n|:C8|1-2D8:|3E8|]F8|\n")
    assert [bar.notes[0].pitches[0] for bar in unfolded(tune.bars)] == [60, 62, 60, 62, 60, 64, 65]


def test_seconds_follow_the_tempo() -> None:
    performance = tune_to_performance(parse_tune(f"{HEAD}C\nC2 D2 E4|\n"))
    assert performance.notes["onset_sec"].tolist() == [0.0, 1.0, 2.0]


def test_a_tie_makes_one_note() -> None:
    performance = tune_to_performance(parse_tune(f"{HEAD}C\nC8-|C8|\n"))
    assert len(performance) == 1
    assert performance.notes["offset_sec"][0] == pytest.approx(4 + 4 * 15 / 16)


def test_ties_in_a_chord_are_of_the_notes_that_they_follow() -> None:
    notes = tune_to_performance(parse_tune(f"{HEAD}C\nC2 [E-G]2 [EG]2|\n")).notes
    assert notes[["onset_sec", "pitch"]].tolist() == [(0.0, 60), (1.0, 64), (1.0, 67), (2.0, 67)]
    assert notes["offset_sec"][1] == pytest.approx(3, abs=0.1)


def test_a_tie_to_another_note_ends_with_its_own() -> None:
    notes = tune_to_performance(parse_tune(f"{HEAD}C\nC2- D2 C2|\n")).notes
    assert notes[["onset_sec", "pitch"]].tolist() == [(0.0, 60), (1.0, 62), (2.0, 60)]


def test_endings_are_numbers_and_ranges() -> None:
    bars = parse_tune(f"{HEAD}C\n|:C8|1-3,5D8:|4 E8|]\n").bars
    assert [bar.endings for bar in bars] == [(), (1, 2, 3, 5), (4,)]


def test_voices_sound_together() -> None:
    performance = tune_to_performance(parse_tune(f"{HEAD}C\nV:1\nc8|\nV:2\nC8|\n"))
    assert performance.notes["pitch"].tolist() == [60, 72]
    assert performance.notes["onset_sec"].tolist() == [0.0, 0.0]


def test_a_voice_keeps_its_own_key_unit_and_meter_and_begins_with_those_of_the_head() -> None:
    tune = parse_tune("X:1\nV:1\nV:2\nM:3/4\nL:1/4\nK:C\nV:1\nc3|[K:D][L:1/8][M:2/4]f4|\nV:2\nF3|F3|\nV:1\nf4|\n")
    first, second = tune.voices.values()
    assert [[note.pitches for note in bar.notes] for bar in first] == [[(72,)], [(78,)], [(78,)]]
    assert [[note.pitches for note in bar.notes] for bar in second] == [[(65,)], [(65,)]]
    assert [(bar.meter, bar.duration) for bar in first] == [(3, 3), (2, 2), (2, 2)]
    assert [(bar.meter, bar.duration) for bar in second] == [(3, 3), (3, 3)]


def test_what_follows_the_key_before_any_voice_is_for_all() -> None:
    tune = parse_tune("X:1\nK:C\nL:1/4\nM:2/4\nV:1\nc2|\nV:2\nC2|\n")
    assert [(bar.meter, bar.duration) for bars in tune.voices.values() for bar in bars] == [(2, 2), (2, 2)]


@pytest.mark.parametrize(
    ("music", "good", "all_bars"),
    [
        ("CDEF GABc|c8|]", 2, 2),
        ("CDEF GAB|c8|]", 1, 2),  # seven eighths in the first bar: a pickup may be short, and the next is full
        ("c8|CDEF GAB|c8|]", 2, 3),
        ("G2|c8|c6:|", 3, 3),  # the last bar gives what the pickup took
        ("G2|c8|c5:|", 2, 3),
    ],
)
def test_bars_add_up(music: str, good: int, all_bars: int) -> None:
    found = bars_that_add_up(parse_tune(f"{HEAD}C\n{music}\n"))
    assert found == (good + (music.startswith("CDEF GAB|")), all_bars)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("X:1\nT:no key\n", "no K: field"),
        (f"{HEAD}C\nCDE\nab&c\n", "line 8, column 3"),
        (f"{HEAD}H sharp\nC\n", "key 'H sharp' is unknown"),
        ("X:1\nM:six eight\nK:C\nC\n", "no fraction such as 6/8"),
        (f"{HEAD}C\nC0\n", "a note of length '0'"),
        (f"{HEAD}C\nc,]\n", "closes no chord"),
    ],
)
def test_nonsense_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_tune(text)


NINES = "9" * 5000


@pytest.mark.parametrize(
    ("head", "music", "message"),
    [
        (f"Q:{NINES}/4=120\n", "C", "line 2: a tempo of '9999"),
        (f"Q:{NINES}\n", "C", "a tempo of '9999"),
        ("Q:99999\n", "C", "must be 1 to 10,000 quarters"),
        ("", f"C{NINES}", "column 6: '99999999' is no ABC music"),
        ("", f"C/{NINES}", "column 1: a note of length '/9999'"),
        ("", f"[CE]{NINES}", "is no ABC music"),
        ("", f"(3:{NINES} CDE", "is no ABC music"),
        ("", f"C|{NINES} D|", "is no ABC music"),
        ("", "C" + "," * 5000, "the note C,,,,,,,,,,,,,,,,,,, is beyond"),
    ],
)
def test_endless_numbers_are_refused_in_a_short_line(head: str, music: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as refusal:
        parse_tune(f"X:1\n{head}K:C\n{music}\n")
    assert len(str(refusal.value)) < 120


def test_a_file_of_tunes(tmp_path: Path) -> None:
    path = tmp_path / "tunes.abc"
    path.write_text(f"{HEAD}C\nC8|\n\n{HEAD}G\nG8|\n")
    assert [tune.key for tune in load_abc(path)] == ["C", "G"]


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "tune.abc").write_bytes(f"{HEAD}C\nC8|\n".encode("utf-8-sig"))
    assert [tune.key for tune in load_abc(tmp_path / "tune.abc")] == ["C"]


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"no tune here"])
def test_what_is_no_abc_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.abc"
    path.write_bytes(data)
    with pytest.raises(InputError, match="x.abc"):
        load_abc(path)


def test_a_grid_written_as_abc_sounds_as_it_was() -> None:
    rng = np.random.default_rng(3)
    grid = np.repeat(rng.integers(48, 80, (24, 4)), rng.integers(1, 6, 24), axis=0)
    grid[::17] = -1
    tune = parse_tune(grid_to_abc(grid, "Random", 60))
    good, bars = bars_that_add_up(tune)
    assert good == bars
    # One voice at a time: in unison two voices are one key.
    for voice, column in zip(tune.voices.values(), grid.T, strict=True):
        edges = [0, *(np.flatnonzero(np.diff(column)) + 1)]
        heard = tune_to_performance(type(tune)(meter="4/4", tempo=60, voices={"1": voice}))
        expected = [(edge / 4, int(column[edge])) for edge in edges if column[edge] >= 0]
        assert [(float(n["onset_sec"]), int(n["pitch"])) for n in heard.notes] == expected
