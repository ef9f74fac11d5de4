"""News to every open page: server-sent events (HTML standard, section 9.2)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Final

_PING_SEC: Final = 15.0
_MOST_WAITING: Final = 1000  # a page that reads none of so many is gone


class Events:
    """Listeners, and what is told to all of them."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[str | None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self) -> None:
        """Called in the event loop that will serve the listeners."""
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """Ends every stream."""
        for listener in list(self._listeners):
            self._put(listener, None)

    def tell(self, kind: str, news: dict[str, Any]) -> None:
        """Sends an event to all, from any thread."""
        text = f"event: {kind}\ndata: {json.dumps(news)}\n\n"
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._spread, text)

    async def listen(self) -> AsyncIterator[str]:
        """Events as they come, and a comment now and then so that a closed connection is noticed."""
        mine: asyncio.Queue[str | None] = asyncio.Queue(_MOST_WAITING)
        self._listeners.add(mine)
        try:
            yield "retry: 1000\n\n"
            while True:
                try:
                    text = await asyncio.wait_for(mine.get(), _PING_SEC)
                except TimeoutError:
                    text = ": ping\n\n"
                if text is None:
                    return
                yield text
        finally:
            self._listeners.discard(mine)

    def _spread(self, text: str) -> None:
        for listener in list(self._listeners):
            self._put(listener, text)

    def _put(self, listener: asyncio.Queue[str | None], text: str | None) -> None:
        if listener.full():
            self._listeners.discard(listener)
            listener.get_nowait()
            text = None
        listener.put_nowait(text)
