"""The same music in another key: intervals stay, the signature becomes the one asked for."""

from dataclasses import replace

import numpy as np
import pytest

from tecla.engraving.engraver import Wishes, engrave
from tecla.engraving.placed import Placed
from tecla.engraving.transposition import transpose
from tecla.errors import OptionError
from tecla.music import Performance


def scale(first: int) -> list[Placed]:
    return [Placed(k * 60, k * 60 + 60, first + step, 1, k, 64) for k, step in enumerate((0, 2, 4, 5, 7, 9, 11, 12))]


@pytest.mark.parametrize(("usual", "becomes", "semitones"), [(0, 2, 2), (-3, 0, -3), (1, -1, -2), (6, 0, 6), (-1, 4, -1), (2, 2, 0)])
def test_all_moves_by_the_nearest_way_to_the_key_that_is_asked_for(usual: int, becomes: int, semitones: int) -> None:
    notes, keys, by = transpose(scale(60), np.array([usual, usual]), np.zeros(8, int), becomes)
    assert by == semitones
    assert [n.pitch for n in notes] == [n.pitch + semitones for n in scale(60)]
    assert keys.tolist() == [becomes, becomes]


def test_a_passage_in_another_key_keeps_its_distance_and_seven_signs_are_the_most() -> None:
    notes, keys, _ = transpose(scale(60), np.array([0, 4, 0]), np.array([0, 0, 0, 0, 0, 1, 2, 2]), 5)
    assert keys.tolist() == [5, -3, 5]  # nine sharps are three flats
    assert notes[0].pitch == 59


def test_what_would_leave_the_keyboard_goes_the_other_way() -> None:
    low = [replace(n, pitch=n.pitch - 60 + 21) for n in scale(60)]
    assert transpose(low, np.array([0]), np.zeros(8, int), 5)[0][0].pitch == 21 + 11


def test_what_fits_nowhere_is_an_octave_off_and_still_a_page() -> None:
    pitch = np.tile([21, 33, 108, 96], 8)
    onset = np.repeat(np.arange(16), 2) * 0.5
    played = Performance.from_arrays(onset, onset + 0.4, pitch, np.full(32, 70))
    found = {note.pitch.midi for fifths in (-7, -1, 3) for note in engrave(played, Wishes(key_fifths=0, transposed_to=fifths)).notes()}
    assert 21 <= min(found) < max(found) <= 108


def test_a_transposed_page_has_the_key_and_the_notes_of_what_is_played_in_it() -> None:
    pitch = np.tile([60, 64, 67, 65, 69, 71, 72, 67], 12)
    onset = np.arange(len(pitch)) * 0.25
    played = Performance.from_arrays(onset, onset + 0.22, pitch, np.full(len(pitch), 70))
    page = engrave(played, Wishes(transposed_to=3))
    assert {measure.key_fifths for measure in page.measures} == {3}
    assert sorted(note.pitch.midi for note in page.notes()) == sorted(pitch - 3)
    assert all(-1 <= note.pitch.fifths - 3 <= 5 for note in page.notes())  # not a sign beside the signature
    with pytest.raises(OptionError, match="8 fifths"):
        Wishes(transposed_to=8)
