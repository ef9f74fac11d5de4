"""Pianos and tapes that are out of tune: how far is found, and the notes come out as if they were not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soxr

from tecla.errors import OptionError
from tecla.evaluation.notes import evaluate
from tecla.io.audio import load_audio
from tecla.io.midi import load_midi
from tecla.transcription import Transcriber
from tecla.transcription.concert_pitch import ConcertPitch, stretch, stretched
from tecla.transcription.features import SAMPLE_RATE

DEMO = Path(__file__).parents[2] / "demo"


@pytest.fixture(scope="module")
def waltz() -> np.ndarray:
    return load_audio(DEMO / "evening-waltz.ogg", SAMPLE_RATE)


def heard(sound: np.ndarray) -> ConcertPitch:
    pitch = ConcertPitch()
    for _ in pitch.watch(np.array_split(sound, 7)):
        pass
    return pitch


@pytest.mark.parametrize("cents", [-45, -20, 0, 30, 49])
def test_sines_are_as_sharp_as_they_are(cents: int) -> None:
    time_sec = np.arange(4 * SAMPLE_RATE) / SAMPLE_RATE
    semitones = np.array([-12, -8, 0, 7])[:, None]
    sines = np.sin(2 * np.pi * 440 * 2 ** ((semitones + cents / 100) / 12) * time_sec).sum(0)
    assert heard(np.float32(sines * 0.1)).cents == pytest.approx(cents, abs=1)


def test_noise_has_no_tuning() -> None:
    noise = np.random.default_rng(0).normal(size=4 * SAMPLE_RATE).astype(np.float32)
    assert heard(noise).cents == 0
    assert heard(noise[:0]).a4_hz == 440


def test_what_is_nearly_in_tune_is_left_alone(waltz: np.ndarray) -> None:
    assert heard(waltz).a4_hz == 440
    assert heard(np.asarray(soxr.resample(waltz, SAMPLE_RATE, SAMPLE_RATE * 2 ** (-40 / 1200)))).a4_hz == pytest.approx(450.3, abs=1)


def test_a_tape_three_percent_slow_is_played_as_one_in_tune(waltz: np.ndarray) -> None:
    slow = np.asarray(soxr.resample(waltz, SAMPLE_RATE, SAMPLE_RATE / 0.97), np.float32)
    reference, found = load_midi(DEMO / "evening-waltz.mid"), list[float]()
    estimate = Transcriber.load().transcribe(lambda: [slow], on_tuning=found.append)
    notes = estimate.notes.copy()
    for field in ("onset_sec", "offset_sec"):
        notes[field] *= 0.97
    notes["pitch"] += 1  # 53 cents flat: the nearer key is the one below, and was taken for every note
    assert found == [pytest.approx(440 * 2 ** (47.3 / 1200), rel=2e-3)]
    assert evaluate(reference, type(estimate)(notes), offsets="key").onset.f1 > 0.95


def test_stated_pitch_is_obeyed_a_semitone_away(waltz: np.ndarray) -> None:
    low = np.asarray(soxr.resample(waltz, SAMPLE_RATE, SAMPLE_RATE * 440 / 415.3), np.float32)
    estimate = Transcriber.load().transcribe(lambda: [low], a4_hz=415.3)
    notes = estimate.notes.copy()
    for field in ("onset_sec", "offset_sec"):
        notes[field] *= 415.3 / 440
    assert evaluate(load_midi(DEMO / "evening-waltz.mid"), type(estimate)(notes), offsets="key").onset.f1 > 0.95


def test_no_piano_stands_at_a_thousand_hertz() -> None:
    with pytest.raises(OptionError, match="370 to 500"):
        stretch(1000)


def test_stretching_keeps_every_sample_in_order(waltz: np.ndarray) -> None:
    pieces = np.concatenate(list(stretched(np.array_split(waltz[:50_000], 9), 1.03)))
    assert len(pieces) == pytest.approx(51_500, abs=2)
    at_once = np.asarray(soxr.resample(waltz[:50_000], SAMPLE_RATE, SAMPLE_RATE * 1.03))
    np.testing.assert_allclose(pieces[:51_000], at_once[:51_000], atol=1e-3)
