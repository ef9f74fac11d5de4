"""Voices that share a staff, in measures."""

from tecla.engraving.bars import build_measures
from tecla.engraving.counting import TICKS, Bar
from tecla.engraving.placed import Placed
from tecla.music.notation import TimeSignature


def test_the_upper_of_two_voices_has_its_stems_up_whichever_began() -> None:
    bass = [Placed(0, 3 * TICKS, 43, 2, 0, voice=5, fifths=1)]
    chords = [Placed(k * TICKS, (k + 1) * TICKS, 59, 2, k, voice=6, fifths=5) for k in (1, 2)]
    (measure,) = build_measures([*bass, *chords], [Bar(0, 3 * TICKS, TimeSignature(3, 4))], [0])
    stems = {head.pitch.midi: event.stem for voice in (5, 6) for event in measure.voices[voice] for head in event.heads}
    assert stems == {43: "down", 59: "up"}


def test_a_run_of_six_is_a_sextuplet_and_three_a_triplet() -> None:
    sixths = [Placed(k * TICKS // 6, (k + 1) * TICKS // 6, 60, 1, k) for k in range(6)]
    thirds = [Placed(TICKS + k * TICKS // 3, TICKS + (k + 1) * TICKS // 3, 60, 1, k) for k in range(3)]
    (measure,) = build_measures([*sixths, *thirds], [Bar(0, 2 * TICKS, TimeSignature(2, 4))], [0])
    assert [event.value.tuplet for event in measure.voices[1] if event.value] == [(6, 4)] * 6 + [(3, 2)] * 3


def test_one_note_off_the_grid_makes_no_triplet_of_sixteenths() -> None:
    places = [0, TICKS // 4 + 2, TICKS // 2, 3 * TICKS // 4]
    notes = [Placed(a, b, 60, 1, k) for k, (a, b) in enumerate(zip(places, [*places[1:], TICKS], strict=True))]
    (measure,) = build_measures(notes, [Bar(0, TICKS, TimeSignature(1, 4))], [0])
    assert [str(event.value.type) for event in measure.voices[1] if event.value] == ["16th"] * 4


def test_stems_are_forced_only_where_two_voices_sound_together() -> None:
    upper = [Placed(k * TICKS, (k + 1) * TICKS, 60, 1, k, voice=1) for k in range(4)]
    (measure,) = build_measures([*upper, Placed(0, TICKS, 48, 1, 9, voice=2)], [Bar(0, 4 * TICKS, TimeSignature(4, 4))], [0])
    assert [event.stem for event in measure.voices[1]] == ["up", "", "", ""]


def beams(time: TimeSignature, *values: int) -> list[list[int]]:
    """The notes of a bar that hang together, by their number; `values` are eighths, or 16ths as 0."""
    at, notes = 0, []
    for k, value in enumerate(values):
        length = value * TICKS // 2 or TICKS // 4
        notes.append(Placed(at, at + length, 60, 1, k))
        at += length
    (measure,) = build_measures(notes, [Bar(0, at, time)], [0])
    runs: list[list[int]] = []
    for k, event in enumerate(measure.voices[1]):
        if event.beams and event.beams[0] == "begin":
            runs.append([])
        if event.beams:
            runs[-1].append(k)
    return runs


def test_eighths_hang_together_by_half_bars_of_four_and_whole_bars_of_three() -> None:
    assert beams(TimeSignature(4, 4), *[1] * 8) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert beams(TimeSignature(3, 4), *[1] * 6) == [[0, 1, 2, 3, 4, 5]]
    assert beams(TimeSignature(4, 4), 2, *[1] * 6) == [[1, 2], [3, 4, 5, 6]]  # not over the middle of the bar
    assert beams(TimeSignature(2, 4), 1, 1, 0, 0, 1) == [[0, 1], [2, 3, 4]]  # shorter ones show each beat
    assert beams(TimeSignature(6, 8), *[1] * 6) == [[0, 1, 2], [3, 4, 5]]


def test_three_eighths_are_written_in_sixteenths_and_eighths() -> None:
    notes = [Placed(k * TICKS // 4, (k + 1) * TICKS // 4, 60, 1, k) for k in range(4)]
    (measure,) = build_measures(notes, [Bar(0, 3 * TICKS // 2, TimeSignature(3, 8))], [0])
    assert [event.value.type for event in measure.voices[1] if event.value] == ["16th"] * 4 + ["eighth"]
