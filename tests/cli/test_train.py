"""tecla train and tecla export at the door: what is refused, and how."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tecla.cli import train

CommandLine = Callable[..., int]


def test_a_device_that_is_not_there_is_refused(tecla_exits: CommandLine, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert tecla_exits("train", "transcriber", "--device", "abacus", "--output", str(tmp_path / "a")) == 2
    assert "device is 'abacus': must be cpu or cuda" in capsys.readouterr().err
    if not torch.cuda.is_available():
        assert tecla_exits("train", "transcriber", "--device", "cuda", "--output", str(tmp_path / "a")) == 2
        assert "use cpu" in capsys.readouterr().err
    assert not (tmp_path / "a").exists()


def test_a_corpus_that_is_none_is_refused(tecla_exits: CommandLine, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    arguments = ("train", "transcriber", "--corpus", "gramophone:there", "--device", "cpu", "--steps", "1", "--output", str(tmp_path / "a"))
    assert tecla_exits(*arguments) == 2
    assert "names no corpus" in capsys.readouterr().err


@pytest.mark.parametrize(("option", "name"), [("--batch", "batch"), ("--rate", "peak_rate"), ("--steps", "steps")])
def test_nothing_is_not_the_default(
    tecla_exits: CommandLine, capsys: pytest.CaptureFixture[str], tmp_path: Path, option: str, name: str
) -> None:
    assert tecla_exits("train", "transcriber", "--device", "cpu", option, "0", "--output", str(tmp_path / "a")) == 2
    assert f"{name} is 0" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [("transcriber", "--steps", "1", "--workers", "-1"), ("transcriber", "--seed", "-1"), ("voice", "--seed", "-1")]
)
def test_less_than_nothing_is_refused_before_a_folder_is_made(
    tecla_exits: CommandLine, capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    assert tecla_exits("train", *arguments, "--output", str(tmp_path / "a.onnx")) == 2
    assert f"Invalid value for '{arguments[-2]}'" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("arguments", [("train", "transcriber", "--device", "cpu", "--resume"), ("export",)])
def test_a_folder_that_is_no_run_is_refused(
    tecla_exits: CommandLine, capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    assert tecla_exits(*arguments, str(tmp_path)) == 2
    assert "holds no run" in capsys.readouterr().err


def test_without_the_extra_the_remedy_is_named(
    tecla_exits: CommandLine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "NEEDED", ("torch", "a_package_that_is_nowhere"))
    assert tecla_exits("train", "transcriber") == 2
    assert "training needs a_package_that_is_nowhere: pip install 'tecla[train]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ((), "stopped; nothing was begun yet\n"),
        (("run.json",), "stopped; no checkpoint was written yet, so {} begins anew with: tecla train transcriber --resume {}\n"),
        (
            ("run.json", "checkpoint"),
            "stopped; {} keeps its last checkpoint and the best weights; go on from there with: tecla train transcriber --resume {}\n",
        ),
    ],
)
def test_ctrl_c_says_what_is_left(
    tecla_exits: CommandLine,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    there: tuple[str, ...],
    said: str,
) -> None:
    folder = tmp_path / "a"

    def stop(*_: object) -> None:
        for name in there:
            folder.mkdir(exist_ok=True)
            (folder / name).touch()
        raise KeyboardInterrupt

    monkeypatch.setattr("tecla.training.run.begin", stop)
    assert tecla_exits("train", "transcriber", "--device", "cpu", "--steps", "1", "-o", str(folder)) == 130
    assert capsys.readouterr().err == said.format(folder, folder)


def test_a_voice_of_which_nothing_was_kept(
    tecla_exits: CommandLine, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    target = tmp_path / "voice.onnx"
    assert tecla_exits("train", "voice", "-o", str(target), "--resume") == 2
    assert f"nothing of {target} was kept yet" in capsys.readouterr().err
    monkeypatch.setattr("tecla.training.voice_run.train_voice", stop)
    assert tecla_exits("train", "voice", "-o", str(target)) == 130
    assert capsys.readouterr().err == f"stopped; nothing of {target} was kept yet, so the same command begins anew\n"
