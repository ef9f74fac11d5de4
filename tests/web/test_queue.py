"""The queue: many at once, stopped, restarted, refused; nothing is lost, and nothing comes twice."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import numpy as np
import pytest
import soundfile

from tecla.errors import OptionError
from tecla.web import serve

if TYPE_CHECKING:
    from tests.web.conftest import Server

    Start = Callable[..., Server]

WALTZ = Path(__file__).parents[2] / "demo" / "evening-waltz.mid"
RATE = 16_000


@pytest.fixture
def silence(tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "silence.wav", np.zeros(RATE), RATE)
    return tmp_path / "silence.wav"


@pytest.fixture
def long(tmp_path: Path) -> Path:
    """Ten minutes of noise: longer than any test waits."""
    noise = np.random.default_rng(0).normal(0, 0.1, RATE)
    soundfile.write(tmp_path / "long.wav", np.tile(noise, 600), RATE)
    return tmp_path / "long.wav"


def children(server: Server) -> set[str]:
    """The processes that a server has started."""
    tasks = Path(f"/proc/{server.process.pid}/task")
    if not tasks.exists():
        pytest.skip("only Linux tells a process's children")
    return {child for task in tasks.iterdir() for child in (task / "children").read_text().split()}


def alive(process: str) -> bool:
    """Whether a process still runs; one that has ended may wait for its parent to hear of it."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_fifty_jobs_lose_nothing_over_a_crash(start: Start, silence: Path, long: Path) -> None:
    first = start()
    blockers = [first.hand_in(long)["job"]["id"] for _ in range(4)]  # as many as there can be workers
    waiting = [first.hand_in(silence, f"take {number}.wav") for number in range(50)]
    states = {job["id"]: job["state"] for job in first.http.get("/api/jobs").json()}
    assert [states[one["job"]["id"]] for one in waiting] == ["queued"] * 50
    first.wait(blockers[0], "running")
    first.stop(signal.SIGKILL)

    second = start(first.library)
    assert all(second.http.get(f"/api/jobs/{job}").json()["state"] in ("queued", "running") for job in blockers)
    for job in blockers:
        second.http.delete(f"/api/jobs/{job}")
    for one in waiting:
        assert second.wait(one["job"]["id"])["state"] == "done"
    takes = {take["id"]: take for take in second.http.get("/api/takes").json()}
    assert len(takes) == 54
    assert [takes[one["take"]["id"]]["name"] for one in waiting] == [f"take {number}" for number in range(50)]
    for one in waiting:
        assert [row["version"] for row in second.http.get(f"/api/takes/{one['take']['id']}/versions").json()] == [1]


def test_cancelling_ends_the_process(studio: Server, long: Path, silence: Path) -> None:
    added = studio.hand_in(long)
    job = added["job"]["id"]
    studio.wait(job, "running")
    before = children(studio)
    assert studio.http.delete(f"/api/jobs/{job}").json()["state"] == "cancelled"
    assert len(before - children(studio)) == 1
    assert studio.http.delete(f"/api/jobs/{job}").json()["error"]["code"] == "job-ended"
    assert studio.http.get(f"/api/takes/{added['take']['id']}").json()["status"] == "cancelled"
    assert studio.wait(studio.hand_in(silence)["job"]["id"])["state"] == "done"
    again = studio.http.post(f"/api/takes/{added['take']['id']}/transcribe")
    assert again.status_code == 202
    assert studio.http.post(f"/api/takes/{added['take']['id']}/transcribe").json()["error"]["code"] == "already-heard"
    assert studio.http.delete(f"/api/takes/{added['take']['id']}").status_code == 204


def test_a_take_that_has_a_version_is_heard_again_but_not_twice_at_once(start: Start, silence: Path, long: Path) -> None:
    server = start()
    take = server.hand_in(silence)
    server.wait(take["job"]["id"])
    address = f"/api/takes/{take['take']['id']}"
    blockers = [server.hand_in(long)["job"]["id"] for _ in range(4)]  # as many as there can be workers
    server.wait(blockers[0], "running")
    going_on = server.http.post(f"{address}/versions/1/continue", json={"to_sec": 1.0}).json()["id"]
    assert server.http.get(f"/api/jobs/{going_on}").json()["state"] == "queued"
    again = server.http.post(f"{address}/transcribe")  # what else is done with it does not matter
    assert again.status_code == 202
    assert server.http.post(f"{address}/transcribe").json()["error"]["code"] == "already-heard"  # the take is ready, and heard again
    for job in (going_on, again.json()["id"]):
        assert server.http.delete(f"/api/jobs/{job}").status_code == 202
    assert server.http.post(f"{address}/transcribe").status_code == 202


def test_deleting_a_take_ends_what_is_done_with_it(studio: Server, long: Path) -> None:
    added = studio.hand_in(long)
    studio.wait(added["job"]["id"], "running")
    before = children(studio)
    assert studio.http.delete(f"/api/takes/{added['take']['id']}").status_code == 204
    assert len(before - children(studio)) == 1
    assert studio.http.get(f"/api/jobs/{added['job']['id']}").status_code == 404
    assert not (studio.library / "takes" / added["take"]["id"]).exists()


def test_ten_at_once(studio: Server, silence: Path) -> None:
    with ThreadPoolExecutor(10) as pool:
        added = list(pool.map(lambda number: studio.hand_in(silence, f"at once {number}.wav"), range(10)))
    assert {studio.wait(one["job"]["id"])["state"] for one in added} == {"done"}
    found = studio.http.get("/api/takes", params={"search": "AT ONCE"}).json()
    assert {take["id"] for take in found} == {one["take"]["id"] for one in added}


def test_what_is_damaged_is_refused_in_one_line(studio: Server, tmp_path: Path) -> None:
    before = studio.http.get("/api/takes").json()
    damaged = {
        "noise.wav": b"RIFF\xff\xff\xff\xffWAVE" + bytes(range(256)) * 40,
        "empty.mp3": b"",
        "words.mp3": b"this is no sound " * 100,
        "broken.mid": b"MThd\0\0\0\x06\0\1\0\2\1\xe0MTrk\0\0\xff\xff",
        "broken.mxl": b"PK\x03\x04" + b"\0" * 60,
        "broken.json": b'{"notes": [{"onset_sec": "soon"}]}',
        "broken.musicxml": b"<?xml version='1.0'?><score-partwise><part>",
        "list.wav": b"#EXTM3U\nhttp://127.0.0.1/secret\n",
    }
    for name, content in damaged.items():
        answer = studio.http.post("/api/takes", files={"file": (name, content)})
        assert answer.status_code == 422, name
        error = answer.json()["error"]
        assert error["code"] == "unreadable"
        assert "\n" not in error["message"]
        assert error["message"].startswith(name)
        assert str(studio.library) not in error["message"]
    assert studio.http.get("/api/takes").json() == before
    assert len(list((studio.library / "takes").iterdir())) == len(before)
    assert not list((studio.library / "inbox").iterdir())


def test_a_kind_is_known_by_content(studio: Server, tmp_path: Path) -> None:
    tune = b"X:1\nT:Scale\nM:4/4\nL:1/4\nK:C\nCDEF|GABc|\n"
    added = studio.http.post("/api/takes", files={"file": ("scale.mp3", tune)}, data={"name": "Scale"}).json()["take"]
    assert (added["name"], added["kind"], added["n_notes"], added["status"]) == ("Scale", "score", 8, "ready")
    assert studio.http.get(f"/api/takes/{added['id']}/versions/1/export.abc").content == tune
    assert studio.http.get(f"/api/takes/{added['id']}/sound").json()["error"]["code"] == "no-sound"
    page = studio.http.get(f"/api/takes/{added['id']}/versions/1/page").json()
    assert (page["time"], page["n_bars"]) == ("4/4", 2)  # as the tune has them: nothing is listened for


def test_a_recording_that_does_not_say_how_long_it_is(studio: Server, tmp_path: Path) -> None:
    """As browsers' recorders and streams write them: nothing can be filled in afterwards."""
    import av

    class Pipe:
        def __init__(self) -> None:
            self.bytes = b""

        def write(self, data: bytes) -> int:
            self.bytes += data
            return len(data)

    pipe = Pipe()
    with av.open(pipe, "w", format="webm") as container:
        stream = container.add_stream("libopus", rate=48_000)
        noise = np.random.default_rng(0).normal(0, 0.1, (1, 3 * 48_000)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(noise, format="flt", layout="mono")
        frame.sample_rate = 48_000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    added = studio.http.post("/api/takes", files={"file": ("recording.webm", pipe.bytes)}).json()
    assert added["take"]["duration_sec"] == 0
    assert studio.wait(added["job"]["id"])["state"] == "done"
    assert studio.http.get(f"/api/takes/{added['take']['id']}").json()["duration_sec"] == pytest.approx(3, abs=0.1)
    sound = studio.http.get(f"/api/takes/{added['take']['id']}/sound")
    assert sound.headers["content-type"] == "audio/flac"


def test_one_library_one_studio(studio: Server) -> None:
    command = [sys.executable, "-m", "tecla.cli", "studio", "--port", "0", "--no-browser", "--library", str(studio.library)]
    second = subprocess.run(command, capture_output=True, text=True, check=False, env=studio.environment)
    assert second.returncode == 2
    assert "is open in another studio" in second.stderr


def test_a_library_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OptionError, match=r"the library .*file/studio cannot be written \(Not a directory\)"):
        serve.serve("127.0.0.1", 0, tmp_path / "file" / "studio", open_browser=False)
    (tmp_path / "lock.sqlite").mkdir()
    with pytest.raises(OptionError, match="cannot be written"):
        serve.serve("127.0.0.1", 0, tmp_path, open_browser=False)


def test_what_fails_in_a_studio_is_not_blamed_on_another(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError, match="disk is full"), serve._alone(tmp_path):
        raise sqlite3.OperationalError("database or disk is full")


def test_news_are_told(studio: Server, silence: Path) -> None:
    with studio.http.stream("GET", "/api/events") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "retry: 1000"
        job = studio.hand_in(silence)["job"]["id"]
        heard = []
        for line in lines:
            heard.append(line)
            if '"state": "done"' in line:
                break
    assert any(line == "event: job" for line in heard)
    assert any(line == "event: take" for line in heard)
    assert job in heard[-1]


def test_a_studio_stops_without_a_word(start: Start, long: Path) -> None:
    server = start()
    server.wait(server.hand_in(long)["job"]["id"], "running")
    take = server.hand_in(WALTZ)["take"]["id"]
    with server.http.stream("GET", "/api/events") as stream, ThreadPoolExecutor(1) as pool:
        lines = stream.iter_lines()
        next(lines)
        page = pool.submit(server.http.get, f"/api/takes/{take}/versions/1/page")
        time.sleep(0.3)
        working = children(server)
        server.process.send_signal(signal.SIGINT)
        for _ in lines:  # until the stream ends
            continue
        with suppress(httpx.TransportError):  # where the request came too late
            assert page.result().status_code in (200, 503)
    server.process.wait(120)
    assert server.errors() == ""
    until = time.monotonic() + 60
    while any(map(alive, working)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(alive, working))
