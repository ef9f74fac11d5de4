"""Bytes of Standard MIDI Files: hand-made cases, hostile ones, and mido as the other opinion."""

import io
import struct

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tecla.errors import InputError
from tecla.io import smf


def file_of(*tracks: bytes, format_: int = 1, division: int = 480) -> bytes:
    chunks = [b"MTrk" + len(track).to_bytes(4, "big") + track for track in tracks]
    return b"MThd" + struct.pack(">IHHH", 6, format_, len(tracks), division) + b"".join(chunks)


END = b"\x00\xff\x2f\x00"
EVENTS = np.array([(0, 0xB0, 0, 64, 127), (10, 0x90, 0, 60, 80), (300_000, 0x80, 0, 60, 64), (300_000, 0x90, 0, 60, 1)], smf.EVENT)


def test_decode_undoes_encode() -> None:
    piano = smf.decode(smf.encode(EVENTS, 960, "étude")).tracks[1]
    assert piano.whole
    assert (piano.events == EVENTS).all()


def test_mido_reads_what_encode_wrote() -> None:
    messages = mido.MidiFile(file=io.BytesIO(smf.encode(EVENTS, 960, "étude"))).tracks[1]
    assert [(m.type, m.time) for m in messages if not m.is_meta][1:] == [
        ("control_change", 0),
        ("note_on", 10),
        ("note_off", 299_990),
        ("note_on", 0),
    ]


def test_a_repeated_status_may_be_left_out() -> None:
    track = smf.decode(file_of(b"\x00\x90\x3c\x40\x10\x3e\x41\x10\x3c\x00" + END)).tracks[0]
    assert track.events["tick"].tolist() == [0, 16, 32]
    assert track.events["kind"].tolist() == [smf.NOTE_ON, smf.NOTE_ON, smf.NOTE_OFF]  # velocity 0 is a note-off


def test_meta_and_system_messages_are_skipped() -> None:
    odd = (
        b"\x00\xff\x59\x02\x63\x09"
        + b"\x00\xff\x51\x01\x00"
        + b"\x00\xff\x7f\x00"
        + b"\x00\xf0\x03\x01\x02\xf7"
        + b"\x00\xc0\x05\x00\xe0\x00\x40"
    )
    track = smf.decode(file_of(odd + b"\x05\x90\x3c\x40" + END)).tracks[0]
    assert track.events["tick"].tolist() == [5]
    assert track.tempi == []


def test_a_riff_wrapping_and_unknown_chunks_are_read_past() -> None:
    data = file_of(b"\x00\x90\x3c\x40" + END)
    data = data[:14] + b"XFIH\x00\x00\x00\x02ab" + data[14:]
    assert len(smf.decode(b"RIFF\x00\x00\x00\x00RMIDdata\x00\x00\x00\x00" + data).tracks[0].events) == 1


def test_a_file_cut_inside_a_message_keeps_what_came_before() -> None:
    data = file_of(b"\x00\x90\x3c\x40\x10\x90\x3e\x41" + END)
    track = smf.decode(data[:-7]).tracks[0]
    assert not track.whole
    assert track.events["number"].tolist() == [0x3C]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no MThd"),
        (b"MThd\x00\x00", "no MThd"),
        (b"plain text", "no MThd"),
        (file_of(division=0), "damaged MIDI header"),
        (file_of(format_=7), "format 7"),
        (file_of(), "without any track"),
        (file_of(*[END] * 1025), "more than 1024 tracks"),
        (file_of(b"\x00\x3c\x40"), "without the message"),
        (file_of(b"\x00\xf4\x00"), "0xF4 has no place"),
        (file_of(b"\x00\x90\x3c\x90\x40\x00"), "breaks off inside another"),
        (file_of(b"\xff\xff\xff\xff\xff\x00"), "more than four bytes"),
    ],
)
def test_damage_is_named(data: bytes, why: str) -> None:
    with pytest.raises(InputError, match=why):
        smf.decode(data)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([0, 1, 2]), st.integers(0, 0xFFFF))
def test_any_track_decodes_or_is_refused(track: bytes, format_: int, division: int) -> None:
    try:
        midi = smf.decode(file_of(track, format_=format_, division=division))
    except InputError:
        return
    assert (np.diff(midi.tracks[0].events["tick"]) >= 0).all()
