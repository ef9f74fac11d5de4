"""One real file for each way in which a sound can be bad. The transcriber is a stand-in (conftest.py); nothing else is.

What cannot be heard: one line that names the file, exit code 2, nothing written, the input untouched.
What can be heard is: exit code 0 and a valid MIDI file.
"""

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tecla.io.midi import load_midi

CommandLine = Callable[..., int]
Recorder = Callable[..., Path]

pytestmark = pytest.mark.usefixtures("stand_in", "here")


def _write(name: str, data: bytes) -> None:
    Path(name).write_bytes(data)


def _sound(name: str, samples: object, sample_rate: int = 16_000, subtype: str | None = None) -> None:
    soundfile.write(name, np.asarray(samples, np.float32), sample_rate, subtype)


def _cut_to(name: str, n_bytes: int) -> None:
    _sound(name, np.random.default_rng(0).standard_normal(16_000) / 9)
    _write(name, Path(name).read_bytes()[:n_bytes])


UNHEARD: dict[str, tuple[Callable[[str], object], str]] = {
    "empty.wav": (lambda name: _write(name, b""), "is empty"),
    "text.wav": (lambda name: _write(name, b"Dear diary, today I played.\n" * 99), "not a sound file"),
    "random.mp3": (lambda name: _write(name, np.random.default_rng(3).bytes(99_999)), "export it again"),
    "header.wav": (lambda name: _cut_to(name, 40), "not a sound file"),
    "header.flac": (lambda name: _cut_to(name, 60), "again"),
    "header.ogg": (lambda name: _cut_to(name, 90), "again"),
    "nothing.wav": (lambda name: _sound(name, np.zeros(0)), "holds no sound"),
    "nan.wav": (lambda name: _sound(name, np.full(16_000, np.nan), subtype="FLOAT"), "not numbers"),
    "missing.wav": (lambda name: None, "No such file"),
    "folder": (lambda name: Path(name).mkdir(), "holds no sound file"),
    "folder.wav": (lambda name: Path(name).mkdir(), "holds no sound file"),
}
NOISE = np.random.default_rng(0).standard_normal(32_000) / 9
HEARD: dict[str, tuple[Callable[[str], object], int]] = {
    "short.wav": (lambda name: _sound(name, NOISE[:1600]), 1),
    "one-sample.wav": (lambda name: _sound(name, NOISE[:1]), 0),
    "silence.wav": (lambda name: _sound(name, np.zeros(32_000)), 0),
    "offset.wav": (lambda name: _sound(name, np.full(32_000, 0.7)), 0),
    "clipped.wav": (lambda name: _sound(name, np.clip(99 * NOISE, -1, 1)), 2),
    "8kHz.wav": (lambda name: _sound(name, NOISE[:16_000], 8_000), 2),
    "192kHz.wav": (lambda name: _sound(name, np.tile(NOISE, 12), 192_000), 2),
    "six-channels.wav": (lambda name: _sound(name, np.tile(NOISE[:, None], 6)), 2),
    "quiet.wav": (lambda name: _sound(name, NOISE / 100, subtype="FLOAT"), 2),
    "partly-nan.wav": (lambda name: _sound(name, np.where(np.arange(32_000) == 99, np.nan, NOISE), subtype="FLOAT"), 2),
    "cut.wav": (lambda name: _cut_to(name, 20_000), 1),
}


def _fingerprints() -> dict[str, str]:
    return {path.as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in Path().rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", UNHEARD)
def test_what_cannot_be_heard_is_one_line_and_exit_code_2(name: str, tecla_exits: CommandLine, capfd: pytest.CaptureFixture[str]) -> None:
    make, why = UNHEARD[name]
    make(name)
    before = _fingerprints()
    assert tecla_exits("transcribe", name, "-o", "out.mid" if name != "folder" and name != "folder.wav" else "out") == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith(f"error: {name} ")
    assert why in err
    assert err.count("\n") == 1
    assert _fingerprints() == before


@pytest.mark.parametrize("name", HEARD)
def test_what_can_be_heard_is(name: str, tecla_exits: CommandLine, capfd: pytest.CaptureFixture[str]) -> None:
    make, n_notes = HEARD[name]
    make(name)
    before = _fingerprints()
    assert tecla_exits("transcribe", name, "-o", "out.mid") == 0
    assert len(load_midi("out.mid")) == n_notes
    assert ("nothing to hear in" in capfd.readouterr().out) == (n_notes == 0)
    assert _fingerprints().items() > before.items()


def test_a_target_that_cannot_be_written_is_named_before_the_work(
    tecla_exits: CommandLine, record: Recorder, capsys: pytest.CaptureFixture[str]
) -> None:
    record("take.wav")
    Path("folder.mid").mkdir()
    for target, why in {"folder.mid/": "", "take.wav/out.mid": "take.wav/out.mid cannot be written", "out.doc": "tecla writes"}.items():
        code = tecla_exits("transcribe", "take.wav", "-o", target)
        assert (code == 2 and why in capsys.readouterr().err) if why else code == 0


def test_an_output_that_exists_is_kept(tecla_exits: CommandLine, record: Recorder, capsys: pytest.CaptureFixture[str]) -> None:
    record("take.wav")
    Path("take.mid").write_bytes(b"mine")
    assert tecla_exits("transcribe", "take.wav") == 2
    assert "--force" in capsys.readouterr().err
    assert Path("take.mid").read_bytes() == b"mine"


LONG = "a" * 300


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("transcribe", f"{LONG}.wav", "-o", "out.mid"), f"{LONG}.wav cannot be read"),
        (("transcribe", "take.wav", "-o", f"{LONG}.mid"), f"{LONG}.mid cannot be written: its name is too long"),
        (("transcribe", "take.wav", "-o", LONG), "its name is too long"),
        (("engrave", f"{LONG}.mid"), f"{LONG}.musicxml cannot be written: its name is too long"),
        (("live", "--input", LONG), f"{LONG} cannot be read"),
        (("evaluate", "notes", f"{LONG}.mid", f"{LONG}.mid"), f"{LONG}.mid cannot be read"),
    ],
)
def test_a_name_that_is_too_long_is_one_line(
    tecla_exits: CommandLine, record: Recorder, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], why: str
) -> None:
    record("take.wav")
    assert tecla_exits(*arguments) == 2
    err = capsys.readouterr().err
    assert why in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("name", ["notes.mid", "page.musicxml", "reel.abc"])
def test_what_is_no_sound_is_told_where_to_go_and_may_go_there(
    tecla_exits: CommandLine, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    _write("reel.abc", b"X:1\nL:1/4\nK:G\nG|]\n")
    assert tecla_exits("render", "reel.abc", "-o", "notes.mid", "-o", "page.musicxml") == 0
    assert tecla_exits("transcribe", name) == 2
    for command in re.findall(r"tecla (\w+) ", capsys.readouterr().err):
        assert tecla_exits(command, name, "--force") == 0


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="permissions do not bind root")
def test_a_folder_without_permission_is_named(tecla_exits: CommandLine, record: Recorder, capsys: pytest.CaptureFixture[str]) -> None:
    record("take.wav")
    Path("locked").mkdir(mode=0o500)
    assert tecla_exits("transcribe", "take.wav", "-o", "locked/out.mid") == 2
    assert "locked/out.mid cannot be written: no permission" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX limits")
@pytest.mark.parametrize("target", ["out.mid", "out.json", "out.png", "out.wav", "out.mp3"])
def test_a_full_disk_is_named_and_left_clean(target: str, record: Recorder) -> None:
    """The limit on file size stands in for the disk: writing fails half way."""
    script = """
import resource, sys, types
import tecla.transcription
from tecla.cli import main
from tecla.music import Performance

music = Performance.from_arrays([n / 400 for n in range(2000)], [n / 400 + 0.1 for n in range(2000)], [40 + n % 40 for n in range(2000)])
transcriber = types.SimpleNamespace(transcribe=lambda *_: music)
tecla.transcription.Transcriber = types.SimpleNamespace(load=lambda *_: transcriber)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
main(["transcribe", "take.wav", "-o", sys.argv[1]])
"""
    record("take.wav")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", script, target], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(f"error: {target} cannot be written")
    assert done.stderr.count("\n") == 1
    assert [path.name for path in Path().iterdir()] == ["take.wav"]
