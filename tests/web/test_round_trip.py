"""From a file to a page, a correction and a download, over HTTP."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile

from tecla import workbench
from tecla.evaluation import notes as note_metrics

if TYPE_CHECKING:
    from tests.web.conftest import Server

DEMO = Path(__file__).parents[2] / "demo"
WALTZ, SOUND = DEMO / "evening-waltz.mid", DEMO / "evening-waltz.ogg"


@pytest.fixture(scope="module")
def heard(studio: Server) -> str:
    added = studio.hand_in(SOUND)
    job = studio.wait(added["job"]["id"])
    assert (job["state"], job["progress"], job["result"]["version"]) == ("done", 1.0, 1)
    return str(added["take"]["id"])


@pytest.fixture(scope="module")
def waltz(studio: Server) -> str:
    added = studio.hand_in(WALTZ)
    assert added["job"] is None
    assert (added["take"]["status"], added["take"]["kind"]) == ("ready", "notes")
    return str(added["take"]["id"])


def test_a_recording_is_heard_as_it_was_played(studio: Server, heard: str, tmp_path: Path) -> None:
    file = studio.http.get(f"/api/takes/{heard}/versions/1/export.mid")
    assert file.headers["content-disposition"] == 'attachment; filename="evening-waltz.mid"'
    (tmp_path / "heard.mid").write_bytes(file.content)
    metrics = note_metrics.evaluate(workbench.load(WALTZ), workbench.load(tmp_path / "heard.mid"))
    assert metrics.onset.f1 > 0.9


def test_notes_come_as_they_were_handed_in(studio: Server, waltz: str) -> None:
    version = studio.http.get(f"/api/takes/{waltz}/versions/1").json()
    played = workbench.load(WALTZ)
    assert [note["pitch"] for note in version["notes"]] == played.notes["pitch"].tolist()
    assert np.allclose([note["onset_sec"] for note in version["notes"]], played.notes["onset_sec"], atol=1e-6)
    assert len(version["pedals"]) == len(played.controls)
    assert version["wishes"]["level"] == "faithful" if version["wishes"] else True


def test_the_page_follows_the_sound(studio: Server, waltz: str) -> None:
    page = studio.http.get(f"/api/takes/{waltz}/versions/1/page").json()
    notes = studio.http.get(f"/api/takes/{waltz}/versions/1").json()["notes"]
    trees = [ElementTree.fromstring(svg) for svg in page["pages"]]
    ids = [{node.get("id") for node in tree.iter()} for tree in trees]
    assert not any(node.tag.endswith("style") for tree in trees for node in tree.iter())
    seconds = [moment["sec"] for moment in page["timemap"]]
    assert seconds == sorted(seconds)
    assert all(name in ids[moment["page"]] for moment in page["timemap"] for name in moment["ids"])
    assert len(page["notes"]) > 0.95 * len(notes)
    assert len(set(page["notes"].values())) == len(page["notes"])
    sounding = {name: moment["sec"] for moment in page["timemap"] for name in moment["ids"]}
    apart = [abs(sounding[name] - notes[index]["onset_sec"]) for name, index in page["notes"].items()]
    assert np.median(apart) < 0.05


def test_a_correction_is_a_version_of_its_own(studio: Server, waltz: str) -> None:
    base = f"/api/takes/{waltz}/versions"
    first = studio.http.get(f"{base}/1").json()
    edited = [note | {"hand": "left" if note["pitch"] < 60 else None} for note in first["notes"][1:]]
    wishes = {"title": "Vals", "time": "3/4", "key_fifths": 1}
    added = studio.http.post(base, json={"parent": 1, "notes": edited[::-1], "pedals": [], "wishes": wishes})
    assert added.status_code == 201, added.text
    version = studio.http.get(f"{base}/{added.json()['version']}").json()
    assert version["notes"] == edited
    assert (version["parent"], version["what"], version["pedals"]) == (1, "edit", [])
    assert version["wishes"]["time"] == "3/4"
    assert studio.http.get(f"{base}/1").json()["notes"] == first["notes"]
    page = studio.http.get(f"{base}/{version['version']}/page").json()
    assert (page["time"], page["key_fifths"]) == ("3/4", 1)
    assert [row["version"] for row in studio.http.get(base).json()][:1] == [1]


@pytest.mark.parametrize("suffix", ["mid", "json", "csv", "musicxml", "mxl", "pdf", "svg", "png", "flac"])
def test_exports_are_what_they_say(studio: Server, waltz: str, suffix: str, tmp_path: Path) -> None:
    file = studio.http.get(f"/api/takes/{waltz}/versions/1/export.{suffix}")
    assert file.status_code == 200, file.text
    got = file.headers["content-disposition"].rsplit(".", 1)[-1].strip('"')
    target = tmp_path / f"got.{got}"
    target.write_bytes(file.content)
    if suffix in ("mid", "json", "csv"):
        assert len(workbench.load(target)) == len(workbench.load(WALTZ))
    elif suffix in ("musicxml", "mxl"):
        assert len(workbench.play(target)) > 150
    elif suffix == "flac":
        assert 38 < soundfile.info(target).duration < 60
    elif suffix in ("svg", "png") and got == "zip":
        assert len(zipfile.ZipFile(io.BytesIO(file.content)).namelist()) > 1
    else:
        assert file.content.startswith({"pdf": b"%PDF", "svg": b"<svg", "png": b"\x89PNG"}[suffix])


def test_sound_can_be_asked_for_in_pieces(studio: Server, heard: str) -> None:
    whole = studio.http.get(f"/api/takes/{heard}/sound")
    piece = studio.http.get(f"/api/takes/{heard}/sound", headers={"Range": "bytes=100-199"})
    assert whole.headers["content-type"] == "audio/flac"
    assert piece.status_code == 206
    assert piece.content == whole.content[100:200]
    assert soundfile.info(io.BytesIO(whole.content)).duration == pytest.approx(workbench.open_sound(SOUND).duration_sec, abs=0.01)


def test_the_spectrogram_lies_on_the_rolls_axes(studio: Server, heard: str) -> None:
    from PIL import Image

    picture = np.asarray(Image.open(io.BytesIO(studio.http.get(f"/api/takes/{heard}/spectrogram.png").content)))
    version = studio.http.get(f"/api/takes/{heard}/versions/1").json()
    assert picture.shape[0] == 352
    assert picture.shape[1] == pytest.approx(50 * studio.http.get(f"/api/takes/{heard}").json()["duration_sec"], abs=2)
    sure = [note for note in version["notes"] if note["confidence"] > 0.9 and note["offset_sec"] - note["onset_sec"] > 0.3]
    lit = [_brightness(picture, note["pitch"], note["onset_sec"] + 0.1) for note in sure]
    beside = [_brightness(picture, note["pitch"] + 6, note["onset_sec"] + 0.1) for note in sure]
    assert np.mean(lit) > np.mean(beside) + 40


def _brightness(picture: np.ndarray, pitch: float, sec: float) -> float:
    top = int((108 - pitch) * 4)
    return float(picture[max(top, 0) : top + 4, int(sec * 50)].max())
