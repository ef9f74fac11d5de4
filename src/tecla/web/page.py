"""The page that follows the sound: its drawings, when each of their notes sounds, and which played note each one is."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final
from xml.etree.ElementTree import Element

import numpy as np

from tecla.engraving import Engraving, Wishes, engrave_with_grid
from tecla.music import Performance
from tecla.music.notation import TimeSignature

_SVG: Final = "{http://www.w3.org/2000/svg}"
_SAME_QUARTERS: Final = 1.0  # how far from its place on the grid a note may be written: grace notes, arpeggios, snapped rhythms


def engraved(performance: Performance, wishes: dict[str, Any], hands: str) -> Engraving:
    """A version's page as a Score, with the bridge to its seconds."""
    stated = Wishes(
        wishes.get("title") or "",
        wishes.get("composer") or "",
        TimeSignature.parse(wishes["time"]) if wishes.get("time") else None,
        wishes.get("key_fifths"),
        wishes.get("tempo_bpm"),
        wishes.get("level") or "faithful",
    )
    return engrave_with_grid(performance, stated)


def followed_page(performance: Performance, wishes: dict[str, Any], hands: str) -> dict[str, Any]:
    """What the studio shows: SVG pages, `timemap` (when which elements sound), `notes` (element -> note), beats, key, metre and tempo."""
    from tecla.io.xmlwriter import score_to_xml  # noqa: PLC0415
    from tecla.rendering.sheet import follow_pages  # noqa: PLC0415

    work = engraved(performance, wishes, hands)
    pages, moments = follow_pages(score_to_xml(work.score))
    first = work.score.measures[0]
    pickup = float(first.time.bar_quarters - first.length) if len(performance) else 0.0
    seconds = work.beat_map.seconds_at([quarters + pickup for quarters, _ in moments]).tolist()
    page_of = {node.get("id"): number for number, page in enumerate(pages) for node in page.iter() if node.get("id")}
    timemap = [
        {"sec": round(sec, 4), "page": page_of.get(ids[0][0], 0), "ids": [name for name, _ in ids]}
        for sec, (_, ids) in zip(seconds, moments, strict=True)
        if ids
    ]
    return {
        "pages": [_text(page) for page in pages],
        "timemap": timemap,
        "notes": _known_notes(performance, work, [(quarters + pickup, ids) for quarters, ids in moments]),
        "beats_sec": np.round(work.beats_sec, 4).tolist(),
        "downbeats_sec": np.round(work.downbeats_sec, 4).tolist(),
        "time": str(first.time),
        "key_fifths": first.key_fifths,
        "tempo_bpm": work.score.tempo_bpm,
        "n_bars": len(work.score.measures),
    }


def _known_notes(performance: Performance, work: Engraving, moments: list[tuple[float, list[tuple[str, int]]]]) -> dict[str, int]:
    """Element id -> index of the played note: the nearest on the grid of the same pitch, each note once."""
    from tecla.engraving.metre import TICKS  # noqa: PLC0415

    waiting: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for index, (pitch, ticks) in enumerate(zip(performance.notes["pitch"].tolist(), work.grid.onset.tolist(), strict=True)):
        waiting[pitch].append((ticks / TICKS, index))
    heads = [(quarters, name, pitch) for quarters, ids in moments for name, pitch in ids]
    pairs = sorted(
        (abs(place - quarters), quarters, name, pitch, index)
        for quarters, name, pitch in heads
        for place, index in _around(waiting[pitch], quarters)
    )
    known: dict[str, int] = {}
    taken: set[int] = set()
    for _, _, name, _, index in pairs:
        if name not in known and index not in taken:
            known[name] = index
            taken.add(index)
    return known


def _around(places: list[tuple[float, int]], quarters: float) -> list[tuple[float, int]]:
    """Places near enough to be the same note; they rise."""
    from bisect import bisect_left  # noqa: PLC0415

    first = bisect_left(places, (quarters - _SAME_QUARTERS, -1))
    last = bisect_left(places, (quarters + _SAME_QUARTERS, len(places) + 10**9))
    return places[first:last]


def _text(page: Element) -> str:
    """SVG without style sheets, which the studio's content policy forbids, and without the blanks between elements."""
    from tecla.rendering.sheet import svg_text  # noqa: PLC0415

    for parent in page.iter():
        for child in list(parent):
            if child.tag == f"{_SVG}style":
                parent.remove(child)
            elif child.tail is not None and not child.tail.strip():
                child.tail = None
        if parent.text is not None and not parent.text.strip():
            parent.text = None
    return svg_text(page)
