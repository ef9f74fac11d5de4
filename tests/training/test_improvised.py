"""Improvised pieces are playable, are made of nothing but the generator, and are played as people play."""

import numpy as np
import pytest

from tecla.music.pitch import HIGHEST_PITCH, LOWEST_PITCH
from tecla.training.improvised import improvised


@pytest.mark.parametrize("seed", range(20))
def test_a_piece_is_playable_and_as_long_as_asked(seed: int) -> None:
    performance = improvised(np.random.default_rng(seed), 20.0)
    notes = performance.notes
    assert notes["pitch"].min() >= LOWEST_PITCH
    assert notes["pitch"].max() <= HIGHEST_PITCH
    assert (notes["offset_sec"] > notes["onset_sec"]).all()
    assert (notes["offset_sec"] <= performance.next_onset_sec()).all()  # a key comes up before it goes down again
    assert 10 < notes["onset_sec"].max() < 27  # the last bar is played to its end: four slow beats with a ritardando take 7 s


def test_the_same_seed_plays_the_same() -> None:
    one, same, other = (improvised(np.random.default_rng(seed), 8.0) for seed in (7, 7, 8))
    assert one == same
    assert one != other


def test_pieces_are_played_as_people_play() -> None:
    """Medians of Saarland Music Data's 50 performances, of which nothing was taken: 8.7 notes a second, pitch 64, velocity 62."""
    pieces = [improvised(np.random.default_rng(seed), 60.0) for seed in range(60)]
    notes = np.concatenate([piece.notes for piece in pieces])
    assert 6 < len(notes) / 60 / len(pieces) < 14
    assert 55 < np.median(notes["pitch"]) < 68
    assert 55 < np.median(notes["velocity"]) < 75
    pedalled = [len(piece.pedal_intervals()) > 0 for piece in pieces]
    assert 0.7 < np.mean(pedalled) <= 1


def test_the_pedal_comes_up_with_each_bass_note() -> None:
    """Where it changes with the harmony, most releases lie within 0.1 s of an onset, more than would by chance."""
    rng = np.random.default_rng(5)
    pieces = [improvised(np.random.default_rng(seed), 60.0) for seed in range(30)]
    near, chance = [], []
    for piece in pieces:
        lowest = piece.notes["onset_sec"][piece.notes["pitch"] < 50]
        releases = piece.pedal_intervals()[:, 1]
        if len(lowest) and len(releases):
            near += list(np.abs(releases[:, None] - lowest).min(1) < 0.1)
            chance += list(np.abs(rng.uniform(0, 60, len(releases))[:, None] - lowest).min(1) < 0.1)
    assert np.mean(near) > np.mean(chance) + 0.1
