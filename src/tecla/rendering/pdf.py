"""SVG pages that hold nothing but shapes -> PDF, as vectors. No fonts are needed: the text is outlined before.

Follows ISO 32000-1, sections 7.5 (file structure) and 8.5 (paths). Knows the elements that verovio writes: groups,
symbols and their uses, paths, polygons, lines, rectangles, ellipses.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import Element

from fontTools.misc.transform import Identity, Transform
from fontTools.pens.basePen import BasePen
from fontTools.pens.transformPen import TransformPen
from fontTools.svgLib.path import parse_path

_SVG: Final = "{http://www.w3.org/2000/svg}"
_LINK: Final = "{http://www.w3.org/1999/xlink}href"
_NUMBER: Final = re.compile(r"-?\d*\.?\d+(?:[eE]-?\d+)?")
_ROUND: Final = 0.5523  # control points of a quarter circle


class _Path(BasePen):  # type: ignore[misc]
    """Path operators of a content stream."""

    def __init__(self) -> None:
        super().__init__(None)
        self.words: list[str] = []

    def _moveTo(self, pt: tuple[float, float]) -> None:  # noqa: N802
        self.words.append(f"{pt[0]:.2f} {pt[1]:.2f} m")

    def _lineTo(self, pt: tuple[float, float]) -> None:  # noqa: N802
        self.words.append(f"{pt[0]:.2f} {pt[1]:.2f} l")

    def _curveToOne(self, pt1: tuple[float, float], pt2: tuple[float, float], pt3: tuple[float, float]) -> None:  # noqa: N802
        self.words.append(" ".join(f"{x:.2f} {y:.2f}" for x, y in (pt1, pt2, pt3)) + " c")

    def _closePath(self) -> None:  # noqa: N802
        self.words.append("h")

    def _endPath(self) -> None:  # noqa: N802
        return


def svg_to_pdf(pages: Sequence[Element], width_pt: float, height_pt: float, title: str) -> bytes:
    """One PDF of all pages, each scaled from its viewBox to the paper."""
    return _file([_stream(page, width_pt, height_pt) for page in pages], width_pt, height_pt, title)


def _stream(page: Element, width_pt: float, height_pt: float) -> bytes:
    _, _, width, height = (float(v) for v in page.get("viewBox", "0 0 1 1").split())
    scale = min(width_pt / width, height_pt / height)
    symbols = {node.get("id", ""): node for node in page.iter() if node.get("id")}
    words: list[str] = ["1 j 0 J"]
    for child in page:
        _draw(child, Transform(scale, 0, 0, -scale, 0, height_pt), symbols, words, {})
    return "\n".join(words).encode("ascii")


def _draw(node: Element, placed: Transform, symbols: dict[str, Element], words: list[str], style: dict[str, str]) -> None:
    tag = node.tag.removeprefix(_SVG)
    if tag in ("defs", "style", "desc", "title", "metadata", "text"):
        return
    placed = placed.transform(_transform(node.get("transform", "")))
    style = {**style, **{name: node.attrib[name] for name in ("fill", "stroke", "stroke-width") if name in node.attrib}}
    if tag == "svg" and node.get("viewBox"):
        placed = placed.transform(_fit(node))
    if tag == "use":
        target = symbols.get(node.get(_LINK, node.get("href", ""))[1:])
        if target is not None:
            _draw(target, placed.translate(float(node.get("x", 0)), float(node.get("y", 0))), symbols, words, style)
        return
    d = _outline(tag, node)
    if d:
        _paint(d, placed, style, words)
    for child in node:
        _draw(child, placed, symbols, words, style)


def _fit(node: Element) -> Transform:
    """A nested svg's viewBox fills the parent's; verovio gives both the same proportions."""
    _, _, width, _ = (float(v) for v in node.get("viewBox", "0 0 1 1").split())
    outer = node.get("data-width")
    return Identity.scale(float(outer) / width) if outer else Identity


def _transform(text: str) -> Transform:
    found = Identity
    for name, inside in re.findall(r"(\w+)\(([^)]*)\)", text):
        numbers = [float(v) for v in _NUMBER.findall(inside)]
        if name == "translate":
            found = found.translate(numbers[0], numbers[1] if len(numbers) > 1 else 0.0)
        elif name == "scale":
            found = found.scale(numbers[0], numbers[1] if len(numbers) > 1 else numbers[0])
        elif name == "rotate":
            x, y = numbers[1:3] if len(numbers) > 2 else (0.0, 0.0)
            found = found.translate(x, y).rotate(numbers[0] * 3.141592653589793 / 180).translate(-x, -y)
        elif name == "matrix":
            found = found.transform(Transform(*numbers))
    return found


def _outline(tag: str, node: Element) -> str:
    """The shape of an element as SVG path text; empty where it has none."""
    if tag == "path":
        return node.get("d", "")
    if tag in ("polygon", "polyline"):
        points = _NUMBER.findall(node.get("points", ""))
        pairs = [f"{x} {y}" for x, y in zip(points[::2], points[1::2], strict=False)]
        return f"M{' L'.join(pairs)}{'Z' if tag == 'polygon' else ''}" if pairs else ""
    if tag == "rect":
        x, y, w, h = (float(node.get(name, 0)) for name in ("x", "y", "width", "height"))
        return f"M{x} {y}h{w}v{h}h{-w}Z"
    if tag == "ellipse":
        x, y, a, b = (float(node.get(name, 0)) for name in ("cx", "cy", "rx", "ry"))
        p, q = a * _ROUND, b * _ROUND
        return (
            f"M{x + a} {y}C{x + a} {y + q} {x + p} {y + b} {x} {y + b}C{x - p} {y + b} {x - a} {y + q} {x - a} {y}"
            f"C{x - a} {y - q} {x - p} {y - b} {x} {y - b}C{x + p} {y - b} {x + a} {y - q} {x + a} {y}Z"
        )
    return ""


def _paint(d: str, placed: Transform, style: dict[str, str], words: list[str]) -> None:
    path = _Path()
    parse_path(d, TransformPen(path, placed))
    width = float(style.get("stroke-width", "0").removesuffix("px"))
    filled = style.get("fill") != "none"
    if width and style.get("stroke") != "none":
        size = (abs(placed[0] * placed[3] - placed[1] * placed[2])) ** 0.5
        words.append(f"{width * size:.3f} w")
    words += path.words
    stroked = width and style.get("stroke") != "none"
    words.append("B" if filled and stroked else "S" if stroked else "f" if filled else "n")


def _file(streams: Sequence[bytes], width_pt: float, height_pt: float, title: str) -> bytes:
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(len(streams)))
    hexed = ("\ufeff" + title).encode("utf-16-be").hex()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(streams)} >>".encode(),
        f"<< /Title <{hexed}> /Producer (tecla) >>".encode(),
    ]
    for i, stream in enumerate(streams):
        packed = zlib.compress(stream, 9)
        box = f"[0 0 {width_pt:.2f} {height_pt:.2f}]"
        objects.append(f"<< /Type /Page /Parent 2 0 R /MediaBox {box} /Resources << >> /Contents {5 + 2 * i} 0 R >>".encode())
        objects.append(f"<< /Length {len(packed)} /Filter /FlateDecode >>\nstream\n".encode() + packed + b"\nendstream")
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    end = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}".encode()
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info 3 0 R >>\nstartxref\n{end}\n%%EOF\n".encode()
    return bytes(out)
