"""Live: a microphone's blocks in, notes out while they are played. One process per listener, a few listeners at most.

The browser sends {"sample_rate": 48000}, then blocks of float32 mono samples, little endian, then {"stop": true}. It is answered
{"ready": true} once the network is there, and then {"heard_sec", "notes", "pedals"} again and again. A note comes twice under one
`id`: when it begins, with `offset_sec` null, and when it ends. The last answer has "done": true.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Annotated, Any, Final

import numpy as np
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import Field, ValidationError

from tecla.web.doors import StudioHere
from tecla.web.forms import Form
from tecla.web.tasks import LONGEST_SEC

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tecla.music.events import Event

router = APIRouter()

MOST_LISTENERS: Final = 4
_HELLO_SEC: Final = 10.0
_LOUDEST: Final = 1e4
_TRY_AGAIN_LATER: Final = 1013
_BAD_DATA: Final = 1007
_SPAWN: Final = multiprocessing.get_context("spawn")


class Hello(Form):
    """The first message: what is coming."""

    sample_rate: Annotated[int, Field(ge=8_000, le=192_000)]


class Ear:
    """A process that listens to one stream."""

    def __init__(self, sample_rate: int) -> None:
        self.connection, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=_listen, args=(theirs, sample_rate), daemon=True, name="tecla-live")
        self._process.start()
        theirs.close()
        self._threads = ThreadPoolExecutor(2, "live")  # one waits to send, one to receive

    async def run(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """A blocking call in a thread of the ear's own."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, call, *arguments)

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.join()
        self._process.close()
        self._threads.shutdown(wait=False)


@router.websocket("/api/live")
async def live(socket: WebSocket, studio: StudioHere) -> None:
    """Notes of a stream as they become certain."""
    await socket.accept()
    if studio.listeners >= MOST_LISTENERS:
        await socket.close(_TRY_AGAIN_LATER, "too many listeners")
        return
    studio.listeners += 1
    try:
        await _follow(socket)
    except WebSocketDisconnect:
        return
    finally:
        studio.listeners -= 1


async def _follow(socket: WebSocket) -> None:
    try:
        hello = Hello.model_validate_json(await asyncio.wait_for(_text(socket), _HELLO_SEC))
    except (ValidationError, TimeoutError, KeyError):
        await socket.close(_BAD_DATA, "send sample_rate first")
        return
    ear = await asyncio.to_thread(Ear, hello.sample_rate)
    sending = asyncio.create_task(_pass_on(socket, ear))
    try:
        while True:
            news = await ear.run(ear.connection.recv)
            await socket.send_json(news)
            if news.get("done"):
                await socket.close()
                return
    except (EOFError, OSError):  # the sender has closed the ear: the browser is gone, or sent nonsense
        return
    finally:
        sending.cancel()
        ear.close()


async def _text(socket: WebSocket) -> str:
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect
    return str(message["text"])


async def _pass_on(socket: WebSocket, ear: Ear) -> None:
    """The browser's blocks to the ear; None at the end of the stream, or when the browser is gone."""
    sent_samples = 0
    while True:
        message = await socket.receive()
        block = message.get("bytes")
        if not block or len(block) % 4 or sent_samples > LONGEST_SEC * 192_000:
            await ear.run(ear.connection.send, None)
            return
        sent_samples += len(block) // 4
        await ear.run(ear.connection.send, block)


def _listen(connection: Connection, sample_rate: int) -> None:
    """The process: all blocks that wait are heard together, so that who is late catches up."""
    import soxr  # noqa: PLC0415

    from tecla import workbench  # noqa: PLC0415

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    transcriber = workbench.live_transcriber()
    stream = soxr.ResampleStream(sample_rate, 16_000, 1, dtype="float32", quality="MQ")
    told = _Told()
    try:
        connection.send({"ready": True})
        while True:
            blocks = [connection.recv()]
            while connection.poll() and blocks[-1] is not None:
                blocks.append(connection.recv())
            sound = stream.resample_chunk(_samples([block for block in blocks if block is not None]), last=blocks[-1] is None)
            events = transcriber.push(sound, hurry=len(blocks) > 1)
            if blocks[-1] is None:
                connection.send(told.news(events + transcriber.flush(), transcriber.heard_sec) | {"done": True})
                return
            connection.send(told.news(events, transcriber.heard_sec))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _samples(blocks: list[bytes]) -> NDArray[np.float32]:
    sound = np.frombuffer(b"".join(blocks), "<f4").astype(np.float32)
    return np.clip(np.nan_to_num(sound, posinf=0.0, neginf=0.0), -_LOUDEST, _LOUDEST)


class _Told:
    """What the browser knows: the notes that sound, by pitch."""

    def __init__(self) -> None:
        self._count = 0
        self._open: dict[int, dict[str, Any]] = {}

    def news(self, events: Iterable[Event], heard_sec: float) -> dict[str, Any]:
        """Events as the browser reads them."""
        notes: list[dict[str, Any]] = []
        pedals: list[dict[str, Any]] = []
        for event in events:
            if event.kind == "note_on":
                note = {"id": self._count, "onset_sec": event.time_sec, "offset_sec": None, "pitch": event.pitch}
                note |= {"velocity": event.velocity, "confidence": event.confidence}
                self._count, self._open[event.pitch] = self._count + 1, note
                notes.append(note)
            elif event.kind == "note_off" and event.pitch in self._open:
                notes.append(self._open.pop(event.pitch) | {"offset_sec": event.time_sec})
            elif event.kind in ("pedal_down", "pedal_up"):
                pedals.append({"time_sec": event.time_sec, "number": 64, "value": 127 if event.kind == "pedal_down" else 0})
        return {"heard_sec": heard_sec, "notes": notes, "pedals": pedals}
