import numpy as np
import pytest

from tecla.errors import InputError
from tecla.music.beatmap import BeatMap


def test_there_and_back() -> None:
    bridge = BeatMap(np.array([0.0, 1.0, 3.0]), np.array([0.5, 1.0, 3.0]))
    places = np.array([-2.0, 0.0, 0.25, 1.0, 2.0, 3.0, 9.0])
    assert np.allclose(bridge.quarters_at(bridge.seconds_at(places)), places)
    assert bridge.seconds_at(2.0) == 2.0
    assert bridge.seconds_at(4.0) == 4.0


def test_tempo() -> None:
    assert np.allclose(BeatMap.steady(90.0, 3.0).tempo_bpm([0.0, 7.0]), 90.0)


def test_noisy_places_still_rise() -> None:
    bridge = BeatMap.through([0, 1, 2, 2, 3], [0.0, 1.0, 0.9, 0.9, 2.0])
    assert (np.diff(bridge.seconds) > 0).all()
    assert len(BeatMap.through([5.0], [1.0]).quarters) == 2
    assert np.allclose(BeatMap.through(range(5), [0, 0.5, 0.5, 50, 500]).seconds, [0, 0.5, 0.5001, 50, 500], rtol=0)  # the others stay


def test_time_must_rise() -> None:
    with pytest.raises(InputError, match="rise"):
        BeatMap(np.array([0.0, 1.0]), np.array([1.0, 1.0]))
    with pytest.raises(InputError, match="tempo"):
        BeatMap.steady(0.0)
