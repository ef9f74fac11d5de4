"""What the spelling network sees, and that the shipped one spells as musicians do."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tecla.engraving.network import read_spelling
from tecla.engraving.spellwise import N_FEATURES, N_OUTPUTS, NAMES, Page, names_of, spelling_features

NAME = {name: fifths for fifths, name in enumerate("Fb Cb Gb Db Ab Eb Bb F C G D A E B F# C# G# D# A# E# B# F## C##".split(), -8)}


def page(*chords: tuple[int, ...], key: int = 0) -> Page:
    rows = np.array([(float(k), pitch) for k, chord in enumerate(chords) for pitch in sorted(chord)])
    return Page(rows[:, 0], rows[:, 0] + 1.0, rows[:, 1].astype(int), np.full(len(rows), key))


def test_features_are_the_same_in_every_key() -> None:
    music = page((48, 64, 67), (50, 61), (53, 62, 69), (55, 71))
    seen = spelling_features(music)
    higher = Page(music.onset, music.end, music.pitch + 2, music.key + 2)
    moved = spelling_features(higher)
    assert seen.shape == (10, N_FEATURES)
    assert np.allclose(np.delete(seen, 12, axis=1), np.delete(moved, 12, axis=1))  # but for how high it is


def test_a_note_sees_what_it_goes_to() -> None:
    rising, falling = spelling_features(page((61,), (62,))), spelling_features(page((61,), (60,)))
    assert not np.allclose(rising[0], falling[0])


def test_of_no_notes_nothing_is_seen() -> None:
    nothing = np.zeros(0)
    empty = Page(nothing, nothing, nothing.astype(int), nothing.astype(int))
    assert spelling_features(empty).shape == (0, N_FEATURES)
    assert len(read_spelling(empty)) == 0


@pytest.mark.parametrize("key", [-7, 0, 4])
def test_names_of_a_key_of_the_piano_lie_twelve_fifths_apart(key: int) -> None:
    found = names_of(np.array([61]), np.array([key]))
    assert found.shape == (1, N_OUTPUTS)
    names = (NAMES + key)[found[0]]
    assert set(np.diff(names)) == {12}
    assert all(7 * name % 12 == 1 for name in names)


def letters(music: Page) -> NDArray[np.int64]:
    return read_spelling(music)


def test_a_leading_note_rises_and_a_flat_falls() -> None:
    """G minor: C sharp goes to D, though D flat is as near to the signature; in F minor D flat falls to C."""
    rise = page((43, 58, 62), (55, 57, 60), (43, 58, 62), (55, 61), (50, 62, 66), (55, 61), (50, 62, 66), (43, 58, 67), key=-2)
    assert {NAME["C#"]} == set(letters(rise)[rise.pitch == 61].tolist())
    assert {NAME["F#"]} == set(letters(rise)[rise.pitch == 66].tolist())
    fall = page((41, 60, 65, 68), (46, 61, 65), (48, 60, 64, 67), (46, 61, 65), (48, 60, 64), (41, 60, 65, 68), key=-4)
    assert {NAME["Db"]} == set(letters(fall)[fall.pitch == 61].tolist())


def test_the_dominant_of_e_minor_has_a_raised_third() -> None:
    cadence = page((52, 55, 59, 64), (57, 60, 64), (47, 59, 63, 66), (52, 55, 59, 64), (47, 57, 63, 66), (52, 59, 64, 67), key=1)
    assert {NAME["D#"]} == set(letters(cadence)[cadence.pitch % 12 == 3].tolist())


def test_every_name_names_its_key_of_the_piano() -> None:
    rng = np.random.default_rng(0)
    onset = np.sort(rng.uniform(0, 40, 300))
    music = Page(onset, onset + rng.uniform(0.1, 3, 300), rng.integers(21, 109, 300), rng.integers(-7, 8, 300))
    names = letters(music)
    assert (7 * names % 12 == music.pitch % 12).all()
    assert ((names >= -15) & (names <= 19)).all()  # F double flat to B double sharp
