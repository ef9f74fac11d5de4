"""What torch stored is read without running any of it."""

import ast
from pathlib import Path

import pytest
import torch

from tecla.errors import InputError
from tecla.models.harmonic import HarmonicConfig, HarmonicNet
from tecla.training.stored import load_stored

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
    with pytest.raises(InputError, match="holds more than weights"):
        load_stored(tmp_path / "best.pt")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"no checkpoint", b"\x80\x02."])
def test_damage_is_one_line(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "best.pt").write_bytes(data)
    with pytest.raises(InputError, match=r"best.pt is damaged"):
        load_stored(tmp_path / "best.pt")


def test_the_committed_training_can_be_gone_on_with() -> None:
    folder = ROOT / "checkpoints" / "transcriber" / "checkpoint"
    parts = {path.stem: load_stored(path) for path in sorted(folder.glob("*.pt"))}
    assert sorted(parts) == ["average", "network", "optimizer", "progress"]
    network = HarmonicNet(HarmonicConfig())
    network.load_state_dict(parts["network"])
    network.load_state_dict(parts["average"])
    assert parts["progress"]["step"] == 6157


def test_nothing_in_the_house_unpickles() -> None:
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [str(node.module)]
                allowed = {"pickle"} if path.name == "stored.py" else set()  # for the name of an error
                assert not {"pickle", "shelve", "marshal", "joblib", "dill", "cloudpickle"} & set(names) - allowed, path
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("torch.load", "np.load", "numpy.load"):
                given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
                assert given.get("weights_only") == "True" if "torch" in ast.unparse(node.func) else "allow_pickle" not in given, path
            assert not (isinstance(node, ast.Attribute) and ast.unparse(node) in ("pickle.load", "pickle.loads", "pickle.Unpickler")), path
