"""tecla transcribe: what is written where, and what is said about it. The transcriber is a stand-in (conftest.py)."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tecla import workbench
from tecla.io.midi import load_midi
from tecla.io.notes import load_csv, load_json

CommandLine = Callable[..., int]
Recorder = Callable[..., Path]

pytestmark = pytest.mark.usefixtures("stand_in", "here")


def files() -> set[str]:
    return {path.as_posix() for path in Path().rglob("*") if path.is_file()}


def test_one_file_becomes_a_midi_file_beside_it(tecla_exits: CommandLine, record: Recorder, capsys: pytest.CaptureFixture[str]) -> None:
    record("take.wav")
    assert tecla_exits("transcribe", "take.wav") == 0
    assert files() == {"take.wav", "take.mid"}
    assert len(load_midi("take.mid")) == 2
    out, err = capsys.readouterr()
    assert out.startswith("take.mid: 2 notes, C4 to C4, velocity 80 to 80, pedals 1 sustain and 0 soft, 2.0 s; took ")
    assert err == ""


def test_several_outputs_each_in_the_format_of_its_suffix(tecla_exits: CommandLine, record: Recorder) -> None:
    record("take.wav")
    assert tecla_exits("transcribe", "take.wav", "-o", "a.mid", "-o", "new/b.json", "-o", ".csv") == 0
    assert files() == {"take.wav", "a.mid", "new/b.json", "take.csv"}
    notes = load_json("new/b.json")
    assert notes.notes["confidence"].tolist() == pytest.approx([0.9, 0.9])
    assert len(load_csv("take.csv")) == len(load_midi("a.mid")) == len(notes) == 2
    assert load_midi("a.mid").pedal_intervals().tolist() == [[0.5, 2.0]]


def test_sounding_offsets_reach_to_the_pedal_and_leave_it_out(tecla_exits: CommandLine, record: Recorder) -> None:
    record("take.wav")
    assert tecla_exits("transcribe", "take.wav", "-o", "a.json", "--offsets", "sounding") == 0
    performance = load_json("a.json")
    assert performance.notes["offset_sec"].tolist() == [1.0, 2.0]
    assert len(performance.controls) == 0


@pytest.mark.parametrize(("given", "says"), [("take.mid", "tecla engrave take.mid"), ("https://example.org/take.mp3", "save it first")])
def test_what_is_no_sound_is_told_where_to_go(tecla_exits: CommandLine, capsys: pytest.CaptureFixture[str], given: str, says: str) -> None:
    assert tecla_exits("transcribe", given) == 2
    assert says in capsys.readouterr().err


def test_notes_among_recordings_do_not_stop_the_batch(tecla_exits: CommandLine, record: Recorder) -> None:
    record("take.wav")
    Path("other.mid").touch()
    assert tecla_exits("transcribe", "other.mid", "take.wav", "-o", "out/") == 1
    assert (Path("out") / "take.mid").exists()


def test_a_recording_named_twice_is_heard_once(tecla_exits: CommandLine, record: Recorder) -> None:
    record("take.wav")
    assert tecla_exits("transcribe", "take.wav", "take.wav", "-o", "out/") == 0
    assert files() == {"take.wav", "out/take.mid"}


def test_a_folder_is_searched_to_its_depths_and_mirrored(tecla_exits: CommandLine, record: Recorder) -> None:
    for name in ("in/a.wav", "in/deep/er/b.flac", "in/.hidden/c.wav"):
        record(name)
    (Path("in") / "notes.txt").touch()
    assert tecla_exits("transcribe", "in", "-o", "out") == 0
    assert {name for name in files() if name.startswith("out")} == {"out/a.mid", "out/deep/er/b.mid"}


def test_several_files_follow_a_pattern(tecla_exits: CommandLine, record: Recorder) -> None:
    record("a.wav")
    record("b.wav")
    assert tecla_exits("transcribe", "a.wav", "b.wav", "-o", "out/*_notes.csv", "-o", ".mid") == 0
    assert files() == {"a.wav", "b.wav", "a.mid", "b.mid", "out/a_notes.csv", "out/b_notes.csv"}


def test_one_file_for_several_inputs_is_refused(tecla_exits: CommandLine, record: Recorder, capsys: pytest.CaptureFixture[str]) -> None:
    assert tecla_exits("transcribe", record("a.wav").name, record("b.wav").name, "-o", "all.mid") == 2
    assert "all.mid is one file for several inputs: name a folder, or a pattern such as '*.mid'" in capsys.readouterr().err


def test_a_batch_goes_on_past_bad_files_and_lists_them(
    tecla_exits: CommandLine, record: Recorder, capsys: pytest.CaptureFixture[str]
) -> None:
    record("a.wav")
    record("z.wav")
    Path("bad.wav").touch()
    assert tecla_exits("transcribe", "a.wav", "bad.wav", "gone.wav", "z.wav") == 1
    assert files() == {"a.wav", "a.mid", "bad.wav", "z.wav", "z.mid"}
    tail = capsys.readouterr().err.splitlines()[-3:]
    assert tail[0] == "2 of 4 failed:"
    assert "bad.wav is empty" in tail[1]
    assert "gone.wav cannot be read" in tail[2]


def test_two_inputs_that_would_be_one_output_are_not_both_written(
    tecla_exits: CommandLine, record: Recorder, capsys: pytest.CaptureFixture[str]
) -> None:
    record("a.wav")
    record("a.flac")
    assert tecla_exits("transcribe", ".") == 1
    assert "a.wav would become a.mid, as a.flac does: rename one of them" in capsys.readouterr().err


def test_nothing_is_replaced_without_force(tecla_exits: CommandLine, record: Recorder, capsys: pytest.CaptureFixture[str]) -> None:
    record("take.wav")
    Path("take.mid").write_text("mine")
    assert tecla_exits("transcribe", "take.wav") == 2
    assert capsys.readouterr().err == "error: take.mid exists already: give --force to replace it, or another name\n"
    assert Path("take.mid").read_text() == "mine"
    assert tecla_exits("transcribe", "take.wav", "--force") == 0
    assert len(load_midi("take.mid")) == 2


def test_an_input_is_never_an_output(tecla_exits: CommandLine, record: Recorder) -> None:
    before = record("take.wav").read_bytes()
    assert tecla_exits("transcribe", "take.wav", "-o", "./take.wav", "--force") == 2
    assert Path("take.wav").read_bytes() == before


def test_a_format_that_is_not_written_is_refused_before_the_work(
    tecla_exits: CommandLine, record: Recorder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbench, "transcribe", None)
    assert tecla_exits("transcribe", record("take.wav").name, "-o", "take.xyz") == 2
    assert "take.xyz cannot be written: tecla writes .mid" in capsys.readouterr().err


def test_damage_is_used_with_one_warning_line(tecla_exits: CommandLine, record: Recorder, capsys: pytest.CaptureFixture[str]) -> None:
    path = record("cut.wav", 10.0)
    path.write_bytes(path.read_bytes()[:100_000])
    assert tecla_exits("transcribe", "cut.wav") == 0
    out, err = capsys.readouterr()
    assert err == "warning: cut.wav is damaged or cut short: 3.1 of 10.0 s could be read\n"
    assert "4 notes" in out


def test_a_title_stands_in_the_file(tecla_exits: CommandLine, record: Recorder) -> None:
    assert tecla_exits("transcribe", record("Étude 3.wav").name, "-o", "x.mid") == 0
    assert "Étude 3".encode() in Path("x.mid").read_bytes()


@pytest.mark.parametrize("offsets", ["key", "sounding"])
def test_python_hears_the_same_as_the_command(tecla_exits: CommandLine, record: Recorder, offsets: str) -> None:
    record("take.wav")
    assert tecla_exits("transcribe", "take.wav", "-o", "a.json", "--offsets", offsets) == 0
    assert load_json("a.json") == workbench.transcribe("take.wav", offsets=offsets)  # type: ignore[arg-type]


def test_stopping_leaves_nothing_half_written(tecla_exits: CommandLine, record: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", stop)  # the bytes are written, but not yet in their place
    assert tecla_exits("transcribe", record("take.wav").name) == 130
    assert files() == {"take.wav"}


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_an_interrupt_exits_with_130(record: Recorder) -> None:
    """A real signal to a real process, in the middle of a transcriber that never ends."""
    script = """
import signal, time, types
import tecla.transcription
from tecla.cli import main

def listen(*_):
    print("listening", flush=True)
    time.sleep(60)

tecla.transcription.Transcriber = types.SimpleNamespace(load=lambda *_: types.SimpleNamespace(transcribe=listen))
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have started the tests without it
main(["transcribe", "take.wav"])
"""
    record("take.wav")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"listening\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(20.0) == 130
    assert files() == {"take.wav"}


def test_a_stated_concert_pitch_is_told_again(tecla_exits: CommandLine, record: Recorder, capsys: pytest.CaptureFixture[str]) -> None:
    record("take.wav")
    assert tecla_exits("transcribe", "take.wav", "--a4", "415.3") == 0
    assert "pedals 1 sustain and 0 soft, A4 at 415 Hz, 2.0 s; took " in capsys.readouterr().out
    assert tecla_exits("transcribe", "take.wav", "--mode", "voice", "--a4", "415") == 2
    assert "--a4 is for a piano" in capsys.readouterr().err
