"""The sampled piano: complete, attributed, small enough to ship, and read no further than needed."""

import json

import numpy as np
import pytest
import soundfile

from tecla.rendering.instrument import LAYER_VELOCITIES, SALAMANDER, SAMPLE_RATE, Instrument, layer_mix


def test_every_file_of_the_bank_is_there_and_nothing_else() -> None:
    bank = json.loads((SALAMANDER / "bank.json").read_text())
    assert {region["file"] for region in bank["regions"]} == {path.name for path in SALAMANDER.glob("*.ogg")}
    assert bank["sample_rate"] == SAMPLE_RATE
    for region in bank["regions"]:
        info = soundfile.info(SALAMANDER / region["file"])
        assert (info.samplerate, info.channels) == (SAMPLE_RATE, 2)
        assert region["length_samples"] <= info.frames


def test_it_ships_with_its_author_and_within_its_size() -> None:
    words = (SALAMANDER / "ATTRIBUTION.md").read_text()
    assert "Alexander Holm" in words
    assert "creativecommons.org/licenses/by/3.0" in words
    assert sum(path.stat().st_size for path in SALAMANDER.iterdir()) < 15e6


def test_layers_of_a_key_agree_in_level_and_time() -> None:
    piano, n = Instrument(), int(0.3 * SAMPLE_RATE)
    for pitch in (30, 50, 72, 89):
        waves = [piano.wave(pitch, layer, 1.0) for layer in range(len(LAYER_VELOCITIES))]
        heads = [wave.samples[:, :n] * wave.scale for wave in waves]
        mixed, apart = np.sqrt(np.mean(((heads[2] + heads[3]) / 2) ** 2)), np.sqrt(np.mean(heads[2] ** 2))
        assert 0.85 < mixed / apart < 1.2  # in phase: nothing cancels
        assert max(np.abs(head).max() for head in heads) < 4


def test_a_short_note_reads_little_and_a_longer_one_more() -> None:
    piano = Instrument()
    short = piano.wave(40, 2, 0.5).samples.shape[1]
    assert 0.5 * SAMPLE_RATE <= short < 0.6 * SAMPLE_RATE
    assert piano.wave(40, 2, 2.0).samples.shape[1] > 1.9 * SAMPLE_RATE
    assert piano.wave(40, 2, 0.5).samples.shape[1] > 1.9 * SAMPLE_RATE


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tecla.rendering.instrument.CACHE_BYTES", 3_000_000)
    piano = Instrument()
    for pitch in range(21, 60):
        piano.wave(pitch, 1, 2.0)
    assert sum(wave.samples.nbytes for _, wave in piano._waves.values()) <= 3_000_000


def test_a_mix_is_continuous_and_covers_every_velocity() -> None:
    layer, share = layer_mix(np.linspace(1, 127, 2000))
    assert ((share >= 0) & (share <= 1)).all()
    assert np.abs(np.diff(layer + share)).max() < 0.07
    assert (layer + share)[[0, -1]].tolist() == [0, len(LAYER_VELOCITIES) - 1]
