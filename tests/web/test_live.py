"""Live: a recording as microphone, block by block."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tecla import workbench
from tecla.evaluation import notes as note_metrics
from tecla.music import Performance

if TYPE_CHECKING:
    from tests.web.conftest import Server

DEMO = Path(__file__).parents[2] / "demo"
RATE, HEARD_SEC = 16_000, 12.0


def listen(studio: Server, blocks: list[bytes], rate: int = RATE) -> list[dict]:
    address = studio.url.replace("http", "ws") + "api/live"
    with connect(address, proxy=None, origin=studio.url.rstrip("/")) as socket:
        socket.send(json.dumps({"sample_rate": rate}))
        news = [json.loads(socket.recv(60))]
        for block in blocks:
            socket.send(block)
        socket.send(json.dumps({"stop": True}))
        while not news[-1].get("done"):
            news.append(json.loads(socket.recv(60)))
    return news


def test_a_stream_is_heard_as_it_was_played(studio: Server) -> None:
    sound = np.concatenate(list(workbench.open_sound(DEMO / "evening-waltz.ogg").blocks()))[: int(HEARD_SEC * RATE)]
    news = listen(studio, [block.astype("<f4").tobytes() for block in np.array_split(sound, 240)])
    assert news[0] == {"ready": True}
    assert [one["heard_sec"] for one in news[1:]] == sorted(one["heard_sec"] for one in news[1:])
    assert news[-1]["heard_sec"] == pytest.approx(HEARD_SEC, abs=0.1)
    told = [note for one in news[1:] for note in one["notes"]]
    begun = {note["id"]: note for note in told if note["offset_sec"] is None}
    ended = {note["id"]: note for note in told if note["offset_sec"] is not None}
    assert begun.keys() == ended.keys()
    columns = [[note[name] for note in ended.values()] for name in ("onset_sec", "offset_sec", "pitch", "velocity")]
    played = workbench.load(DEMO / "evening-waltz.mid")
    played = Performance(played.notes[played.notes["onset_sec"] < HEARD_SEC - 0.2])
    assert note_metrics.evaluate(played, Performance.from_arrays(*columns)).onset.f1 > 0.85


def test_odd_streams_end_in_peace(studio: Server) -> None:
    wild = np.full(RATE, np.nan, "<f4")
    wild[::3], wild[1::3] = np.inf, 1e30
    assert listen(studio, [wild.tobytes()], 44_100)[-1]["done"]
    assert listen(studio, [])[-1]["notes"] == []
    address = studio.url.replace("http", "ws") + "api/live"
    for first in ('{"sample_rate": 1}', "nonsense", '{"sample_rate": 16000, "secret": 1}', b"\0\0\0\0"):
        with connect(address, proxy=None) as socket:
            socket.send(first)
            with pytest.raises(ConnectionClosed):
                socket.recv(60)
    with connect(address, proxy=None) as socket:  # a browser that goes away
        socket.send('{"sample_rate": 16000}')
    assert studio.http.get("/api/about").status_code == 200


def test_listeners_are_few(studio: Server) -> None:
    address = studio.url.replace("http", "ws") + "api/live"
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(connect(address, proxy=None))
        with connect(address, proxy=None) as fifth, pytest.raises(ConnectionClosed, match="1013"):
            fifth.recv(60)
