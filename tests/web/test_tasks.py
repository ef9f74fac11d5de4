"""What the workers do, done here: files in, files out."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import mido
import numpy as np
import pytest

from tecla.io.notes import save_json
from tecla.music import Performance
from tecla.web import tasks

QUARTER = 480
MELODY = [72, 74, 76, 77, 79, 77, 76, 74] * 2
BASS = [48, 43, 45, 43] * 2


def say(share: float) -> None:
    """Nobody is told how far it is."""


def crossed_hands(path: Path, tempo_bpm: int) -> Path:
    """A file of a program whose left hand plays the melody, over the right hand's bass: nobody would find that out by listening."""
    file = mido.MidiFile(ticks_per_beat=QUARTER)
    told = [mido.MetaMessage("time_signature", numerator=4, denominator=4), mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo_bpm))]
    file.tracks.append(mido.MidiTrack(told))
    for name, pitches, length in (("Left hand", MELODY, QUARTER // 2), ("Right hand", BASS, QUARTER)):
        track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
        for pitch in pitches:
            track += [mido.Message("note_on", note=pitch, velocity=70), mido.Message("note_off", note=pitch, time=length)]
        file.tracks.append(track)
    file.save(path)
    return path


def exported(source: Path, target: Path, wishes: dict[str, Any] | None = None) -> Path:
    """A page of what was handed in as `source`, by way of version 1."""
    notes = target.with_suffix(".notes.json")
    tasks.read_notes(say, source, notes)
    tasks.export(say, notes, wishes or {}, "", source, target)
    return target


def staff_of_melody(score: Path) -> set[str | None]:
    notes = ElementTree.fromstring(score.read_text("utf-8")).iter("note")
    return {note.findtext("staff") for note in notes if int(note.findtext("pitch/octave") or 0) >= 5}


@pytest.mark.parametrize("tempo_bpm", [92, 100, 120])
def test_the_hands_of_a_file_are_on_the_page_at_any_tempo(tmp_path: Path, tempo_bpm: int) -> None:
    first = exported(crossed_hands(tmp_path / "source.mid", tempo_bpm), tmp_path / "first.musicxml")
    assert staff_of_melody(first) == {"2"}
    assert staff_of_melody(exported(first, tmp_path / "second.musicxml")) == {"2"}  # a score's staves too


def test_a_moved_note_is_in_the_hand_that_it_seems_to_be_in(tmp_path: Path) -> None:
    source, notes, target = crossed_hands(tmp_path / "source.mid", 92), tmp_path / "notes.json", tmp_path / "page.musicxml"
    tasks.read_notes(say, source, notes)
    version = json.loads(notes.read_text())
    version["notes"][-1]["onset_sec"] -= 0.001
    notes.write_text(json.dumps(version))
    tasks.export(say, notes, {}, "", source, target)
    assert staff_of_melody(target) == {"1"}


def test_pages_have_their_name_only_when_all_are_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target, notes, onset = tmp_path / "made" / "export.svg", tmp_path / "notes.json", np.arange(500) / 4
    target.parent.mkdir()
    save_json(Performance.from_arrays(onset, onset + 0.2, 60 + np.arange(500) % 13), notes)

    def write(self: zipfile.ZipFile, page: Path, name: str) -> None:
        met.append([file.suffix for file in target.parent.iterdir() if not file.name.startswith(".")])
        if len(met) == 2:
            raise KeyboardInterrupt  # as a worker that is stopped
        pack(self, page, name)

    met: list[list[str]] = []
    pack = zipfile.ZipFile.write
    monkeypatch.setattr(zipfile.ZipFile, "write", write)
    with pytest.raises(KeyboardInterrupt):
        tasks.export(say, notes, {}, "", tmp_path / "none.mid", target)
    assert met == [[], []]
    assert not list(target.parent.iterdir())
    tasks.export(say, notes, {}, "", tmp_path / "none.mid", target)
    assert [file.name for file in target.parent.iterdir()] == ["export.svg.zip"]
    assert zipfile.ZipFile(target.with_name("export.svg.zip")).namelist()[:2] == ["page-1.svg", "page-2.svg"]
