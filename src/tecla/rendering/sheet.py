"""MusicXML -> pages a pianist can print: SVG, PNG, PDF, set by verovio (extra `score`)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from tecla.rendering.verovio_process import COUNT, MEI, PAGE, TIMES, ask_verovio, missing

_MEI_NAMES: Final = "{http://www.music-encoding.org/ns/mei}"
_AGAIN: Final = re.compile(r"-rend\d+$")  # what verovio adds to the id of an element each time that it is repeated
_ID: Final = "{http://www.w3.org/XML/1998/namespace}id"
_STEPS: Final = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_ALTERS: Final = {"s": 1, "f": -1, "x": 2, "ss": 2, "ff": -2, "xs": 3, "ts": 3, "tf": -3, "nf": -1, "ns": 1}
A4_PT: Final = (595.28, 841.89)
_PNG_WIDTH: Final = 1654  # 200 dots an inch on A4


def draw_pages(musicxml: str, on_page: Callable[[int, int], None] | None = None) -> list[Element]:
    """Pages of a score as SVG trees, all text outlined.

    Args:
        on_page: called after each page with how many are drawn, of how many.

    Raises:
        MissingExtraError: verovio or fontTools is not installed. InputError: verovio cannot read the score.
    """
    return _drawn(musicxml, on_page, follow=False)[0]


def follow_pages(
    musicxml: str, on_page: Callable[[int, int], None] | None = None
) -> tuple[list[Element], list[tuple[float, list[tuple[str, int]]]]]:
    """Pages as `draw_pages` gives them, and what begins to sound when: (quarters from the score's beginning, [(element id, MIDI pitch)]).

    Quarters are counted as played, repeats taken: what is repeated comes as often as it sounds.

    Raises:
        MissingExtraError, InputError: as `draw_pages`.
    """
    pages, told = _drawn(musicxml, on_page, follow=True)
    pitches = _pitches(ElementTree.fromstring(told[MEI]))
    moments = [(float(moment["qstamp"]), [_AGAIN.sub("", name) for name in moment.get("on", [])]) for moment in json.loads(told[TIMES])]
    return pages, [(quarters, [(name, pitches[name]) for name in names]) for quarters, names in moments]


def _drawn(musicxml: str, on_page: Callable[[int, int], None] | None, follow: bool) -> tuple[list[Element], dict[bytes, bytes]]:
    """The pages, and whatever else verovio tells."""
    try:
        from tecla.rendering.lettering import outline_texts  # noqa: PLC0415
    except ImportError as error:
        raise missing("fontTools") from error
    pages: list[Element] = []
    told: dict[bytes, bytes] = {}
    for kind, body in ask_verovio(musicxml, follow):
        if kind != PAGE:
            told[kind] = body
            continue
        root = ElementTree.fromstring(body)
        _without_placeholders(root)
        outline_texts(root)
        _say_scale(root)
        pages.append(root)
        if on_page is not None:
            on_page(len(pages), int(told[COUNT]))
    return pages, told


def _without_placeholders(page: Element) -> None:
    """Takes away the dots that verovio draws where a section begins or ends and hides by a style sheet, which not every reader obeys."""
    for parent in page.iter():
        for node in [node for node in parent if "placeholder" in node.get("class", "").split()]:
            parent.remove(node)


def _pitches(mei: Element) -> dict[str, int]:
    """MIDI pitch by element id. (Verovio's own `getMIDIValuesForElement` plays the whole score for each note that is asked for.)"""
    pitches = {}
    for note in mei.iter(f"{_MEI_NAMES}note"):
        octave = int(note.get("oct.ges") or note.get("oct") or 4)
        accidentals = [note, *note.iter(f"{_MEI_NAMES}accid")]
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
        raise missing("resvg-py") from error
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, width=_PNG_WIDTH, background="#ffffff", skip_system_fonts=True))


def _say_scale(page: Element) -> None:
    """Notes on verovio's inner svg how wide it is shown, for readers that do not lay out nested svg elements."""
    width = float(re.split(r"[\s,]+", page.get("viewBox", "0 0 1 1"))[2])
    for node in page.iter("{http://www.w3.org/2000/svg}svg"):
        if node is not page and node.get("viewBox"):
            node.set("data-width", str(width))
