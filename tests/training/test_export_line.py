"""Single-line networks: torch and ONNX say the same, at any length, and the file says what it speaks of."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tecla.errors import InputError, OptionError
from tecla.models.crnn import CRNN, CRNNConfig
from tecla.training.export import export_onnx
from tecla.training.export_line import export_line_onnx
from tecla.training.voice import PITCHES, make_line_network
from tecla.transcription.monophonic.features import HOP_SAMPLES, N_BINS
from tecla.transcription.monophonic.network import LineNetwork, find_line_weights


def tried(network: Any, features: torch.Tensor) -> Any:
    with torch.no_grad():
        return network.eval()(features)


@pytest.mark.parametrize("frames", [1, 50, 173])
def test_torch_and_onnx_agree(tmp_path: Path, frames: int) -> None:
    torch.manual_seed(0)
    network, features = make_line_network(), torch.randn(1, 2, frames, N_BINS)
    export_line_onnx(network, tmp_path / "line.onnx", HOP_SAMPLES, PITCHES.tolist())
    used = LineNetwork(tmp_path / "line.onnx")
    states, events = used(features[0].numpy())
    wanted = tried(network, features)
    np.testing.assert_allclose(states, torch.softmax(wanted.states[0], -1).numpy(), atol=1e-4)
    np.testing.assert_allclose(events[:, 0], torch.sigmoid(wanted.onset[0]).numpy(), atol=1e-4)
    np.testing.assert_allclose(events[:, 1], wanted.bend[0].numpy(), atol=1e-4)
    assert used.hop_samples == HOP_SAMPLES
    assert used.pitches.tolist() == list(range(36, 109))


@pytest.mark.parametrize("frames", [6, 666])
def test_a_network_of_classes_is_a_line_too(tmp_path: Path, frames: int) -> None:
    torch.manual_seed(0)
    network = CRNN(CRNNConfig(stride=3, memory=16, embedding=16, channels=4))
    network.standardise.fit(torch.randn(2, 2, 50, N_BINS) * 2 + 1)
    features = torch.randn(1, 2, frames, N_BINS)
    export_line_onnx(network, tmp_path / "classes.onnx", 96, [60, 64, 67], frames_together=3)
    used = LineNetwork(tmp_path / "classes.onnx")
    states, events = used(features[0].numpy())
    np.testing.assert_allclose(states, torch.softmax(tried(network, features)[0], -1).numpy(), atol=1e-4)
    assert events.shape == (frames, 2)
    assert used(features[0, :, :5].numpy())[0].shape == (5, 4)


def test_what_is_no_line_is_refused(tmp_path: Path) -> None:
    (tmp_path / "not.onnx").write_bytes(b"no")
    with pytest.raises(InputError, match="cannot be used as a network"):
        LineNetwork(tmp_path / "not.onnx")
    from tecla.training.transcriber import HarmonicConfig, make_network

    export_onnx(
        make_network(config=HarmonicConfig(channels=4, blocks=1, mix_channels=2, memory=4, pedal_memory=4))(), tmp_path / "piano.onnx"
    )
    with pytest.raises(InputError, match="no network for a single line"):
        LineNetwork(tmp_path / "piano.onnx")
    with pytest.raises(OptionError, match="there is no voice model 'tenor': choose default or c4-e4-g4"):
        find_line_weights("tenor")
    with pytest.raises(OptionError, match="does not exist"):
        find_line_weights("tenor.onnx")
