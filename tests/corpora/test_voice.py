"""The voice corpus: split, conditions, refusals."""

import json
from pathlib import Path

import pytest

from tecla.corpora import load_corpus
from tecla.corpora.voice import Condition, condition_of
from tecla.errors import InputError


def write(folder: Path, numbers: list[str], split: object) -> None:
    for number in numbers:
        (folder / f"voice_{number}.mid").touch()
        (folder / f"voice_{number}.ogg").touch()
    (folder / "split.json").write_text(json.dumps(split), "utf-8")


def test_split_condition_and_sound(tmp_path: Path) -> None:
    write(tmp_path, ["001", "150", "300"], {"train": ["001", "300"], "val": ["150"]})
    corpus = load_corpus(f"voice:{tmp_path}")
    assert [(take.name, take.split, take.group) for take in corpus.recordings] == [
        ("voice_001", "train", "studio condenser"),
        ("voice_150", "validation", "condenser with background noise"),
        ("voice_300", "train", "laptop microphone"),
    ]
    assert all(take.audio is not None and take.audio.suffix == ".ogg" for take in corpus.recordings)
    assert "not stated" in corpus.licence


def test_a_hundred_clips_a_condition() -> None:
    assert [sum(condition_of(n) == condition for n in range(1, 301)) for condition in Condition] == [100, 100, 100]


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no split"):
        load_corpus(f"voice:{tmp_path}")
    write(tmp_path, ["007"], {"train": ["001"]})
    with pytest.raises(InputError, match="is in no split: add 007"):
        load_corpus(f"voice:{tmp_path}")
    write(tmp_path, ["007"], {"best": ["007"]})
    with pytest.raises(InputError, match="is no split"):
        load_corpus(f"voice:{tmp_path}")
