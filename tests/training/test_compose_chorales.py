"""The recipe of chorales, from a file of grids to a network that sings: twins left out, audit, one step, temperature, card."""

import json
from pathlib import Path

import numpy as np
import pytest

from tecla.composition import Request, compose
from tecla.corpora import jsb
from tecla.errors import InputError
from tecla.generation.models.music_transformer import MusicTransformerConfig
from tecla.training import compose as recipes
from tecla.training.composer import Schedule

LOWEST = np.array([60, 53, 48, 40])


def chorale(seed: int) -> list[list[int]]:
    """Two bars of chords, each a quarter long, every voice in its own sixth."""
    chords = LOWEST + np.random.default_rng(seed).integers(0, 9, (8, 4))
    return np.repeat(chords, 4, axis=0).tolist()


def write(folder: Path, train: range, valid: range) -> Path:
    pieces = {"train": [*map(chorale, train)], "valid": [*map(chorale, valid)], "test": [chorale(900)]}
    (folder / jsb.FILE).write_text(json.dumps(pieces))
    return folder


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    def config(vocabulary: int, slots: int, **given: object) -> MusicTransformerConfig:
        return MusicTransformerConfig(vocabulary, slots, **{**given, "width": 24, "heads": 2, "layers": 1})  # type: ignore[arg-type]

    monkeypatch.setattr(recipes, "MusicTransformerConfig", config)


def test_the_recipe_ships_what_sings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = [
        "--corpus",
        str(write(tmp_path, range(6), range(800, 802))),
        "--runs",
        str(tmp_path / "runs"),
        "--steps",
        "1",
        "--batch",
        "2",
    ]
    monkeypatch.setattr("sys.argv", ["compose", "chorales", *options, "--device", "cpu", "--ship", str(tmp_path / "mine")])
    recipes.main()
    card = json.loads((tmp_path / "mine.json").read_text())
    assert card["training"]["temperature"]["divided_by"] == 1.09
    assert card["data"] == {f"JSB chorales in 16ths ({jsb.CITATION})": jsb.LICENCE}
    # A piece of eight quarters in four voices has 128 cells and an END, and at most 32 attacks.
    note = card["training"]
    assert note["held_out_bits_per_note"] >= note["held_out"] / np.log(2) * 129 / 32
    assert len(compose(Request(str(tmp_path / "mine.json"), bars=1)).performance) >= 4


def test_a_held_out_chorale_in_the_training_split_fails_the_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="held-out music stands in the training split: validation 0 is train 3"):
        recipes.train_chorales(write(tmp_path, range(6), range(3, 4)), tmp_path / "runs", Schedule(steps=1), None)


def test_the_canonical_twins_are_left_out(tmp_path: Path) -> None:
    """Training pieces 142 and 224 stand in the canonical validation split; here it is 142 that is held out again."""
    folder = write(tmp_path, range(144), range(142, 143))
    recipes.train_chorales(folder, tmp_path / "runs", Schedule(steps=1, batch=1, length=16, half=False), None)
    assert json.loads((tmp_path / "runs" / "audit.json").read_text())["training_pieces"] == 143
