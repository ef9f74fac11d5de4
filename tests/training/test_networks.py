"""Every network of the zoo by its name: made, exported, trained as a run, used as a transcriber."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tecla.errors import InputError, OptionError
from tecla.models.features import Spectrogram
from tecla.training import acoustics, run, validation
from tecla.training.export import export_onnx
from tecla.training.loop import State
from tecla.training.networks import NETWORKS, OWN, make_piano_network, standardise
from tecla.training.release import export_run
from tecla.training.run import RunOptions
from tecla.training.stored import load_stored
from tecla.training.team import Team
from tecla.transcription import Transcriber
from tecla.transcription.features import MARGIN_SAMPLES
from tecla.transcription.network import Network

ALONE = Team(torch.device("cpu"))


@pytest.fixture
def options(banks_folder: Path, monkeypatch: pytest.MonkeyPatch) -> RunOptions:
    monkeypatch.setattr(validation, "MOST_TAKES", 1)
    for length in ("_RESONANCE_SAMPLES", "_ROOM_SAMPLES"):
        monkeypatch.setattr(acoustics, length, 1600)
    return RunOptions(pianos=str(banks_folder), steps=2, batch=1, n_frames=24, save_every=1)


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_exported_answers_as_it_did_at_any_length(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = make_piano_network(name).eval()
    export_onnx(network, tmp_path / "n.onnx")
    heard = Network(tmp_path / "n.onnx", threads=1)
    for n_frames in (21, 64):  # some pad the one and cut it again, and leave the other as it is
        features = torch.randn(1, 3, n_frames, 396)
        with torch.no_grad():
            heads = network(features)
        answer = heard(features[0].numpy())
        np.testing.assert_allclose(answer.keys, torch.sigmoid(heads.keys[0]), atol=1e-5)
        np.testing.assert_allclose(answer.pedals, torch.sigmoid(heads.pedals[0]), atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_hardly_a_key_moves_at_first(name: str) -> None:
    torch.manual_seed(0)
    network = make_piano_network(name).eval()
    silence = torch.zeros(1, 16000 + 2 * MARGIN_SAMPLES)
    with torch.no_grad():
        assert float(torch.sigmoid(network(Spectrogram()(silence)).keys[..., 0]).mean()) < 0.2


def test_sizes_are_those_of_the_recipe_but_for_what_is_asked() -> None:
    def count(**sizes: int) -> int:
        return sum(p.numel() for p in make_piano_network("crnn", **sizes).parameters())

    assert count() == count(memory=96) == 439_252  # docs/zoo.md
    assert count(memory=48) < count()


def test_standards_are_those_of_the_training_sound() -> None:
    network = make_piano_network("unet-bilstm")
    features = 3 + 2 * torch.randn(4, 3, 50, 396, generator=torch.Generator().manual_seed(0))
    standardise(network, features)
    seen = network.network.standardise(features)  # type: ignore[union-attr,operator]
    assert float(seen.mean()) == pytest.approx(0, abs=1e-4)
    assert float(seen.std()) == pytest.approx(1, abs=0.01)
    own = make_piano_network(OWN, channels=4, blocks=1)
    before = {key: value.clone() for key, value in own.state_dict().items()}
    standardise(own, features)
    assert all(torch.equal(before[key], value) for key, value in own.state_dict().items())


def test_a_run_of_another_network_goes_on_and_becomes_weights(
    options: RunOptions, both_ways: Callable[[RunOptions, int], tuple[State, State]], tmp_path: Path
) -> None:
    straight, resumed = both_ways(replace(options, network="crnn"), 1)
    pairs = zip(straight.network.state_dict().items(), resumed.network.state_dict().values(), strict=True)
    assert [name for (name, a), b in pairs if not torch.equal(a, b)] == []
    assert float(straight.average.network.standardise.mean.abs().sum()) > 0  # type: ignore[union-attr,operator,arg-type]
    card = export_run(tmp_path / "stopped", tmp_path / "crnn.onnx")
    assert '"network": "crnn"' in card.read_text()
    threshold = load_stored(tmp_path / "stopped" / "best.safetensors")["metrics"]["onset_threshold"]
    assert Transcriber.load(str(tmp_path / "crnn.onnx")).config.onset_threshold == threshold  # as it was judged
    card.write_text(card.read_text().replace(f'"onset_threshold": {threshold},\n  "end_weight"', '"onset_threshold": 1.5,\n  "end_weight"'))
    with pytest.raises(InputError, match=r"onset threshold of 1\.5"):
        Transcriber.load(str(tmp_path / "crnn.onnx"))
    assert Network(tmp_path / "crnn.onnx")(np.zeros((3, 10, 396), np.float32)).keys.shape == (10, 88, 6)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"network": "resnet"}, "no network 'resnet': choose tecla, hppnet"), ({"network": "unet", "init": "pretrained"}, "tecla's own")],
)
def test_networks_that_cannot_be_had_are_named(options: RunOptions, tmp_path: Path, change: dict[str, str], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        run.begin(tmp_path / "a", replace(options, **change))  # type: ignore[arg-type]
    assert not (tmp_path / "a").exists()
