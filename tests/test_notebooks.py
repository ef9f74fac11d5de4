"""The notebooks run from top to bottom as plain scripts, on a budget of seconds, and are stored without output."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "docs" / "notebooks").glob("*.ipynb"))


def cells(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["cells"]
    return found


def script(path: Path) -> str:
    """The code cells one after the other, without what installs."""
    code = ["".join(cell["source"]) for cell in cells(path) if cell["cell_type"] == "code"]
    return "\n\n".join(text for text in code if not text.startswith("%pip"))


def test_there_are_notebooks_and_they_are_clean() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["train", "transcribe"]
    for path in NOTEBOOKS:
        assert cells(path)[0]["cell_type"] == "markdown"
        assert "".join(cells(path)[1]["source"]).startswith("%pip install")
        assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells(path) if cell["cell_type"] == "code")


@pytest.mark.parametrize(
    ("name", "leaves"),
    [
        ("transcribe", ["heard.mid", "heard.json", "roll.png", "page.png", "played.ogg"]),
        ("train", ["runs/first/transcriber.onnx", "runs/first/transcriber.json", "runs/first/loss.png"]),
    ],
)
def test_a_notebook_runs(name: str, leaves: list[str], tmp_path: Path) -> None:
    source = Path(__file__).parents[1] / "src"
    environment = {**os.environ, "TECLA_NOTEBOOK_TINY": "1", "PYTHONPATH": str(source), "OMP_NUM_THREADS": "1"}
    (tmp_path / "notebook.py").write_text(script(next(path for path in NOTEBOOKS if path.stem == name)), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "notebook.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert [leaf for leaf in leaves if not (tmp_path / leaf).exists()] == []
