"""Sound of a single line, through the shipped network and through pYIN, to notes."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tecla import workbench
from tecla.errors import OptionError
from tecla.evaluation import notes
from tecla.music import Performance
from tecla.weights.session import WEIGHTS

MELODY = (60, 62, 64, 67, 67, 65, 60)
SCORE = Performance.from_arrays(0.3 + 0.5 * np.arange(7), 0.3 + 0.5 * np.arange(7) + 0.42, MELODY)


def sung(melody: Performance, vibrato: float = 0.0) -> NDArray[np.float32]:
    """A buzz under two formants, with a vibrato of so many semitones to either side."""
    sound = np.zeros(int((melody.duration_sec + 0.5) * 16000), np.float32)
    for note in melody.notes:
        begin, stop = int(note["onset_sec"] * 16000), int(note["offset_sec"] * 16000)
        time_sec = np.arange(stop - begin) / 16000
        hz = 440 * 2 ** ((note["pitch"] - 69 + vibrato * np.sin(2 * np.pi * 5.5 * time_sec)) / 12)
        phase = 2 * np.pi * np.cumsum(hz) / 16000
        heights = [1 / (1 + ((k * hz - 650) / 120) ** 2) + 0.5 / (1 + ((k * hz - 1100) / 120) ** 2) + 0.03 for k in range(1, 12)]
        shape = np.minimum(1, np.minimum(time_sec / 0.03, time_sec[::-1] / 0.05))
        sound[begin:stop] += (shape * np.sum([h * np.sin(k * phase) for k, h in enumerate(heights, 1)], 0)).astype(np.float32) * 0.15
    return sound + np.random.default_rng(0).normal(size=len(sound)).astype(np.float32) * 0.002


@pytest.mark.parametrize("vibrato", [0.0, 0.4])
@pytest.mark.parametrize("semitones", [-12, 0, 12])
def test_a_melody_is_heard_at_any_height_with_vibrato(semitones: int, vibrato: float) -> None:
    melody = SCORE.transposed(semitones)
    heard = workbench.transcribe(sung(melody, vibrato), 16000, mode="voice")
    assert notes.evaluate(melody, heard).onset.f1 >= 0.8
    assert not len(heard.controls)


def test_one_note_at_a_time() -> None:
    heard = workbench.transcribe(sung(SCORE, 0.3), 16000, mode="voice").notes
    assert (heard["onset_sec"][1:] >= heard["offset_sec"][:-1] - 1e-9).all()
    assert ((heard["confidence"] > 0) & (heard["confidence"] <= 1)).all()


def test_louder_is_louder() -> None:
    sound = sung(SCORE)
    sound[: int(2.2 * 16000)] *= 0.15
    heard = workbench.transcribe(sound, 16000, mode="voice").notes
    early = heard["onset_sec"] < 2.0
    assert heard["velocity"][early].max() + 10 < heard["velocity"][~early].min()


def test_bends_follow_the_vibrato() -> None:
    long = Performance.from_arrays([0.5], [3.0], [64])
    bends = workbench.transcribe(sung(long, 0.4), 16000, mode="voice", bends=True).bends
    inside = (bends["time_sec"] > 0.7) & (bends["time_sec"] < 2.8)
    assert 0.15 < np.abs(bends["semitones"][inside]).max() < 0.8
    assert not len(workbench.transcribe(sung(long, 0.4), 16000, mode="voice").bends)


def test_silence_and_next_to_nothing() -> None:
    for sound in (np.zeros(16000), np.zeros(10), np.full(16000, 0.2)):
        assert not len(workbench.transcribe(sound, 16000, mode="voice"))


def test_pyin_hears_the_melody_too() -> None:
    heard = workbench.transcribe(sung(SCORE), 16000, mode="voice", model="pyin")
    assert notes.evaluate(SCORE, heard, tolerance_sec=0.1).onset.f1 >= 0.6


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(OptionError, match="there is no voice model 'tenor'"):
        workbench.transcribe(np.zeros(100), 16000, mode="voice", model="tenor")


@pytest.mark.parametrize("name", ["voice", "voice-c4-e4-g4"])
def test_weights_are_small_and_have_a_card(name: str) -> None:
    card = json.loads((WEIGHTS / f"{name}.json").read_text("utf-8"))
    assert (WEIGHTS / f"{name}.onnx").stat().st_size < 2e6
    assert {"data", "licence", "training", "metrics", "parameters"} <= card.keys()
    assert Path(WEIGHTS / f"{name}.onnx").is_file()
