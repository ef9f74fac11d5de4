"""Text of a page as outlines, so that it looks the same on every machine and needs no font there.

The letters are Liberation Serif and the music signs Leipzig, both of which come with verovio (SIL Open Font Licence).
"""

from __future__ import annotations

import base64
import io
import re
from functools import lru_cache
from importlib import resources
from typing import Final
from xml.etree.ElementTree import Element, ParseError, SubElement, fromstring

from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.ttLib import TTFont

SVG: Final = "{http://www.w3.org/2000/svg}"
_BOLD: Final = ("tempo",)  # classes that verovio's style sheet sets bold, and italic
_ITALIC: Final = ("dir", "mNum", "dynam", "tupletNum")
_STYLES: Final = {(False, False): 0, (True, False): 1, (False, True): 2, (True, True): 3}  # (bold, italic) -> face in verovio's file
_MUSIC_UNITS: Final = 1000.0
_TITLE_ROOM: Final = 0.9  # of the page's width


@lru_cache(maxsize=4)
def _face(bold: bool, italic: bool) -> TTFont:
    sheet = resources.files("verovio").joinpath("data/Liberation.css").read_text(encoding="utf-8")
    faces = re.findall(r"base64,([A-Za-z0-9+/=]+)", sheet)
    return TTFont(io.BytesIO(base64.b64decode(faces[_STYLES[bold, italic]])))


def outline_texts(root: Element) -> None:
    """Replaces every <text> of a verovio page, in place, by paths. A title that is wider than the page is set smaller."""
    boxes = [child.get("viewBox", "").split() for child in root.iter(f"{SVG}svg")]
    _visit(root, (), _TITLE_ROOM * max((float(box[2]) for box in boxes if len(box) == 4), default=float("inf")))


def _visit(parent: Element, classes: tuple[str, ...], room: float) -> None:
    for place, child in enumerate(list(parent)):
        if child.tag == f"{SVG}text":
            parent[place] = _outlined(child, classes, room)
        else:
            _visit(child, (*classes, *child.get("class", "").split()), room)


class _Chunk:
    """A run of text that begins at its own place and is aligned as one."""

    def __init__(self, x: float, y: float, anchor: str) -> None:
        self.x, self.y, self.anchor = x, y, anchor
        self.width = 0.0
        self.paths: list[tuple[float, float, str]] = []  # (shift, scale, d)


def _outlined(text: Element, classes: tuple[str, ...], room: float) -> Element:
    group = Element(f"{SVG}g", {"class": "text"})
    chunks: list[_Chunk] = []
    _collect(text, {}, classes, chunks)
    for chunk in chunks:
        fit = min(1.0, room / chunk.width) if chunk.width else 1.0
        start = chunk.x - fit * {"middle": chunk.width / 2, "end": chunk.width}.get(chunk.anchor, 0.0)
        for shift, size, d in chunk.paths:
            scale = fit * size
            SubElement(
                group,
                f"{SVG}path",
                {"transform": f"translate({start + fit * shift:.1f}, {chunk.y:.1f}) scale({scale:.5f}, {-scale:.5f})", "d": d},
            )
    return group


def _collect(node: Element, inherited: dict[str, str], classes: tuple[str, ...], chunks: list[_Chunk]) -> None:
    style = {**inherited, **{name: value for name, value in node.attrib.items() if name.startswith(("font", "text-anchor"))}}
    if node.tag == f"{SVG}title":
        return
    if node.get("x") is not None or node.get("y") is not None or not chunks:
        before = chunks[-1] if chunks else None
        x = float(node.get("x", before.x if before else 0.0))
        chunks.append(_Chunk(x, float(node.get("y", before.y if before else 0.0)), style.get("text-anchor", "start")))
    own = (*classes, *node.get("class", "").split())
    if node.text and node.text.strip():
        _set(node.text, style, own, chunks[-1])
    for child in node:
        _collect(child, style, own, chunks)


def _set(text: str, style: dict[str, str], classes: tuple[str, ...], chunk: _Chunk) -> None:
    size = float(style.get("font-size", "0").removesuffix("px"))
    if style.get("font-family") == "Leipzig":
        _set_music(text.strip(), size, chunk)
        return
    bold = style.get("font-weight") == "bold" or any(name in _BOLD for name in classes)
    italic = style.get("font-style") == "italic" or any(name in _ITALIC for name in classes)
    face = _face(bold and style.get("font-weight") != "normal", italic and style.get("font-style") != "normal")
    glyphs, names = face.getGlyphSet(), face.getBestCmap()
    scale = size / face["head"].unitsPerEm
    for letter in text.replace("\n", " "):
        glyph = glyphs[names.get(ord(letter), ".notdef")]
        pen = SVGPathPen(glyphs)
        glyph.draw(pen)
        if pen.getCommands():
            chunk.paths.append((chunk.width, scale, pen.getCommands()))
        chunk.width += glyph.width * scale


def _set_music(text: str, size: float, chunk: _Chunk) -> None:
    for sign in text.replace(" ", ""):  # verovio sets one between a note and its dot
        d = _music_sign(f"{ord(sign):04X}")
        if d:
            chunk.paths.append((chunk.width, size / _MUSIC_UNITS, d))
        chunk.width += 0.35 * size


@lru_cache(maxsize=64)
def _music_sign(code: str) -> str:
    file = resources.files("verovio").joinpath(f"data/Leipzig/{code}.xml")
    if not file.is_file():
        return ""
    try:
        path = fromstring(file.read_text(encoding="utf-8")).find("path")
    except ParseError:
        return ""
    return path.get("d", "") if path is not None else ""
