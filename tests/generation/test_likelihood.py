"""Likelihoods: sums without padding, windows that judge every row once, rankings that refuse to mislead."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tecla.errors import OptionError
from tecla.generation.engine import Engine
from tecla.generation.likelihood import Likelihood, compare, event_bits, grid_notes, token_bits, total
from tecla.generation.ngram import Ngram
from tecla.training.composer import negative_log_likelihood, padded
from tecla.training.ship import restore

ROW = Likelihood("a", "jsb-grid", bits=100.0, tokens=200, notes=10, seconds=5.0, sixteenths=50)


def chorale(length: int, seed: int = 0) -> np.ndarray:
    return np.concatenate([np.random.default_rng(seed).integers(1, 90, (length, 4)), np.zeros((1, 4), int)])


def test_bits_per_unit_worked_by_hand() -> None:
    assert [ROW.per(unit) for unit in ("note", "second", "sixteenth", "token")] == [10.0, 20.0, 2.0, 0.5]


def test_coarse_bins_pay_for_their_resolution() -> None:
    assert replace(ROW, resolution_bits=30.0).per("note") == 13.0
    assert replace(ROW, resolution_bits=30.0).per("token") == 0.5


def test_ranking_per_token_across_tokenizers_is_refused() -> None:
    other = replace(ROW, tokenizer="craykh-50ms", bits=90.0, tokens=900)
    with pytest.raises(OptionError, match="do not compare"):
        compare([ROW, other], "token")
    assert compare([ROW, other], "note") == [other, ROW]


def test_rankings_over_different_music_are_refused() -> None:
    with pytest.raises(OptionError, match="not judged on the same music"):
        compare([ROW, replace(ROW, notes=11)], "note")


def test_pieces_add_up() -> None:
    both = total([ROW, replace(ROW, bits=50.0, notes=5)])
    assert (both.bits, both.notes, both.tokens) == (150.0, 15, 400)


def test_a_unit_the_music_lacks_is_refused() -> None:
    with pytest.raises(OptionError, match="without characters"):
        ROW.per("character")


def test_attacks_of_a_grid() -> None:
    grid = np.array([[60, -1], [60, 50], [62, 50], [-1, 50], [62, 51]])
    assert grid_notes(grid) == 3 + 2


@pytest.mark.parametrize(
    ("tokenizer", "kind", "slots"), [("jsb-grid", "music-transformer", 4), ("abc-characters", "lstm", 1), ("abc-tokens", "gpt", 1)]
)
def test_no_bit_depends_on_padding(tiny: dict[str, Path], tokenizer: str, kind: str, slots: int) -> None:
    """A batch of 32, short and long together, gives every piece the nats that it has alone."""
    network, _ = restore(Path(f"{tiny[tokenizer]}.safetensors"), kind)
    pieces = [(np.concatenate([np.zeros((1, slots), int), chorale(length, length)[:, :slots]]), 0) for length in range(2, 34)]
    with torch.no_grad():
        together = negative_log_likelihood(network, padded(pieces))[0].sum((1, 2))
        alone = torch.stack([negative_log_likelihood(network, padded([piece]))[0].sum() for piece in pieces])
    assert together.numpy() == pytest.approx(alone.numpy(), rel=1e-5)


def test_shipped_bits_are_the_networks_nats(tiny: dict[str, Path]) -> None:
    network, _ = restore(Path(f"{tiny['jsb-grid']}.safetensors"), "music-transformer")
    piece = chorale(30)
    with torch.no_grad():
        nats = negative_log_likelihood(network, padded([(np.concatenate([np.zeros((1, 4), int), piece]), 0)]))[0].sum().item()
    bits = token_bits(Engine.load(f"{tiny['jsb-grid']}.json"), piece)
    assert bits.sum() == pytest.approx(nats / np.log(2), rel=1e-3)
    assert not bits[-1, 1:].any()  # END alone is paid for


@pytest.mark.parametrize("tokenizer", ["abc-characters", "abc-tokens", "jsb-grid"])
def test_windows_judge_like_the_whole_while_context_suffices(tiny: dict[str, Path], tokenizer: str) -> None:
    engine = Engine.load(f"{tiny[tokenizer]}.json")
    piece = chorale(50) if tokenizer == "jsb-grid" else chorale(50)[:, :1] % 97
    engine.context = 1000
    whole = token_bits(engine, piece)
    engine.context = 32
    sliding = token_bits(engine, piece)
    assert sliding[:32] == pytest.approx(whole[:32], abs=1e-4)
    assert np.isfinite(sliding).all()
    assert (sliding[32:-1] > 0).all()  # every later row is judged too


def test_event_bits_are_deterministic_and_finite(tiny: dict[str, Path]) -> None:
    engine = Engine.load(f"{tiny['continuous']}.json")
    rows = np.array([[0, 40, 64, 0.5], [0.2, 88, 0, 0], [0.01, 44, 70, 0.3], [0.5, 89, 0, 0], [0, 90, 0, 0]], np.float32)
    first, second = event_bits(engine, rows), event_bits(engine, rows)
    assert np.array_equal(first, second)
    assert np.isfinite(first).all()
    assert first[1, 2] == first[1, 3] == first[4, 2] == 0


def test_ngram_learns_what_repeats() -> None:
    model = Ngram(3, 4).fit([[1, 2, 3] * 20 + [0]] * 3)
    bits = model.bits([1, 2, 3, 1, 2, 3, 1, 2, 3, 0])
    assert sum(bits[3:9]) < 2.0
    assert sum(model.bits([3, 2, 1])) > 3.0


def test_ngram_is_a_distribution_everywhere() -> None:
    model = Ngram(4, 5).fit([[1, 2, 1, 3, 0], [4, 4, 2, 0]])
    for context in ([], [1], [4, 4], [2, 2, 2], [1, 2, 1]):
        assert sum(model.probability(token, context) for token in range(5)) == pytest.approx(1.0)
