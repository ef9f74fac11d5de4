"""torch and ONNX say the same, for sounds of any length, from a run to a transcription network."""

import json
import subprocess
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from tecla.errors import InputError
from tecla.models.harmonic import HarmonicConfig, HarmonicNet
from tecla.training import quantise, release, run
from tecla.training.export import export_onnx
from tecla.training.release import export_rounded, export_run
from tecla.training.run import RunOptions
from tecla.training.stored import save_stored
from tecla.training.transcriber import make_network
from tecla.transcription.features import N_BINS, WINDOWS
from tecla.transcription.network import Network

TINY = HarmonicConfig(channels=8, blocks=2, mix_channels=2, memory=4, pedal_memory=4)


def lived_in(config: HarmonicConfig) -> HarmonicNet:
    """A network whose batch norms have seen something: untouched ones would hide a fault in their folding."""
    torch.manual_seed(0)
    network = HarmonicNet(config).train()
    for _ in range(3):
        network(torch.randn(2, len(WINDOWS), 20, N_BINS) * 2 + 0.5)
    return network.eval()


@pytest.mark.parametrize("frames", [1, 60, 137])
@pytest.mark.parametrize("config", [TINY, HarmonicConfig()], ids=["tiny", "shipped size"])
@torch.no_grad()
def test_torch_and_onnx_agree(frames: int, config: HarmonicConfig, tmp_path: Path) -> None:
    network = lived_in(config)
    export_onnx(network, tmp_path / "a.onnx")
    features = np.random.default_rng(1).normal(size=(len(WINDOWS), frames, N_BINS)).astype(np.float32)
    heads = network(torch.from_numpy(features)[None])
    heard = Network(tmp_path / "a.onnx")(features)
    assert heard.keys.shape == (frames, 88, 6)
    assert np.abs(heard.keys - torch.sigmoid(heads.keys[0]).numpy()).max() < 1e-3
    assert np.abs(heard.pedals - torch.sigmoid(heads.pedals[0]).numpy()).max() < 1e-3


@torch.no_grad()
def test_a_run_s_best_weights_come_with_a_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(run.SIZES, "small", TINY)
    run.begin(tmp_path / "run", RunOptions(corpora=("maestro:there",), size="small", steps=5))
    (tmp_path / "run" / "sources.json").write_text(json.dumps({"MAESTRO": "CC BY-NC-SA 4.0", "Some Piano": "CC0"}))
    network = make_network(config=TINY)().eval()
    save_stored({"network": network.state_dict(), "metrics": {"onset_f1": 0.5, "step": 5}}, tmp_path / "run" / "best.safetensors")
    card = json.loads(export_run(tmp_path / "run", tmp_path / "mine.onnx").read_text())
    assert card["licence"] == "non-commercial, as MAESTRO"
    assert card["validation"]["onset_f1"] == 0.5
    assert card["parameters"] == sum(p.numel() for p in network.parameters())
    features = np.zeros((len(WINDOWS), 30, N_BINS), np.float32)
    wanted = torch.sigmoid(network(torch.from_numpy(features)[None]).keys[0])
    assert np.abs(Network(tmp_path / "mine.onnx")(features).keys - wanted.numpy()).max() < 1e-3
    (tmp_path / "run" / "sources.json").unlink()
    with pytest.raises(InputError, match="does not say what it learned from"):
        export_run(tmp_path / "run", tmp_path / "bare.onnx")
    assert not (tmp_path / "bare.onnx").exists()


def test_a_run_without_best_weights_is_named(tmp_path: Path) -> None:
    run.begin(tmp_path / "run", RunOptions(steps=5))
    with pytest.raises(InputError, match="no best weights yet"):
        export_run(tmp_path / "run", tmp_path / "a.onnx")


def test_a_card_states_tecla_s_own_commit_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git = ("git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "release.py").touch()
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "Somebody else's"], check=True)
    monkeypatch.setattr(release, "__file__", str(tmp_path / "release.py"))
    assert release.code_commit() is None  # the file lies there, and is no part of the repository
    subprocess.run([*git, "add", "release.py"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "Our own"], check=True)
    assert len(release.code_commit() or "") == 40
    monkeypatch.setenv("PATH", "")
    assert release.code_commit() is None


def test_eight_bits_say_nearly_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantise, "_BATCHES", 1)
    network = lived_in(TINY)
    export_onnx(network, tmp_path / "a.onnx")
    (tmp_path / "a.json").write_text(json.dumps({"name": "a", "licence": "free", "metrics": {"onset": 1}}))
    card = json.loads(export_rounded(tmp_path / "a.onnx", tmp_path / "b.onnx").read_text())
    assert card == {"name": "b", "made from": "a.onnx, its convolutions in eight bits", "licence": "free"}
    features = np.random.default_rng(1).normal(size=(len(WINDOWS), 60, N_BINS)).astype(np.float32)
    exact, rounded = (Network(tmp_path / name)(features).keys for name in ("a.onnx", "b.onnx"))
    assert 0 < np.abs(exact - rounded).max() < 0.05
    weights = onnx.load(tmp_path / "b.onnx").graph.initializer
    assert sum(tensor.data_type == onnx.TensorProto.INT8 and len(tensor.dims) == 4 for tensor in weights) == 2 + 4 * TINY.blocks


def test_what_is_no_network_is_not_rounded(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(b"no network")
    with pytest.raises(InputError, match=r"a\.onnx holds no network that can be rounded"):
        export_rounded(tmp_path / "a.onnx", tmp_path / "b.onnx")
    assert not (tmp_path / "b.onnx").exists()
