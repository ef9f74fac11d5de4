"""The limiter: no peak above its ceiling, nothing else touched."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tecla.rendering.limiter import CEILING, HOP, limited


def run(sound: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    return np.concatenate(list(limited(sound[:, i : i + block] for i in range(0, sound.shape[1], block))), axis=1)


def noise(n: int = HOP * 400, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal((2, n)).astype(np.float32)


def test_what_is_soft_enough_passes_unchanged() -> None:
    sound = (noise() / 10).clip(-0.9, 0.9)
    np.testing.assert_array_equal(run(sound, HOP * 20), sound)


@pytest.mark.parametrize("block", [HOP, HOP * 5, HOP * 20, HOP * 400])
def test_no_peak_passes_and_nothing_gets_lost(block: int) -> None:
    loud = noise()
    calm = run(loud, block)
    assert calm.shape == loud.shape
    assert np.abs(calm).max() <= CEILING * (1 + 1e-6)


def test_the_size_of_blocks_does_not_matter() -> None:
    np.testing.assert_allclose(run(noise(), HOP * 7), run(noise(), HOP * 400), rtol=1e-5)


def test_the_gain_moves_smoothly_around_a_lonely_peak() -> None:
    sound = np.full((2, HOP * 400), 0.1, np.float32)
    sound[:, HOP * 200 + 17] = 4.0
    gain = np.delete(run(sound, HOP * 10)[0] / sound[0], HOP * 200 + 17)
    assert np.abs(np.diff(gain)).max() < 0.01
    assert gain[: HOP * 190].min() == 1
    assert gain.min() == pytest.approx(CEILING / 4.0, rel=0.01)


def test_silence_and_nothing() -> None:
    assert list(limited([])) == []
    assert not run(np.zeros((2, HOP), np.float32), HOP).any()
