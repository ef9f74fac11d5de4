"""The recipe of playing learns from anybody's MIDI files, and keeps those it is judged by apart."""

import json
from pathlib import Path

import numpy as np
import pytest

from tecla.errors import InputError
from tecla.generation.models.continuous_decoder import ContinuousDecoderConfig
from tecla.io.midi import save_midi
from tecla.music import Performance
from tecla.training import compose
from tecla.training.composer import Schedule
from tecla.training.material import is_held_out

SHORT = Schedule(steps=1, batch=2, length=16, half=False)
TITLES = [f"piece{number}" for number in range(60)]
HELD_OUT = next(title for title in TITLES if is_held_out(title))
LEARNED = next(title for title in TITLES if not is_held_out(title))


def piece(seed: int) -> Performance:
    rng = np.random.default_rng(seed)
    onset = np.cumsum(rng.uniform(0.05, 0.4, 60))
    return Performance.from_arrays(onset, onset + 0.2, rng.integers(40, 90, 60), rng.integers(20, 100, 60))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(compose, "ContinuousDecoderConfig", lambda: ContinuousDecoderConfig(width=32, heads=2, layers=1))
    save_midi(piece(1), tmp_path / f"{LEARNED}.mid")
    save_midi(piece(2), tmp_path / f"{HELD_OUT}.mid")
    return tmp_path


def test_a_folder_of_ones_own_is_learned_from(folder: Path) -> None:
    assert 1 < compose.train_playing(folder, folder / "run", SHORT, None) < 100
    assert (folder / "run" / "best.safetensors").exists()
    assert json.loads((folder / "run" / "audit.json").read_text("utf-8"))["held_out_pieces"] == 1


def test_the_same_piece_under_two_names_fails_the_run(folder: Path) -> None:
    save_midi(piece(1), folder / f"{HELD_OUT}.mid")
    with pytest.raises(InputError, match=f"{HELD_OUT}.mid is {LEARNED}.mid"):
        compose.train_playing(folder, folder / "run", SHORT, None)


def test_too_few_files_are_refused(tmp_path: Path) -> None:
    save_midi(piece(1), tmp_path / f"{LEARNED}.mid")
    with pytest.raises(InputError, match="too few to learn from"):
        compose.train_playing(tmp_path, tmp_path / "run", SHORT, None)
