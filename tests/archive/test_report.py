"""The command line of an archive, from recordings to the page with its passages, a melody found, and what it says meanwhile."""

import base64
import io
import re
import sqlite3
from contextlib import closing, redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tecla.archive.run import Tally
from tecla.cli import archive_progress, main
from tecla.io.audio import load_audio

MELODY = [60, 64, 67, 65, 62, 64, 60, 67, 65, 64, 62, 60, 59]  # C4 E4 G4 F4 ...; a passage has at least twelve notes
N_RECORDINGS = 11


def play(path: Path, pitches: list[int]) -> None:
    """A struck string every 0.4 s."""
    sound, t = np.zeros(round((0.4 * len(pitches) + 1) * 16_000)), np.arange(16_000) / 16_000
    for number, pitch in enumerate(pitches):
        hz = 440 * 2 ** ((pitch - 69) / 12)
        at = round(0.4 * number * 16_000)
        sound[at : at + 16_000] += sum(np.sin(2 * np.pi * k * hz * t) * 0.6**k for k in range(1, 7)) * np.exp(-5 * t)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.2 * sound, 16_000)


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["archive", *map(str, arguments)])
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eleven recordings of a melody, three semitones higher, and a file that is no sound; how sure each was is stated."""
    folder, said, errors = tmp_path_factory.mktemp("archive"), io.StringIO(), io.StringIO()
    for number in range(N_RECORDINGS):
        play(folder / "tapes" / f"{number:02}.flac", [pitch + 3 for pitch in MELODY])
    (folder / "tapes" / "bad.wav").write_bytes(b"no sound")
    with redirect_stdout(said), redirect_stderr(errors):
        assert run(folder / "tapes", "-o", folder / "archive", "--workers", 1) == 1
    assert re.search(r"11 of 12 recordings done \(0\.02 h, [\d.]+ times real time\); 1 failed; edition default-", said.getvalue())
    assert "bad.wav" in errors.getvalue()
    with closing(sqlite3.connect(folder / "archive" / "catalogue.sqlite")) as catalogue, catalogue:
        stated = "(CAST(substr(source, -7, 2) AS INTEGER) + 1) / 20.0"
        catalogue.execute(f"UPDATE files SET worst_confidence = {stated}, best_confidence = {stated} WHERE status = 'done'")
    return folder / "archive"


def test_the_report_holds_what_was_heard_and_ten_passages_of_each_end_to_hear(archive: Path) -> None:
    assert run("report", archive) == 0
    page = (archive / "report.html").read_text("utf-8")
    assert re.search(r"<dt>hours heard</dt><dd>0\.02</dd>.*<dt>recordings</dt><dd>11</dd>.*<dt>failed</dt><dd>1</dd>", page)
    assert re.search(r"<h2>Recordings that failed</h2><table><tr><td>[^<]*bad\.wav</td><td>[^<]*bad\.wav", page)
    counts = [int(count.replace(",", "")) for count in re.findall(r"<title>([\d,]+) notes with confidence", page)]
    with closing(sqlite3.connect(archive / "catalogue.sqlite")) as catalogue:
        assert sum(counts) == catalogue.execute("SELECT sum(n_notes) FROM files").fetchone()[0] >= N_RECORDINGS * len(MELODY)
    worst, best = re.split("<h2>The ten passages heard most surely", page.partition("<h2>The ten passages heard with most doubt")[2])
    chosen = [[int(number) for number in re.findall(r"(\d\d)\.flac <span", part)] for part in (worst, best)]
    assert chosen == [list(range(10)), list(range(10, 0, -1))]
    sounds = re.findall(r'src="data:audio/mpeg;base64,([^"]+)"', page)
    assert len(sounds) == 40  # the recording, and what was heard, of each
    for name, sound in zip(("recorded.mp3", "played.mp3"), sounds[:2], strict=True):
        (archive / name).write_bytes(base64.b64decode(sound))
        heard = load_audio(archive / name, 16_000)
        assert len(heard) / 16_000 == pytest.approx(0.4 * len(MELODY) + 1, abs=1.5)
        assert np.sqrt(np.mean(heard**2)) == pytest.approx(0.1, rel=0.2)
    assert not re.findall(r'(?:src|href)="(?!data:)', page)


def test_only_the_archives_own_page_is_replaced_unasked(archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "keep.html"
    kept.write_text("mine")
    assert run("report", archive, "-o", kept) == 2
    assert "keep.html exists already: give --force" in capsys.readouterr().err
    assert kept.read_text() == "mine"
    assert run("report", archive, "-o", kept, "--force") == 0
    assert run("report", archive, "-o", archive / "report.html") == run("report", archive) == 0


def test_a_melody_is_found_by_its_names_in_another_key(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("find", "C4 E4 G4 F4 D4", "--in", archive) == 0
    told = capsys.readouterr()
    assert len(re.findall(r"\d\d\.flac", told.out)) == N_RECORDINGS
    assert "11 of 11 recordings" in told.err
    assert run("find", "C4 C#4 D4 D#4 E4", "--in", archive) == 0
    assert "not found in 11 recordings" in capsys.readouterr().err


def test_progress_tells_files_hours_speed_time_left_and_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tally, "took_sec", 3600.0)
    tally = Tally(to_do=1200, done=299, failed=1, heard_sec=36_000.0, bytes_to_do=4000, bytes_done=1000)
    assert archive_progress.line(tally) == "300 of 1,200 files · 10.0 h · 10 x real time · 3:00 h left · 1 failed"
