"""tecla live: from a microphone to notes as they are played."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from tecla.cli.weights import Weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tecla.io.midi_port import MidiPort
    from tecla.music.events import Event
    from tecla.transcription.live import LiveTranscriber

_LATE_SAMPLES: Final = 4_800  # 0.3 s at once: the computer does not keep up, and should hear them in one go
_ROW_SEC: Final = 0.09  # a row for every step of the transcriber
# Ctrl-C, being told to leave, a terminal that is closed, Ctrl-\\: none is a reason to leave notes behind.
_LEAVE: Final = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK") if hasattr(signal, name)]


def live(
    sound: Annotated[
        str | None, typer.Option("--input", metavar="DEVICE|FILE", help="A microphone's number or name, or a file to hear in real time.")
    ] = None,
    midi_out: Annotated[
        str | None, typer.Option(metavar="PORT", help="Play the notes on this MIDI port; 'virtual' makes a port named tecla.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(metavar="OUT", help="Write everything here at the end: .mid .json .csv, or a page.")
    ] = None,
    look_ahead: Annotated[
        int, typer.Option(metavar="MS", help="How much must be heard after a note before it is told: sooner, or surer.")
    ] = 300,
    model: Weights = "default",
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace OUT if it exists.")] = False,
) -> None:
    """Hear a piano as it is played: notes in the terminal, on a MIDI port, in a file.

    \b
    tecla live                                       the microphone, as a roll in the terminal
    tecla live --midi-out virtual --record take.mid  to other programs, and to a file
    tecla live --input take.wav --look-ahead 150     a recording, as if it were played now

    Stop it with Ctrl-C. Microphone and MIDI ports need pip install "tecla[live]". On leaving, however that comes about, every note on
    the port is switched off.
    """
    from tecla import workbench  # noqa: PLC0415
    from tecla.io.midi_port import open_port  # noqa: PLC0415
    from tecla.music.events import events_to_performance  # noqa: PLC0415

    if record is not None:
        workbench.check_output(record, force)
    transcriber = workbench.live_transcriber(look_ahead / 1000, model)
    for number in _LEAVE:
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup wants it
            signal.signal(number, signal.default_int_handler)
    stage = _Stage()
    with ExitStack() as opening:  # what cannot be opened ends here, before there is a recording to write
        stage.port = opening.enter_context(open_port(midi_out)) if midi_out is not None else None
        samples = _begun(_samples(sound))
        open_things = opening.pop_all()
    try:
        with open_things:
            _hear(transcriber, samples, stage)
    finally:
        if record is not None:
            performance = events_to_performance(stage.events)
            workbench.save(performance, record)
            print(f"{record}: {len(performance):,} notes", file=sys.stderr)


def _hear(transcriber: LiveTranscriber, sound: Iterator[NDArray[Any]], stage: _Stage) -> None:
    """Until the sound ends or someone stops it; whatever ends it, what still sounds is ended, too."""
    try:
        for samples in sound:
            stage.show(transcriber.push(samples, hurry=len(samples) > _LATE_SAMPLES), transcriber.heard_sec)
    except KeyboardInterrupt:
        pass
    finally:
        for number in _LEAVE:  # asked again, it is leaving already, and must not be stopped before the last note is off
            signal.signal(number, signal.SIG_IGN)
        stage.show(transcriber.flush(), transcriber.heard_sec)


class _Stage:
    """Where events go: the list, the port, the terminal."""

    def __init__(self) -> None:
        from tecla.cli.roll import Roll  # noqa: PLC0415

        self.events: list[Event] = []
        self.port: MidiPort | None = None
        self._roll = Roll() if sys.stdout.isatty() else None
        self._row: list[Event] = []
        self._row_sec = 0.0

    def show(self, events: list[Event], heard_sec: float) -> None:
        from tecla.cli.roll import event_line  # noqa: PLC0415

        self.events += events
        for event in events:
            if self.port is not None:
                self.port.play(event)
            if self._roll is None:
                print(event_line(event), flush=True)
        self._row += events
        if self._roll is not None and heard_sec >= self._row_sec:
            row, self._row, self._row_sec = self._roll.row(self._row), [], heard_sec + _ROW_SEC
            if row is not None:
                print(row, flush=True)


def _samples(sound: str | None) -> Iterator[NDArray[Any]]:
    from tecla import workbench  # noqa: PLC0415
    from tecla.io.microphone import listen, play_back  # noqa: PLC0415

    if sound is not None and _names_a_file(Path(sound)):
        return play_back(workbench.open_sound(sound).blocks())
    return listen(sound)


def _names_a_file(path: Path) -> bool:
    """Whether it is there, or has a suffix, which microphones have not; what may not be looked at is a file."""
    try:
        return path.exists() or bool(path.suffix)
    except OSError:
        return True


def _begun(sound: Iterator[NDArray[Any]]) -> Iterator[NDArray[Any]]:
    """The same, once something of it is here: microphones and files are opened only when they are asked for it."""
    first = next(sound, None)
    return sound if first is None else chain([first], sound)
