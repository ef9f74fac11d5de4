"""Whole or not at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tecla.errors import OutputError
from tecla.io.encoding import WRITABLE
from tecla.io.target import check_target, whole_target, write_whole


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a.mid"
    target.write_text("old")
    with pytest.raises(RuntimeError, match="half"), whole_target(target) as neighbour:
        raise RuntimeError(str(neighbour.write_text("half")) + " half")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_written_file_is_an_ordinary_one(tmp_path: Path) -> None:
    write_whole(tmp_path / "a.txt", "é")
    (tmp_path / "b.txt").write_text("é", encoding="utf-8")
    assert (tmp_path / "a.txt").read_bytes() == (tmp_path / "b.txt").read_bytes()
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "b.txt").stat().st_mode


def test_what_cannot_be_written_is_said_at_the_door(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = {".": "it is a folder", "file": "exists already: give --force", "file/a.mid": "is a file, not a folder"}
    long = dict.fromkeys((f"{'a' * 300}.mid", f"{'a' * 300}/b.mid"), "its name is too long")
    for name, why in (refused | long).items():
        with pytest.raises(OutputError, match=why):
            check_target(tmp_path / name)
    check_target(tmp_path / "file", force=True)
    check_target(tmp_path / "new" / "folder" / "a.mid")


def test_what_is_read_is_not_written_over_by_whatever_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "other-name").symlink_to("file")
    with pytest.raises(OutputError, match="other-name is an input: tecla does not write over what it reads"):
        check_target(tmp_path / "other-name", force=True, inputs=[(tmp_path / "file").resolve()])


def test_a_missing_folder_and_a_file_for_a_folder_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name, why in {"gone/a.mid": "its folder does not exist", "file/a.mid": "is a file, not a folder", ".": "it is a folder"}.items():
        with pytest.raises(OutputError, match=why):
            write_whole(tmp_path / name, b"")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX limits")
@pytest.mark.parametrize(
    "what",
    ["save_midi(music, 'out.mid')", "save_json(music, 'out.mid')", *(f"save_audio('out{suffix}', noise, 16000)" for suffix in WRITABLE)],
)
def test_a_disk_that_fills_up_leaves_nothing_behind(tmp_path: Path, what: str) -> None:
    """The limit on file size stands in for the full disk: the write fails half way with an OSError."""
    script = f"""
import resource
import numpy as np
from tecla.errors import OutputError
from tecla.io.audio import save_audio
from tecla.io.midi import save_midi
from tecla.io.notes import save_json
from tecla.music import Performance
noise = np.random.default_rng(0).normal(0, 0.2, 999999)
music = Performance.from_arrays(np.arange(5000.0), np.arange(5000.0) + 0.5, 60)
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
try:
    {what}
except OutputError as error:
    print(error)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False, env=environment)
    assert done.stderr == ""
    assert "cannot be written" in done.stdout
    assert list(tmp_path.iterdir()) == []
