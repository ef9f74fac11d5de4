"""Readings: one key alone is the engine itself, several are a proper distribution that hears the same music."""

from pathlib import Path

import numpy as np
import pytest

from tecla.generation.engine import Engine
from tecla.generation.likelihood import token_bits
from tecla.generation.mixture import log_softmax
from tecla.generation.readings import FADE, TRUST, Readings


def chorale(length: int) -> np.ndarray:
    return np.concatenate([np.random.default_rng(2).integers(30, 60, (length, 4)), np.zeros((1, 4), int)])


@pytest.fixture
def engine(tiny: dict[str, Path]) -> Engine:
    return Engine.load(f"{tiny['jsb-grid']}.json")


def test_one_reading_is_the_engine(engine: Engine) -> None:
    piece = chorale(20)
    assert token_bits(Readings(engine, (0,)), piece) == pytest.approx(token_bits(engine, piece), abs=1e-3)


def test_readings_are_a_distribution_that_loses_little(engine: Engine) -> None:
    readings = Readings(engine, (-2, 0, 3))
    readings.feed(chorale(6)[:-1])
    mass = np.exp(readings.decide(np.array([40, 35, 0, 0]))).sum(-1)
    assert (mass <= 1.0 + 1e-5).all()
    assert (mass > 0.8).all()  # three of 88 keys fall off the end of one reading


def test_a_reading_hears_the_music_in_its_own_key(engine: Engine) -> None:
    piece = chorale(8)
    higher = np.where(piece >= 2, piece + 3, piece)
    engine.restart()
    engine.feed(higher[:-1])
    expected = log_softmax(engine.decide(higher[-1]))[0]
    readings = Readings(engine, (3,))
    readings.feed(piece[:-1])
    found = readings.decide(piece[-1])[0]
    assert found[2:80] == pytest.approx(expected[5:83], abs=1e-4)
    assert found[:2] == pytest.approx(expected[:2], abs=1e-4)


def test_step_by_step_is_all_at_once_and_forks_go_their_own_way(engine: Engine) -> None:
    piece, readings = chorale(10), Readings(engine, (-1, 0, 1))
    whole = readings.feed(piece)
    readings.restart()
    twin = readings.fork()
    steps = np.concatenate([readings.feed(row[None]) for row in piece])
    assert steps == pytest.approx(whole, abs=1e-4)
    assert twin.feed(piece) == pytest.approx(whole, abs=1e-4)


def test_a_reading_weighs_what_it_has_expected_so_far(engine: Engine) -> None:
    """The mixture worked by hand from what the network says of the piece in each key."""
    piece, keys = chorale(12), (-1, 0, 1)
    nats = np.log(2) * np.stack([token_bits(engine, np.where(piece >= 2, piece + key, piece)) for key in keys])[:, :-1]  # (K, L, G)
    paid, expected = np.zeros(3), []
    for row in nats.transpose(1, 0, 2):
        weights = np.exp(-TRUST * paid) / np.exp(-TRUST * paid).sum()
        expected.append(np.log(weights @ np.exp(-row)))
        paid = FADE * paid + row.sum(1)
    readings = Readings(engine, keys)
    hidden = np.concatenate([readings.hidden, readings.feed(piece[:-2])])
    found = np.take_along_axis(readings.judge(hidden, piece[:-1]), piece[:-1, :, None], -1)[..., 0]
    assert found == pytest.approx(np.array(expected), abs=1e-4)
    assert np.ptp(paid) > 0.1  # or the weights would not matter
