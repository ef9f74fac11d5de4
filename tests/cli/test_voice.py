"""A single line at the command line: heard with bends, refused where it makes no sense, its network trained anew."""

import json
from collections.abc import Callable
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from tecla.training import voice_run

CommandLine = Callable[..., int]


def hum(path: Path) -> Path:
    time_sec = np.arange(3 * 16000) / 16000
    phase = 2 * np.pi * np.cumsum(220 * 2 ** (0.3 * np.sin(2 * np.pi * 5.5 * time_sec) / 12)) / 16000
    loud = np.clip(np.minimum(time_sec - 0.3, 2.5 - time_sec) / 0.05, 0, 1)
    soundfile.write(path, 0.2 * loud * np.sum([np.sin(k * phase) / k for k in range(1, 8)], 0), 16000)
    return path


def test_a_hummed_note_with_its_vibrato(tecla_exits: CommandLine, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tecla_exits("transcribe", "--mode", "voice", "--bend", str(hum(here / "hum.wav"))) == 0
    assert "1 note, A3 to A3" in capsys.readouterr().out
    messages = [m for track in mido.MidiFile(here / "hum.mid").tracks for m in track]
    assert [m.note for m in messages if m.type == "note_on"] == [57]
    assert len([m for m in messages if m.type == "pitchwheel"]) > 10


def test_a_piano_does_not_bend(tecla_exits: CommandLine, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tecla_exits("transcribe", "--bend", str(hum(here / "hum.wav"))) == 2
    assert "--bend needs --mode voice" in capsys.readouterr().err


def test_train_voice_writes_weights_that_are_used(tecla_exits: CommandLine, here: Path) -> None:
    assert tecla_exits("train", "voice", "--steps", "1", "-o", "mine.onnx") == 0
    card = json.loads((here / "mine.json").read_text("utf-8"))
    assert card["training"]["steps"] == 1
    assert "made-up singing (tecla.training.singing)" in card["data"]
    assert tecla_exits("transcribe", "--mode", "voice", "--model", "mine.onnx", str(hum(here / "hum.wav")), "-o", "hum.json") == 0


def test_a_stopped_training_is_not_begun_anew_by_mistake(tecla_exits: CommandLine, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    voice_run.train_voice(here / "mine.run", voice_run.VoiceOptions(steps=1), lambda _: None)
    assert tecla_exits("train", "voice", "--steps", "1", "-o", "mine.onnx") == 2
    assert "go on with --resume" in capsys.readouterr().err
    assert tecla_exits("train", "voice", "--resume", "-o", "mine.onnx") == 0  # nothing is left to learn, only to write
    assert (here / "mine.onnx").exists()
    assert not (here / "mine.run").exists()
    assert tecla_exits("train", "voice", "--resume", "-o", "other.onnx") == 2
    assert "nothing of other.onnx was kept yet" in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "remedy"), [(("-o", "mine.pt"), "no .onnx file"), (("--classes", "-o", "a.onnx"), "needs --corpus")])
def test_train_voice_refuses(
    tecla_exits: CommandLine, here: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], remedy: str
) -> None:
    assert tecla_exits("train", "voice", *arguments) == 2
    assert remedy in capsys.readouterr().err
