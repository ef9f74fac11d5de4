"""Going on from a version, and two versions side by side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest

if TYPE_CHECKING:
    from tests.web.conftest import Server

WALTZ = Path(__file__).parents[2] / "demo" / "evening-waltz.mid"


@pytest.fixture
def waltz(studio: Server) -> Iterator[str]:
    take = studio.hand_in(WALTZ)["take"]["id"]
    yield take
    studio.http.delete(f"/api/takes/{take}")


@pytest.mark.parametrize("model", ["performance", "chorales"])
def test_a_continuation_keeps_what_was_played(studio: Server, waltz: str, model: str) -> None:
    asked = {"from_sec": 4.0, "to_sec": 10.0, "seconds": 3.0, "seed": 7, "model": model}
    job = studio.http.post(f"/api/takes/{waltz}/versions/1/continue", json=asked)
    assert job.status_code == 202
    done = studio.wait(job.json()["id"])
    assert done["state"] == "done", done
    result = done["result"]
    before = studio.http.get(f"/api/takes/{waltz}/versions/1").json()
    after = studio.http.get(f"/api/takes/{waltz}/versions/{result['version']}").json()
    assert (after["what"], after["parent"], after["new_from_sec"]) == ("continuation", 1, result["new_from_sec"])
    kept = [note for note in before["notes"] if note["onset_sec"] < 10.0]
    assert after["notes"][: len(kept)] == kept
    new = [note["onset_sec"] for note in after["notes"][len(kept) :]]
    assert new
    assert min(new) == pytest.approx(result["new_from_sec"])
    assert 8.0 < result["new_from_sec"] < 14.0
    assert max(new) < result["new_from_sec"] + 6.0
    assert studio.http.delete(f"/api/takes/{waltz}/versions/{result['version']}").status_code == 204
    assert studio.http.delete(f"/api/takes/{waltz}/versions/1").json()["error"]["code"] == "last-version"


def test_what_cannot_be_continued_is_said(studio: Server, waltz: str) -> None:
    address = f"/api/takes/{waltz}/versions/1/continue"
    assert studio.http.post(address, json={"to_sec": 5.0, "model": "nobody"}).json()["error"]["code"] == "no-model"
    assert studio.http.post(address, json={"from_sec": 5.0, "to_sec": 5.0}).status_code == 422
    silent = studio.wait(studio.http.post(address, json={"from_sec": 900.0, "to_sec": 901.0}).json()["id"])
    assert silent["state"] == "failed"
    assert "nothing is played" in silent["error"]["message"]


def test_two_versions_side_by_side(studio: Server, waltz: str) -> None:
    first = studio.http.get(f"/api/takes/{waltz}/versions/1").json()
    invented = {"onset_sec": 2.0, "offset_sec": 2.5, "pitch": 25, "velocity": 60, "confidence": 1.0, "hand": None}
    later = [note | {"onset_sec": note["onset_sec"] + 0.07, "offset_sec": note["offset_sec"] + 0.07} for note in first["notes"][5:]]
    edited = {"parent": 1, "notes": [*later, invented], "pedals": []}
    version = studio.http.post(f"/api/takes/{waltz}/versions", json=edited).json()["version"]
    query = {"reference_take": waltz, "reference_version": 1}
    found = studio.http.get(f"/api/takes/{waltz}/versions/{version}/compare", params=query).json()
    assert found["misses"] == [0, 1, 2, 3, 4]
    notes = studio.http.get(f"/api/takes/{waltz}/versions/{version}").json()["notes"]
    assert [notes[index]["pitch"] for index in found["inventions"]] == [25]
    assert len(found["hits"]) == len(later)
    assert all(found["reference_notes"][a]["pitch"] == notes[b]["pitch"] for a, b in found["hits"])
    assert found["shift_sec"] == pytest.approx(0.02)
    recall, precision = 170 / 175, 170 / 171
    assert found["metrics"]["recall"] == pytest.approx(recall)
    assert found["metrics"]["f1"] == pytest.approx(2 * recall * precision / (recall + precision))


def test_the_tempo_moves_by_octaves(studio: Server, waltz: str) -> None:
    first = studio.http.get(f"/api/takes/{waltz}/versions/1").json()
    notes = {"notes": first["notes"], "pedals": first["pedals"]}
    plain = studio.http.post(f"/api/takes/{waltz}/page", json=notes).json()
    double = studio.http.post(f"/api/takes/{waltz}/page", json=notes | {"wishes": {"tempo_octave": 1}}).json()
    assert double["tempo_bpm"] == pytest.approx(2 * plain["tempo_bpm"], rel=0.02)
    assert len(double["beats_sec"]) > len(plain["beats_sec"])
    assert not list((studio.library / "inbox").iterdir())


def test_the_page_moves_to_another_key_and_the_notes_stay(studio: Server, waltz: str) -> None:
    base = f"/api/takes/{waltz}/versions"
    first = studio.http.get(f"{base}/1").json()
    notes = {"notes": first["notes"], "pedals": first["pedals"]}
    plain = studio.http.post(f"/api/takes/{waltz}/page", json=notes).json()
    moved = studio.http.post(f"/api/takes/{waltz}/page", json=notes | {"wishes": {"transposed_to": 3}}).json()  # G becomes A
    assert (plain["key_fifths"], moved["key_fifths"]) == (1, 3)
    assert moved["beats_sec"] == plain["beats_sec"]
    assert len(moved["notes"]) == len(plain["notes"])  # a head still knows the note that was played
    assert set(moved["notes"].values()) == set(plain["notes"].values())
    assert studio.http.post(f"/api/takes/{waltz}/page", json=notes | {"wishes": {"transposed_to": 8}}).status_code == 422
    kept = studio.http.post(base, json=notes | {"parent": 1, "wishes": {"transposed_to": 3}}).json()["version"]
    version = studio.http.get(f"{base}/{kept}").json()
    assert version["wishes"]["transposed_to"] == 3
    assert version["notes"] == first["notes"]
    score = ElementTree.fromstring(studio.http.get(f"{base}/{kept}/export.musicxml").text)
    assert {key.text for key in score.iter("fifths")} == {"3"}
    assert studio.http.delete(f"{base}/{kept}").status_code == 204


def test_a_page_has_its_takes_name_its_composer_and_swing(studio: Server, waltz: str) -> None:
    base = f"/api/takes/{waltz}"
    first = studio.http.get(f"{base}/versions/1").json()
    notes = {"notes": first["notes"], "pedals": first["pedals"]}
    assert letters_above(studio.http.get(f"{base}/versions/1/page").json()) == len("evening-waltz")
    assert letters_above(studio.http.post(f"{base}/page", json=notes).json()) == len("evening-waltz")
    assert "evening-waltz" in studio.http.get(f"{base}/versions/1/export.musicxml").text
    assert studio.http.patch(base, json={"name": "Morning"}).status_code == 200
    assert letters_above(studio.http.get(f"{base}/versions/1/page").json()) == len("Morning")
    assert "Morning" in studio.http.get(f"{base}/versions/1/export.musicxml").text
    assert studio.http.get(f"{base}/versions/1").json()["beats_ready"]
    wishes = {"swing": True, "composer": "Nobody"}
    assert letters_above(studio.http.post(f"{base}/page", json=notes | {"wishes": wishes}).json()) == len("MorningNobody")
    kept = studio.http.post(f"{base}/versions", json=notes | {"parent": 1, "wishes": wishes}).json()["version"]
    text = studio.http.get(f"{base}/versions/{kept}/export.musicxml").text
    assert "Swing" in text
    assert "Nobody" in text


def letters_above(page: dict[str, Any]) -> int:
    """How many letters are drawn above a page's music."""
    nodes = ElementTree.fromstring(page["pages"][0]).iter()
    return sum(len(list(node.iter("{http://www.w3.org/2000/svg}path"))) for node in nodes if node.get("class") == "pgHead")


def test_the_pianist_is_offered_first(studio: Server) -> None:
    assert [model["name"] for model in studio.http.get("/api/about").json()["models"]["generation"]] == ["performance", "chorales"]


def test_a_metre_too_fine_to_count_is_refused(studio: Server, waltz: str) -> None:
    first = studio.http.get(f"/api/takes/{waltz}/versions/1").json()
    asked = {time: {"notes": first["notes"], "pedals": [], "wishes": {"time": time}} for time in ("3/16", "3/32", "5/64")}
    answers = {time: studio.http.post(f"/api/takes/{waltz}/page", json=body) for time, body in asked.items()}
    assert {time: answer.status_code for time, answer in answers.items()} == {"3/16": 200, "3/32": 422, "5/64": 422}
    assert answers["3/16"].json()["time"] == "3/16"
    assert answers["5/64"].json()["error"]["message"].startswith("body.wishes.time: ")


def test_hands_and_bar_lines_are_obeyed(studio: Server, waltz: str) -> None:
    first = studio.http.get(f"/api/takes/{waltz}/versions/1").json()
    notes = {"notes": first["notes"], "pedals": first["pedals"]}
    plain = studio.http.post(f"/api/takes/{waltz}/page", json=notes).json()
    moved = studio.http.post(f"/api/takes/{waltz}/page", json=notes | {"wishes": {"barline_shift_beats": 1}}).json()
    assert moved["beats_sec"][-5:] == plain["beats_sec"][-5:]
    later = [plain["beats_sec"][plain["beats_sec"].index(sec) + 1] for sec in plain["downbeats_sec"][2:-2]]
    assert set(later) <= set(moved["downbeats_sec"])
    left = {"notes": [note | {"hand": "left"} for note in first["notes"]], "pedals": [], "parent": 1}
    version = studio.http.post(f"/api/takes/{waltz}/versions", json=left).json()["version"]
    text = studio.http.get(f"/api/takes/{waltz}/versions/{version}/export.musicxml").text
    score = ElementTree.fromstring(text)
    staves = {note.findtext("staff") for note in score.iter("note") if note.find("pitch") is not None}
    assert staves == {"2"}
