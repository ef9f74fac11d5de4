"""The report is one page that holds everything, and needs nothing from elsewhere."""

import io
import re
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from tecla.io.audio import save_audio
from tecla.io.notes import save_json
from tecla.music import Performance
from tecla.rendering.report import charts

CommandLine = Callable[..., int]


def piece(seed: int) -> tuple[Performance, Performance]:
    """What was played, and what ears that miss and invent made of it."""
    rng = np.random.default_rng(seed)
    onset = np.sort(rng.uniform(0.5, 12, 60))
    played = Performance.from_arrays(onset, onset + 0.3, rng.integers(30, 100, 60), rng.integers(10, 120, 60))
    heard = played.notes[rng.random(60) > 0.2].copy()
    heard["onset_sec"] += rng.normal(0, 0.01, len(heard))
    heard["offset_sec"] += 0.05
    heard["confidence"] = rng.uniform(0.6, 1.0, len(heard))
    heard["pitch"][::9] += 12
    return played, Performance(heard)


class Outline(HTMLParser):
    """Checks that tags close in order, and collects what the page asks for."""

    EMPTY = frozenset({"meta"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_report_needs_nothing_from_elsewhere(here: Path, tecla_exits: CommandLine) -> None:
    for number in range(2):
        played, heard = piece(number)
        for folder, notes in (("played", played), ("heard", heard)):
            Path(folder).mkdir(exist_ok=True)
            save_json(notes, Path(folder) / f"p{number}.json")
    assert tecla_exits("evaluate", "notes", "played", "heard", "--report", "pages/a.html") == 0
    text = Path("pages/a.html").read_text()
    outline = Outline()
    outline.feed(text)
    assert outline.open == []
    assert all(link.startswith(("#s", "data:audio/ogg;base64,")) for link in outline.links)
    assert not re.search(r"https?://|@import|url\(", text)
    for said in ("onset F1", "Recall by register", "Expected calibration error", "p0, from", "what was heard", "p1"):
        assert said in text
    assert ">nan" not in text.lower()
    assert tecla_exits("evaluate", "notes", "played", "heard", "--report", "pages/a.html") == 2  # it exists


def test_frames_are_mapped_where_there_is_sound(here: Path, tecla_exits: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    from tecla.cli import frame_map

    monkeypatch.setattr(frame_map, "MOST_FRAMES", 120)
    played, heard = piece(0)
    from tecla.io.midi import save_midi

    for name in ("pairs", "heard"):
        Path(name).mkdir()
    save_midi(played, Path("pairs/a.mid"))
    noise = 0.1 * np.random.default_rng(0).standard_normal(14 * 16000)
    save_audio(Path("pairs/a.wav"), noise.astype(np.float32), 16000)
    save_json(heard, Path("heard/a.json"))
    assert tecla_exits("evaluate", "transcriber", "--corpus", "pairs", "--estimates", "heard", "--report", "a.html") == 0
    text = Path("a.html").read_text()
    assert "laid out by UMAP" in text
    assert text.count('class="point') == 240  # two maps
    assert text.count("<audio") >= 2
    assert ">recording<" in text


def test_the_map_is_drawn_under_a_bar_where_someone_looks_on(monkeypatch: pytest.MonkeyPatch) -> None:
    from tecla.cli import frame_map

    table = np.random.default_rng(0).standard_normal((60, 40)).astype(np.float32)
    for looks_on in (True, False):
        screen = io.StringIO()
        monkeypatch.setattr(screen, "isatty", lambda here=looks_on: here)
        monkeypatch.setattr(sys, "stderr", screen)
        points = frame_map._project(frame_map._load_umap(), table)
        assert points.shape == (60, 2)
        assert ("map of frames" in screen.getvalue()) == looks_on


def test_charts_keep_within_their_box() -> None:
    drawn = charts.lines({"a": ([0, 0.5, 1], [0, np.nan, 1])}, "x", "y", (0, 1), (0, 1), dots=True)
    assert drawn.count("<circle") == 2
    for x, y in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', drawn):
        assert charts.LEFT <= float(x) <= charts.WIDTH
        assert float(y) > 0
    assert ">0 %<" in drawn
    assert "-0" not in drawn
    heat = charts.heat(np.array([[0.5, np.nan]]), ["r"], ["a", "b"], np.array([[4, 0]]), "x", "y")
    assert heat.count('class="cell"') == 1
    assert "&lt;" in charts.lines({"<b>": ([0], [0])}, "x", "y", (0, 1), (0, 1))
