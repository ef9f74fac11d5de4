"""Standard MIDI Files (MIDI 1.0, RP-001) as bytes: `decode` and `encode` are inverses for what a piano says.

Read here rather than by a library because one odd key signature or a tempo of two bytes makes the usual readers refuse
(or crash on) a file whose notes are all there. Only notes, pedal movements, tempi, time and key signatures and the names of
tracks are kept, in flat arrays, so that memory stays within a few times the file's size whatever it holds.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.errors import InputError
from tecla.music.performance import PEDALS

EVENT: Final = np.dtype([("tick", "i8"), ("kind", "u1"), ("channel", "u1"), ("number", "u1"), ("value", "u1")])
NOTE_OFF: Final = 0x80
NOTE_ON: Final = 0x90
CONTROL_CHANGE: Final = 0xB0
PITCH_BEND: Final = 0xE0  # number holds the lower 7 bits, value the upper 7; written, not read
DEFAULT_TEMPO: Final = 500_000  # microseconds a quarter, 120 bpm

_TRACK_NAME: Final = 0x03
_END_OF_TRACK: Final = 0x2F
_SET_TEMPO: Final = 0x51
_TIME_SIGNATURE: Final = 0x58
_KEY_SIGNATURE: Final = 0x59
_LONGEST_NAME: Final = 127
_MOST_TRACKS: Final = 1024
LONGEST_DELTA: Final = 0x0FFFFFFF


@dataclass
class Track:
    """One MTrk chunk.

    Shape:
        events: (N,) of `EVENT`, in file order; notes on and off, and the pedal controllers
        tempi: (tick, microseconds a quarter) in file order
        metres: (tick, beats, unit as a power of two) in file order, as the file has them
        keys: (tick, sharps; flats are negative) in file order, likewise
        name: the first that the track gives itself; each byte a character (Latin-1)
        whole: False where the file stops inside the chunk
    """

    events: NDArray[np.void]
    tempi: list[tuple[int, int]] = field(default_factory=list)
    end_tick: int = 0
    whole: bool = True
    name: str = ""
    metres: list[tuple[int, int, int]] = field(default_factory=list)
    keys: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class MidiBytes:
    """A decoded file: `format` 0, 1 or 2, `division` as its 16 bits stand in the header, and its tracks."""

    format: int
    division: int
    tracks: list[Track]


def decode(data: bytes) -> MidiBytes:
    """Reads a file's bytes; the last track may be cut short, anything else out of order is refused.

    Raises:
        InputError: not a MIDI file, or damaged; the message says what and where, not the file's name.
    """
    start = data.find(b"MThd", 0, 64)  # RIFF-wrapped files (.rmi) carry some twenty bytes before it
    if start < 0 or len(data) < start + 14:
        raise InputError("not a MIDI file (no MThd header)")
    size, format_, _, division = struct.unpack_from(">IHHH", data, start + 4)
    if format_ > 2 or division == 0:
        raise InputError(f"a damaged MIDI header (format {format_}, division {division})")
    tracks: list[Track] = []
    at = start + 8 + size
    while at + 8 <= len(data):
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "big")
        if kind == b"MTrk":
            if len(tracks) == _MOST_TRACKS:
                raise InputError(f"more than {_MOST_TRACKS} tracks")
            tracks.append(_decode_track(data, at + 8, at + 8 + size))
        at += 8 + size
    if not tracks:
        raise InputError("a MIDI header without any track")
    return MidiBytes(format_, division, tracks)


def _decode_track(data: bytes, at: int, end: int) -> Track:
    """Events of one chunk; one loop over its bytes, since it runs for every byte of every file."""
    cut = end > len(data)
    data = data[:end]
    ticks, rest = array("q"), bytearray()
    tempi: list[tuple[int, int]] = []
    metres: list[tuple[int, int, int]] = []
    keys: list[tuple[int, int]] = []
    name = ""
    tick = status = 0
    try:
        while at < end:
            delta, at = _decode_length(data, at)
            tick += delta
            byte = data[at]
            if byte >= 0xF0:
                kind, body, at = _decode_long(data, at)
                if kind == _END_OF_TRACK:
                    cut = False
                    break
                if kind == _SET_TEMPO and len(body) == 3 and any(body):
                    tempi.append((tick, int.from_bytes(body, "big")))
                elif kind == _TIME_SIGNATURE and len(body) >= 2:
                    metres.append((tick, body[0], body[1]))
                elif kind == _KEY_SIGNATURE and body:
                    keys.append((tick, (body[0] + 128) % 256 - 128))
                elif kind == _TRACK_NAME and not name:
                    name = body[:_LONGEST_NAME].decode("latin-1")
                continue
            if byte >= 0x80:
                status, at = byte, at + 1
            elif not status:
                raise InputError(f"damaged at byte {at}: a value without the message it belongs to")
            kind = status & 0xF0
            n_bytes = 1 if kind in (0xC0, 0xD0) else 2
            number, value = data[at], data[at + n_bytes - 1]
            at += n_bytes
            if (number | value) >= 0x80:
                raise InputError(f"damaged at byte {at}: a message breaks off inside another")
            if kind in (NOTE_ON, NOTE_OFF) or (kind == CONTROL_CHANGE and number in PEDALS):
                ticks.append(tick)
                rest += bytes((kind if value or kind != NOTE_ON else NOTE_OFF, status & 0x0F, number, value))
    except IndexError:
        cut = True
    return Track(_events(ticks, rest), tempi, tick, not cut, name, metres, keys)


def _decode_length(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length quantity and the place after it; four bytes at most."""
    byte = data[at]
    value, at = byte & 0x7F, at + 1
    for _ in range(3):
        if byte < 0x80:
            return value, at
        byte = data[at]
        value, at = value << 7 | byte & 0x7F, at + 1
    if byte >= 0x80:
        raise InputError(f"damaged at byte {at}: a length of more than four bytes")
    return value, at


def _decode_long(data: bytes, at: int) -> tuple[int, bytes, int]:
    """A meta or system message: its meta kind (0 for any other), its body and the place after it."""
    status, at = data[at], at + 1
    if status not in (0xF0, 0xF7, 0xFF):
        raise InputError(f"damaged at byte {at}: message 0x{status:02X} has no place in a file")
    kind = 0
    if status == 0xFF:
        kind, at = data[at], at + 1
    size, at = _decode_length(data, at)
    return kind, data[at : at + size], at + size


def _events(ticks: array[int], rest: bytearray) -> NDArray[np.void]:
    events = np.zeros(len(ticks), EVENT)
    events["tick"] = np.frombuffer(ticks, "i8") if len(ticks) else []
    for column, name in enumerate(("kind", "channel", "number", "value")):
        events[name] = np.frombuffer(bytes(rest), "u1")[column::4]
    return events


def encode(events: NDArray[np.void], division: int, title: str | None = None) -> bytes:
    """A type 1 file of two tracks: tempo (120 bpm) and title, then the events of `EVENT` in the order given."""
    name = (title or "tecla").encode("utf-8")[:127]
    tempo = b"\x00\xff\x51\x03" + DEFAULT_TEMPO.to_bytes(3, "big")
    head = _chunk(b"\x00\xff\x03" + bytes((len(name),)) + name, tempo)
    rows = zip(np.diff(events["tick"], prepend=0).tolist(), events[["kind", "channel", "number", "value"]].tolist(), strict=True)
    body = (_encode_length(delta) + bytes((kind | channel, number, value)) for delta, (kind, channel, number, value) in rows)
    piano = _chunk(b"\x00\xff\x03\x05Piano\x00\xc0\x00", *body)
    return b"MThd" + struct.pack(">IHHH", 6, 1, 2, division) + head + piano


def _chunk(*messages: bytes) -> bytes:
    return _sized(b"".join((*messages, b"\x00\xff\x2f\x00")))


def _sized(body: bytes) -> bytes:
    return b"MTrk" + len(body).to_bytes(4, "big") + body


def _encode_length(value: int) -> bytes:
    groups: Iterable[int] = [value >> shift & 0x7F for shift in (21, 14, 7, 0) if value >> shift or not shift]
    *high, low = groups
    return bytes([group | 0x80 for group in high] + [low])
