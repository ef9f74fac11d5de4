"""The shipped weights on sound whose notes are known: a floor, the invariances, and memory of nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tecla.evaluation.notes import evaluate
from tecla.io.audio import load_audio
from tecla.io.midi import load_midi
from tecla.transcription import Transcriber
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


@pytest.mark.parametrize(("shift_sec", "tolerance_sec", "floor"), [(1.36, 0.005, 0.995), (1.37, 0.005, 0.99), (1.37, 0.01, 1.0)])
def test_seams_are_invisible(transcriber: Transcriber, waltz: np.ndarray, shift_sec: float, tolerance_sec: float, floor: float) -> None:
    """1.36 s is a whole number of frames and moves only the seams; 1.37 s moves the sound by half a frame as well."""
    sound = np.tile(waltz, 2)
    late = np.concatenate([np.zeros(round(shift_sec * SAMPLE_RATE), np.float32), sound])
    first = transcriber.transcribe(lambda: [sound])
    second = transcriber.transcribe(lambda: [late]).shifted(-shift_sec)
    assert evaluate(first, second, offsets="key", tolerance_sec=tolerance_sec).onset.f1 >= floor


def test_loudness_of_the_file_does_not_matter(transcriber: Transcriber, waltz: np.ndarray) -> None:
    loud, quiet = (transcriber.transcribe(lambda g=g: [waltz[: 10 * SAMPLE_RATE] * np.float32(g)]) for g in (1.0, 0.001))
    assert evaluate(loud, quiet, offsets="key", tolerance_sec=0.005).onset.f1 == 1.0


def test_block_size_does_not_matter(transcriber: Transcriber, waltz: np.ndarray) -> None:
    whole = transcriber.transcribe(lambda: [waltz])
    pieces = transcriber.transcribe(lambda: np.split(waltz, range(4321, len(waltz), 100_003)))
    assert whole == pieces


@pytest.mark.parametrize("samples", [0, 1, 1600])
def test_silence_is_an_empty_performance(transcriber: Transcriber, samples: int) -> None:
    assert len(transcriber.transcribe(lambda: [np.zeros(samples, np.float32)])) == 0


def test_sounding_ends_carry_no_pedal_and_last_at_least_as_long(transcriber: Transcriber, waltz: np.ndarray) -> None:
    key = transcriber.transcribe(lambda: [waltz])
    sounding = transcriber.transcribe(lambda: [waltz], offsets="sounding")
    assert len(sounding.controls) == 0
    length = [(p.notes["offset_sec"] - p.notes["onset_sec"]).mean() for p in (key, sounding)]
    assert length[1] > length[0]
