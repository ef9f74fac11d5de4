"""NMF: known spectra are found again, chords too; transposing moves templates; silence is no notes."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tecla.errors import InputError
from tecla.models.nmf import learn_templates, loudness, magnitudes, transcribe_by_nmf


def struck(pitch: int, seconds: float) -> NDArray[np.float32]:
    time_sec, hz = np.arange(int(seconds * 16000)) / 16000, 440 * 2 ** ((pitch - 69) / 12)
    partials = [np.exp(-2 * time_sec) * np.sin(2 * np.pi * k * hz * time_sec) / k for k in range(1, 9) if k * hz < 7500]
    return (0.2 * np.sum(partials, 0)).astype(np.float32)


@pytest.fixture(scope="module")
def templates() -> NDArray[np.float64]:
    return learn_templates({pitch: struck(pitch, 1.0) for pitch in range(48, 85, 3)})


def test_templates_are_spectra_of_all_keys(templates: NDArray[np.float64]) -> None:
    assert templates.shape == (88, 396)
    assert templates.sum(1) == pytest.approx(1)
    assert (templates[55 - 21].argmax() - templates[54 - 21].argmax()) == 4  # moved by a semitone from its neighbour


def test_a_chord_is_taken_apart(templates: NDArray[np.float64]) -> None:
    found = loudness(magnitudes(struck(60, 0.6) + struck(66, 0.6)), templates)[10]
    assert set(np.argsort(found)[-2:] + 21) == {60, 66}


def test_notes_are_found_and_silence_has_none(templates: NDArray[np.float64]) -> None:
    sound = np.concatenate([np.zeros(8000, np.float32), struck(60, 0.8), struck(69, 0.8)])
    notes = transcribe_by_nmf(sound, templates).notes
    heard = {int(note["pitch"]): note["onset_sec"] for note in notes if note["velocity"] > 40}
    assert heard[60] == pytest.approx(0.5, abs=0.08)
    assert heard[69] == pytest.approx(1.3, abs=0.08)
    assert not len(transcribe_by_nmf(np.zeros(16000, np.float32), templates))


def test_no_recordings_are_refused() -> None:
    with pytest.raises(InputError, match="no notes to learn templates from"):
        learn_templates({})
