"""The front end's own house: small modules, every word in both languages, nothing inline, nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

STATIC = ROOT / "src" / "tecla" / "web" / "static"
MODULES = sorted(STATIC.rglob("*.js"))
WORDS = dict(re.findall(r'^  "([^"]+)": \["(.*)"\],$', (STATIC / "words.js").read_text("utf-8"), re.M))


@pytest.mark.parametrize(
    "path", sorted(path for path in STATIC.rglob("*") if path.suffix in (".js", ".css", ".html")), ids=lambda path: path.name
)
def test_files_fit_an_eye_and_fetch_nothing_from_elsewhere(path: object) -> None:
    text = path.read_text("utf-8")  # type: ignore[attr-defined]
    assert text.count("\n") <= 350
    assert set(re.findall(r"https?://[^\s\"']+", text)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)


def test_the_document_has_no_inline_script_or_style() -> None:
    text = (STATIC / "index.html").read_text("utf-8")
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", text)


def test_every_word_is_in_the_dictionary_in_both_languages() -> None:
    used = {key for path in MODULES for key in re.findall(r'\bt\("([^"]+)"', path.read_text("utf-8"))}
    assert used - set(WORDS) == set()
    for key, pair in WORDS.items():
        english, _, spanish = pair.partition('", "')
        assert english, key
        assert spanish, key
        english_only = {"{message}"}  # the server's own words
        assert set(re.findall(r"\{\w+\}", english)) - english_only == set(re.findall(r"\{\w+\}", spanish)) - english_only, key


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(STATIC)))
def test_modules_say_what_they_are_for(path: Path) -> None:
    assert path.read_text("utf-8").startswith("/**")


def test_the_document_asks_for_the_librarys_modules_at_once() -> None:
    needed: set[Path] = set()
    waiting = [STATIC / "app.js"]
    while waiting:
        path = waiting.pop()
        found = {(path.parent / name).resolve() for name in re.findall(r'^import .*from "(\.[^"]+)"', path.read_text("utf-8"), re.M)}
        waiting.extend(found - needed)
        needed |= found
    listed = set(re.findall(r'modulepreload" href="/static/([^"]+)"', (STATIC / "index.html").read_text("utf-8")))
    assert listed == {path.relative_to(STATIC.resolve()).as_posix() for path in needed}
