"""The card's two numbers reach every note, and nothing else."""

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
from tecla.transcription.confidence import Calibration, load_calibration


def test_a_card_without_numbers_changes_nothing(tmp_path: Path) -> None:
    seen = np.array([0.0, 0.5, 0.99, 1.0])
    assert load_calibration(tmp_path / "a.onnx") == Calibration()
    (tmp_path / "a.json").write_text("{}")
    assert load_calibration(tmp_path / "a.onnx")(seen).tolist() == seen.tolist()


def test_the_card_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"calibration": {"slope": 2.0, "intercept": 1.0, "fitted_on": "x"}}))
    line = load_calibration(tmp_path / "a.onnx")
    assert line(np.array([0.5])) == pytest.approx(1 / (1 + np.exp(-1)))
    mended = line(np.linspace(0, 1, 101))
    assert (np.diff(mended) >= 0).all()
    assert 0 <= mended.min() < mended.max() <= 1


@pytest.mark.parametrize("text", ["not json", "[]", '{"calibration": {"slope": "steep"}}', '{"calibration": 3}'])
def test_a_damaged_card_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(InputError, match=r"a\.json is damaged"):
        load_calibration(tmp_path / "a.onnx")


def test_only_confidence_is_moved() -> None:
    played = Performance.from_arrays([0.2, 0.6, 1.0], [0.5, 0.9, 1.4], [60, 64, 67], 80)
    source = array_source(render(played), SAMPLE_RATE)
    loaded = Transcriber.load("default", threads=1)
    raw = Transcriber(loaded.network).transcribe(source.blocks)
    mended = Transcriber(loaded.network, calibration=Calibration(2.0, 1.0)).transcribe(source.blocks)
    assert len(raw) == 3
    expected = Calibration(2.0, 1.0)(raw.notes["confidence"].astype(float))
    assert mended.notes["confidence"] == pytest.approx(expected, abs=1e-4)
    assert replace(raw, notes=_without_confidence(raw)) == replace(mended, notes=_without_confidence(mended))


def _without_confidence(performance: Performance) -> np.ndarray:
    notes = performance.notes.copy()
    notes["confidence"] = 1.0
    return notes
