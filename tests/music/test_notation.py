from fractions import Fraction

import pytest

from tecla.errors import InputError, OptionError
from tecla.music.notation import NoteValue, SpelledPitch, TimeSignature, parse_key


@pytest.mark.parametrize("midi", range(21, 109))
def test_every_key_has_a_spelling_that_leads_back(midi: int) -> None:
    found = [SpelledPitch.from_fifths(midi, f) for f in range(-15, 20) if (7 * f - midi) % 12 == 0]
    assert 2 <= len(found) <= 3
    assert {pitch.midi for pitch in found} == {midi}


def test_c_flat_belongs_to_the_octave_of_its_letter() -> None:
    assert str(SpelledPitch.from_fifths(59, -7)) == "Cb4"
    assert str(SpelledPitch.from_fifths(60, 12)) == "B#3"


def test_a_spelling_of_another_key_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be spelt"):
        SpelledPitch.from_fifths(60, 1)


def test_metres() -> None:
    assert TimeSignature(6, 8).beat_quarters == Fraction(3, 2)
    assert TimeSignature(3, 4).beat_quarters == 1
    assert TimeSignature.parse("C") == TimeSignature(4, 4)
    for wrong in ("3", "3/5", "x/4", "0/4"):
        with pytest.raises(InputError, match="no time signature"):
            TimeSignature.parse(wrong)


def test_values() -> None:
    assert NoteValue("half", 2).quarters == Fraction(7, 2)
    assert NoteValue("16th", 0, (5, 4)).quarters == Fraction(1, 5)


def test_keys_by_name() -> None:
    assert [parse_key(k) for k in ("C", "Am", "G", "Bb", "c#m", "Cb", "F# major")] == [0, 0, 1, -2, 4, -7, 6]
    for wrong in ("H", "Ebb", "G#", "12", ""):
        with pytest.raises(OptionError, match="key|accidentals"):
            parse_key(wrong)
