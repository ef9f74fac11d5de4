"""What was exported can be learned on: the network comes back out of its .onnx file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from tecla.errors import InputError
from tecla.models.harmonic import HarmonicConfig, HarmonicNet
from tecla.training.export import export_onnx
from tecla.training.pretrained import load_pretrained
from tecla.transcription.features import N_BINS, WINDOWS
from tecla.transcription.network import find_weights

TINY = HarmonicConfig(channels=8, blocks=2, mix_channels=2, memory=4, pedal_memory=5)


@pytest.mark.parametrize("stride", [1, 2])
def test_a_network_comes_back_from_its_file(tmp_path: Path, stride: int) -> None:
    torch.manual_seed(0)
    network = HarmonicNet(replace(TINY, memory_stride=stride)).train()
    for _ in range(3):
        network(torch.randn(2, len(WINDOWS), 20, N_BINS) * 2 + 0.5)
    export_onnx(network, tmp_path / "a.onnx")
    features = torch.randn(2, len(WINDOWS), 30, N_BINS)
    again = load_pretrained(tmp_path / "a.onnx")
    assert again.config == network.config
    with torch.no_grad():
        for ours, theirs in zip(again.train()(features), network.eval()(features), strict=True):
            assert torch.allclose(ours, theirs, atol=1e-4)


def test_a_memory_that_steps_two_frames_hears_every_other_as_if_there_were_no_others(tmp_path: Path) -> None:
    network = HarmonicNet(replace(TINY, memory_stride=2)).train()
    network(torch.randn(2, len(WINDOWS), 20, N_BINS))
    export_onnx(network.eval(), tmp_path / "a.onnx")
    light = load_pretrained(tmp_path / "a.onnx").eval()
    assert light.config == network.config
    strings = torch.randn(5, 7, TINY.channels)
    with torch.no_grad():
        remembered, every_other = light._remember(strings), network.memory(strings[:, ::2])[0]
    assert torch.allclose(remembered[:, ::2], every_other, atol=1e-5)
    assert torch.allclose(remembered[:, 1::2], every_other[:, :3], atol=1e-5)


def test_the_shipped_weights_learn_on_all_but_their_statistics() -> None:
    network = load_pretrained(find_weights("default")).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    network(torch.randn(1, len(WINDOWS), 20, N_BINS)).keys.sum().backward()
    assert all(parameter.grad is not None for name, parameter in network.named_parameters() if not name.startswith("pedal"))
    assert all(torch.equal(before[name], value) for name, value in network.named_buffers())
    assert not any(module.training for module in network.modules() if isinstance(module, nn.BatchNorm2d))


@pytest.mark.parametrize("name", ["small", "free", "int8"])
def test_weights_in_eight_bits_come_back_as_the_numbers_they_stand_for(name: str) -> None:
    features = np.random.default_rng(0).random((1, len(WINDOWS), 60, N_BINS)).astype(np.float32) / 2
    keys, pedals = onnxruntime.InferenceSession(str(find_weights(name))).run(None, {"features": features})
    with torch.no_grad():
        heads = load_pretrained(find_weights(name)).eval()(torch.from_numpy(features))
    assert np.abs(torch.sigmoid(heads.keys[0]).numpy() - keys).max() < 0.1
    assert np.abs(torch.sigmoid(heads.pedals[0]).numpy() - pedals).max() < 0.1


def test_another_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "noise.onnx").write_bytes(b"not a network")
    with pytest.raises(InputError, match="noise.onnx"):
        load_pretrained(tmp_path / "noise.onnx")
    with pytest.raises(InputError, match="holds no network that tecla exported"):
        load_pretrained(find_weights("default").with_name("notes.onnx"))


@pytest.mark.parametrize("damage", ["a recurrence without its bias", "weights of another shape", "words for weights"])
def test_a_network_of_ours_that_was_damaged_is_refused(tmp_path: Path, damage: str) -> None:
    model = onnx.load(str(find_weights("small")))
    node = next(node for node in model.graph.node if node.op_type == "GRU")
    bias = next(tensor for tensor in model.graph.initializer if tensor.name == node.input[3])
    if damage == "a recurrence without its bias":
        node.input[3] = ""
    elif damage == "weights of another shape":
        bias.dims[:] = [1, bias.dims[0], bias.dims[1]]
    else:
        bias.CopyFrom(onnx.helper.make_tensor(bias.name, onnx.TensorProto.STRING, [1], [b"loud"]))
    onnx.save(model, str(tmp_path / "a.onnx"))
    with pytest.raises(InputError, match="holds no network that tecla exported"):
        load_pretrained(tmp_path / "a.onnx")
