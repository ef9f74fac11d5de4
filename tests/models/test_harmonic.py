"""The network: shapes, what may influence what, and that it can learn."""

from dataclasses import replace

import pytest
import torch

from tecla.models.harmonic import HarmonicConfig, HarmonicNet
from tecla.music.pitch import N_KEYS
from tecla.transcription.features import N_BINS, WINDOWS
from tecla.transcription.targets import KEY_CHANNELS, PEDAL_CHANNELS

TINY = HarmonicConfig(channels=8, blocks=2, mix_channels=2, memory=4, pedal_memory=4)


def tiny() -> HarmonicNet:
    torch.manual_seed(0)
    return HarmonicNet(TINY).eval()


def features(batch: int, frames: int) -> torch.Tensor:
    return torch.randn(batch, len(WINDOWS), frames, N_BINS, generator=torch.Generator().manual_seed(1))


def test_shapes() -> None:
    heads = tiny()(features(2, 30))
    assert heads.keys.shape == (2, 30, N_KEYS, len(KEY_CHANNELS))
    assert heads.pedals.shape == (2, 30, len(PEDAL_CHANNELS))


@torch.no_grad()
def test_examples_of_a_batch_do_not_hear_each_other() -> None:
    network, two = tiny(), features(2, 20)
    alone = network(two[:1])
    assert torch.allclose(network(two).keys[:1], alone.keys, atol=1e-5)
    assert torch.allclose(network(two).pedals[:1], alone.pedals, atol=1e-5)


def test_every_parameter_learns() -> None:
    network = tiny().train()
    heads = network(features(2, 20))
    (heads.keys.square().mean() + heads.pedals.square().mean()).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() and p.grad.any() for p in network.parameters())


def test_gradients_are_numbers_in_bfloat16_whatever_the_width() -> None:
    """On processors, oneDNN's gradient of a dilated convolution over 24 channels is not."""
    network = HarmonicNet(replace(TINY, channels=24)).train()
    with torch.autocast("cpu", torch.bfloat16):
        heads = network(features(2, 100).to(memory_format=torch.channels_last))
    heads.keys.float().square().mean().backward()
    assert all(p.grad.isfinite().all() for p in network.parameters() if p.grad is not None)


@torch.no_grad()
def test_a_fundamental_reaches_its_harmonics_keys() -> None:
    """The harmonic mix links keys that share partials, an octave and a twelfth apart."""
    network, quiet = tiny(), features(1, 8)
    loud = quiet.clone()
    loud[..., 4 * 40 : 4 * 41] += 3
    moved = (network(loud).keys - network(quiet).keys).abs().amax((0, 1, 3))
    assert moved[[40, 28, 52, 59, 64]].min() > 0


@pytest.mark.parametrize("frames", [1, 2, 7])
@torch.no_grad()
def test_any_length_goes(frames: int) -> None:
    assert tiny()(features(1, frames)).keys.isfinite().all()
