"""The shipped weights on sound whose notes are known: a floor, the invariances, and memory of nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tecla.evaluation.notes import evaluate
from tecla.io.audio import load_audio
from tecla.io.midi import load_midi
from tecla.music.performance import Performance
from tecla.transcription import Transcriber
from tecla.transcription import transcriber as transcriber_module
from tecla.transcription.features import SAMPLE_RATE

DEMO = Path(__file__).parents[2] / "demo"


@pytest.fixture(scope="module")
def transcriber() -> Transcriber:
    return Transcriber.load()


@pytest.fixture(scope="module")
def waltz() -> np.ndarray:
    return load_audio(DEMO / "evening-waltz.ogg", SAMPLE_RATE)


def test_the_demo_is_heard(transcriber: Transcriber, waltz: np.ndarray) -> None:
    heard = transcriber.transcribe(lambda: [waltz])
    metrics = evaluate(load_midi(DEMO / "evening-waltz.mid"), heard, offsets="sounding")
    assert metrics.onset.f1 > 0.95
    assert metrics.onset_offset.f1 > 0.7
    assert len(heard.pedal_intervals()) > 5


@pytest.mark.parametrize("shift_sec", [1.37, 0.0073, -1.37])
def test_seams_are_invisible(transcriber: Transcriber, waltz: np.ndarray, shift_sec: float) -> None:
    """1.37 s is half a frame more than a whole number of them; less than nothing is cut off at the beginning."""
    sound, moved_samples = np.tile(waltz, 2), round(shift_sec * SAMPLE_RATE)
    moved = np.concatenate([np.zeros(max(moved_samples, 0), np.float32), sound[max(-moved_samples, 0) :]])
    first = transcriber.transcribe(lambda: [sound])
    notes = first.notes[first.notes["onset_sec"] > max(-shift_sec, 0.0)]
    second = transcriber.transcribe(lambda: [moved]).shifted(-moved_samples / SAMPLE_RATE)
    assert evaluate(Performance(notes), second, offsets="key", tolerance_sec=0.005).onset.f1 >= 0.995


def test_loudness_of_the_file_does_not_matter(transcriber: Transcriber, waltz: np.ndarray) -> None:
    loud, quiet = (transcriber.transcribe(lambda g=g: [waltz[: 10 * SAMPLE_RATE] * np.float32(g)]) for g in (1.0, 0.001))
    assert evaluate(loud, quiet, offsets="key", tolerance_sec=0.005).onset.f1 == 1.0


def test_block_size_does_not_matter(transcriber: Transcriber, waltz: np.ndarray) -> None:
    whole = transcriber.transcribe(lambda: [waltz])
    pieces = transcriber.transcribe(lambda: np.split(waltz, range(4321, len(waltz), 100_003)))
    assert whole == pieces


def test_a_long_sound_is_decoded_twice_and_heard_the_same(
    transcriber: Transcriber, waltz: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def blocks() -> list[np.ndarray]:
        calls.append(1)
        return np.array_split(waltz, 7)

    kept = transcriber.transcribe(blocks)
    monkeypatch.setattr("tecla.transcription.transcriber._KEPT_SAMPLES", len(waltz) - 1)
    assert np.array_equal(transcriber.transcribe(blocks).notes, kept.notes)
    assert len(calls) == 1 + 2


@pytest.mark.parametrize("samples", [0, 1, 1600])
def test_silence_is_an_empty_performance(transcriber: Transcriber, samples: int) -> None:
    assert len(transcriber.transcribe(lambda: [np.zeros(samples, np.float32)])) == 0


def test_the_pedal_is_written_as_released_30_ms_after_the_dampers_are_heard(
    transcriber: Transcriber, waltz: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = transcriber.transcribe(lambda: [waltz])
    monkeypatch.setattr(transcriber_module, "_PEDAL_RELEASE_SHIFT_SEC", 0.0)
    heard = transcriber.transcribe(lambda: [waltz])
    assert len(heard.pedal_intervals()) > 3
    later = written.pedal_intervals()[:, 1] - heard.pedal_intervals()[:, 1]
    assert np.median(later) == pytest.approx(0.03)
    assert ((later > -1e-9) & (later < 0.03 + 1e-9)).all()
    assert np.array_equal(written.pedal_intervals()[:, 0], heard.pedal_intervals()[:, 0])
    assert np.array_equal(written.notes, heard.notes)


def test_sounding_ends_carry_no_pedal_and_last_at_least_as_long(transcriber: Transcriber, waltz: np.ndarray) -> None:
    key = transcriber.transcribe(lambda: [waltz])
    sounding = transcriber.transcribe(lambda: [waltz], offsets="sounding")
    assert len(sounding.controls) == 0
    length = [(p.notes["offset_sec"] - p.notes["onset_sec"]).mean() for p in (key, sounding)]
    assert length[1] > length[0]


@pytest.mark.parametrize(("model", "ends"), [("int8", 0.7), ("small", 0.55), ("free", 0.55)])
def test_faster_models_hear_the_demo_too(waltz: np.ndarray, model: str, ends: float) -> None:
    heard = Transcriber.load(model).transcribe(lambda: [waltz])
    metrics = evaluate(load_midi(DEMO / "evening-waltz.mid"), heard, offsets="sounding")
    assert metrics.onset.f1 > 0.95
    assert metrics.onset_offset.f1 > ends
