"""Files that nobody meant well: some hundreds of the inputs that benchmarks/fuzz.py makes by the hundred thousand, and what it found."""

from __future__ import annotations

import importlib.util
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tecla.errors import InputError, TeclaError
from tecla.io.musicxml import load_musicxml

_PATH = Path(__file__).parents[2] / "benchmarks" / "fuzz.py"
_SPEC = importlib.util.spec_from_file_location("fuzz", _PATH)
assert _SPEC is not None
assert _SPEC.loader is not None
fuzz = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(fuzz)

READERS = [reader for reader in fuzz.READERS if reader not in ("ffmpeg", "onnxruntime")]  # they may die, and the tests with them
SEEDS = {reader: list(fuzz.seeds(reader)) for reader in READERS}
WORDS = [*(word.replace("\\x0a", "\n").encode() for word in fuzz.WORDS), b"9" * 400, b"9" * 5000]
CHANGES = st.lists(
    st.tuples(st.integers(0, 2**16), st.integers(0, 20), st.one_of(st.binary(max_size=8), st.sampled_from(WORDS))), min_size=1, max_size=6
)


def changed(data: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    """Each change puts some bytes in the place of others."""
    for at, length, new in changes:
        at %= len(data) + 1
        data = data[:at] + new + data[at + length :]
    return data


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_spoilt_file_is_read_or_refused(reader: str, tmp_path: Path, data: st.DataObject) -> None:
    suffix, read = fuzz.READERS[reader]
    path = tmp_path / f"spoilt{suffix}"
    path.write_bytes(changed(data.draw(st.sampled_from(SEEDS[reader])), data.draw(CHANGES)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        refusals = []
        try:
            read(path)
        except TeclaError as error:
            refusals.append(str(error))
        assert all("\n" not in text for text in refusals)


NOTE = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration></note>"
CHORD_NOTE = NOTE.replace("<note>", "<note><chord/>")
SCORE = "<score-partwise><part><measure>{}</measure></part></score-partwise>"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('<?xml version="1.0" encoding="punycode"?><a>>é</a>', "its text is not punycode"),
        ('<!DOCTYPE a [<!ENTITY b "bb">]><score-partwise/>', "entities"),
        (SCORE.format(NOTE.replace(">1<", ">1e999999999<")), "cannot be"),
        (SCORE.format(NOTE.replace(">4<", ">5465<")), "5465 is not within -2 to 9"),
        (SCORE.format(NOTE + CHORD_NOTE * 200), "chord"),
        (SCORE.format(NOTE * 100_001), "more than 100,000 notes"),
        ("<score-partwise>" + "<part><measure/></part>" * 65 + "</score-partwise>", "65 parts"),
        ("<a>" * 2_000_000 + "</a>" * 2_000_000, "more than 3,000,000 tags"),
    ],
    ids=["codec", "entities", "exponent", "octave", "chord", "notes", "parts", "depth"],
)
def test_what_would_fill_the_memory_is_refused(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "a.musicxml").write_bytes(text.encode("utf-8"))
    with pytest.raises(InputError, match=why):
        load_musicxml(tmp_path / "a.musicxml")


def test_a_zip_bomb_is_refused_and_a_path_in_an_archive_leads_nowhere(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.mxl", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("score.xml", b" " * (64 * 2**20))
    with pytest.raises(InputError, match="unpacks to more than 16 MiB"):
        load_musicxml(tmp_path / "bomb.mxl")
    secret = tmp_path / "secret.xml"
    secret.write_text(f"<score-partwise><part><measure>{NOTE}</measure></part></score-partwise>")
    container = f'<container><rootfiles><rootfile full-path="{secret}"/></rootfiles></container>'
    with zipfile.ZipFile(tmp_path / "escape.mxl", "w") as archive:
        archive.writestr("META-INF/container.xml", container)
    with pytest.raises(InputError, match="zip archive is damaged"):
        load_musicxml(tmp_path / "escape.mxl")
