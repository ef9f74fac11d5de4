"""A synthesizer is never left sounding."""

import mido
import pytest
from mido.ports import BaseOutput

from tecla.io.midi_port import MidiPort
from tecla.music.events import Event


class Synthesizer(BaseOutput):  # mido's own way of writing a port
    def _open(self, **_: object) -> None:
        self.sounding: set[int] = set()
        self.received: list[mido.Message] = []

    def _send(self, message: mido.Message) -> None:
        self.received.append(message)
        if message.type == "note_on":
            self.sounding.add(message.note)
        elif message.type == "note_off":
            self.sounding.discard(message.note)


def test_events_become_messages() -> None:
    synthesizer = Synthesizer()
    port = MidiPort(synthesizer)
    for event in (Event("note_on", 0.0, 60, 80), Event("pedal_down", 0.1), Event("note_off", 0.5, 60), Event("pedal_up", 0.6)):
        port.play(event)
    assert [message.bytes() for message in synthesizer.received] == [[0x90, 60, 80], [0xB0, 64, 127], [0x80, 60, 64], [0xB0, 64, 0]]


def test_an_error_leaves_no_note_behind() -> None:
    synthesizer = Synthesizer()
    with pytest.raises(KeyError), MidiPort(synthesizer) as port:
        port.play(Event("note_on", 0.0, 60, 80))
        port.play(Event("pedal_down", 0.0))
        raise KeyError
    assert not synthesizer.sounding
    assert synthesizer.closed
    assert [0xB0, 64, 0] in [message.bytes() for message in synthesizer.received]
    assert synthesizer.received[-1].bytes() == [0xB0, 120, 0]
