"""The two corpora of notated music: official split, split by title, refusals."""

import json
from pathlib import Path

import pytest

from tecla.corpora import irish_abc, jsb
from tecla.corpora.pieces import load_pieces
from tecla.errors import InputError, InputWarning


@pytest.fixture
def chorales(tmp_path: Path) -> Path:
    piece = [[72, 67, 60, 48], [72, 67, -1, 48]]
    (tmp_path / jsb.FILE).write_text(json.dumps({"train": [piece, piece], "valid": [piece[:1]], "test": [piece]}))
    return tmp_path


def tune(number: int, title: str) -> str:
    return f"X:{number}\nT:{title}\nM:C\nL:1/8\nK:D Major\nd8|]!\n"


@pytest.fixture
def tunes(tmp_path: Path) -> Path:
    path = tmp_path / irish_abc.FILE
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(tune(number, f"Tune {number // 2}") for number in range(400)))
    return tmp_path


def test_chorales_by_split(chorales: Path) -> None:
    assert [len(jsb.load_split(chorales, split)) for split in ("train", "validation", "test")] == [2, 1, 1]
    grid = jsb.load_split(chorales, "train")[0]
    assert grid.shape == (2, 4)
    assert grid[1, 2] == jsb.SILENCE


def test_every_tune_is_on_one_side_with_its_namesakes(tunes: Path) -> None:
    parts = {split: irish_abc.load_split(tunes, split) for split in irish_abc.SPLITS}
    assert sum(map(len, parts.values())) == len(irish_abc.load_tunes(tunes)) == 400
    titles = {split: {line for text in part for line in text.splitlines() if line.startswith("T:")} for split, part in parts.items()}
    assert not titles["train"] & titles["validation"]
    assert not titles["train"] & titles["test"]
    assert 0.7 < len(parts["train"]) / 400 < 0.9


def test_the_split_does_not_know_case_or_blanks() -> None:
    assert irish_abc.split_of("T:The  Mill\n") == irish_abc.split_of("T:The  Mill \n")
    assert irish_abc.split_of("T:MILL\n") == irish_abc.split_of("T:Mill\n")


def test_tunes_that_are_left_out_are_told_of(tunes: Path) -> None:
    with (tunes / irish_abc.FILE).open("a") as file:
        file.write("\nX:1\nT:No Music\nK:D\n\nX:2\nT:Misprint\nM:C\nL:1/8\nK:D\nsedf|efe\n")
    with pytest.warns(
        InputWarning, match=r"2 of 402 tunes are left out: 400 \(no music after its fields\); 401 \(line 6.*is no ABC music\)"
    ):
        assert len(load_pieces(f"irish_abc:{tunes}")) == 400


@pytest.mark.parametrize("load", [jsb.load_split, irish_abc.load_split])
def test_what_is_not_there_is_said(tmp_path: Path, load: object) -> None:
    assert callable(load)
    with pytest.raises(InputError, match="is missing: unpack"):
        load(tmp_path, "train")
    with pytest.raises(InputError, match="split 'dev': must be one of train, validation, test"):
        load(tmp_path, "dev")
