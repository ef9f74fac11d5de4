"""Training of what goes on playing: crops, padding, the order of the loop, that a network learns."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tecla.generation.models.gpt import Gpt, GptConfig  # noqa: E402
from tecla.generation.models.lstm import Lstm, LstmConfig  # noqa: E402
from tecla.training import composer  # noqa: E402
from tecla.training.composer import IGNORED, Schedule, draw, optimisers, padded, pieces_hash, previous_of, rate_at, train  # noqa: E402
from tecla.training.stored import load_stored  # noqa: E402


def piece(length: int, slots: int = 1) -> np.ndarray:
    return np.concatenate([np.arange(length * slots).reshape(length, slots) % 5 + 1, np.zeros((1, slots), int)])


def test_previous_rows_begin_with_end() -> None:
    assert previous_of(piece(3)).ravel().tolist() == [0, 1, 2, 3]


def test_padding_is_no_target_and_nothing_follows_an_end() -> None:
    crops = [(np.concatenate([np.zeros((1, 2), int), piece(length, 2)]), 0) for length in (3, 1)]
    previous, target, _ = padded(crops)
    assert target[0].tolist() == [[1, 2], [3, 4], [5, 1], [0, IGNORED]]
    assert target[1].tolist() == [[1, 2], [0, IGNORED], [IGNORED, IGNORED], [IGNORED, IGNORED]]
    assert previous[1].tolist() == [[0, 0], [1, 2], [0, 0], [0, 0]]


def test_crops_lie_within_a_piece_and_know_their_place() -> None:
    long, rng = np.concatenate([np.arange(1, 101)[:, None], np.zeros((1, 1), int)]), np.random.default_rng(0)
    seen = set()
    for _ in range(50):
        for crop, start in draw([long], Schedule(batch=4, length=16), None, rng):
            assert len(crop) == 17
            assert crop[0, 0] == start  # the row before the first target: END (0) at the beginning, else number `start`
            assert (np.diff(crop[:-1, 0]) == 1).all()
            seen.add(start)
    assert {0, 101 - 16} <= seen


def test_rates_rise_then_fall() -> None:
    schedule = Schedule(steps=100, warmup=10, rate=1.0)
    rates = [rate_at(step, schedule) for step in range(100)]
    assert np.argmax(rates) == 9 or np.argmax(rates) == 10
    assert rates[0] == pytest.approx(0.1)
    assert rates[-1] < 0.02


def test_rates_fall_with_the_clock_where_that_is_ahead() -> None:
    schedule = Schedule(steps=10_000, warmup=10, rate=1.0)
    assert rate_at(20, schedule) > 0.99
    assert rate_at(20, schedule, gone=0.5) == pytest.approx(0.505, abs=0.01)
    assert rate_at(20, schedule, gone=1.2) == pytest.approx(0.01)


def test_a_run_ends_with_its_minutes(tmp_path: Path) -> None:
    schedule = Schedule(steps=10**9, batch=2, length=8, minutes=1e-5, half=False)
    train(Lstm(LstmConfig(6, width=4, layers=1)), [piece(8)], [piece(8)], schedule, tmp_path)
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 1


def test_muon_moves_the_matrices_of_blocks_and_adam_the_rest() -> None:
    model = Gpt(GptConfig(11, width=16, heads=2, layers=1, context=8))
    adam, muon = optimisers(model, Schedule(muon=True))
    inner = [p for p in model.blocks.parameters() if p.ndim == 2]
    assert [id(p) for group in muon.param_groups for p in group["params"]] == [id(p) for p in inner]
    moved = sum(len(group["params"]) for optimiser in (adam, muon) for group in optimiser.param_groups)
    assert moved == len(list(model.parameters()))
    assert len(optimisers(model, Schedule())) == 1


def test_a_hash_tells_what_was_seen() -> None:
    assert pieces_hash([piece(3)]) == pieces_hash([piece(3)]) != pieces_hash([piece(4)])


def test_a_network_learns_a_scale_and_the_best_weights_are_kept(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = Lstm(LstmConfig(6, width=24, layers=1, embedding=8, dropout=0.0))
    schedule = Schedule(steps=120, batch=4, length=12, rate=2e-2, warmup=5, judge_every=40, average=0.9, half=False)
    best = train(model, [piece(20)], [piece(12)], schedule, tmp_path)
    assert best < 1.2  # a uniform guess is 1.79 nats; where the scale ends cannot be guessed
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [note["step"] for note in log] == [40, 80, 120]
    kept = load_stored(tmp_path / "best.safetensors")
    assert kept["note"]["held_out"] == pytest.approx(min(note["held_out"] for note in log))
    assert kept["note"]["seen"] == pieces_hash([piece(20)])


def test_a_run_that_no_longer_learns_ends_early_and_its_log_tells_bits_per_note(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = Lstm(LstmConfig(6, width=8, layers=1, embedding=8, dropout=0.0))
    schedule = Schedule(
        steps=200, batch=2, length=12, rate=0.0, warmup=1, judge_every=10, patience=3, half=False
    )  # at this rate nothing is learned
    best = train(model, [piece(20)], [piece(12)], schedule, tmp_path, units={"note": 0.5})
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [note["step"] for note in log] == [10, 20, 30, 40]
    assert log[0]["held_out_bits_per_note"] == pytest.approx(best / np.log(2) / 0.5)


def test_gradients_are_clipped_before_the_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order = []
    clip, step = torch.nn.utils.clip_grad_norm_, torch.optim.AdamW.step
    monkeypatch.setattr(composer.nn.utils, "clip_grad_norm_", lambda *a, **k: (order.append("clip"), clip(*a, **k))[1])
    monkeypatch.setattr(torch.optim.AdamW, "step", lambda self, *a, **k: (order.append("step"), step(self, *a, **k))[1])
    train(Lstm(LstmConfig(6, width=4, layers=1)), [piece(8)], [piece(8)], Schedule(steps=3, batch=2, length=8, half=False), tmp_path)
    assert order == ["clip", "step"] * 3
