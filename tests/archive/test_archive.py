"""Whole runs, with the shipped network and real processes: what is done once is done, what goes wrong costs itself alone."""

import csv
import json
import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tecla import workbench
from tecla.archive.catalogue import Catalogue
from tecla.archive.listening import Heard, Job
from tecla.archive.places import Place
from tecla.archive.pool import Outcome
from tecla.archive.run import run_archive
from tecla.errors import InputError, MissingExtraError, OptionError, OutputError

Recorder = Callable[..., Path]
Command = Callable[..., "subprocess.Popen[str]"]


def rows(archive: Path, what: str = "source, status, error, n_notes, stem, outputs") -> list[tuple]:
    with closing(sqlite3.connect(archive / "catalogue.sqlite")) as db:
        return db.execute(f"SELECT {what} FROM catalogue ORDER BY edition, source").fetchall()


def results(archive: Path) -> list[str]:
    return sorted(path.relative_to(archive).as_posix().split("/", 1)[1] for path in archive.glob("default-*/**/*.*") if path.is_file())


def whole(archive: Path, n_files: int) -> None:
    """Every file has one row and all its results, which can be read; nothing else lies about."""
    entered = rows(archive, "source, status, stem, outputs")
    assert len(entered) == len({source for source, *_ in entered}) == n_files
    assert {status for _, status, *_ in entered} == {"done"}
    assert results(archive) == sorted(f"{stem}.{suffix}" for _, _, stem, outputs in entered for suffix in outputs.split())
    for path in archive.glob("default-*/**/*.mid"):
        workbench.load(path)
    assert not (archive / ".work").exists()


def test_a_run_its_catalogue_and_a_second_run(tmp_path: Path, record: Recorder) -> None:
    sounds, archive = tmp_path / "tapes", tmp_path / "archive"
    record(sounds / "a.wav", pitch=64)
    record(sounds / "deep" / "b.flac")
    record(sounds / "b.wav", level=0)
    (sounds / "bad.wav").write_bytes(b"no sound")
    tally = run_archive([str(sounds)], str(archive), workers=1)
    assert (tally.found, tally.done, tally.failed) == (4, 3, 1)
    seen = {Path(source).name: (status, n_notes) for source, status, _, n_notes, *_ in rows(archive)}
    assert seen == {"a.wav": ("done", 1), "b.flac": ("done", 1), "b.wav": ("done", 0), "bad.wav": ("failed", None)}
    assert results(archive) == [f"tapes/{stem}.{suffix}" for stem in ("a", "b", "deep/b") for suffix in ("json", "mid")]
    assert workbench.load(next(archive.glob("*/tapes/a.json"))).notes["pitch"].tolist() == [64]
    (error,) = [error for _, status, error, *_ in rows(archive) if status == "failed"]
    assert str(sounds / "bad.wav") in error

    before = {path: path.stat().st_mtime_ns for path in archive.glob("default-*/**/*.*")}
    record(sounds / "new.wav")
    record(sounds / "b.wav", pitch=72)
    os.utime(sounds / "a.wav")  # touched, not changed
    next(archive.glob("*/tapes/deep/b.mid")).unlink()
    again = run_archive([str(sounds)], str(archive), workers=1)
    assert (again.to_do, again.done, again.failed) == (5, 4, 1)
    now = {path: path.stat().st_mtime_ns for path in archive.glob("default-*/**/*.*")}
    kept = sorted(path.name for path, at in now.items() if before.get(path) == at)
    assert kept == ["a.json", "a.mid"]
    assert run_archive([str(sounds)], str(archive), workers=1).to_do == 1  # the bad one


def test_other_weights_make_another_edition_beside_the_old(tmp_path: Path, record: Recorder) -> None:
    from tecla.transcription.network import find_weights

    record(tmp_path / "in" / "a.wav")
    other = tmp_path / "other.onnx"
    other.write_bytes(find_weights("default").read_bytes())
    run_archive([str(tmp_path / "in")], str(tmp_path / "out"), ["mid"], workers=1)
    with other.open("ab") as file:
        file.write(b"\x72\x00")  # an empty metadata entry: another file, the same network
    tally = run_archive([str(tmp_path / "in")], str(tmp_path / "out"), ["mid"], model=str(other), workers=1)
    assert tally.edition.startswith("other-")
    editions = rows(tmp_path / "out", "edition, status, model")
    assert [(edition.split("-")[0], status) for edition, status, _ in editions] == [("default", "done"), ("other", "done")]
    assert len(list((tmp_path / "out").glob("*/in/a.mid"))) == 2


def test_another_format_is_added(tmp_path: Path, record: Recorder) -> None:
    record(tmp_path / "in" / "a.wav")
    for formats in (["mid"], ["csv"], ["mid"]):
        tally = run_archive([str(tmp_path / "in")], str(tmp_path / "out"), formats, workers=1)
    assert tally.to_do == 0
    assert results(tmp_path / "out") == ["in/a.csv", "in/a.mid"]


def test_hostile_names(tmp_path: Path, record: Recorder) -> None:
    sounds, archive = tmp_path / "in", tmp_path / "out"
    silence = record(tmp_path / "silence.wav", level=0)
    names = [
        b"caf\xe9.wav",
        b"x" * 250 + b".wav",
        b"<script>alert(1)</script>.wav".replace(b"/", b""),
        b"a\nb.wav",
        b"=1+1.wav",
        b"A.wav",
        b"a.wav",
    ]
    sounds.mkdir()
    for name in names:
        shutil.copy(silence, sounds / os.fsdecode(name))
    tally = run_archive([str(sounds)], str(archive), ["mid"], workers=1)
    assert (tally.done, tally.failed) == (len(names), 0)
    whole(archive, len(names))
    from tecla.archive.export import export_catalogue
    from tecla.archive.report import write_report

    page = write_report(str(archive)).read_text("utf-8")
    assert "<script" not in page.lower()
    assert export_catalogue(str(archive), tmp_path / "files.csv") == len(names)
    with (tmp_path / "files.csv").open(newline="", encoding="utf-8") as file:
        assert len(list(csv.reader(file))) == len(names) + 1


def test_a_zip_file_in_and_a_remote_place_out(tmp_path: Path, record: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """local:// goes the way of s3://: fetched, uploaded, moved; the catalogue is worked on in a copy."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    sound = record(tmp_path / "a.wav")
    with zipfile.ZipFile(tmp_path / "tapes.zip", "w") as file:
        file.write(sound, "1958/a.wav")
        file.write(sound, "../../evil.wav")
        file.writestr("notes.txt", "no sound")
        file.writestr("bad.wav", "no sound")
    out = f"local://{tmp_path}/remote"
    tally = run_archive([str(tmp_path / "tapes.zip")], out, ["mid"], workers=1)
    assert (tally.done, tally.failed) == (2, 1)
    assert tally.failures[0].startswith(f"{tmp_path}/tapes.zip/bad.wav is not a sound file")
    assert results(tmp_path / "remote") == ["tapes.zip/1958/a.mid", "tapes.zip/evil.mid"]
    assert not (tmp_path / "remote" / ".work").exists()
    shutil.rmtree(tmp_path / "cache")
    assert run_archive([str(tmp_path / "tapes.zip")], out, ["mid"], workers=1).to_do == 1  # the bad one


def test_a_place_is_the_same_however_its_path_is_spelt(tmp_path: Path, record: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another working directory, a way up and down again: nothing is heard twice, and the report finds the recording from anywhere."""
    sound = record(tmp_path / "d1" / "tapes" / "a.wav")
    with zipfile.ZipFile(tmp_path / "d1" / "discs.zip", "w") as file:
        file.write(sound, "b.wav")
    out = str(tmp_path / "out")
    (tmp_path / "d2").mkdir()
    monkeypatch.chdir(tmp_path)
    assert run_archive(["d1/discs.zip", "d1/tapes"], out, ["mid"], workers=1).done == 2
    monkeypatch.chdir(tmp_path / "d2")
    tally = run_archive(["../d1/discs.zip", "../d1/tapes", str(tmp_path / "d1" / "discs.zip")], out, ["mid"], workers=1)
    assert tally.to_do == 0
    with Catalogue(Path(out) / "catalogue.sqlite") as catalogue:
        rows = list(catalogue.rows("SELECT source, place FROM files ORDER BY source"))
    assert [row["source"] for row in rows] == [f"{tmp_path}/d1/discs.zip/b.wav", f"{tmp_path}/d1/tapes/a.wav"]
    assert [Path(os.fsdecode(row["place"])) for row in rows] == [tmp_path / "d1" / "discs.zip", tmp_path / "d1" / "tapes"]


@pytest.mark.parametrize(("said", "mend"), [("Install s3fs to access S3", "s3fs"), ("No module named 'fsspec'", '"tecla[archive]"')])
def test_the_package_that_a_place_needs_is_named(said: str, mend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import fsspec

    def missing(_: str) -> None:
        raise ImportError(said)

    monkeypatch.setattr(fsspec.core, "url_to_fs", missing)
    with pytest.raises(MissingExtraError, match=re.escape(f"pip install {mend}") + "$"):
        Place("s3://sounds/1958").recordings()


def test_kill_minus_nine_ctrl_c_and_a_reboot_lose_and_duplicate_nothing(tmp_path: Path, record: Recorder, command: Command) -> None:
    """One after the other on the same archive, each in the middle of the work; then the run that ends it."""
    sounds, archive, n_files = tmp_path / "in", tmp_path / "out", 72  # enough that the signals find it at work
    for i in range(n_files):
        record(sounds / f"{i:02d}.wav", pitch=50 + i, seconds=1 + i / 60)
    words = (sounds, "-o", archive, "--to", "mid,json", "--workers", "2")

    running = begun(command(*words), archive, 2)
    for worker in children(running.pid)[:1]:
        os.kill(worker, signal.SIGKILL)
    wait_for(archive, 5)
    os.kill(running.pid, signal.SIGINT)  # Ctrl-C
    _, said = running.communicate(timeout=300)
    assert running.returncode == 130
    assert "the same command goes on" in said

    running = begun(command(*words), archive, 9)
    os.killpg(running.pid, signal.SIGKILL)  # all processes at once, as a power cut would
    running.communicate(timeout=300)

    finished = len(rows_done(archive))
    running = command(*words)
    out, said = running.communicate(timeout=600)
    assert running.returncode == 0, said
    assert f"{n_files - finished} of {n_files - finished} recordings done" in out
    whole(archive, n_files)


@contextmanager
def no_file_beyond(n_bytes: int) -> Iterator[None]:
    """As on a full disk: writing past so many bytes fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_stops_the_run_and_loses_nothing(tmp_path: Path, record: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """First there is no room for a result, then none for the catalogue's row; with room again, the same command ends the work."""
    sounds, archive = tmp_path / "in", tmp_path / "out"
    for i in range(3):
        record(sounds / f"{i}.wav")

    def here(n_bytes: int) -> Callable[..., Iterator[Outcome[Job, Heard]]]:
        def work_on(work: Callable[[Job], Heard], jobs: list[Job], _: int) -> Iterator[Outcome[Job, Heard]]:
            for job in jobs:
                with no_file_beyond(n_bytes):
                    heard = work(job)
                yield Outcome(job, heard)

        return work_on

    monkeypatch.setattr("tecla.archive.run.in_pool", here(1000))
    with pytest.raises(OutputError, match="cannot be written"):
        run_archive([str(sounds)], str(archive), ["mid", "png"])
    assert results(archive) == []
    monkeypatch.setattr("tecla.archive.run.in_pool", here(10**9))
    with no_file_beyond(4096), pytest.raises(OutputError, match="free some space"):
        run_archive([str(sounds)], str(archive), ["mid", "png"])
    assert {status for _, status, *_ in rows(archive)} == {"waiting"}
    assert run_archive([str(sounds)], str(archive), ["mid", "png"]).failed == 0
    whole(archive, 3)


def test_two_runs_at_once_are_refused(tmp_path: Path, record: Recorder) -> None:
    from tecla.archive.home import Keeper

    record(tmp_path / "in" / "a.wav")
    keeper = Keeper(Place(str(tmp_path / "out")))
    with pytest.raises(OutputError, match="another run"):
        run_archive([str(tmp_path / "in")], str(tmp_path / "out"), workers=1)
    keeper.catalogue.close()
    assert run_archive([str(tmp_path / "in")], str(tmp_path / "out"), workers=1).done == 1


@pytest.mark.parametrize("address", ["{}/bad.zip", "zip://::local://{}/bad.zip", "zip://::local://{}/none.zip", "nosuch://{}"])
def test_a_place_that_does_not_answer_is_one_line(tmp_path: Path, record: Recorder, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the place's own library raises something of its own kind, here BadZipFile."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "bad.zip").write_bytes(b"no zip")
    record(tmp_path / "in" / "a.wav")
    place = address.format(tmp_path)
    with pytest.raises(InputError, match="cannot be (reached|listed)"):
        run_archive([place], str(tmp_path / "out"))
    if "://" in place:
        with pytest.raises((InputError, OutputError), match="cannot be (reached|read|written)"):
            run_archive([str(tmp_path / "in")], place)


def test_the_door(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no sound file"):
        run_archive([str(tmp_path)], str(tmp_path / "out"))
    with pytest.raises(InputError, match="cannot be listed"):
        run_archive([str(tmp_path / "none")], str(tmp_path / "out"))
    with pytest.raises(OptionError, match="'exe' is no format"):
        run_archive([str(tmp_path)], str(tmp_path / "out"), ["exe"])


def test_a_gpu_that_is_not_there_is_one_line(tmp_path: Path, record: Recorder, command: Command) -> None:
    record(tmp_path / "in" / "a.wav")
    words = (tmp_path / "in", "-o", tmp_path / "out", "--to", "mid")
    for share, said in (
        ("0.5", "onnxruntime knows no GPU here: pip uninstall onnxruntime"),
        ("2", "gpus per worker is 2.0: give 0.01 to 1"),
    ):
        running = command(*words, "--gpus-per-worker", share)
        _, errors = running.communicate(timeout=120)
        assert running.returncode == 2
        assert said in errors
        assert len(errors.splitlines()) == 1
    assert results(tmp_path / "out") == []


def test_the_catalogue_as_parquet(tmp_path: Path, record: Recorder) -> None:
    import pyarrow.parquet

    from tecla.archive.export import export_catalogue

    record(tmp_path / "in" / "a.wav")
    run_archive([str(tmp_path / "in")], str(tmp_path / "out"), ["mid"], workers=1)
    assert export_catalogue(str(tmp_path / "out"), tmp_path / "files.parquet") == 1
    (row,) = pyarrow.parquet.read_table(tmp_path / "files.parquet").to_pylist()
    assert row["status"] == "done"
    assert row["duration_sec"] == pytest.approx(0.6)
    assert row["likely_not_piano"] in (0, 1)
    assert json.dumps(row)


def children(process: int) -> list[int]:
    """The worker processes of a run."""
    told = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(process)], capture_output=True, text=True, check=True).stdout
    return [int(line.split()[0]) for line in told.splitlines() if "spawn_main" in line]


def begun(running: "subprocess.Popen[str]", archive: Path, n_done: int) -> "subprocess.Popen[str]":
    wait_for(archive, n_done)
    return running


def wait_for(archive: Path, n_done: int) -> None:
    for _ in range(6000):
        if len(rows_done(archive)) >= n_done:
            return
        time.sleep(0.05)
    pytest.fail("the run does not get on")


def rows_done(archive: Path) -> list[tuple]:
    try:
        return [row for row in rows(archive) if row[1] == "done"]
    except sqlite3.OperationalError:  # not there yet
        return []
