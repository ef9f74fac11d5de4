"""tecla live: a file as if it were played now."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from tecla.cli.roll import Roll
from tecla.io.audio import save_audio
from tecla.io.microphone import play_back
from tecla.io.midi import load_midi
from tecla.music import Performance
from tecla.music.events import Event
from tecla.rendering import SAMPLE_RATE, render

CommandLine = Callable[..., int]

pytestmark = pytest.mark.usefixtures("here")
CHORD = Performance.from_arrays([0.3, 0.3, 0.3], [1.2, 1.2, 1.2], [60, 64, 67], [80, 80, 80])


def test_a_chord_is_told_and_recorded(tecla_exits: CommandLine, capsys: pytest.CaptureFixture[str]) -> None:
    save_audio("chord.wav", render(CHORD)[: 2 * SAMPLE_RATE], SAMPLE_RATE)
    assert tecla_exits("live", "--input", "chord.wav", "--record", "chord.mid", "--look-ahead", "150") == 0
    assert {line.split()[3] for line in capsys.readouterr().out.splitlines() if "note_on" in line} == {"C4", "E4", "G4"}
    assert sorted(load_midi("chord.mid").notes["pitch"]) == [60, 64, 67]
    assert tecla_exits("live", "--input", "chord.wav", "--record", "chord.mid") == 2  # it exists


@pytest.mark.parametrize("arguments", [["--input", "no-such-microphone"], ["--input", "text.wav"], ["--midi-out", "no such port"]])
def test_a_take_stays_where_nothing_could_be_opened(here: Path, tecla_exits: CommandLine, arguments: list[str]) -> None:
    (here / "text.wav").write_text("Dear diary, today I played.\n" * 99)
    (here / "take.mid").write_bytes(b"mine")
    assert tecla_exits("live", *arguments, "--record", "take.mid", "--force") == 2
    assert (here / "take.mid").read_bytes() == b"mine"
    assert tecla_exits("live", *arguments, "--record", "new.mid") == 2
    assert not (here / "new.mid").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_stops_it_keeps_what_was_played(here: Path, number: signal.Signals) -> None:
    save_audio("long.wav", np.pad(render(CHORD), ((0, 20 * SAMPLE_RATE), (0, 0))), SAMPLE_RATE)
    command = [sys.executable, "-m", "tecla.cli", "live", "--input", "long.wav", "--record", "long.mid"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "note_on" in process.stdout.readline()
        process.send_signal(number)
        assert process.wait(120) == 0
    assert sorted(load_midi(here / "long.mid").notes["pitch"]) == [60, 64, 67]


ON_A_PORT = """
import sys
from pathlib import Path
from mido.ports import BaseOutput
from tecla.cli import main
from tecla.io import midi_port

class Wire(BaseOutput):  # mido's own way of writing a port
    def _open(self, **_):
        self.wire = Path("wire").open("ab", buffering=0)

    def _send(self, message):
        self.wire.write(message.bin())

midi_port.open_port = lambda name: midi_port.MidiPort(Wire())
main(["live", "--input", "long.wav", "--midi-out", "wire"])
"""


@pytest.mark.parametrize("numbers", [(signal.SIGINT,) * 9, (signal.SIGHUP,)])
def test_no_note_is_left_on_a_port_however_it_ends(here: Path, numbers: tuple[signal.Signals, ...]) -> None:
    """A chord held for seconds, and whoever plays is stopped in the middle of it, impatiently too."""
    held = Performance.from_arrays([0.3, 0.3, 0.3], [9.0, 9.0, 9.0], [60, 64, 67], [80, 80, 80])
    save_audio("long.wav", render(held), SAMPLE_RATE)
    with subprocess.Popen([sys.executable, "-c", ON_A_PORT], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "note_on" in process.stdout.readline()
        for number in numbers:
            process.send_signal(number)
            time.sleep(0.02)
        assert process.wait(120) == 0
    sent = [bytes(part) for part in zip(*[iter((here / "wire").read_bytes())] * 3, strict=True)]
    sounding = set()
    for status, key, _ in sent:
        {0x90: sounding.add, 0x80: sounding.discard, 0xB0: lambda _: None}[status](key)
    assert {60} <= {key for status, key, _ in sent if status == 0x90}
    assert not sounding
    assert sent[-1] == bytes([0xB0, 120, 0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--input", "none.wav"], "none.wav cannot be read"),
        (["--look-ahead", "5"], "look-ahead is 0.005 s"),
        (["--midi-out", "no such port"], "no such port" if find_spec("rtmidi") else "on Python 3.13 also python-rtmidi"),
    ],
)
def test_what_cannot_be_is_refused(
    tecla_exits: CommandLine, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert tecla_exits("live", *arguments) == 2
    assert message in capsys.readouterr().err


def test_a_recording_is_played_back_whole_and_no_faster_than_time() -> None:
    sound, begin = np.arange(4000, dtype=np.float32), time.perf_counter()
    assert np.array_equal(np.concatenate(list(play_back([sound[:1000], sound[1000:]]))), sound)
    assert time.perf_counter() - begin > 0.2


def test_the_roll_draws_keys_where_they_are() -> None:
    roll = Roll()
    row = roll.row([Event("note_on", 0.0, 60, 127), Event("pedal_down", 0.0)])
    assert row is not None
    assert row[39] == "█"
    assert row.endswith("P C4")
    assert (roll.row([]) or "")[39] == "│"
    assert (roll.row([Event("note_off", 0.0, 60), Event("pedal_up", 0.0)]) or "")[39] == "·"
    assert [roll.row([]) for _ in range(9)][-1] is None
