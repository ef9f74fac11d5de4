"""A voice run is stopped and goes on to the same weights."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tecla.corpora.corpus import Corpus, Recording
from tecla.corpora.voice import PITCHES
from tecla.io.audio import save_audio
from tecla.io.midi import save_midi
from tecla.music import Performance
from tecla.training import voice_run
from tecla.training.voice import LineMix
from tecla.training.voice_run import VoiceOptions


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voice_run, "LineMix", lambda seed, pool: replace(LineMix(seed=seed, pool=pool), sung=1, piano=0, recorded=0))


def stop_after(step: int) -> voice_run.Report:
    def report(numbers: dict[str, float]) -> None:
        if numbers["step"] == step:
            raise KeyboardInterrupt

    return report


def test_the_network_for_any_pitch_goes_on(tmp_path: Path) -> None:
    options = VoiceOptions(steps=4, seed=5)
    straight, card = voice_run.train_voice(tmp_path / "straight", options, lambda _: None)
    with pytest.raises(KeyboardInterrupt):
        voice_run.train_voice(tmp_path / "stopped", options, stop_after(3))
    seen: list[float] = []
    resumed, _ = voice_run.train_voice(
        tmp_path / "stopped", voice_run.load_options(tmp_path / "stopped"), lambda numbers: seen.append(numbers["step"])
    )
    assert seen == [3, 4]  # the third step had been taken, but was not kept
    assert card["training"]["steps"] == 4
    assert all(torch.equal(a, b) for a, b in zip(straight.state_dict().values(), resumed.state_dict().values(), strict=True))


def test_the_network_for_classes_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voice_run, "CYCLES", 2)
    monkeypatch.setattr(voice_run, "BATCH", 1)
    monkeypatch.setattr("tecla.training.voice_classes.BATCH", 1)
    monkeypatch.setattr(voice_run, "load_corpus", lambda _: corpus(tmp_path))
    options = VoiceOptions("voice:clips", classes=True, steps=2)
    straight, _ = voice_run.train_voice(tmp_path / "straight", options, lambda _: None)
    with pytest.raises(KeyboardInterrupt):
        voice_run.train_voice(tmp_path / "stopped", options, stop_after(3))
    assert sorted(path.name for path in (tmp_path / "stopped").iterdir()) == ["cycle-0.safetensors", "run.json"]
    resumed, _ = voice_run.train_voice(tmp_path / "stopped", options, lambda _: None)
    assert all(torch.equal(a, b) for a, b in zip(straight.state_dict().values(), resumed.state_dict().values(), strict=True))


def corpus(folder: Path) -> Corpus:
    """One clip, C4 for a second."""
    save_audio(folder / "a.wav", 0.2 * np.sin(2 * np.pi * 130.8 * np.arange(32000) / 16000).astype(np.float32), 16000)
    save_midi(Performance.from_arrays([0.5], [1.5], [PITCHES[0]]), folder / "a.mid")
    return Corpus("voice", "one clip", "1", "none", "", "", (Recording("a", folder / "a.mid", folder / "a.wav", "train", "a"),))
