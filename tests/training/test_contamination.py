"""A run does not begin when what judges it stands in what it learns from."""

import json
from pathlib import Path

import numpy as np
import pytest

from tecla.errors import InputError
from tecla.music import Performance
from tecla.training.contamination import audit, check_apart


def tune(seed: int, length: int = 80) -> Performance:
    rng = np.random.default_rng(seed)
    onset = np.cumsum(rng.choice([0.25, 0.5, 1.0], length))
    return Performance.from_arrays(onset, onset + 0.2, rng.integers(48, 80, length))


def moved(piece: Performance, semitones: int, speed: float) -> Performance:
    notes = piece.notes
    return Performance.from_arrays(notes["onset_sec"] * speed, notes["offset_sec"] * speed, notes["pitch"] + semitones)


LEARNED = {f"learned {seed}": tune(seed) for seed in range(5)}


def test_a_copy_in_another_key_and_tempo_fails_the_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="mine is learned 3"):
        check_apart(LEARNED, {"other": tune(9), "mine": moved(LEARNED["learned 3"], 5, 1.3)}, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_most_of_a_piece_fails_it_too() -> None:
    part = moved(Performance(LEARNED["learned 1"].notes[10:60]), -3, 0.8)
    assert audit(LEARNED, {"part": part})["part"].longest_run >= 45
    with pytest.raises(InputError, match="part is learned 1"):
        check_apart(LEARNED, {"part": part}, Path("nowhere"))


def test_what_was_found_stays_with_the_run(tmp_path: Path) -> None:
    check_apart(LEARNED, {"other": tune(9), "another": tune(10)}, tmp_path)
    found = json.loads((tmp_path / "audit.json").read_text("utf-8"))
    assert found["training_pieces"] == 5
    assert found["held_out_pieces"] == 2
    assert found["copied_share_50_90_100"] == [0.0, 0.0, 0.0]
