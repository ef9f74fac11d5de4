"""Names from strangers: nothing climbs out, nothing is too long, different names stay different."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tecla.archive.names import as_text, safe_stem

ANY_NAME = st.binary(min_size=1, max_size=300).filter(lambda name: b"\0" not in name).map(os.fsdecode)


@given(ANY_NAME)
def test_a_stem_can_be_written_anywhere(name: str) -> None:
    stem = safe_stem(name)
    parts = stem.split("/")
    assert len(stem.encode("utf-8")) <= 600
    for part in parts:
        assert part
        assert part not in (".", "..")
        assert not part.startswith(".")
        assert len(part.encode()) <= 150
        assert part == part.rstrip(" .")
        assert not set(part) & set('<>:"|?*\\\n\r\t\0')


@given(st.lists(ANY_NAME, min_size=2, max_size=2, unique=True))
def test_different_names_have_different_texts(names: list[str]) -> None:
    first, second = map(as_text, names)
    assert first != second
    assert first.encode("utf-8")


@pytest.mark.parametrize(
    ("name", "stem"), [("a/../../b.wav", "a/b"), ("x" * 400 + ".wav", None), ("/etc/passwd", "etc/passwd"), ("..", "_")]
)
def test_hostile_names(name: str, stem: str | None) -> None:
    made = safe_stem(name)
    assert made == stem if stem else len(made) == 150


def test_a_name_cannot_read_backwards() -> None:
    assert as_text("a\u202egpj.wav") == "a\\x202egpj.wav"
