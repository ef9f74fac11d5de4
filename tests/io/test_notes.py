"""Note lists as .json and .csv."""

import json
from pathlib import Path

import numpy as np
import pytest

from tecla.errors import InputError
from tecla.io.notes import load_csv, load_json, save_csv, save_json
from tecla.music import Performance

MUSIC = Performance.from_arrays([0.0, 1.25], [0.5, 3.123456], [60, 64], [80, 20], [0.5, 0.975], [(0.4, 64, 127), (1.5, 67, 0)])


def test_json_keeps_everything(tmp_path: Path) -> None:
    save_json(MUSIC, tmp_path / "a.json")
    assert load_json(tmp_path / "a.json") == MUSIC
    document = json.loads((tmp_path / "a.json").read_text())
    assert document["notes"][1] == {"onset_sec": 1.25, "offset_sec": 3.123456, "pitch": 64, "velocity": 20, "confidence": 0.975}
    assert document["pedals"][0] == {"time_sec": 0.4, "number": 64, "value": 127}


def test_csv_keeps_the_notes(tmp_path: Path) -> None:
    save_csv(MUSIC, tmp_path / "a.csv")
    assert np.array_equal(load_csv(tmp_path / "a.csv").notes, MUSIC.notes)
    assert (tmp_path / "a.csv").read_text().splitlines()[:2] == ["onset_sec,offset_sec,pitch,velocity,confidence", "0.0,0.5,60,80,0.5"]


def test_nothing_played_is_written_and_read(tmp_path: Path) -> None:
    save_json(Performance(), tmp_path / "a.json")
    save_csv(Performance(), tmp_path / "a.csv")
    assert load_json(tmp_path / "a.json") == load_csv(tmp_path / "a.csv") == Performance()


def test_a_table_may_be_separated_by_tabs_and_lack_velocities(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("pitch\tonset_sec\toffset_sec\n60\t0.5\t1.5\n")
    assert load_csv(tmp_path / "a.csv") == Performance.from_arrays([0.5], [1.5], [60], [64])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Expecting value"),
        ("[]", "no object"),
        ("{}", "no notes"),
        ('{"notes": [{"onset_sec": 0}]}', "no offset_sec"),
        ('{"notes": [{"onset_sec": 0, "offset_sec": "soon", "pitch": 60}]}', "soon"),
        ('{"notes": [{"onset_sec": 0, "offset_sec": NaN, "pitch": 60}]}', "must be finite"),
        ('{"notes": [{"onset_sec": 0, "offset_sec": 1, "pitch": 60, "confidence": NaN}]}', "confidence nan"),
        ('{"notes": [{"onset_sec": 0, "offset_sec": 1, "pitch": 60, "confidence": 7}]}', "confidence 7.0: must be 0 to 1"),
        ('{"notes": [], "pedals": [{"time_sec": 0, "number": 200, "value": 0}]}', "number 200: must be one of 64, 66, 67"),
        ('{"notes": [{"onset_sec": 0, "offset_sec": 1, "pitch": 99999999}]}', "pitch 99999999.0 is out of range"),
        ('{"notes": [{"onset_sec": 2, "offset_sec": 1, "pitch": 60}]}', "ends at 1.000 s, before it begins"),
        ("[" * 100_000, "recursion"),
    ],
)
def test_what_is_no_note_list_is_refused_by_name(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(InputError, match=f"bad.json is no note list .*{why}"):
        load_json(tmp_path / "bad.json")


@pytest.mark.parametrize(
    "text", ["", "foo,bar\n", "a,b\n1,2\n", "onset_sec,offset_sec,pitch\n0,1\n", "onset_sec,offset_sec,pitch\n0,1,x\n"]
)
def test_what_is_no_table_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.csv").write_text(text)
    with pytest.raises(InputError, match=r"bad.csv is no note list.*name the columns"):
        load_csv(tmp_path / "bad.csv")


def test_a_missing_file_and_one_that_is_no_text_are_named(tmp_path: Path) -> None:
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x80")
    with pytest.raises(InputError, match=r"bytes.json is not text"):
        load_json(tmp_path / "bytes.json")
    with pytest.raises(InputError, match=r"gone.csv cannot be read"):
        load_csv(tmp_path / "gone.csv")


def test_a_list_too_long_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    with (tmp_path / "long.json").open("wb") as file:
        file.truncate(2**25 + 1)
    with pytest.raises(InputError, match=r"long.json is larger than 32 MiB"):
        load_json(tmp_path / "long.json")


@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
def test_a_table_may_end_its_lines_as_it_likes(tmp_path: Path, line_end: str) -> None:
    (tmp_path / "a.csv").write_bytes(line_end.join(["onset_sec,offset_sec,pitch", "0.5,1.5,60", ""]).encode())
    assert load_csv(tmp_path / "a.csv") == Performance.from_arrays([0.5], [1.5], [60], [64])
