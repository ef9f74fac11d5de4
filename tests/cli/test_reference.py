"""The command line documents itself, and stays light."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tecla import __version__
from tecla.cli.reference import reference
from tecla.transcription.network import find_weights
from tecla.weights import TRANSCRIBERS
from tecla.weights.session import WEIGHTS

CommandLine = Callable[..., int]


def test_the_written_reference_is_up_to_date() -> None:
    written = Path(__file__).parents[2] / "docs" / "cli.md"
    assert written.read_text() == reference(), "run: python -m tecla.cli.reference > docs/cli.md"


def test_the_version_is_printed(tecla_exits: CommandLine, capsys: pytest.CaptureFixture[str]) -> None:
    assert tecla_exits("--version") == 0
    assert capsys.readouterr().out == f"tecla {__version__}\n"


def test_help_loads_nothing_heavy() -> None:
    heavy = "numpy onnxruntime av soundfile soxr torch PIL"
    script = f"import sys, tecla.cli\nprint(set('{heavy}'.split()) & set(sys.modules) or 'light')"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "light\n"


def test_every_command_explains_itself(tecla_exits: CommandLine, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("transcribe", "render"):
        assert tecla_exits(command, "--help") == 0
        assert f"tecla {command} " in capsys.readouterr().out


def test_help_names_every_model_that_ships(tecla_exits: CommandLine, capsys: pytest.CaptureFixture[str]) -> None:
    assert {find_weights(name) for name in TRANSCRIBERS} == set(WEIGHTS.glob("transcriber*.onnx"))
    commands = ("transcribe", "live", "evaluate transcriber", "evaluate confidence", "archive run", "corpora add")
    for command in commands:
        assert tecla_exits(*command.split(), "--help") == 0
        assert ", ".join(TRANSCRIBERS) in " ".join(capsys.readouterr().out.replace("│", " ").split()), command
