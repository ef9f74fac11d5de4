"""MIDI files that a program wrote, and their time."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import mido
import numpy as np
import pytest

from tecla.io.sequenced import load_sequenced
from tecla.music.notation import TimeSignature

QUARTER = 480
TUNE = [(k * QUARTER // 2, 72 + k % 5) for k in range(16)]
BASS = [(k * QUARTER, 48) for k in range(8)]


def write(
    path: Path,
    *tracks: Sequence[tuple[int, int]],
    metres: Sequence[tuple[int, int, int]] = (),
    names: Sequence[str] = (),
    tempi: Sequence[int] = (600_000,),
    kind: int = 1,
) -> Path:
    """A file of tracks, each (tick, pitch) a 16th long; `metres` are (ticks since the last one, beats, unit); a tempo a quarter."""
    file = mido.MidiFile(type=kind, ticks_per_beat=QUARTER)
    told = [mido.MetaMessage("time_signature", time=since, numerator=beats, denominator=unit) for since, beats, unit in metres]
    speeds = [mido.MetaMessage("set_tempo", tempo=tempo, time=QUARTER * (k > 0)) for k, tempo in enumerate(tempi)]
    file.tracks += [mido.MidiTrack(told), mido.MidiTrack(speeds)]
    for number, notes in enumerate(tracks):
        moves = sorted([(tick, 1, pitch) for tick, pitch in notes] + [(tick + QUARTER // 4, 0, pitch) for tick, pitch in notes])
        track = mido.MidiTrack([mido.MetaMessage("track_name", name=names[number])] if names else [])
        now = 0
        for tick, down, pitch in moves:
            track.append(mido.Message("note_on", note=pitch, velocity=70 * down, time=tick - now))
            now = tick
        file.tracks.append(track)
    file.save(path)
    return path


def test_a_file_on_its_own_grid_has_ruled_its_time(tmp_path: Path) -> None:
    performance, ruled = load_sequenced(
        write(tmp_path / "a.mid", TUNE, metres=[(0, 3, 4), (3 * QUARTER, 6, 8)], tempi=(600_000, 450_000, 800_000))
    )
    assert ruled is not None
    assert ruled.metres == ((Fraction(0), TimeSignature(3, 4)), (Fraction(3), TimeSignature(6, 8)))
    assert ruled.beat_map.quarters_at(performance.notes["onset_sec"]) == pytest.approx(np.arange(16) / 2)
    assert ruled.hands == ""


def test_what_was_played_has_not(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    played = [(int(tick + rng.integers(0, QUARTER // 4)), pitch) for tick, pitch in TUNE]
    assert load_sequenced(write(tmp_path / "a.mid", played))[1] is None
    assert load_sequenced(write(tmp_path / "b.mid", TUNE[:7]))[1] is None  # too little to tell
    assert load_sequenced(write(tmp_path / "c.mid", TUNE, kind=2))[1] is None


@pytest.mark.parametrize(
    ("names", "tune_is"),
    [
        ((), "R"),
        (("Left hand", "Right hand"), "L"),
        (("lefthand", "right_1"), "L"),
        (("upper", "lower"), "R"),
        (("Bass", "Bright Piano, copyright"), "R"),
    ],
)
def test_tracks_are_hands_by_their_names_or_their_height(tmp_path: Path, names: Sequence[str], tune_is: str) -> None:
    performance, ruled = load_sequenced(write(tmp_path / "a.mid", TUNE, BASS, names=names))
    assert ruled is not None
    assert {hand for hand, pitch in zip(ruled.hands, performance.notes["pitch"], strict=True) if pitch >= 72} == {tune_is}
    assert len(set(ruled.hands)) == 2


def test_keys_are_those_of_the_file_unless_all_are_that_of_c(tmp_path: Path) -> None:
    for keys, expected in ((("Eb", "F#m"), ((0, -3), (2, 3))), (("C", "Am"), ())):
        file = mido.MidiFile(write(tmp_path / "a.mid", TUNE))
        told = [mido.MetaMessage("key_signature", key=key, time=2 * QUARTER * (k > 0)) for k, key in enumerate(keys)]
        file.tracks.append(mido.MidiTrack(told))
        file.save(tmp_path / "b.mid")
        ruled = load_sequenced(tmp_path / "b.mid")[1]
        assert ruled is not None
        assert ruled.keys == expected


@pytest.mark.parametrize(
    ("beats_a_minute", "metres", "believed"),
    [(120, [(0, 4, 4)], True), (120, [], False), (80, [(0, 4, 4)], False), (90, [(0, 4, 4)], False), (96, [(0, 4, 4)], False)],
)
def test_a_tempo_of_120_may_be_nobodys(tmp_path: Path, beats_a_minute: int, metres: list[tuple[int, int, int]], believed: bool) -> None:
    eighths = [(round(k * QUARTER * 60 / beats_a_minute), 60 + k % 7) for k in range(24)]  # ticks of a clock at 120
    ruled = load_sequenced(write(tmp_path / "a.mid", eighths, metres=metres, tempi=(500_000,)))[1]
    assert (ruled is not None) == believed


def test_two_voices_at_one_height_are_no_hands(tmp_path: Path) -> None:
    ruled = load_sequenced(write(tmp_path / "a.mid", TUNE, [(tick + QUARTER // 4, pitch - 2) for tick, pitch in TUNE]))[1]
    assert ruled is not None
    assert ruled.hands == ""


@pytest.mark.parametrize("metres", [[(QUARTER, 3, 4)], [(0, 3, 64)], [(0, 255, 4)]], ids=["late", "64ths", "255 beats"])
def test_metres_that_cannot_be_are_none(tmp_path: Path, metres: list[tuple[int, int, int]]) -> None:
    ruled = load_sequenced(write(tmp_path / "a.mid", TUNE, metres=metres))[1]
    assert ruled is not None
    assert ruled.metres == ()
