"""Loudness against the standard's own figures, and a measurement that does not depend on how the sound is cut."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tecla.archive import meter as meter_module
from tecla.archive.meter import Measured, Meter


def measure(samples: NDArray[np.float32], block: int = 16_000) -> Measured:
    meter = Meter()
    passed = list(meter.through(lambda: (samples[i : i + block] for i in range(0, len(samples), block)))())
    assert np.array_equal(np.concatenate(passed), samples)
    return meter.measured


def tone(seconds: float, level: float = 1.0) -> NDArray[np.float32]:
    return (level * np.sin(2 * np.pi * 997 * np.arange(round(16_000 * seconds)) / 16_000)).astype(np.float32)


def test_a_full_scale_tone_has_the_loudness_that_the_standard_says() -> None:
    """BS.1770-4: 997 Hz at full scale in one front channel reads -3.01 LUFS."""
    assert measure(tone(10)).loudness_lufs == pytest.approx(-3.01, abs=0.02)


def test_rests_do_not_count_but_quiet_parts_do() -> None:
    rests = np.concatenate([tone(5, 0.1), np.zeros(160_000, np.float32)])
    assert measure(rests).loudness_lufs == pytest.approx(-23.01, abs=0.3)
    assert measure(np.zeros(16_000, np.float32)).loudness_lufs == -np.inf


@pytest.mark.parametrize("n_samples", [1, 1599, 8192, 16_001, 50_000])
def test_cutting_changes_nothing(n_samples: int) -> None:
    sound = tone(4)[:n_samples]
    one, other = measure(sound, 999), measure(sound, 16_000)
    assert one.duration_sec == other.duration_sec == n_samples / 16_000
    assert one.spectra_sec == other.spectra_sec
    assert np.allclose(one.spectra, other.spectra, atol=1e-9)


def test_a_long_sound_keeps_no_more_spectra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meter_module, "_MOST_SPECTRA", 16)
    measured = measure(tone(60))
    assert 8 <= len(measured.spectra) <= 16
    assert len(set(np.diff(measured.spectra_sec).round(3))) == 1
