"""What training keeps comes back as it was, and nothing that is read can run."""

import ast
import math
import os
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tecla.errors import InputError
from tecla.models.harmonic import HarmonicConfig, HarmonicNet
from tecla.training.loop import LoopConfig, load_checkpoint, new_state, save_checkpoint
from tecla.training.stored import convert, load_stored, save_stored

ROOT = Path(__file__).parents[2]


class Trap:
    """Runs when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return Path.touch, (Path(self.path),)  # type: ignore[return-value]


def test_a_trap_does_not_spring(tmp_path: Path) -> None:
    torch.save({"network": Trap(tmp_path / "sprung")}, tmp_path / "best.pt")
    torch.load(tmp_path / "best.pt", weights_only=False)  # it is a real one
    assert (tmp_path / "sprung").exists()
    (tmp_path / "sprung").unlink()
    with pytest.raises(InputError, match="no longer read: python -m tecla.training.stored"):
        load_stored(tmp_path / "best.pt")
    with pytest.raises(InputError, match="holds more than weights"):
        convert(tmp_path / "best.pt")
    assert not (tmp_path / "sprung").exists()
    assert not (tmp_path / "best.safetensors").exists()


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    network = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(network.parameters())
    network(torch.ones(3)).sum().backward()
    optimizer.step()
    tied = torch.arange(6).reshape(2, 3)
    kept = {"optimizer": optimizer.state_dict(), 7: [1, -math.inf, None, True, "é"], "pair": (tied, tied.T), "nothing": {}}
    save_stored(kept, tmp_path / "a.safetensors")
    read = load_stored(tmp_path / "a.safetensors")
    assert read["pair"][1].tolist() == tied.T.tolist()
    assert (read[7], read["nothing"], list(read)) == (kept[7], {}, list(kept))
    other = torch.optim.AdamW(torch.nn.Linear(3, 2).parameters())
    other.load_state_dict(read["optimizer"])
    assert other.state_dict()["param_groups"] == optimizer.state_dict()["param_groups"]
    for name, value in optimizer.state_dict()["state"][0].items():
        assert torch.equal(other.state_dict()["state"][0][name], value)
    with pytest.raises(TypeError, match="a PosixPath is neither"):
        save_stored({"path": Path.cwd()}, tmp_path / "b.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["a.safetensors"]


@settings(deadline=None, max_examples=int(os.environ.get("TECLA_FUZZ_EXAMPLES", "100")))
@given(at=st.integers(0, 10**6), new=st.binary(max_size=9), cut=st.booleans())
def test_what_is_changed_on_the_way_is_read_or_refused(at: int, new: bytes, cut: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.safetensors")
        save_stored({"weights": torch.arange(4.0), "step": 3}, path)
        data = path.read_bytes()
        at %= len(data)
        path.write_bytes(data[:at] + new + (b"" if cut else data[at + len(new) :]))
        with suppress(InputError):
            load_stored(path)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"no checkpoint", b"\x80\x02.", b"\x02" + bytes(7) + b"{}", b"\xff" * 64])
def test_damage_is_one_line(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "best.safetensors").write_bytes(data)
    with pytest.raises(InputError, match=r"best.safetensors is damaged"):
        load_stored(tmp_path / "best.safetensors")


def test_the_committed_training_can_be_gone_on_with() -> None:
    folder = ROOT / "checkpoints" / "transcriber" / "checkpoint"
    parts = {path.stem: load_stored(path) for path in sorted(folder.glob("*.safetensors"))}
    assert sorted(parts) == ["average", "network", "optimizer", "progress"]
    network = HarmonicNet(HarmonicConfig())
    network.load_state_dict(parts["network"])
    network.load_state_dict(parts["average"])
    assert parts["progress"]["step"] == 6157


def test_nothing_in_the_house_unpickles() -> None:
    for path in sorted([*(ROOT / "src").rglob("*.py"), *(ROOT / "benchmarks").glob("*.py")]):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [str(node.module)]
                assert not {"pickle", "shelve", "marshal", "joblib", "dill", "cloudpickle"} & set(names), path
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("torch.load", "np.load", "numpy.load"):
                assert "torch" not in ast.unparse(node.func) or path.name == "stored.py", path  # the command that converts
                given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
                assert given.get("weights_only") == "True" if "torch" in ast.unparse(node.func) else "allow_pickle" not in given, path
            assert not (isinstance(node, ast.Attribute) and ast.unparse(node) in ("pickle.load", "pickle.loads", "pickle.Unpickler")), path


def test_the_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    config = LoopConfig(steps=1, warm_up=1, decay=1, bfloat16=False)
    save_checkpoint(new_state(lambda: torch.nn.Linear(3, 2), config, torch.device("cpu")), tmp_path)
    with pytest.raises(InputError, match="does not fit here .*: use what the same training wrote"):
        load_checkpoint(new_state(lambda: torch.nn.Linear(2, 2), config, torch.device("cpu")), tmp_path)
