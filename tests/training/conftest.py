"""A sampled piano of six decaying sines, small enough to make for a test; a run that goes straight through, and one that is stopped."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from tecla.training import run
from tecla.training.loop import State
from tecla.training.run import RunOptions
from tecla.training.team import Team

SAMPLE_RATE = 16000
LEAD_SEC = 0.002  # silence before the stroke, as in every bank


@pytest.fixture(scope="session")
def banks_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pianos")
    regions = []
    (folder / "sines").mkdir()
    time_sec = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE - LEAD_SEC
    for layer, level in ((1, 0.1), (2, 0.5)):
        for pitch in (40, 64, 88):
            wave = level * np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * time_sec) * np.exp(-time_sec / 2) * (time_sec >= 0)
            name = f"{pitch}_{layer}.flac"
            soundfile.write(folder / "sines" / name, wave, SAMPLE_RATE, subtype="PCM_24")
            rms_db = 10 * np.log10(np.mean(wave[: SAMPLE_RATE // 2] ** 2))
            regions.append({"file": name, "pitch": pitch, "layer": layer, "rms_db": rms_db})
    (folder / "sines" / "bank.json").write_text(json.dumps({"regions": regions}))
    return folder


@pytest.fixture
def both_ways(tmp_path: Path) -> Callable[[RunOptions, int], tuple[State, State]]:
    """Runs to the end: the one in `straight`, and the one in `stopped`, interrupted at a step and gone on with."""

    def go(options: RunOptions, stop_at: int) -> tuple[State, State]:
        def stop(numbers: dict[str, float], _: int) -> None:
            if numbers["step"] == stop_at:
                raise KeyboardInterrupt

        alone = Team(torch.device("cpu"))
        run.begin(tmp_path / "straight", options)
        straight = run.go_on(tmp_path / "straight", alone)
        run.begin(tmp_path / "stopped", options)
        with pytest.raises(KeyboardInterrupt):
            run.go_on(tmp_path / "stopped", alone, on_report=stop)
        return straight, run.go_on(tmp_path / "stopped", alone)

    return go
