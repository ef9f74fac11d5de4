"""The transcription loss: what it asks for, and that padding does not speak."""

from typing import Any

import pytest
import torch
from torch import Tensor

from tecla.models.harmonic import Heads
from tecla.training.losses import transcription_loss
from tecla.transcription.targets import KEY_CHANNELS, PEDAL_CHANNELS


def random_case(frames: int = 6) -> tuple[Heads, Tensor, Tensor]:
    """Logits and targets of two examples, and of a keyboard of five keys."""
    make = torch.Generator().manual_seed(0)
    heads = Heads(torch.randn(2, frames, 5, 6, generator=make), torch.randn(2, frames, 4, generator=make))
    return heads, torch.rand(2, frames, 5, 6, generator=make), torch.rand(2, frames, 4, generator=make)


def test_masked_frames_do_not_change_the_loss() -> None:
    heads, keys, pedals = random_case()
    mask = torch.ones(2, 6)
    mask[0, 4:] = 0
    value, parts = transcription_loss(heads, keys, pedals, mask)
    for other in (heads.keys, heads.pedals, keys, pedals):
        other[0, 4:] = 0.77
    again, parts_again = transcription_loss(heads, keys, pedals, mask)
    assert torch.equal(value, again)
    assert parts == parts_again


def test_padding_away_is_the_same_as_cutting_off() -> None:
    heads, keys, pedals = random_case()
    mask = torch.ones(2, 6)
    mask[:, 4:] = 0
    padded, _ = transcription_loss(heads, keys, pedals, mask)
    cut, _ = transcription_loss(Heads(heads.keys[:, :4], heads.pedals[:, :4]), keys[:, :4], pedals[:, :4])
    assert float(padded) == pytest.approx(float(cut), rel=1e-5)


def test_masked_frames_give_no_gradient() -> None:
    heads, keys, pedals = random_case()
    heads = Heads(heads.keys.requires_grad_(), heads.pedals.requires_grad_())
    mask = torch.ones(2, 6)
    mask[1, :2] = 0
    transcription_loss(heads, keys, pedals, mask)[0].backward()
    assert heads.keys.grad is not None
    assert not heads.keys.grad[1, :2].any()
    assert heads.keys.grad[1, 2:].any()


def test_the_right_answer_costs_nothing() -> None:
    _, keys, pedals = random_case()
    keys, pedals = keys.round(), pedals.round()
    heads = Heads((keys - 0.5) * 60, (pedals - 0.5) * 60)
    value, parts = transcription_loss(heads, keys, pedals)
    assert float(value) == pytest.approx(0, abs=1e-6)
    assert set(parts) == {*KEY_CHANNELS, *PEDAL_CHANNELS}


def test_velocity_counts_only_where_a_note_begins() -> None:
    heads, keys, pedals = random_case()
    keys[..., 0] = 0
    keys[0, 2, 3, 0] = 1
    part = transcription_loss(heads, keys, pedals)[1]["velocity"]
    keys[1, 4, 2, 1] = 0.123  # no note begins there
    assert transcription_loss(heads, keys, pedals)[1]["velocity"] == part
    keys[0, 2, 3, 1] = 1 - keys[0, 2, 3, 1]
    assert transcription_loss(heads, keys, pedals)[1]["velocity"] != part


@pytest.mark.parametrize("kind", ["plain", "pos_weight", "focal", "dice"])
def test_every_kind_of_loss_is_least_where_all_is_right(kind: Any) -> None:
    _, keys, pedals = random_case()
    keys, pedals = keys.round(), pedals.round()
    right = Heads(keys * 20 - 10, pedals * 20 - 10)
    value = transcription_loss(right, keys, pedals, kind=kind)[0]
    assert value < 0.1
    for heads in (random_case()[0], Heads(-right.keys, -right.pedals)):
        assert transcription_loss(heads, keys, pedals, kind=kind)[0] > value + 0.5


def test_focal_forgives_the_sure_and_pos_weight_punishes_misses() -> None:
    _, keys, pedals = random_case()
    keys, pedals = torch.ones_like(keys), torch.ones_like(pedals)
    near, far = (Heads(torch.full_like(keys, level), torch.full_like(pedals, 9.0)) for level in (2.0, -2.0))

    def onset(heads: Heads, kind: Any) -> float:
        return float(transcription_loss(heads, keys, pedals, kind=kind)[1]["onset"])

    assert onset(near, "focal") / onset(far, "focal") < 0.2 * onset(near, "plain") / onset(far, "plain")
    assert onset(far, "pos_weight") == pytest.approx(4 * onset(far, "plain"))
