"""The page that follows the sound: its drawings, when each of their notes sounds, and which played note each one is."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, NamedTuple
from xml.etree.ElementTree import Element

import numpy as np

from tecla.engraving import Engraving, Wishes, engrave_with_grid
from tecla.music import Performance
from tecla.music.notation import TimeSignature
from tecla.music.ruled import Ruled
from tecla.music.score import Score

_SVG: Final = "{http://www.w3.org/2000/svg}"
_SAME_SEC: Final = 1.0  # how far from where it was played a note may be written: grace notes, arpeggios, snapped rhythms


class _Head(NamedTuple):
    """A note head in the page, when it sounds, and as which key it was played."""

    sec: float
    id: str
    pitch: int


def engraved(performance: Performance, wishes: dict[str, Any], hands: str, ruled: Ruled | None = None) -> Engraving:
    """A version's page as a Score, with the bridge to its seconds; `ruled` is the time that its file has."""
    stated = Wishes(
        wishes.get("title") or "",
        wishes.get("composer") or "",
        TimeSignature.parse(wishes["time"]) if wishes.get("time") else None,
        wishes.get("key_fifths"),
        wishes.get("tempo_bpm"),
        wishes.get("level") or "faithful",
        wishes.get("barline_shift_beats") or 0,
        hands,
        wishes.get("swing") or False,
        transposed_to=wishes.get("transposed_to"),
        repeats=wishes.get("repeats") or False,
    )
    work = engrave_with_grid(performance, stated, ruled)
    octave = wishes.get("tempo_octave") or 0
    tempo_bpm = _printed_tempo(work.score)
    if not octave or tempo_bpm is None:
        return work
    return engrave_with_grid(performance, replace(stated, tempo_bpm=min(max(tempo_bpm * 2.0**octave, 10.0), 400.0)), ruled)


def followed_page(
    performance: Performance, wishes: dict[str, Any], hands: str, progress: Callable[[float], None], ruled: Ruled | None = None
) -> dict[str, Any]:
    """What the studio shows: SVG pages, `timemap` (when which elements sound), `notes` (element -> note), beats, key, metre and tempo.

    What is repeated sounds more than once: `notes` has the note of the first time, `again` those of the others. Bars are those played.

    Args:
        progress: called with the share that is done; finding the beats is counted as a third, laying out as another.
    """
    from tecla.io.xmlwriter import score_to_xml  # noqa: PLC0415
    from tecla.rendering.sheet import follow_pages  # noqa: PLC0415

    work = engraved(performance, wishes, hands, ruled)
    progress(1 / 3)
    pages, moments = follow_pages(score_to_xml(work.score), lambda done, of: progress((2 + done / (of + 1)) / 3))
    first = work.score.measures[0]
    pickup = float(first.time.bar_quarters - first.length) if len(performance) else 0.0
    seconds = work.beat_map.seconds_at([quarters + pickup for quarters, _ in moments]).tolist()
    page_of = {node.get("id"): number for number, page in enumerate(pages) for node in page.iter() if node.get("id")}
    heads = [_Head(sec, name, pitch - work.transposed_by) for sec, (_, ids) in zip(seconds, moments, strict=True) for name, pitch in ids]
    notes, again = _known_notes(performance, heads)
    return {
        "pages": [_text(page) for page in pages],
        "timemap": [
            {"sec": round(sec, 4), "page": page_of.get(ids[0][0], 0), "ids": [name for name, _ in ids]}
            for sec, (_, ids) in zip(seconds, moments, strict=True)
            if ids
        ],
        "notes": notes,
        "again": again,
        "beats_sec": np.round(work.beats_sec, 4).tolist(),
        "downbeats_sec": np.round(work.downbeats_sec, 4).tolist(),
        "time": str(first.time),
        "key_fifths": first.key_fifths,
        "tempo_bpm": _printed_tempo(work.score),
        "n_bars": len(work.grid.bars),
    }


def _printed_tempo(score: Score) -> float | None:
    """Quarters a minute as the page says them."""
    said = [told.value for measure in score.measures for told in measure.directions if told.kind == "tempo"]
    return float(said[0]) if said else score.tempo_bpm


def _known_notes(performance: Performance, heads: list[_Head]) -> tuple[dict[str, int], dict[str, list[int]]]:
    """Element id -> index of the played note, and -> those of its later times: of all of the same pitch the nearest in time, each once."""
    played: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for index, (onset_sec, pitch) in enumerate(
        zip(performance.notes["onset_sec"].tolist(), performance.notes["pitch"].tolist(), strict=True)
    ):
        played[pitch].append((onset_sec, index))
    near = ((at, head, sec, index) for at, head in enumerate(heads) for sec, index in _around(played[head.pitch], head.sec))
    pairs = sorted((abs(sec - head.sec), at, index) for at, head, sec, index in near)
    known: dict[int, int] = {}  # by the head's place in `heads`: what is repeated is there as often as it sounds
    taken: set[int] = set()
    for _, at, index in pairs:
        if at not in known and index not in taken:
            known[at] = index
            taken.add(index)
    first: dict[str, int] = {}
    again: dict[str, list[int]] = defaultdict(list)
    for at in sorted(known):
        if first.setdefault(heads[at].id, known[at]) != known[at]:
            again[heads[at].id].append(known[at])
    return first, again


def _around(played: list[tuple[float, int]], sec: float) -> list[tuple[float, int]]:
    """Notes near enough to be the one that is written; they rise in time."""
    return played[bisect_left(played, (sec - _SAME_SEC, -1)) : bisect_left(played, (sec + _SAME_SEC, -1))]


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
