"""What the hand of a note does besides: hand-worked bars."""

import numpy as np

from tecla.engraving.beatwise import log_beats
from tecla.engraving.pulse import find_strokes
from tecla.engraving.voicewise import N_COLUMNS, TURNS, companions

# The right hand holds C5 for two beats under E5, D5, each a beat, then strikes a third; the left hand has one bass note throughout.
ONSET = np.array([0.0, 0.0, 0.0, 1.0, 2.0, 2.0])
PITCH = np.array([48.0, 72.0, 76.0, 74.0, 72.0, 76.0])
HELD = np.array([3.0, 2.0, 1.0, 1.0, 1.0, 1.0])
LEFT = np.array([True, False, False, False, False, False])


def columns() -> dict[str, np.ndarray]:
    strokes = find_strokes(ONSET * 0.5)
    found = companions(PITCH, ONSET, HELD, LEFT, strokes, np.array([0.0, 1.0, 2.0]))
    assert len(found) == N_COLUMNS
    names = ["low", "high", "others", "below", "above", "below_for", "above_for", "n_above", "n_below", "next_above", "next_below"]
    names += [f"{what}{turn}" for turn in TURNS for what in ("low", "high", "away")] + ["from_middle"]
    return dict(zip(names, found, strict=True))


def test_a_chord_is_seen_within_its_hand() -> None:
    found = columns()
    assert np.allclose(found["low"] * 12, [0, 0, -4, 0, 0, -4])
    assert np.allclose(found["high"] * 12, [0, 4, 0, 0, 4, 0])
    assert np.allclose(found["others"] * 3, [0, 1, 1, 0, 1, 1])


def test_what_is_held_and_what_moves_above_it_see_each_other() -> None:
    found = columns()
    assert np.isclose(found["below"][3] * 12, -2)  # D5 is struck while C5 is held
    assert np.isclose(found["below_for"][3], log_beats(np.array([1.0]))[0])
    assert found["above"][3] == 3.0  # E5 is up by then: nothing above
    assert np.isclose(found["n_above"][1] * 3, 1)
    assert np.isclose(found["next_above"][1] * 12, 2)
    assert found["n_above"][0] == 0  # the bass lies in the other hand


def test_the_hands_own_strokes_are_followed() -> None:
    found = columns()
    assert np.allclose(found["high1"][1:4] * 12, [2, -2, 2])
    assert np.allclose(found["low-1"][3:] * 12, [-2, 2, -2])
    assert np.allclose(found["away1"][:4], log_beats(np.array([16.0, 1.0, 1.0, 1.0])))
    assert found["from_middle"][0] == 0
