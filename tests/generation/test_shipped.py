"""The networks that ship: each answers, is small enough, says where it comes from, and knows music from noise."""

from pathlib import Path

import numpy as np
import pytest

import tecla.weights
from tecla.composition import Request, compose
from tecla.generation.engine import Engine, shipped
from tecla.generation.likelihood import token_bits
from tecla.generation.tokenizers.abc_characters import AbcCharacters
from tecla.generation.tokenizers.jsb_grid import JsbGrid
from tecla.io.abc import parse_tune
from tecla.io.abc_play import bars_that_add_up

FOLDER = Path(tecla.weights.__file__).parent
MIB = 2**20
TUNE = """X:1
T:The Founders' Reel
Z: id:dc-reel-1
M:C
L:1/8
K:D Major
dFAF dFAF|GBdB cAec|dFAF dFAd|gece d2:|!
fg|afdf afdf|gece gece|afdf afdf|gece d2:|!
"""


def test_all_three_are_there() -> None:
    assert shipped() == ["abc-lstm", "chorales", "performance"]


@pytest.mark.parametrize("name", ["abc-lstm", "chorales", "performance"])
def test_each_is_small_and_says_where_it_comes_from(name: str) -> None:
    assert sum((FOLDER / f"{name}{suffix}").stat().st_size for suffix in (".onnx", ".head.onnx")) <= 16 * MIB
    card = Engine.load(name).card
    assert {"licence", "trained_on", "data", "made", "metrics", "parameters", "tokenizer", "training"} <= set(card)
    assert card["made"]["commit"]
    assert card["made"]["command"].startswith("python -m tecla.training.compose ")
    assert all(card["data"].values())  # a licence, or that none is stated
    assert len(card["training"]["seen"]) == 64  # the hash of the pieces it learned from


def test_a_tune_is_likelier_than_its_letters_shuffled() -> None:
    engine, codec = Engine.load("abc-lstm"), AbcCharacters()
    head, _, body = TUNE.partition("K:D Major\n")
    shuffled = "".join(np.random.default_rng(0).permutation(list(body)))
    bits = [token_bits(engine, codec.encode(head + "K:D Major\n" + music)).sum() / len(TUNE) for music in (body, shuffled)]
    assert bits[0] < 2.2 < bits[1]


def test_a_held_chord_is_likelier_than_noise() -> None:
    engine, codec = Engine.load("chorales"), JsbGrid()
    held = np.repeat([[67, 62, 59, 43], [67, 64, 60, 48], [71, 62, 55, 43], [72, 64, 55, 48]], 4, axis=0)
    noise = np.random.default_rng(0).integers(43, 80, held.shape)
    nats = [np.log(2) * token_bits(engine, codec.encode_grid(grid))[:-1].mean() for grid in (held, noise)]
    assert nats[0] < 1.0 < nats[1]


def test_each_makes_music() -> None:
    tune = compose(Request("abc-lstm", bars=4))
    good, bars = bars_that_add_up(parse_tune(tune.abc))
    assert good == bars >= 4
    chorale = compose(Request("chorales", bars=2)).performance
    assert len(chorale) >= 8
    playing = compose(Request("performance", seconds=10.0)).performance
    assert len(playing) > 5
    assert len(set(playing.notes["velocity"].tolist())) > 3
