"""The shipped weights on real files: whatever shape the demo recording is put in, the same music is heard."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

import tecla
from tecla.cli import main
from tecla.io.audio import load_audio
from tecla.music import Performance

DEMO = Path(__file__).parents[1] / "demo" / "evening-waltz.ogg"
SECONDS = 12
RATE = 16_000
Samples = NDArray[np.floating[Any]]


@pytest.fixture(scope="module")
def sound() -> Samples:
    return load_audio(DEMO)[: SECONDS * RATE]


@pytest.fixture(scope="module")
def heard(sound: Samples) -> Performance:
    return tecla.transcribe(sound, RATE)


def agreement(reference: Performance, estimate: Performance) -> float:
    """F1 of notes of one pitch within 50 ms, each used once."""
    free = [(int(note["pitch"]), float(note["onset_sec"])) for note in estimate.notes]
    hits = 0
    for note in reference.notes:
        near = [other for other in free if other[0] == note["pitch"] and abs(other[1] - note["onset_sec"]) < 0.05]
        if near:
            free.remove(near[0])
            hits += 1
    return 2 * hits / max(len(reference) + len(estimate), 1)


def test_the_demo_is_heard_as_it_was_played(heard: Performance) -> None:
    played = tecla.load(DEMO.with_suffix(".mid"))
    beginning = Performance(played.notes[played.notes["onset_sec"] < SECONDS - 0.1], played.controls)
    assert agreement(beginning, heard) > 0.9


SHAPES: dict[str, tuple[Callable[[Samples], Samples], int, float]] = {
    "8 kHz": (lambda x: soxr.resample(x, RATE, 8_000), 8_000, 0.85),
    "44.1 kHz": (lambda x: soxr.resample(x, RATE, 44_100), 44_100, 0.97),
    "192 kHz": (lambda x: soxr.resample(x, RATE, 192_000), 192_000, 0.97),
    "six channels": (lambda x: np.tile(x[:, None], 6), RATE, 0.99),
    "one channel of two": (lambda x: np.stack([x, 0 * x], axis=1), RATE, 0.97),
    "60 dB softer": (lambda x: x / np.abs(x).max() / 1000, RATE, 0.9),
    "clipped": (lambda x: np.clip(8 * x / np.abs(x).max(), -1, 1), RATE, 0.6),
    "with a constant offset": (lambda x: 0.5 * x + 0.4, RATE, 0.95),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_music_is_heard_in_any_shape(shape: str, sound: Samples, heard: Performance, tmp_path: Path) -> None:
    reshape, sample_rate, floor = SHAPES[shape]
    soundfile.write(tmp_path / "a.wav", reshape(sound), sample_rate, "FLOAT")
    assert agreement(heard, tecla.transcribe(tmp_path / "a.wav")) >= floor


@pytest.mark.parametrize("suffix", ["flac", "mp3", "ogg"])
def test_the_same_music_is_heard_in_any_format(suffix: str, sound: Samples, heard: Performance, tmp_path: Path) -> None:
    soundfile.write(tmp_path / f"a.{suffix}", sound, RATE)
    assert agreement(heard, tecla.transcribe(tmp_path / f"a.{suffix}")) >= 0.95


@pytest.mark.parametrize("nothing", ["silence", "a constant offset", "0.1 s of silence", "one sample", "the last bits of a converter"])
def test_where_nothing_is_played_nothing_is_heard(nothing: str) -> None:
    samples = {
        "silence": np.zeros(2 * RATE),
        "a constant offset": np.full(2 * RATE, 0.8),
        "0.1 s of silence": np.zeros(RATE // 10),
        "one sample": np.zeros(1),
        "the last bits of a converter": np.random.default_rng(0).integers(-1, 2, 2 * RATE) / 32768,
    }[nothing]
    assert len(tecla.transcribe(samples, RATE)) == 0


def test_a_tenth_of_a_second_of_music_is_heard_without_complaint(sound: Samples) -> None:
    performance = tecla.transcribe(sound[2 * RATE : 2 * RATE + RATE // 10], RATE)
    assert len(performance) < 20
    assert performance.duration_sec <= 0.2


def test_the_command_writes_what_python_hears(tmp_path: Path, sound: Samples, heard: Performance) -> None:
    soundfile.write(tmp_path / "a.wav", sound, RATE, "FLOAT")
    with pytest.raises(SystemExit) as done:
        main(["transcribe", str(tmp_path / "a.wav"), "-o", str(tmp_path / "a.mid"), "-o", str(tmp_path / "a.png")])
    assert done.value.code == 0
    written = tecla.load(tmp_path / "a.mid")
    order = [np.lexsort((music.notes["onset_sec"], music.notes["pitch"])) for music in (written, heard)]
    assert written.notes["pitch"][order[0]].tolist() == heard.notes["pitch"][order[1]].tolist()
    assert np.abs(written.notes["onset_sec"][order[0]] - heard.notes["onset_sec"][order[1]]).max() < 0.001
