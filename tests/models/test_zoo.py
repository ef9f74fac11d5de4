"""Every network of the zoo: shapes, gradients to every parameter, padding and the future without a say, a tiny batch learned by heart."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from tecla.models.council import Council
from tecla.models.crnn import CRNN, CRNNConfig
from tecla.models.se_unet import SEUNet
from tecla.models.transformer import Transformer, TransformerConfig
from tecla.models.unet import UNet, UNetConfig
from tecla.models.unet_bilstm import UNetBiLSTM, UNetBiLSTMConfig

N_BINS = 64
SMALL: dict[str, Any] = {"n_bins": N_BINS, "channels": 4, "dropout": 0.0}
FRAMEWISE: dict[str, Callable[[], nn.Module]] = {
    "crnn": lambda: CRNN(CRNNConfig(embedding=12, memory=12, layers=1, **SMALL)),
    "crnn, stride 3": lambda: CRNN(CRNNConfig(embedding=12, memory=12, stride=3, **SMALL)),
    "crnn, clock": lambda: CRNN(CRNNConfig(embedding=12, memory=12, clock=(4.0, 16.0), **SMALL)),
    "transformer": lambda: Transformer(TransformerConfig(width=16, heads=2, layers=2, **SMALL)),
    "unet": lambda: UNet(UNetConfig(depth=2, embedding=16, **SMALL)),
    "unet_bilstm": lambda: UNetBiLSTM(UNetBiLSTMConfig(depth=2, embedding=16, memory=8, **SMALL)),
    "se_unet": lambda: SEUNet(UNetConfig(depth=2, embedding=16, **SMALL)),
}


def picture(batch: int, frames: int, seed: int = 0) -> Tensor:
    return torch.randn(batch, 2, frames, N_BINS, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(params=FRAMEWISE)
def network(request: pytest.FixtureRequest) -> nn.Module:
    torch.manual_seed(0)
    return FRAMEWISE[request.param]()


@pytest.mark.parametrize("frames", [1, 7, 24])
def test_one_answer_a_frame(network: nn.Module, frames: int) -> None:
    assert network.eval()(picture(2, frames)).shape == (2, frames, 4)


def test_gradients_reach_every_parameter(network: nn.Module) -> None:
    network(picture(2, 13)).square().sum().backward()
    assert [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []


def test_padding_has_no_say(network: nn.Module) -> None:
    network.eval()
    clip = picture(1, 13)
    beside = functional.pad(clip, (0, 0, 0, 11), value=3.0)
    mask = torch.zeros(1, 24)
    mask[:, :13] = 1
    with torch.no_grad():
        alone, padded = network(clip), network(beside, mask)[:, :13]
    torch.testing.assert_close(padded, alone, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("frame", [0, 5, 11])
@pytest.mark.parametrize(
    "make",
    [
        lambda: CRNN(CRNNConfig(embedding=12, memory=12, stride=1, causal=True, **SMALL)),
        lambda: Transformer(TransformerConfig(width=16, heads=2, layers=2, stride=1, causal=True, **SMALL)),
    ],
)
def test_a_causal_network_does_not_know_the_future(make: Callable[[], nn.Module], frame: int) -> None:
    torch.manual_seed(0)
    network = make().eval()
    before = picture(1, 16)
    after = before.clone()
    after[:, :, frame + 1 :] += 1.0
    with torch.no_grad():
        first, second = network(before), network(after)
    torch.testing.assert_close(first[:, : frame + 1], second[:, : frame + 1])
    assert not torch.allclose(first[:, frame + 1 :], second[:, frame + 1 :])


def test_a_network_that_is_not_causal_does_know_it(network: nn.Module) -> None:
    before = picture(1, 24)
    after = before.clone()
    after[:, :, 12:] += 1.0
    with torch.no_grad():
        assert not torch.allclose(network.eval()(before)[:, 11], network(after)[:, 11])


def test_a_tiny_batch_can_be_learned_by_heart(network: nn.Module) -> None:
    features, wanted = picture(2, 12), torch.arange(4).repeat_interleave(3).repeat(2, 1)
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    for _ in range(120):
        loss = functional.cross_entropy(network(features).flatten(0, 1), wanted.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.4


def test_standardising_travels_with_the_weights(network: Any) -> None:
    features = picture(5, 24) * 3 + 2
    network.standardise.fit(features)
    scaled = network.standardise(features)
    torch.testing.assert_close(scaled.mean((0, 2)), torch.zeros(2, N_BINS), atol=1e-5, rtol=0)
    torch.testing.assert_close(scaled.std((0, 2)), torch.ones(2, N_BINS), atol=1e-4, rtol=0)
    fresh: Any = type(network)(network.config)
    fresh.load_state_dict(network.state_dict())
    torch.testing.assert_close(fresh.standardise(features), scaled)


def test_a_council_is_the_mean_of_its_members() -> None:
    members = [FRAMEWISE["crnn"]().eval() for _ in range(2)]
    features = picture(1, 8)
    with torch.no_grad():
        said = torch.softmax(Council(members)(features), -1)
        each = [torch.softmax(member(features), -1) for member in members]
    product = (each[0] * each[1]).sqrt()
    torch.testing.assert_close(said, product / product.sum(-1, keepdim=True))
