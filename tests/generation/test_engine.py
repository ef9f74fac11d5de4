"""The engine: what ships answers as the network did, step by step as all at once."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tecla.errors import InputError, OptionError
from tecla.generation.engine import Engine
from tecla.generation.models.gpt import Gpt
from tecla.generation.models.music_transformer import MusicTransformer
from tecla.training.ship import restore
from tecla.weights.card import load_card


def rows(tokenizer: str, length: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if tokenizer == "continuous":
        columns = [rng.exponential(0.2, length), rng.integers(0, 90, length), rng.integers(1, 128, length), rng.exponential(0.3, length)]
        return np.stack(columns, 1).astype(np.float32)
    high, slots = {"abc-characters": (97, 1), "abc-tokens": (254, 1), "jsb-grid": (90, 4)}[tokenizer]
    return rng.integers(1, high, (length, slots))


@pytest.mark.parametrize("tokenizer", ["abc-characters", "abc-tokens", "jsb-grid", "continuous"])
def test_step_by_step_is_all_at_once(tiny: dict[str, Path], tokenizer: str) -> None:
    engine, piece = Engine.load(f"{tiny[tokenizer]}.json"), rows(tokenizer, 20)
    whole = engine.feed(piece)
    engine.restart()
    steps = np.concatenate([engine.feed(row[None]) for row in piece])
    assert steps == pytest.approx(whole, abs=1e-5)


def test_shipped_transformer_answers_as_the_network_did(tiny: dict[str, Path]) -> None:
    stem, piece = tiny["jsb-grid"], rows("jsb-grid", 20)
    network, _ = restore(Path(f"{stem}.safetensors"), "music-transformer")
    assert isinstance(network, MusicTransformer)
    previous = torch.from_numpy(np.concatenate([np.zeros((1, 4), int), piece[:-1]]))[None]
    with torch.no_grad():
        expected = network(previous, torch.from_numpy(piece)[None], torch.zeros(1, dtype=torch.long))[0].numpy()
    engine = Engine.load(f"{stem}.json")
    hidden = np.concatenate([engine.hidden, engine.feed(piece[:-1])])
    assert engine.judge(hidden, piece) == pytest.approx(expected, abs=2e-3)  # weights lie in half precision


def test_shipped_gpt_reads_again_what_it_still_remembers(tiny: dict[str, Path]) -> None:
    stem, piece = tiny["abc-tokens"], rows("abc-tokens", 80)
    network, _ = restore(Path(f"{stem}.safetensors"), "gpt")
    assert isinstance(network, Gpt)
    engine = Engine.load(f"{stem}.json")
    hidden = np.concatenate([engine.hidden, *(engine.feed(row[None]) for row in piece[:63])])
    whole = torch.from_numpy(np.concatenate([np.zeros((1, 1), int), piece]))[None]
    with torch.no_grad():
        assert engine.judge(hidden, piece[:64])[:, 0] == pytest.approx(network(whole[:, :64])[0, :, 0].numpy(), abs=2e-3)
        hidden = np.concatenate([engine.feed(row[None]) for row in piece[63:]])  # the 65th row drops the older half of the context
        begin = 64 - engine.context // 2 + 1
        expected = network(whole[:, begin : begin + 48])[0, 64 - begin :, 0].numpy()
    assert engine.judge(hidden, np.zeros((17, 1)))[:, 0] == pytest.approx(expected, abs=2e-3)
    assert engine.position == 80


def test_a_fork_leaves_its_twin_alone(tiny: dict[str, Path]) -> None:
    engine, piece = Engine.load(f"{tiny['jsb-grid']}.json"), rows("jsb-grid", 6)
    engine.feed(piece[:3])
    twin = engine.fork()
    twin.feed(piece[3:])
    expected = engine.feed(piece[3:])
    engine.restart()
    engine.feed(piece[:3])
    assert engine.feed(piece[3:]) == pytest.approx(expected, abs=1e-6)
    assert twin.hidden == pytest.approx(engine.hidden, abs=1e-6)


def test_memory_stays_within_the_context(tiny: dict[str, Path]) -> None:
    engine = Engine.load(f"{tiny['continuous']}.json")
    for _ in range(5):
        engine.feed(rows("continuous", 50))
    assert engine.state["k"].shape[3] <= engine.context == 64


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(OptionError, match="model 'nonesuch' is unknown: choose"):
        Engine.load("nonesuch")


def test_the_hash_tells_weights_apart(tiny: dict[str, Path]) -> None:
    assert len({Engine.load(f"{stem}.json").weights_sha256() for stem in tiny.values()}) == 4


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"tokenizer": "morse"}, "tokenizer 'morse'"),
        ({"tokenizer": None}, "tokenizer None"),
        ({"slots": 5}, "5 slots of int64"),
        ({"state": {"k": [60000, 60000]}}, "a state k of .60000, 60000. cannot be"),
        ({"growing": {"k": 9}}, "grows along 9"),
        ({"begin": [0, 0, 0, float("nan")]}, "where it begins"),
        ({"readings": []}, "readings cannot be"),
        ({"context": "64"}, "a context of 64"),
    ],
)
def test_a_card_that_says_what_cannot_be_is_refused(tiny: dict[str, Path], tmp_path: Path, change: dict[str, object], why: str) -> None:
    stem = tiny["jsb-grid"]
    for suffix in (".onnx", ".head.onnx"):
        (tmp_path / f"a{suffix}").write_bytes(Path(f"{stem}{suffix}").read_bytes())
    (tmp_path / "a.json").write_text(json.dumps(json.loads(Path(f"{stem}.json").read_text()) | change))
    with pytest.raises(InputError, match=rf"a\.json describes no network that writes music \(.*{why}"):
        Engine.load(str(tmp_path / "a.json"))


@pytest.mark.parametrize("text", ["", "[]", "[" * 100_000, '{"a": 1'])
def test_a_damaged_card_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(InputError, match=r"a\.json is damaged"):
        load_card(tmp_path / "a.json")


def test_files_of_two_networks_are_told_apart(tiny: dict[str, Path], tmp_path: Path) -> None:
    for suffix, whose in ((".onnx", "jsb-grid"), (".head.onnx", "continuous"), (".json", "jsb-grid")):
        (tmp_path / f"a{suffix}").write_bytes(Path(f"{tiny[whose]}{suffix}").read_bytes())
    with pytest.raises(InputError, match=r"are not what .*a\.json describes"):
        Engine.load(str(tmp_path / "a.json"))
