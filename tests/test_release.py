"""What is handed out: the same bytes from the same tree, what is in it, and a lock that fits."""

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "requirements.lock").read_text("utf-8")


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def build(folder: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("first"))


def test_two_builds_are_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    assert build(tmp_path).read_bytes() == wheel.read_bytes()


def test_the_wheel_carries_weights_and_no_code_to_compile(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert wheel.name.endswith("-py3-none-any.whl")
    assert "tecla/weights/transcriber.onnx" in names
    assert not [name for name in names if name.endswith((".pt", ".safetensors", ".pkl", ".so", ".pyd", ".c", ".pyx"))]


def test_the_bill_of_materials_names_all_that_is_locked_and_shipped(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith("sboms/tecla.cdx.json"))
        bill = json.loads(archive.read(name))
        networks = {Path(name).stem for name in archive.namelist() if name.endswith(".onnx")}
    assert bill["bomFormat"] == "CycloneDX"
    listed = {(part["name"], part["type"]) for part in bill["components"]}
    assert {name for name, kind in listed if kind == "machine-learning-model"} == networks
    assert {name for name, kind in listed if kind == "library"} == {name for name, _ in locked()}


def locked() -> list[tuple[str, str]]:
    return re.findall(r"^([a-z0-9-]+)==(\S+)", LOCK, re.MULTILINE)


def test_every_locked_version_has_hashes_and_is_the_tested_one() -> None:
    entries = [entry for entry in re.split(r"(?m)^(?=[a-z0-9])", LOCK) if re.match(r"[a-z0-9]", entry)]
    assert len(entries) == len(locked())
    assert all("--hash=sha256:" in entry for entry in entries)
    pinned = dict(re.findall(r"(?m)^([\w.-]+)==(\S+)", (ROOT / "constraints.txt").read_text("utf-8")))
    tested = {plain(name): version for name, version in pinned.items()}
    assert {name: version for name, version in locked() if tested.get(name, version) != version} == {}


def test_the_lock_has_all_that_the_base_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["live"], *project["optional-dependencies"]["score"]]
    assert {plain(re.split(r"[\[<>=]", name)[0]) for name in asked} <= {name for name, _ in locked()}
