"""Random textures are playable music, and nothing but a function of the generator."""

import numpy as np
import pytest

from tecla.music.pitch import HIGHEST_PITCH, LOWEST_PITCH
from tecla.training.textures import random_texture


@pytest.mark.parametrize("seed", range(40))
def test_a_texture_is_playable(seed: int) -> None:
    performance = random_texture(np.random.default_rng(seed), 8.0)
    notes = performance.notes
    assert len(notes)
    assert notes["pitch"].min() >= LOWEST_PITCH
    assert notes["pitch"].max() <= HIGHEST_PITCH
    assert (notes["offset_sec"] > notes["onset_sec"]).all()
    assert (notes["offset_sec"] <= performance.next_onset_sec()).all()  # a key comes up before it goes down again


def test_the_same_seed_plays_the_same() -> None:
    one, same, other = (random_texture(np.random.default_rng(seed), 8.0) for seed in (7, 7, 8))
    assert one == same
    assert one != other


def test_together_they_cover_the_keyboard_and_the_dynamics() -> None:
    notes = np.concatenate([random_texture(np.random.default_rng(seed), 8.0).notes for seed in range(200)])
    assert len(np.unique(notes["pitch"])) == 88
    assert np.percentile(notes["velocity"], 10) < 30
    assert np.percentile(notes["velocity"], 90) > 95
