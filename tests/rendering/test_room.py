"""The room: streaming convolution equals convolution, and the response dies as it says."""

import numpy as np
import pytest

from tecla.rendering.room import HALL, SALON, Room, with_room

RATE = 8000


def test_streaming_equals_convolving() -> None:
    sound = np.random.default_rng(0).standard_normal((2, 2048)).astype(np.float32)
    out = np.concatenate(list(with_room((sound[:, i : i + 256] for i in range(0, 2048, 256)), SALON, RATE)), axis=1)
    response = SALON.response(RATE)
    for side in range(2):
        direct = np.convolve(sound[side], response[side])
        direct[:2048] += sound[side]
        np.testing.assert_allclose(out[side, : len(direct)], direct, atol=1e-4)
        assert np.abs(out[side, len(direct) :]).max(initial=0) < 1e-5


def test_a_room_dies_in_its_time() -> None:
    response = Room(decay_sec=1.0, wet_db=-12).response(RATE)
    early, late = (np.mean(response[:, int(a * RATE) : int((a + 0.1) * RATE)] ** 2) for a in (0.1, 0.5))
    assert 10 * np.log10(early / late) == pytest.approx(24, abs=8)


def test_its_level_is_what_it_says_and_its_sides_differ() -> None:
    response = HALL.response(RATE)
    assert (response.astype("f8") ** 2).sum(1) == pytest.approx(10 ** (HALL.wet_db / 10), rel=1e-3)
    assert abs(np.corrcoef(response)[0, 1]) < 0.2


def test_the_direct_sound_comes_first() -> None:
    assert not SALON.response(RATE)[:, : int(SALON.distance_sec * RATE)].any()


def test_a_room_without_music_stays_silent() -> None:
    assert list(with_room([], SALON, RATE)) == []
