"""A soft passage is written softly: the loudness of the passage reaches the velocities of its notes."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tecla.errors import InputError
from tecla.io.audio import array_source
from tecla.music import Performance
from tecla.rendering import SAMPLE_RATE, render
from tecla.transcription import Transcriber
from tecla.transcription.dynamics import Dynamics, load_dynamics
from tecla.transcription.level import block_power, loud_part_db, loud_part_of, passage_db

LINE = Dynamics(rest=0.5, heard=0.2, level=0.2, key=0.05, least=0.25, span=1.0)


def test_passages_are_measured_against_the_loud_part() -> None:
    power = np.repeat(np.float32([1.0, 0.01]), 100)
    assert passage_db(power, np.array([5.0, 15.0])).tolist() == pytest.approx([0.0, -20.0])
    assert passage_db(power, np.array([-1.0, 99.0])).tolist() == pytest.approx([0.0, -20.0])
    assert passage_db(np.zeros(30, np.float32), np.array([1.0])).tolist() == [-20.0]


def test_the_level_of_a_take_is_that_of_its_blocks() -> None:
    sound = np.random.default_rng(0).normal(size=50_000).astype(np.float32)
    assert loud_part_of(block_power([sound])) == loud_part_db(np.array_split(sound, 7))


def test_louder_higher_harder_are_each_more() -> None:
    heard, passage, key = np.array([0.3, 0.5, 0.7]), np.array([-20.0, -5.0, 5.0]), np.array([10, 44, 80])
    level = LINE(np.full(3, 0.5), passage, np.full(3, 44))
    for rising in (LINE(heard, np.zeros(3), np.full(3, 44)), level, LINE(np.full(3, 0.5), np.zeros(3), key)):
        assert (np.diff(rising) > 0).all()
    everything = LINE(np.array([0.0, 1.0]), np.array([-200.0, 200.0]), np.array([0, 87]))
    assert ((everything >= 0) & (everything <= 1)).all()


def test_the_shipped_card_has_dynamics_and_a_bare_network_none(tmp_path: Path) -> None:
    transcriber = Transcriber.load()
    assert transcriber.dynamics is not None
    assert transcriber.dynamics.level > 0
    assert load_dynamics(tmp_path / "mine.onnx") is None
    (tmp_path / "mine.json").write_text(json.dumps({"dynamics": {"rest": 0.5}}))
    with pytest.raises(InputError, match=r"mine\.json is damaged"):
        load_dynamics(tmp_path / "mine.onnx")


def test_a_phrase_that_sounds_softer_is_heard_softer() -> None:
    onset = np.arange(0.5, 8.5, 0.5)
    phrase = Performance.from_arrays(onset, onset + 0.4, [60, 64, 67, 72] * 4, 70)
    loud = render(phrase).mean(1)[: 9 * SAMPLE_RATE]
    source = array_source(np.concatenate([loud, loud * 0.2]), SAMPLE_RATE)
    transcriber = Transcriber.load()
    assert transcriber.dynamics is not None

    def contrast(dynamics: Dynamics) -> float:
        transcriber.dynamics = dynamics
        notes = transcriber.transcribe(source.blocks).notes
        return float(notes["velocity"][notes["onset_sec"] < 9].mean() - notes["velocity"][notes["onset_sec"] > 9].mean())

    assert contrast(transcriber.dynamics) > contrast(replace(transcriber.dynamics, level=0.0)) + 8
