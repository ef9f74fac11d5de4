"""The demo: a recording small enough for the repository, and the music that it plays."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile

from tecla.io.midi import load_midi
from tecla.music import Performance

DEMO = Path(__file__).parents[1] / "demo"


@pytest.fixture(scope="module")
def compose() -> ModuleType:
    pytest.importorskip("mido")
    spec = importlib.util.spec_from_file_location("demo_compose", DEMO / "compose.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def performance() -> Performance:
    return load_midi(DEMO / "evening-waltz.mid")


def test_the_recording_is_small_and_as_long_as_its_music(performance: Performance) -> None:
    info = soundfile.info(DEMO / "evening-waltz.ogg")
    assert (DEMO / "evening-waltz.ogg").stat().st_size < 1_000_000
    assert performance.duration_sec < info.duration < performance.duration_sec + 4
    assert 30 < info.duration < 45


def test_every_written_note_is_played_and_no_key_is_struck_while_down(compose: ModuleType, performance: Performance) -> None:
    score = compose.written(compose.MELODY, right=True) + compose.written(compose.ACCOMPANIMENT, right=False)
    assert sorted(note.pitch for note in score) == sorted(performance.notes["pitch"])
    assert (performance.notes["offset_sec"] < performance.next_onset_sec()).all()


def test_hands_do_not_collide_and_stay_within_a_tenth(compose: ModuleType) -> None:
    for bars, right in ((compose.MELODY, True), (compose.ACCOMPANIMENT, False)):
        notes = compose.written(bars, right=right)
        for onset in {note.onset for note in notes}:
            chord = [note.pitch for note in notes if note.onset == onset]
            assert max(chord) - min(chord) <= 16
    lowest_right = {note.onset: note.pitch for note in reversed(compose.written(compose.MELODY, right=True))}
    left = compose.written(compose.ACCOMPANIMENT, right=False)
    assert all(note.pitch < lowest_right.get(note.onset, 128) for note in left)


def test_the_file_is_what_the_script_writes(compose: ModuleType, performance: Performance, tmp_path: Path) -> None:
    score = compose.written(compose.MELODY, right=True) + compose.written(compose.ACCOMPANIMENT, right=False)
    compose.perform(score).save(tmp_path / "again.mid")
    again = load_midi(tmp_path / "again.mid")
    np.testing.assert_allclose(again.notes["onset_sec"], performance.notes["onset_sec"], atol=1e-3)
    assert (again.notes["velocity"] == performance.notes["velocity"]).all()
