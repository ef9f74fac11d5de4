"""What is played twice, written once: the page follows the sound both times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest

if TYPE_CHECKING:
    from tests.web.conftest import Server

HEAD = "X:1\nT:Twice\nM:4/4\nL:1/4\nQ:1/4=92\nK:G\n"
TUNE = "|:GABc|d2B2|ecAc|B2G2|FGAB|c2A2|dcBA|G4:|\n"
ENDINGS = "D|:GABc|d2B2|ecAc|B2G2|FGAB|c2A2|dcBA|1 G2GD:|2 G3|\n"
SVG = "{http://www.w3.org/2000/svg}"


def page_and_notes(studio: Server, tune: str, wishes: dict[str, Any]) -> tuple[str, dict[str, Any], list[dict[str, Any]]]:
    """A tune's take, its page as `wishes` have it, and what was played."""
    handed = studio.http.post("/api/takes", files={"file": ("twice.abc", (HEAD + tune).encode())})
    base = f"/api/takes/{handed.json()['take']['id']}"
    notes = studio.http.get(f"{base}/versions/1").json()["notes"]
    page = studio.http.post(f"{base}/page", json={"notes": notes, "pedals": [], "wishes": wishes})
    assert page.status_code == 200, page.text
    return base, page.json(), notes


@pytest.mark.parametrize(("tune", "bars", "heads", "heard_twice"), [(TUNE, 16, 23, 23), (ENDINGS, 17, 27, 22)])
def test_every_note_of_a_tune_that_is_played_twice_is_found_on_its_page(
    studio: Server, tune: str, bars: int, heads: int, heard_twice: int
) -> None:
    _, page, notes = page_and_notes(studio, tune, {"repeats": True})
    first, again = page["notes"], page["again"]
    assert (len(first), len(again)) == (heads, heard_twice)
    assert sorted([*first.values(), *(index for later in again.values() for index in later)]) == list(range(len(notes)))
    for name, (later,) in again.items():
        assert later > first[name]
        assert notes[later]["pitch"] == notes[first[name]]["pitch"]
    drawn = {node.get("id") for text in page["pages"] for node in ElementTree.fromstring(text).iter(f"{SVG}g")}
    assert first.keys() <= drawn
    assert (page["n_bars"], len(page["downbeats_sec"])) == (bars, bars)  # as played: the roll counts them


def test_the_page_follows_the_sound_through_a_repeat(studio: Server) -> None:
    _, page, notes = page_and_notes(studio, TUNE, {"repeats": True})
    assert [moment["sec"] for moment in page["timemap"]] == pytest.approx([note["onset_sec"] for note in notes], abs=1e-3)
    lit = [page["notes"][moment["ids"][0]] for moment in page["timemap"]]
    assert lit == [*range(23), *range(23)]


def test_repeats_are_a_versions_own_and_in_its_exports(studio: Server) -> None:
    base, plain, notes = page_and_notes(studio, TUNE, {})
    assert (plain["again"], len(plain["notes"])) == ({}, len(notes))
    edited = {"parent": 1, "notes": notes, "pedals": [], "wishes": {"repeats": True}}
    assert studio.http.post(f"{base}/versions", json=edited).json()["version"] == 2
    assert studio.http.get(f"{base}/versions/2").json()["wishes"]["repeats"]
    assert len(studio.http.get(f"{base}/versions/2/page").json()["notes"]) == 23
    scores = [ElementTree.fromstring(studio.http.get(f"{base}/versions/{number}/export.musicxml").text) for number in (1, 2)]
    assert [len(list(score.iter("measure"))) for score in scores] == [16, 8]
    assert [[sign.get("direction") for sign in score.iter("repeat")] for score in scores] == [[], ["backward"]]
