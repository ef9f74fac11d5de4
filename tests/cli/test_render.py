"""tecla render: notes in, sound or picture out."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from tecla.io.midi import save_midi
from tecla.io.notes import load_json
from tecla.music import Performance

CommandLine = Callable[..., int]

pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def music(here: Path) -> Performance:
    performance = Performance.from_arrays([0.5], [1.0], [60], [80], controls=[(0.4, 64, 127), (1.5, 64, 0)])
    save_midi(performance, "a.mid")
    return performance


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".ogg"])
def test_a_note_sounds_when_it_is_played(music: Performance, tecla_exits: CommandLine, suffix: str) -> None:
    assert tecla_exits("render", "a.mid", "-o", f"a{suffix}") == 0
    samples, sample_rate = soundfile.read(f"a{suffix}")
    assert sample_rate == 44_100
    level = np.abs(samples).max(axis=1)
    assert level[: int(0.45 * sample_rate)].max() < 0.01 < level[int(0.5 * sample_rate) : sample_rate].max()


def test_without_an_output_a_wav_is_made_beside_it(
    music: Performance, tecla_exits: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tecla_exits("render", "a.mid") == 0
    assert capsys.readouterr().out.startswith("a.wav: 1 notes; took")
    assert tecla_exits("render", "a.mid") == 2
    assert "a.wav exists already" in capsys.readouterr().err


def test_a_picture_and_a_note_list_are_made_too(music: Performance, tecla_exits: CommandLine) -> None:
    assert tecla_exits("render", "a.mid", "-o", "a.png", "-o", "a.json") == 0
    with Image.open("a.png") as picture:
        assert picture.size[0] > 100
    assert len(load_json("a.json")) == len(music)


def test_a_score_is_played_as_it_is_written(tecla_exits: CommandLine, capsys: pytest.CaptureFixture[str]) -> None:
    Path("reel.abc").write_text("X:1\nL:1/4\nK:G\n|:G F:|\n")
    assert tecla_exits("render", "reel.abc", "-o", "page.mxl", "-o", "a.json") == 0
    assert tecla_exits("render", "page.mxl", "-o", "b.json") == 0
    assert load_json("a.json").notes["pitch"].tolist() == load_json("b.json").notes["pitch"].tolist() == [67, 66, 67, 66]
    Path("silence.abc").write_text("X:1\nK:G\nz|]\n")
    assert tecla_exits("render", "silence.abc") == 2
    assert "silence.abc: the tune has no notes" in capsys.readouterr().err


def test_what_is_no_performance_is_refused_by_name(tecla_exits: CommandLine, capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.mid").write_text("no")
    Path("bad.doc").touch()
    for name, why in {"bad.mid": "not a MIDI file", "bad.doc": "no performance file", "gone.mid": "No such file"}.items():
        assert tecla_exits("render", name, "-o", "out.wav") == 2
        err = capsys.readouterr().err
        assert err.startswith(f"error: {name} ")
        assert why in err
    assert not Path("out.wav").exists()
