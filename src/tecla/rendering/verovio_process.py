"""verovio in a process of its own: MusicXML in, pages out. What may happen to that process, and what it may use, stands in `apart`.

What it reads tecla has written itself, but from what strangers sent; and its memory goes back when a long piece is done.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from textwrap import wrap
from typing import Any, Final

from tecla.apart import Message, Trade, ask
from tecla.errors import InputError, MissingExtraError

COUNT, PAGE, MEI, TIMES = b"C", b"P", b"M", b"T"
# Before the first page the whole score is laid out: 12 s for the 25,000 notes of a long suite.
VEROVIO: Final = Trade(
    "tecla.rendering.verovio_process", "verovio", "write .musicxml and open it in a notation program", most_sec=120, most_bytes=4 * 2**30
)
_LARGE: Final = 44  # letters of a title that go on a line in its usual size
_LONGEST_LINE: Final = 72
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


def ask_verovio(musicxml: str, follow: bool) -> Iterator[Message]:
    """The number of pages, each page as SVG text, and to `follow` them verovio's MEI and, as JSON, its map of what sounds when.

    Raises:
        MissingExtraError: verovio is not installed. InputError: it cannot read the score, or dies of it.
    """
    if find_spec("verovio") is None:
        raise missing("verovio")
    yield from ask(VEROVIO, "the score", {"follow": follow}, musicxml.encode())


def missing(package: str) -> MissingExtraError:
    """What to say without a package of the extra `score`."""
    return MissingExtraError(f"setting pages needs {package}: pip install 'tecla[score]', or write .musicxml instead")


def answer(request: dict[str, Any], body: bytes) -> Iterator[Message]:
    """The process's end."""
    toolkit = _toolkit()
    if not toolkit.loadData(body.decode()) or not toolkit.loadData(_with_heading(toolkit.getMEI())):
        raise InputError("verovio cannot read the score: write .musicxml and open it in a notation program")
    n_pages = toolkit.getPageCount()
    yield COUNT, str(n_pages).encode()
    for number in range(1, n_pages + 1):
        yield PAGE, toolkit.renderToSVG(number).encode()
    if request["follow"]:
        yield MEI, toolkit.getMEI().encode()
        yield TIMES, json.dumps(toolkit.renderToTimemap({"includeMeasures": False, "includeRests": False})).encode()


def _with_heading(mei: str) -> str:
    """The score in verovio's own format with a larger title, the composer below it, and a page number at the foot of each page."""
    titled = re.sub(r'(<pgHead[^>]*>\s*<rend [^>]*halign="center")([^>]*>)([^<]*)', _title, mei, count=1)
    titled = re.sub(r'(<rend [^>]*halign="right" valign=)"top"', r'\1"bottom"', titled, count=1)
    foot = '<pgFoot func="all"><rend halign="center"><num label="page">#</num></rend></pgFoot>'
    if "</pgHead>" in titled:
        return titled.replace("</pgHead>", "</pgHead>" + foot, 1)
    return re.sub(r"(<scoreDef[^>]*>)", rf"\1{foot}", titled, count=1)


def _title(found: re.Match[str]) -> str:
    """A title as large as goes on a line, or on as many as it needs."""
    before, after, title = found.groups()
    lines = wrap(title, _LONGEST_LINE, break_long_words=False) or [""]
    size = min(180, 180 * _LARGE // max(len(line) for line in lines))
    return f'{before} fontsize="{size}%"{after}{"<lb/>".join(lines)}'


@lru_cache(maxsize=1)
def _toolkit() -> Any:
    import verovio  # noqa: PLC0415

    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    toolkit.setOptions(dict(_OPTIONS))
    return toolkit
