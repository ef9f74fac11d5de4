"""The piano networks of the zoo: shapes, gradients, what is told but not taught, a tiny batch learned by heart."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tecla.models.crnn import CRNN, CRNNConfig
from tecla.models.hcqt_hppnet import HCQTConfig, HCQTNet
from tecla.models.hppnet import HPPNet, HPPNetConfig
from tecla.models.keyed import N_ANSWERS, Keyed
from tecla.models.kong_regression import KongConfig, KongRegression
from tecla.models.onsets_frames import OnsetsFrames, OnsetsFramesConfig
from tecla.training.losses import transcription_loss

NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "crnn": lambda: Keyed(CRNN(CRNNConfig(3, 396, N_ANSWERS, channels=4, embedding=24, memory=16, layers=1, stride=1, dropout=0.0))),
    "onsets_frames": lambda: OnsetsFrames(OnsetsFramesConfig(channels=4, embedding=16, memory=8, dropout=0.0)),
    "kong_regression": lambda: KongRegression(KongConfig(channels=(4, 4, 6, 6), embedding=16, memory=8, dropout=0.0)),
    "hppnet": lambda: HPPNet(HPPNetConfig(channels=3, wide=6, memory=4)),
    "hcqt_hppnet": lambda: HCQTNet(HCQTConfig(channels=6, blocks=1, memory=4)),
}


def picture(frames: int) -> Tensor:
    return torch.randn(2, 3, frames, 396, generator=torch.Generator().manual_seed(0))


def answers(frames: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return (torch.rand(2, frames, 88, 6, generator=generator) > 0.9).float(), (torch.rand(2, frames, 4, generator=generator) > 0.5).float()


@pytest.fixture(params=NETWORKS)
def network(request: pytest.FixtureRequest) -> Any:
    torch.manual_seed(0)
    return NETWORKS[request.param]()


@pytest.mark.parametrize("frames", [1, 11])
def test_answers_for_every_key_and_pedal(network: Any, frames: int) -> None:
    heads = network.eval()(picture(frames))
    assert heads.keys.shape == (2, frames, 88, 6)
    assert heads.pedals.shape == (2, frames, 4)
    assert torch.isfinite(heads.keys).all()


def test_gradients_reach_every_parameter(network: Any) -> None:
    heads = network(picture(9))
    transcription_loss(heads, *answers(9))[0].backward()
    assert [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []


def test_a_tiny_batch_is_learned(network: Any) -> None:
    features, wanted = picture(8), answers(8)
    optimizer, losses = torch.optim.Adam(network.parameters(), 5e-3), []
    for _ in range(30):
        loss = transcription_loss(network(features), *wanted)[0]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.75 * losses[0]


@pytest.mark.parametrize("name", ["onsets_frames", "hcqt_hppnet"])
def test_frames_are_told_of_onsets_but_do_not_teach_them(name: str) -> None:
    torch.manual_seed(0)
    network = NETWORKS[name]()
    network(picture(7)).keys[..., 2].sum().backward()  # the frame's answer alone
    branch = [p for n, p in network.named_parameters() if n.startswith(("onset.", "onset_stack", "onset_block"))]
    assert branch
    assert all(p.grad is None or not p.grad.abs().sum() > 0 for p in branch)
