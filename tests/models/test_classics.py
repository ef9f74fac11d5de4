"""Baselines without a network: nearest neighbours on MFCC, linear prediction."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tecla.models import linear_prediction
from tecla.models.neighbours import Neighbours, mfcc

PITCHES = np.array([48, 52, 55])


def sung(pitch: int, seconds: float) -> NDArray[np.float32]:
    """A buzz through two formants: what linear prediction was made for."""
    time_sec = np.arange(int(seconds * 16000)) / 16000
    hz = 440 * 2 ** ((pitch - 69) / 12)
    heights = [1 / (1 + ((k * hz - 700) / 150) ** 2) + 0.5 / (1 + ((k * hz - 1200) / 150) ** 2) + 0.02 for k in range(1, 40)]
    return np.sum([h * np.sin(2 * np.pi * k * hz * time_sec + k) for k, h in enumerate(heights, 1)], 0).astype(np.float32) * 0.1


def test_the_predictor_finds_the_filter_that_made_the_sound() -> None:
    rng, x = np.random.default_rng(0), np.zeros(4000)
    for n in range(2, len(x)):
        x[n] = 1.6 * x[n - 1] - 0.8 * x[n - 2] + rng.normal()
    assert linear_prediction.predictor(x[None], 2)[0] == pytest.approx([1.6, -0.8], abs=0.03)


def test_linear_prediction_tells_notes_and_silence() -> None:
    clip = np.concatenate([sung(48, 0.5), np.zeros(8000, np.float32), sung(52, 0.5), sung(55, 0.5)])
    found = linear_prediction.classify(clip, 96, 333, PITCHES)
    time_sec = np.arange(333) * 0.006
    for begin, wanted in ((0.0, 1), (0.5, 0), (1.0, 2), (1.5, 3)):
        inside = (time_sec > begin + 0.05) & (time_sec < begin + 0.45)
        assert (found[inside] == wanted).mean() > 0.95


def test_neighbours_know_a_voice_they_have_heard() -> None:
    heard = np.concatenate([mfcc(sung(pitch, 0.5), 96, 80) for pitch in PITCHES])
    known = Neighbours(heard, np.repeat([1, 2, 3], 80), k=5)
    for place, pitch in enumerate(PITCHES, 1):
        assert (known.classify(mfcc(sung(pitch, 0.6) * 0.9, 96, 80)[10:70]) == place).mean() > 0.95


def test_the_majority_of_the_nearest_decides() -> None:
    known = Neighbours(np.array([[0.0], [0.1], [0.2], [5.0]]), np.array([1, 1, 2, 3]), k=3)
    assert known.classify(np.array([[0.15]])).tolist() == [1]
