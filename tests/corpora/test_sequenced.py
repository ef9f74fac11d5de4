"""Hands by the names of a sequencer's tracks."""

from pathlib import Path

import mido
import numpy as np
import pytest

from tecla.corpora.sequenced import OF_NOBODY, load_hands, sequenced_hands
from tecla.errors import InputError


def write(path: Path, tracks: dict[str, list[tuple[int, int]]], tempi: tuple[int, ...] = (500_000, 700_000)) -> Path:
    """A file of notes a quarter long, (tick, pitch) by track, each quarter in another tempo."""
    file = mido.MidiFile(ticks_per_beat=480)
    head = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=tempi[k % len(tempi)], time=480 * (k > 0)) for k in range(8)])
    file.tracks.append(head)
    for name, notes in tracks.items():
        moves = sorted([(t, True, p) for t, p in notes] + [(t + 480, False, p) for t, p in notes])
        track, now = mido.MidiTrack([mido.MetaMessage("track_name", name=name)]), 0
        for tick, down, pitch in moves:
            track.append(mido.Message("note_on" if down else "note_off", note=pitch, velocity=70 if down else 0, time=tick - now))
            now = tick
        file.tracks.append(track)
    file.save(path)
    return path


def test_each_note_has_the_hand_of_its_track_in_any_tempo(tmp_path: Path) -> None:
    tracks = {"Piano right": [(0, 72), (480, 74), (960, 55)], "Piano LEFT": [(0, 48), (480, 76), (1440, 50)], "Fuga 3": [(960, 60)]}
    performance, left = load_hands(write(tmp_path / "a.mid", tracks))
    assert performance.notes["pitch"].tolist() == [48, 72, 74, 76, 55, 60, 50]
    assert left.tolist() == [1, 0, 0, 1, 0, OF_NOBODY, 1]
    assert np.allclose(performance.notes["onset_sec"], [0, 0, 0.5, 0.5, 1.2, 1.2, 1.7])


def test_a_key_that_both_hands_strike_is_nobodys(tmp_path: Path) -> None:
    performance, left = load_hands(write(tmp_path / "a.mid", {"right": [(0, 60), (480, 62)], "left": [(0, 60)]}))
    assert performance.notes["pitch"].tolist() == [60, 62]
    assert left.tolist() == [OF_NOBODY, 0]


def test_every_composition_comes_once_and_what_is_held_back_never(tmp_path: Path) -> None:
    for name in ("bor_ps1_AkPnBcht", "bor_ps1_SptkBGCl", "chpn_op25_e2_AkPnBcht", "ty_mai_StbgTGd2"):
        write(tmp_path / f"{name}.mid", {"right": [(0, 60)], "left": [(0, 48)]})
    assert [name for name, _, _ in sequenced_hands(tmp_path)] == ["maps:bor_ps1", "maps:ty_mai"]
    with pytest.raises(InputError):
        next(sequenced_hands(tmp_path / "nothing"))
