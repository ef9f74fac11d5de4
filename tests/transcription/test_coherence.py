"""Notes and pedals agree: hand-worked gestures, and facts that hold for random ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tecla.io.midi import load_midi, save_midi
from tecla.transcription.coherence import CATCH_SEC, SHORTEST_LIFT_SEC, mend_key_up, mend_pedal, release_later
from tecla.transcription.decode import DecodedNotes
from tecla.transcription.transcriber import perform


def mend(key_up: float, silent: float, pedal: list[list[float]]) -> float:
    column = [np.array([v]) for v in (1.0, key_up, silent, np.inf)]
    return float(mend_key_up(*column, np.array(pedal).reshape(-1, 2))[0])


def test_a_lift_too_short_to_hear_is_widened() -> None:
    np.testing.assert_allclose(mend_pedal(np.array([[0.0, 1.0], [1.02, 2.0]])), [[0.0, 1.0], [1.0 + SHORTEST_LIFT_SEC, 2.0]])


def test_a_press_swallowed_by_the_widened_lift_is_dropped() -> None:
    assert len(mend_pedal(np.array([[0.0, 1.0], [1.01, 1.04]]))) == 1


def test_releases_move_as_far_as_the_next_press_leaves_room() -> None:
    pedal = np.array([[0.0, 1.0], [1.06, 2.0], [2.05, 3.0]])
    np.testing.assert_allclose(release_later(pedal, 0.03), [[0.0, 1.01], [1.06, 2.0], [2.05, 3.03]])
    assert release_later(np.zeros((0, 2)), 0.03).shape == (0, 2)


def test_a_key_up_just_before_the_pedal_is_caught_by_it_when_the_note_sounds_on() -> None:
    assert mend(key_up=1.97, silent=3.0, pedal=[[2.0, 3.0]]) > 2.0


def test_a_key_up_just_before_the_pedal_moves_away_from_it_when_the_note_is_silent() -> None:
    assert mend(key_up=1.97, silent=1.97, pedal=[[2.0, 3.0]]) == pytest.approx(2.0 - CATCH_SEC)


def test_without_a_pedal_the_heard_end_is_the_key_up() -> None:
    assert mend(key_up=1.5, silent=1.8, pedal=[]) == 1.8
    assert mend(key_up=1.5, silent=1.8, pedal=[[5.0, 6.0]]) == 1.8


def test_a_key_up_under_the_pedal_stays() -> None:
    assert mend(key_up=2.5, silent=4.0, pedal=[[2.0, 4.0]]) == 2.5


@pytest.mark.parametrize("seed", range(5))
def test_what_is_written_can_be_played(seed: int, tmp_path: Path) -> None:
    """Held on the MIDI file itself, half a millisecond allowed for its ticks."""
    rng = np.random.default_rng(seed)
    n = 400
    onset, key = rng.uniform(0, 3000, n), rng.integers(0, 88, n)
    key_up = onset + rng.exponential(20, n)
    notes = DecodedNotes(key, onset, key_up, key_up + rng.exponential(20, n), rng.random(n), rng.random(n))
    edges = np.sort(rng.uniform(0, 61, 120)).reshape(-1, 2)
    save_midi(perform(notes, mend_pedal(edges), "key"), tmp_path / "played.mid")
    played = load_midi(tmp_path / "played.mid")
    down, up = played.pedal_intervals().T
    assert (down[1:] - up[:-1] > SHORTEST_LIFT_SEC - 0.0006).all()
    release, next_onset = played.notes["offset_sec"], played.next_onset_sec()
    assert (release <= next_onset).all()
    before_press = np.append(down, np.inf)[np.searchsorted(down, release)] - release
    hurried = (before_press > 0) & (before_press < 0.03)
    # Only a key that must come up for its next strike may leave just before the pedal.
    assert (next_onset - release)[hurried].max(initial=0) < 0.03
