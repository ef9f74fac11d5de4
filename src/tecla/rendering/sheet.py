"""MusicXML -> pages a pianist can print: SVG, PNG, PDF, set by verovio in process (extra `score`)."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from tecla.errors import InputError, MissingExtraError

_MEI: Final = "{http://www.music-encoding.org/ns/mei}"
_ID: Final = "{http://www.w3.org/XML/1998/namespace}id"
_STEPS: Final = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_ALTERS: Final = {"s": 1, "f": -1, "x": 2, "ss": 2, "ff": -2, "xs": 3, "ts": 3, "tf": -3, "nf": -1, "ns": 1}
A4_PT: Final = (595.28, 841.89)
_PNG_WIDTH: Final = 1654  # 200 dots an inch on A4
_OPTIONS: Final = {
    "pageWidth": 2100,
    "pageHeight": 2970,
    "pageMarginTop": 130,
    "pageMarginBottom": 110,
    "pageMarginLeft": 120,
    "pageMarginRight": 120,
    "scale": 40,
    "header": "encoded",
    "footer": "encoded",
    "svgViewBox": True,
    "svgHtml5": False,
    "breaks": "auto",
    "condense": "none",
    "justifyVertically": True,
    "spacingStaff": 9,
    "spacingSystem": 10,
    "mnumInterval": 0,
}


def draw_pages(musicxml: str, on_page: Callable[[int, int], None] | None = None) -> list[Element]:
    """Pages of a score as SVG trees, all text outlined.

    Args:
        on_page: called after each page with how many are drawn, of how many.

    Raises:
        MissingExtraError: verovio or fontTools is not installed. InputError: verovio cannot read the score.
    """
    toolkit = _toolkit()
    from tecla.rendering.lettering import outline_texts  # noqa: PLC0415

    if not toolkit.loadData(musicxml) or not toolkit.loadData(_with_heading(toolkit.getMEI())):
        raise InputError("verovio cannot read the score: write .musicxml and open it in a notation program")
    pages: list[Element] = []
    n_pages = toolkit.getPageCount()
    for number in range(1, n_pages + 1):
        root = ElementTree.fromstring(toolkit.renderToSVG(number))
        outline_texts(root)
        _say_scale(root)
        pages.append(root)
        if on_page is not None:
            on_page(number, n_pages)
    return pages


def follow_pages(
    musicxml: str, on_page: Callable[[int, int], None] | None = None
) -> tuple[list[Element], list[tuple[float, list[tuple[str, int]]]]]:
    """Pages as `draw_pages` gives them, and what begins to sound when: (quarters from the score's beginning, [(element id, MIDI pitch)]).

    Raises:
        MissingExtraError, InputError: as `draw_pages`.
    """
    pages = draw_pages(musicxml, on_page)
    toolkit = _toolkit()
    pitches = _pitches(ElementTree.fromstring(toolkit.getMEI()))
    timemap = toolkit.renderToTimemap({"includeMeasures": False, "includeRests": False})
    return pages, [(float(moment["qstamp"]), [(name, pitches[name]) for name in moment.get("on", [])]) for moment in timemap]


def _pitches(mei: Element) -> dict[str, int]:
    """MIDI pitch by element id. (Verovio's own `getMIDIValuesForElement` plays the whole score for each note that is asked for.)"""
    pitches = {}
    for note in mei.iter(f"{_MEI}note"):
        octave = int(note.get("oct.ges") or note.get("oct") or 4)
        accidentals = [note, *note.iter(f"{_MEI}accid")]
        sounding = next((kind for name in ("accid.ges", "accid") for one in accidentals if (kind := one.get(name))), "n")
        pitches[note.get(_ID, "")] = 12 * (octave + 1) + _STEPS[note.get("pname", "c")] + _ALTERS.get(sounding, 0)
    return pitches


def set_sheet(musicxml: str, suffix: str, title: str = "") -> list[bytes]:
    """The file of all pages for .pdf, or a file for each page for .svg and .png.

    Raises:
        MissingExtraError: the extra `score` is not installed. InputError: the score cannot be set.
    """
    pages = draw_pages(musicxml)
    if suffix == ".pdf":
        from tecla.rendering.pdf import svg_to_pdf  # noqa: PLC0415

        return [svg_to_pdf(pages, *A4_PT, title)]
    texts = [svg_text(page) for page in pages]
    return [_png(text) if suffix == ".png" else text.encode("utf-8") for text in texts]


def _with_heading(mei: str) -> str:
    """The score in verovio's own format with a larger title and a page number at the foot of each page."""
    titled = re.sub(r'(<pgHead[^>]*>\s*<rend [^>]*halign="center")', r'\1 fontsize="180%"', mei, count=1)
    foot = '<pgFoot func="all"><rend halign="center"><num label="page">#</num></rend></pgFoot>'
    if "</pgHead>" in titled:
        return titled.replace("</pgHead>", "</pgHead>" + foot, 1)
    return re.sub(r"(<scoreDef[^>]*>)", rf"\1{foot}", titled, count=1)


def page_paths(path: Path, count: int) -> list[Path]:
    """Where each page goes: the name itself, then name-2, name-3 ..."""
    return [path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}") for number in range(1, count + 1)]


def svg_text(page: Element) -> str:
    """A page as SVG text."""
    ElementTree.register_namespace("", "http://www.w3.org/2000/svg")
    ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    return ElementTree.tostring(page, encoding="unicode")


def _png(svg: str) -> bytes:
    try:
        import resvg_py  # noqa: PLC0415
    except ImportError as error:
        raise _missing("resvg-py") from error
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, width=_PNG_WIDTH, background="#ffffff", skip_system_fonts=True))


@lru_cache(maxsize=1)
def _toolkit() -> Any:
    try:
        import fontTools.ttLib  # noqa: F401, PLC0415
        import verovio  # noqa: PLC0415
    except ImportError as error:
        raise _missing("verovio") from error
    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    toolkit.setOptions(dict(_OPTIONS))
    return toolkit


def _missing(package: str) -> MissingExtraError:
    return MissingExtraError(f"setting pages needs {package}: pip install 'tecla[score]', or write .musicxml instead")


def _say_scale(page: Element) -> None:
    """Notes on verovio's inner svg how wide it is shown, for readers that do not lay out nested svg elements."""
    width = float(re.split(r"[\s,]+", page.get("viewBox", "0 0 1 1"))[2])
    for node in page.iter("{http://www.w3.org/2000/svg}svg"):
        if node is not page and node.get("viewBox"):
            node.set("data-width", str(width))
