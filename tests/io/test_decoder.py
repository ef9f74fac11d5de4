"""The process that decodes dies of real signals, and costs no more than the file that it was reading."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tecla import apart
from tecla.errors import InputError
from tecla.io import decoder
from tecla.io.audio import load_audio, open_audio

ROOT = Path(__file__).parents[2]
DEADLY = Path(__file__).parents[1] / "data" / "deadly.aac"  # found by benchmarks/fuzz.py: FFmpeg 8 and PyAV 18.1 die of it
RATE = 22_050


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "long.wav"
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal(60 * RATE), RATE)
    return path


def children() -> set[int]:
    return {int(child) for task in Path("/proc/self/task").iterdir() for child in (task / "children").read_text().split()}


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize("death", ["SIGSEGV", "SIGABRT", "SIGXCPU"])
def test_a_death_in_the_middle_of_a_file_is_one_line_that_names_it(sound: Path, death: str) -> None:
    apart.end_all()
    before = children()
    blocks = open_audio(sound).blocks()
    next(blocks)
    (process,) = children() - before
    os.kill(process, signal.Signals[death])
    with pytest.raises(
        InputError, match=rf"long\.wav (crashes FFmpeg \({death}\)|keeps FFmpeg busy without end); it is damaged.*again"
    ) as caught:
        list(blocks)
    assert "\n" not in str(caught.value)
    assert len(load_audio(sound)) == 60 * 16_000  # the next one has a process again
    apart.end_all()
    assert children() == before


def test_two_files_read_by_turns_do_not_mix(tmp_path: Path) -> None:
    for name, value in {"a.wav": 0.25, "b.wav": -0.5}.items():
        soundfile.write(tmp_path / name, np.tile([value, -value], 5 * RATE), RATE, "FLOAT")
    read = [decoder.decode_mono(tmp_path / name) for name in ("a.wav", "b.wav")]
    for one, other in zip(*read, strict=True):
        assert (np.abs(one) == 0.25).all()
        assert (np.abs(other) == 0.5).all()


def test_the_command_refuses_a_deadly_file_and_a_batch_goes_on(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "1 deadly.aac").write_bytes(DEADLY.read_bytes())
    soundfile.write(tmp_path / "in" / "2 silent.wav", np.zeros(RATE), RATE)
    command = [sys.executable, "-m", "tecla.cli", "transcribe"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}

    def run(*arguments: Path | str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True, env=environment, check=False)

    alone = run(tmp_path / "in" / "1 deadly.aac", "-o", tmp_path / "a.mid")
    assert (alone.returncode, alone.stderr.count("\n")) == (2, 1)
    assert re.search(r"1 deadly\.aac (crashes FFmpeg \(SIG\w+\); it )?is damaged", alone.stderr)
    assert not (tmp_path / "a.mid").exists()
    batch = run(tmp_path / "in", "-o", tmp_path / "out")
    assert batch.returncode == 1
    assert "1 deadly.aac" in batch.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["2 silent.mid"]


_ALONE = """
import os, sys, time
from tecla import apart
from tecla.io import decoder
from tecla.io.audio import load_audio
n = len(load_audio(sys.argv[1]))
"""


def run_script(script: str, sound: Path) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    return subprocess.Popen([sys.executable, "-c", _ALONE + script, str(sound)], stdout=subprocess.PIPE, text=True, env=environment)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_process_has_a_decoder_of_its_own(sound: Path) -> None:
    script = """
mine = os.fork()
for _ in range(3):
    assert len(load_audio(sys.argv[1])) == n
if mine:
    assert os.waitpid(mine, 0)[1] == 0
    print("well")
else:
    os._exit(0)
"""
    process = run_script(script, sound)
    assert process.communicate(timeout=60)[0] == "well\n"
    assert process.returncode == 0


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
def test_who_is_killed_outright_leaves_no_decoder_behind(sound: Path) -> None:
    process = run_script("print(apart._idle[decoder.FFMPEG][0]._process.pid, flush=True); time.sleep(60)", sound)
    assert process.stdout is not None
    left = Path("/proc") / process.stdout.readline().strip()
    assert left.exists()
    process.kill()
    process.communicate()
    until = time.monotonic() + 60
    while left.exists() and "Z" not in (left / "stat").read_text().rpartition(")")[2][:3]:
        assert time.monotonic() < until
        time.sleep(0.05)
