"""Passages to hear and to see: a few seconds of a recording, what was heard in it, and its piano roll as SVG."""

from __future__ import annotations

import base64
import sqlite3
import tempfile
from dataclasses import dataclass
from os import fsdecode
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla import workbench
from tecla.archive.listening import PASSAGE_SEC
from tecla.archive.places import Found, Place
from tecla.errors import TeclaError
from tecla.io.audio import SAMPLE_RATE, open_audio, save_audio
from tecla.music import Performance
from tecla.music.pitch import pitch_to_name
from tecla.rendering import SAMPLE_RATE as PLAYED_RATE
from tecla.rendering import palette, render

_LEVEL: Final = 0.1  # root mean square of every clip: recordings differ by 40 dB, and a listener compares
_FADE_SEC: Final = 0.02
_WIDTH, _LEFT, _PIXELS_PER_SEC, _KEY_HEIGHT, _TEXT_HEIGHT, _FOOT = 760, 40, 60, 5, 9, 18
_LEAST_OPACITY: Final = 0.15


@dataclass(frozen=True)
class Clip:
    """A passage on the page; a sound is a data: address, or "" with a reason where it cannot be had."""

    source: str
    begin_sec: float
    confidence: float
    picture: str
    recorded: str
    played: str
    missing: str


def make_clip(archive: Place, edition: str, row: sqlite3.Row, which: str) -> Clip:
    """The "worst" or "best" passage of a row of the catalogue."""
    begin_sec, confidence = float(row[f"{which}_sec"]), float(row[f"{which}_confidence"])
    picture = recorded = played = missing = ""
    try:
        part = _part(_performance(archive, f"{edition}/{row['stem']}", row["outputs"].split()), begin_sec)
        picture = draw_roll(part)
        played = _sound(render(part)[: int((PASSAGE_SEC + 1) * PLAYED_RATE)].mean(1), PLAYED_RATE)
        place, found = Place(fsdecode(row["place"])), Found(fsdecode(row["path"]), row["size_bytes"], row["stamp"])
        with place.fetched(found) as path:
            recorded = _sound(_excerpt(path, begin_sec), SAMPLE_RATE)
    except TeclaError as error:
        missing = str(error)
    return Clip(row["source"], begin_sec, confidence, picture, recorded, played, missing)


def _performance(archive: Place, stem: str, outputs: list[str]) -> Performance:
    """What was heard, from the result that tells most: only JSON and CSV keep the confidence."""
    suffix = next((suffix for suffix in ("json", "mid", "csv") if suffix in outputs), "json")
    with archive.fetched(Found(f"{stem}.{suffix}", 0, "")) as path:
        return workbench.load(path)


def _part(performance: Performance, begin_sec: float) -> Performance:
    notes = performance.notes[
        (performance.notes["onset_sec"] >= begin_sec) & (performance.notes["onset_sec"] < begin_sec + PASSAGE_SEC)
    ].copy()
    notes["onset_sec"] -= begin_sec
    notes["offset_sec"] = np.minimum(notes["offset_sec"] - begin_sec, PASSAGE_SEC)
    controls = performance.controls[performance.controls["time_sec"] < begin_sec + PASSAGE_SEC].copy()
    controls["time_sec"] = np.maximum(controls["time_sec"] - begin_sec, 0.0)
    return Performance(notes, controls)


def _excerpt(path: Path, begin_sec: float) -> NDArray[np.float32]:
    first, last = int(begin_sec * SAMPLE_RATE), int((begin_sec + PASSAGE_SEC) * SAMPLE_RATE)
    kept, at = [np.zeros(0, np.float32)], 0
    for block in open_audio(path).blocks():
        kept.append(block[max(0, first - at) : max(0, last - at)])
        at += len(block)
        if at >= last:
            break
    return np.concatenate(kept)


def _sound(samples: NDArray[np.float32], sample_rate: int) -> str:
    """An MP3 as a data: address, as loud as all others."""
    level = float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0
    samples = np.clip(samples * (_LEVEL / max(level, 1e-6)), -0.99, 0.99)
    fade = np.minimum(np.minimum(np.arange(len(samples)), np.arange(len(samples))[::-1]) / (_FADE_SEC * sample_rate), 1.0)
    with tempfile.TemporaryDirectory(prefix="tecla-") as folder:
        path = Path(folder, "clip.mp3")
        save_audio(path, (samples * fade).astype(np.float32), sample_rate)
        return "data:audio/mpeg;base64," + base64.b64encode(path.read_bytes()).decode()


def draw_roll(performance: Performance) -> str:
    """A piano roll of one passage as SVG: colour is velocity, a pale note is a doubtful one."""
    notes = performance.notes
    low, high = (int(notes["pitch"].min()) - 2, int(notes["pitch"].max()) + 2) if len(notes) else (58, 62)
    low = min(low, high - 24)
    height = (high - low + 1) * _KEY_HEIGHT
    shapes = [f'<rect x="{_LEFT}" width="{_WIDTH - _LEFT}" height="{height}" class="ground"/>']
    for pitch in (pitch for pitch in range(low, high + 1) if pitch % 12 == 0):
        y = (high - pitch + 1) * _KEY_HEIGHT
        shapes.append(
            f'<path d="M{_LEFT} {y}H{_WIDTH}" class="grid"/>'
            f'<text x="{_LEFT - 6}" y="{max(y, _TEXT_HEIGHT)}" text-anchor="end">{pitch_to_name(pitch)}</text>'
        )
    seconds = range(0, int(PASSAGE_SEC) + 1, 2)
    shapes += [f'<text x="{_LEFT + second * _PIXELS_PER_SEC}" y="{height + 14}">{second} s</text>' for second in seconds]
    colours = palette.velocity_colours(notes["velocity"])
    shapes += [_note(note, colour, high) for note, colour in zip(notes, colours, strict=True)]
    return f'<svg viewBox="0 0 {_WIDTH} {height + _FOOT}" role="img" aria-label="piano roll">{"".join(shapes)}</svg>'


def _note(note: np.void, colour: NDArray[np.uint8], high: int) -> str:
    x, y = _LEFT + note["onset_sec"] * _PIXELS_PER_SEC, (high - int(note["pitch"])) * _KEY_HEIGHT
    width = max((note["offset_sec"] - note["onset_sec"]) * _PIXELS_PER_SEC, 3)
    opacity = _LEAST_OPACITY + (1 - _LEAST_OPACITY) * float(note["confidence"])
    fill = "#" + "".join(f"{int(c):02x}" for c in colour)
    shape = f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{_KEY_HEIGHT}" rx="1.5"'
    return f'{shape} fill="{fill}" fill-opacity="{opacity:.2f}" stroke="{fill}"/>'
