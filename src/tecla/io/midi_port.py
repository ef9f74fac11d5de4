"""Events to a synthesizer as they happen, and silence afterwards whatever happened."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Final, Protocol

from tecla.errors import MissingExtraError, OutputError
from tecla.music.events import Event
from tecla.music.performance import SUSTAIN

VIRTUAL: Final = "virtual"
_ALL_SOUND_OFF: Final = 120
_ALL_NOTES_OFF: Final = 123


class Port(Protocol):
    """What mido calls an output port."""

    def send(self, message: Any) -> None:
        """Sends one message."""

    def close(self) -> None:
        """Closes the port."""


class MidiPort:
    """A context: on leaving it, also by an error, no note sounds and the pedal is up."""

    def __init__(self, port: Port) -> None:
        """Takes an open mido port, and closes it in the end."""
        self._port = port

    def __enter__(self) -> MidiPort:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        try:
            self.panic()
        finally:
            self._port.close()

    def play(self, event: Event) -> None:
        """Sends one event now, on channel 1."""
        if event.kind == "note_on":
            self._send("note_on", note=event.pitch, velocity=event.velocity)
        elif event.kind == "note_off":
            self._send("note_off", note=event.pitch)
        else:
            self._send("control_change", control=SUSTAIN, value=127 if event.kind == "pedal_down" else 0)

    def panic(self) -> None:
        """Pedal up, every note off one by one for synthesizers that know no other way, then all of them at once."""
        self._send("control_change", control=SUSTAIN, value=0)
        for pitch in range(128):
            self._send("note_off", note=pitch)
        for number in (_ALL_NOTES_OFF, _ALL_SOUND_OFF):
            self._send("control_change", control=number, value=0)

    def _send(self, kind: str, **values: int) -> None:
        import mido  # noqa: PLC0415

        self._port.send(mido.Message(kind, **values))


def open_port(name: str) -> MidiPort:
    """The MIDI output whose name contains `name`; "virtual" makes one called tecla that other programs can listen to.

    Raises:
        MissingExtraError: mido or python-rtmidi is not installed. OutputError: there is no such port, or the system has no MIDI.
    """
    try:
        import mido.backends.rtmidi as backend  # noqa: PLC0415
        import rtmidi  # noqa: PLC0415
    except ImportError as error:
        remedy = 'pip install "tecla[live]", and on Python 3.13 also python-rtmidi'
        raise MissingExtraError(f"a MIDI port needs mido and python-rtmidi: {remedy}") from error
    try:
        if name == VIRTUAL:
            return MidiPort(backend.Output("tecla", virtual=True))
        known = [device["name"] for device in backend.get_devices() if device["is_output"]]
        chosen = [port for port in known if name.lower() in port.lower()]
        if not chosen:
            raise OutputError(f"there is no MIDI port {name!r}: choose {' or '.join([*known, VIRTUAL])}")
        return MidiPort(backend.Output(chosen[0]))
    except (rtmidi.RtMidiError, OSError, ValueError) as error:
        raise OutputError(f"the MIDI port {name!r} cannot be opened ({error}): check the system's MIDI, or use --record") from error
