"""The torch features are the numpy features, and both read what they say."""

import numpy as np
import pytest
import torch

from tecla.models.features import ConstantQ, HarmonicConstantQ, Mel, Spectrogram
from tecla.transcription.features import HOP_SAMPLES, MARGIN_SAMPLES, N_BINS, SAMPLE_RATE, WINDOWS, bin_hz, spectrogram


def noise_and_tone(n_frames: int, hz: float = 440.0) -> np.ndarray:
    n_samples = (n_frames - 1) * HOP_SAMPLES + 2 * MARGIN_SAMPLES
    rng = np.random.default_rng(0)
    tone = 0.3 * np.sin(2 * np.pi * hz * np.arange(n_samples) / SAMPLE_RATE)
    return (tone + 0.01 * rng.normal(size=n_samples)).astype(np.float32)


def test_torch_and_numpy_see_the_same() -> None:
    samples = noise_and_tone(300)
    ours = spectrogram(samples)
    theirs = Spectrogram()(torch.from_numpy(samples)[None])[0].numpy()
    assert ours.shape == theirs.shape == (len(WINDOWS), 300, N_BINS)
    assert np.abs(ours - theirs).max() < 1e-3


def test_silence_is_the_floor_and_a_full_scale_sine_the_ceiling() -> None:
    silent = spectrogram(np.zeros(2 * MARGIN_SAMPLES, np.float32))
    assert np.allclose(silent, -2.0)
    hz = float(bin_hz()[200])
    loud = spectrogram(np.sin(2 * np.pi * hz * np.arange(2 * MARGIN_SAMPLES) / SAMPLE_RATE).astype(np.float32))
    assert loud[:, 0, 200] == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize("pitch", [33, 57, 69, 90, 108])
def test_a_tone_reads_highest_in_its_own_key(pitch: int) -> None:
    features = spectrogram(noise_and_tone(3, 440 * 2 ** ((pitch - 69) / 12)))[-1, 1]  # the longest window tells keys apart
    assert features.reshape(-1, 4).max(1).argmax() == pitch - 21


@pytest.mark.parametrize("shorter_by", [0, 1, HOP_SAMPLES - 1])
def test_frames_are_those_whose_margins_are_there(shorter_by: int) -> None:
    samples = noise_and_tone(10)
    assert spectrogram(samples[: len(samples) - shorter_by]).shape[1] == (10 if shorter_by == 0 else 9)
    assert spectrogram(np.zeros(10, np.float32)).shape[1] == 0


def test_a_frame_does_not_know_where_its_stretch_began() -> None:
    samples = noise_and_tone(50)
    whole, later = spectrogram(samples), spectrogram(samples[20 * HOP_SAMPLES :])
    assert np.allclose(whole[:, 20:], later, atol=1e-4)


def test_a_constant_q_transform_peaks_on_its_key_and_stacks_its_harmonics() -> None:
    time = np.arange(2 * MARGIN_SAMPLES + HOP_SAMPLES) / SAMPLE_RATE
    for pitch in (33, 57, 93):
        hz = 440 * 2 ** ((pitch - 69) / 12)
        tone = torch.from_numpy((np.sin(2 * np.pi * hz * time) + 0.5 * np.sin(4 * np.pi * hz * time)).astype(np.float32))[None]
        seen = ConstantQ()(tone)
        assert seen.shape == (1, 1, 2, 396)
        assert int(seen[0, 0, 0].argmax()) // 4 == pitch - 21
        assert float(seen.amax()) == pytest.approx(3.0, abs=0.1)  # a full-scale sine, as in the other features
    stacked = HarmonicConstantQ((1, 2))(tone)
    assert stacked.shape == (1, 2, 2, 396)
    assert torch.equal(stacked[:, 1, :, :348], stacked[:, 0, :, 48:])


def test_mel_rises_with_pitch() -> None:
    time = np.arange(2 * MARGIN_SAMPLES) / SAMPLE_RATE
    peaks = [int(Mel()(torch.from_numpy(np.sin(2 * np.pi * hz * time).astype(np.float32))[None]).argmax()) for hz in (200, 400, 1600, 6000)]
    assert peaks == sorted(set(peaks))
