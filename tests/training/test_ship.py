"""What a shipped network was told on its way out."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tecla.errors import InputError  # noqa: E402
from tecla.generation.engine import Engine  # noqa: E402
from tecla.generation.models.music_transformer import MusicTransformer, MusicTransformerConfig  # noqa: E402
from tecla.training.ship import restore, ship, soften  # noqa: E402
from tecla.training.stored import save_stored  # noqa: E402


def network() -> MusicTransformer:
    torch.manual_seed(0)
    model = MusicTransformer(MusicTransformerConfig(90, 4, width=16, heads=2, layers=1, reach=8, phases=4, runs=True, first_pitch=2))
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(0.0, 0.3)
    return model.eval()


def test_softened_logits_are_the_logits_over_the_temperature() -> None:
    model, rows = network(), torch.randint(0, 90, (1, 6, 4))
    before = model(rows, rows, torch.zeros(1, dtype=torch.long))
    soften(model, 1.25)
    torch.testing.assert_close(model(rows, rows, torch.zeros(1, dtype=torch.long)), before / 1.25)


def test_the_temperature_lies_in_the_shipped_graphs_and_is_told(tmp_path: Path) -> None:
    model, row = network(), np.array([[3, 4, 5, 6]])
    save_stored({"weights": model.state_dict(), "config": asdict(model.config), "note": {}}, tmp_path / "best.safetensors")
    for name, temperature in (("plain", 1.0), ("soft", 2.0)):
        ship(
            tmp_path / "best.safetensors",
            "music-transformer",
            tmp_path / name,
            {"name": name, "tokenizer": "jsb-grid", "context": 32},
            temperature,
        )
    plain, soft = (Engine.load(str(tmp_path / f"{name}.json")) for name in ("plain", "soft"))
    np.testing.assert_allclose(soft.judge(soft.hidden, row), plain.judge(plain.hidden, row) / 2, atol=2e-3)
    assert json.loads((tmp_path / "soft.json").read_text())["training"]["temperature"]["divided_by"] == 2.0
    assert "temperature" not in json.loads((tmp_path / "plain.json").read_text())["training"]


@pytest.mark.parametrize("change", [{"layers": 10**9}, {"width": 2**20}, {"heads": 0}, {"colour": 3}])
def test_a_checkpoint_that_does_not_fill_its_network_is_refused_before_it_takes_memory(tmp_path: Path, change: dict[str, int]) -> None:
    kept = {"weights": network().state_dict(), "config": asdict(network().config) | change, "note": {}}
    save_stored(kept, tmp_path / "best.safetensors")
    with pytest.raises(InputError, match=r"best\.safetensors does not fit here"):
        restore(tmp_path / "best.safetensors", "music-transformer")
