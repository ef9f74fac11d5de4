"""Performance <-> MIDI file: time, keys, pedals, and what hostile or careless files become."""

import struct
import tempfile
from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tecla.errors import InputError, InputWarning, OutputError
from tecla.io.midi import TICKS_PER_SEC, load_midi, save_midi
from tecla.music import Performance
from tecla.music.performance import BEND

TICK_SEC = 1 / TICKS_PER_SEC


def write(path: Path, *tracks: list[mido.Message], type_: int = 1, division: int = 500) -> Path:
    """A file at 1 ms a tick (120 bpm, 500 ticks a quarter); times are deltas in ticks."""
    file = mido.MidiFile(type=type_, ticks_per_beat=division)
    file.tracks.extend(mido.MidiTrack(track) for track in tracks)
    file.save(path)
    return path


def on(pitch: int, time: int, velocity: int = 80, channel: int = 0) -> mido.Message:
    return mido.Message("note_on", note=pitch, velocity=velocity, time=time, channel=channel)


def off(pitch: int, time: int, channel: int = 0) -> mido.Message:
    return mido.Message("note_off", note=pitch, time=time, channel=channel)


def pedal(value: int, time: int, number: int = 64, channel: int = 0) -> mido.Message:
    return mido.Message("control_change", control=number, value=value, time=time, channel=channel)


def tempo(bpm: float, time: int) -> mido.MetaMessage:
    return mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm), time=time)


def spans(performance: Performance) -> list[tuple[int, float, float]]:
    return [(int(n["pitch"]), round(float(n["onset_sec"]), 6), round(float(n["offset_sec"]), 6)) for n in performance.notes]


def test_a_note_lasts_from_its_on_to_its_off(tmp_path: Path) -> None:
    performance = load_midi(write(tmp_path / "a.mid", [on(60, 1000, 90), off(60, 500)]))
    assert spans(performance) == [(60, 1.0, 1.5)]
    assert performance.notes["velocity"].tolist() == [90]


def test_a_tempo_counts_from_its_own_tick_on_in_every_track(tmp_path: Path) -> None:
    tempi = [tempo(60, 500), tempo(240, 500)]  # half a second at 120, one second at 60, then a quarter is 0.25 s
    path = write(tmp_path / "a.mid", tempi, [on(60, 500), off(60, 500), on(62, 0), off(62, 1000)])
    assert spans(load_midi(path)) == [(60, 0.5, 1.5), (62, 1.5, 2.0)]


def test_of_two_tempi_at_one_tick_the_later_holds(tmp_path: Path) -> None:
    assert spans(load_midi(write(tmp_path / "a.mid", [tempo(240, 0), tempo(60, 0), on(60, 500), off(60, 500)]))) == [(60, 1.0, 2.0)]


def test_type_2_patterns_follow_one_another_each_with_its_tempo(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mid", [tempo(60, 0), on(60, 0), off(60, 500)], [on(62, 0), off(62, 500)], type_=2)
    assert spans(load_midi(path)) == [(60, 0.0, 1.0), (62, 1.0, 1.5)]


def test_smpte_time_knows_no_tempo(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mid", [tempo(60, 0), on(60, 1000), off(60, 500)])
    data = bytearray(path.read_bytes())
    data[12:14] = struct.pack(">bB", -25, 40)  # 25 frames of 40 ticks: milliseconds
    path.write_bytes(data)
    assert spans(load_midi(path)) == [(60, 1.0, 1.5)]


def test_tracks_and_channels_share_one_keyboard(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mid", [on(60, 0, 50), off(60, 1000)], [on(60, 400, 70, channel=1), off(60, 1000, channel=1)])
    assert spans(load_midi(path)) == [(60, 0.0, 0.4), (60, 0.4, 1.4)]


def test_a_unison_is_its_loudest_and_longest(tmp_path: Path) -> None:
    performance = load_midi(write(tmp_path / "a.mid", [on(60, 0, 50), off(60, 1000)], [on(60, 0, 70, channel=1), off(60, 500, channel=1)]))
    assert spans(performance) == [(60, 0.0, 1.0)]
    assert performance.notes["velocity"].tolist() == [70]


def test_overlapping_notes_of_a_channel_keep_their_own_ends(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mid", [on(60, 0), on(60, 400), off(60, 200), off(60, 400)])
    assert spans(load_midi(path)) == [(60, 0.0, 0.4), (60, 0.4, 1.0)]


def test_a_restrike_without_its_own_off_does_not_shift_the_ends_after_it(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mid", [on(60, 0), on(60, 400), off(60, 200), on(60, 400), off(60, 100)])
    assert spans(load_midi(path)) == [(60, 0.0, 0.4), (60, 0.4, 0.6), (60, 1.0, 1.1)]


def test_a_note_never_closed_ends_at_its_next_onset_or_with_its_track(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mid", [on(60, 0), on(60, 300), on(62, 0), pedal(0, 700)])
    assert spans(load_midi(path)) == [(60, 0.0, 0.3), (60, 0.3, 1.0), (62, 0.3, 1.0)]


def test_a_note_of_no_length_stays_a_note(tmp_path: Path) -> None:
    (span,) = spans(load_midi(write(tmp_path / "a.mid", [on(60, 1000), off(60, 0), pedal(0, 1000)])))
    assert span[1] < span[2] < span[1] + 0.01


def test_percussion_is_left_out_where_something_else_plays(tmp_path: Path) -> None:
    beat = [on(36, 0, channel=9), off(36, 100, channel=9)]
    assert spans(load_midi(write(tmp_path / "a.mid", beat, [on(60, 0), off(60, 100)]))) == [(60, 0.0, 0.1)]
    assert spans(load_midi(write(tmp_path / "b.mid", beat))) == [(36, 0.0, 0.1)]


def test_three_pedals_are_read_and_other_controllers_are_not(tmp_path: Path) -> None:
    moves = [pedal(127, 0), pedal(5, 10, number=7), pedal(100, 10, number=66), pedal(30, 10, number=67), pedal(0, 10)]
    controls = load_midi(write(tmp_path / "a.mid", [*moves, on(60, 0), off(60, 10)])).controls
    assert controls[["number", "value"]].tolist() == [(64, 127), (66, 100), (67, 30), (64, 0)]


def test_a_pedal_pressed_on_two_channels_lifts_with_the_last(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mid", [pedal(127, 0), pedal(0, 500)], [pedal(100, 100, channel=1), pedal(0, 900, channel=1)])
    assert load_midi(path).pedal_intervals().tolist() == [[0.0, 1.0]]


def test_an_empty_midi_file_is_an_empty_performance(tmp_path: Path) -> None:
    save_midi(Performance(), tmp_path / "a.mid")
    assert load_midi(tmp_path / "a.mid") == Performance()


def test_a_cut_file_is_used_with_a_warning(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mid", [message for pitch in range(40, 80) for message in (on(pitch, 0), off(pitch, 100))])
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.warns(InputWarning, match=r"a.mid is cut short: read up to"):
        assert 30 < len(load_midi(path)) < 40


@pytest.mark.parametrize(
    ("data", "why"),
    [(b"", "no MThd"), (b"text\n" * 100, "no MThd"), (b"MThd\0\0\0\6\0\1\0\1\1\0MTrk\0\0\0\x09\0\x90", "cut short before its first note")],
)
def test_what_is_no_midi_file_is_refused_by_name(tmp_path: Path, data: bytes, why: str) -> None:
    path = tmp_path / "bad.mid"
    path.write_bytes(data)
    with pytest.raises(InputError, match=f"bad.mid .*{why}.*again"):
        load_midi(path)


def test_a_missing_file_and_a_folder_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone.mid cannot be read"):
        load_midi(tmp_path / "gone.mid")
    with pytest.raises(InputError, match="cannot be read"):
        load_midi(tmp_path)


def test_a_file_of_endless_time_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mid", [on(60, 0), off(60, 0x0FFFFFFF), on(60, 0x0FFFFFFF), off(60, 9)], division=1)
    with pytest.raises(InputError, match="hours"):
        load_midi(path)


def test_music_before_time_zero_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="shift it first"):
        save_midi(Performance.from_arrays([-1.0], [1.0], [60]), tmp_path / "a.mid")
    assert list(tmp_path.iterdir()) == []


def test_a_pedal_pressed_as_the_key_comes_up_still_holds_the_note(tmp_path: Path) -> None:
    save_midi(Performance.from_arrays([0.0], [1.0], [60], controls=[(1.0, 64, 127), (2.0, 64, 0)]), tmp_path / "a.mid")
    kinds = [message.type for message in mido.MidiFile(tmp_path / "a.mid") if not message.is_meta]
    assert kinds == ["program_change", "note_on", "control_change", "note_off", "control_change"]
    assert load_midi(tmp_path / "a.mid").sounding_offset_sec().tolist() == [2.0]


def note_lists() -> st.SearchStrategy[Performance]:
    times = st.floats(0, 5, allow_nan=False)
    note = st.tuples(times, st.floats(0, 2), st.integers(58, 61), st.integers(1, 127))
    move = st.tuples(times, st.sampled_from([64, 66, 67]), st.integers(0, 127))
    return st.builds(
        lambda notes, moves: Performance.from_arrays(
            [n[0] for n in notes], [n[0] + n[1] for n in notes], [n[2] for n in notes], [n[3] for n in notes], controls=moves
        ),
        st.lists(note, max_size=30),
        st.lists(move, max_size=10),
    )


def written(performance: Performance) -> tuple[Performance, list[mido.Message]]:
    with tempfile.TemporaryDirectory() as folder:
        save_midi(performance, Path(folder) / "a.mid")
        return load_midi(Path(folder) / "a.mid"), list(mido.MidiFile(Path(folder) / "a.mid"))


@settings(max_examples=60, deadline=None)
@given(note_lists())
def test_written_notes_of_a_pitch_never_overlap_and_always_last(performance: Performance) -> None:
    sounding: dict[int, float] = {}
    now = 0.0
    for message in written(performance)[1]:
        now += message.time
        if message.type == "note_on":
            assert message.note not in sounding
            sounding[message.note] = now
        elif message.type == "note_off":
            assert now > sounding.pop(message.note)
    assert not sounding


@settings(max_examples=60, deadline=None)
@given(note_lists())
def test_writing_moves_nothing_by_more_than_half_a_tick(performance: Performance) -> None:
    read, _ = written(performance)
    expected = {(int(n["pitch"]), round(float(n["onset_sec"]) * TICKS_PER_SEC)) for n in performance.notes}
    assert {(int(n["pitch"]), round(float(n["onset_sec"]) * TICKS_PER_SEC)) for n in read.notes} == expected
    assert np.allclose(read.controls["time_sec"], performance.controls["time_sec"], atol=TICK_SEC / 2 + 1e-9)
    assert read.controls[["number", "value"]].tolist() == performance.controls[["number", "value"]].tolist()


@settings(max_examples=30, deadline=None)
@given(note_lists())
def test_what_was_written_once_is_written_the_same_again(performance: Performance) -> None:
    once, _ = written(performance)
    assert written(once)[0] == once


def test_bends_are_pitch_bend_messages_between_key_up_and_key_down(tmp_path: Path) -> None:
    bends = np.array([(0.0, 0.0), (0.5, 2.0), (1.0, -1.0)], BEND)
    line = Performance.from_arrays([0.0, 1.0], [1.0, 2.0], [60, 62])
    save_midi(Performance(line.notes, bends=bends), tmp_path / "line.mid")
    messages = [m for m in mido.MidiFile(tmp_path / "line.mid").tracks[1] if m.type in ("note_on", "note_off", "pitchwheel")]
    assert [m.pitch for m in messages if m.type == "pitchwheel"] == [0, 8191, -4096]
    assert [m.type for m in messages] == ["pitchwheel", "note_on", "pitchwheel", "note_off", "pitchwheel", "note_on", "note_off"]
    assert load_midi(tmp_path / "line.mid").notes["pitch"].tolist() == [60, 62]
