import re
import zlib
from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("verovio")
pytest.importorskip("resvg_py")

from tecla.errors import InputError
from tecla.rendering.sheet import draw_pages, page_paths, set_sheet, svg_text

BAR = """<measure number="{n}">{head}<note><pitch><step>C</step><octave>5</octave></pitch><duration>4</duration><voice>1</voice>
<type>whole</type><staff>1</staff></note></measure>"""
HEAD = """<attributes><divisions>1</divisions><key><fifths>0</fifths></key><time><beats>4</beats><beat-type>4</beat-type></time>
<clef><sign>G</sign><line>2</line></clef></attributes>"""


def piece(bars: int = 4) -> str:
    measures = "".join(BAR.format(n=n + 1, head=HEAD if n == 0 else "") for n in range(bars))
    return (
        '<score-partwise version="4.0"><work><work-title>Étude</work-title></work>'
        '<part-list><score-part id="P1"><part-name>Piano</part-name>'
        f'</score-part></part-list><part id="P1">{measures}</part></score-partwise>'
    )


def test_pages_hold_no_text_that_a_font_must_draw() -> None:
    page = svg_text(draw_pages(piece())[0])
    assert "<text" not in page
    assert page.count("<path") > 10


def test_what_verovio_draws_and_hides_is_on_no_page() -> None:
    assert "<ellipse" not in svg_text(draw_pages(piece())[0])


def test_a_long_title_stays_on_the_page() -> None:
    credit = f'<credit page="1"><credit-words justify="center">{"Étude " * 40}</credit-words></credit>'
    page = svg_text(draw_pages(piece().replace("<part-list>", credit + "<part-list>"))[0])
    inner = max(float(width) for width in re.findall(r'viewBox="0 0 ([\d.]+)', page))
    margin, *letters = [float(x) for x in re.findall(r"translate\((-?[\d.]+), ", page)]
    assert margin + min(letters) > 0
    assert margin + max(letters) < inner


def test_the_composer_stands_below_a_title_however_long() -> None:
    title = '<credit page="1"><credit-words justify="center" valign="top">{}</credit-words></credit>'
    name = '<credit page="1"><credit-words justify="right" valign="top">{}</credit-words></credit>'
    head = title.format("Étude " * 12) + name.format("Étude " * 6)
    page = svg_text(draw_pages(piece().replace("<part-list>", head + "<part-list>"))[0])
    lines = Counter(re.findall(r"translate\(-?[\d.]+, ([\d.]+)\)", page[page.index("pgHead") : page.index("pgFoot")]))
    assert list(lines.values()) == [60, 30]  # letters on two lines: none of the one on the other's


def test_formats() -> None:
    (pdf,) = set_sheet(piece(), ".pdf", "Étude")
    (png,) = set_sheet(piece(), ".png")
    (svg,) = set_sheet(piece(), ".svg")
    assert pdf.startswith(b"%PDF-1.4")
    assert pdf.rstrip().endswith(b"%%EOF")
    assert png.startswith(b"\x89PNG")
    assert b"<svg" in svg


def test_a_pdf_says_where_its_objects_are() -> None:
    (pdf,) = set_sheet(piece(400), ".pdf", "Long")
    places = [int(place) for place in re.findall(rb"(\d{10}) 00000 n", pdf)]
    assert all(pdf[place:].startswith(f"{number} 0 obj".encode()) for number, place in enumerate(places, 1))
    pages = int(re.search(rb"/Count (\d+)", pdf)[1])
    assert pages == len(set_sheet(piece(400), ".svg")) > 1
    streams = re.findall(rb"stream\n(.*?)\nendstream", pdf, re.S)
    assert all(b" m" in zlib.decompress(stream) for stream in streams)


def test_page_names(tmp_path: Path) -> None:
    assert [p.name for p in page_paths(tmp_path / "a.png", 3)] == ["a.png", "a-2.png", "a-3.png"]


def test_what_verovio_cannot_read() -> None:
    with pytest.raises(InputError, match="verovio"):
        set_sheet("<nothing/>", ".svg")
