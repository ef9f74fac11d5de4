"""Who may speak to the studio: before any route, a request's host, origin, token and length are looked at.

A page on the web can make a browser send requests to 127.0.0.1. Its Origin gives it away; where its own name was made to
point here (DNS rebinding), its Host does. On an address that others can reach, all but the static files need the token.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import ipaddress
import json
import socket
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tecla.web.problems import problem_body

COOKIE: Final = "tecla_token"
LARGEST_UPLOAD_BYTES: Final = 2 * 2**30
LARGEST_BODY_BYTES: Final = 32 * 2**20
UPLOAD_PATH: Final = "/api/takes"
SESSION_PATH: Final = "/api/session"
LARGEST_GOODBYE_BYTES: Final = 64 * 2**20
LONGEST_GOODBYE_SEC: Final = 10.0
_HEADERS: Final = {
    "content-security-policy": "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " media-src 'self' blob:; connect-src 'self'; worker-src 'self'; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "microphone=(self), midi=(self), camera=(), geolocation=()",
}


class Refused(HTTPException):
    """A request that goes no further. An HTTPException, since only those come unharmed through the framework's reading of a body."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, message)
        self.code = code


class Guard:
    """ASGI middleware around the whole studio.

    Args:
        token: what every request to /api must bring as cookie or `Authorization: Bearer`; None where only this machine can reach us.
        hosts: names that may stand in the Host header, besides addresses.
    """

    def __init__(self, app: ASGIApp, token: str | None = None, hosts: Iterable[str] = ()) -> None:
        self._app, self._token = app, token
        self._hosts = {"localhost", *(host.lower() for host in hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or refuses it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        try:
            self._check(scope)
        except Refused as refused:
            await _refuse(scope, receive, send, refused)
            return
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        await _bounded(self._app, scope, receive, _with_headers(send))

    def _check(self, scope: Scope) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host", "")
        if not self._known(host):
            raise Refused(421, "wrong-host", f"the studio does not answer to {host[:100]!r}: open it by the address that it printed")
        origin = headers.get("origin")
        if origin is not None and (urlsplit(origin).netloc.lower() != host.lower() or not origin.startswith(("http://", "https://"))):
            raise Refused(403, "wrong-origin", "this request comes from another web page: open the studio itself")
        if scope["path"].startswith("/api") and headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            raise Refused(403, "wrong-origin", "this request comes from another web page: open the studio itself")
        closed = self._token is not None and scope["path"].startswith("/api") and scope["path"] != SESSION_PATH
        if closed and not _same(_token_of(headers), self._token or ""):
            raise Refused(401, "no-token", "the studio needs its token: open the address that it printed when it started")

    def _known(self, host: str) -> bool:
        """Whether a Host header is an address (nobody can point a name of theirs at us with it), or a name of ours."""
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
            ipaddress.ip_address(name)
        except ValueError:
            return bool(host) and _hostname(host) in self._hosts
        return self._token is not None or ipaddress.ip_address(name).is_loopback


def own_names() -> set[str]:
    """What this machine is called."""
    name = socket.gethostname().lower()
    return {name, f"{name.split('.')[0]}.local"}


def _hostname(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _token_of(headers: dict[str, str]) -> str:
    bearer = headers.get("authorization", "")
    if bearer.startswith("Bearer "):
        return bearer.removeprefix("Bearer ")
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel is not None else ""


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())


def _with_headers(send: Send) -> Send:
    extra = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *extra]}
        await send(message)

    return sending


async def _bounded(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Passes a request on as long as its body is within bounds, whatever its Content-Length claims."""
    upload = scope["method"] == "POST" and scope["path"] == UPLOAD_PATH
    most = LARGEST_UPLOAD_BYTES + 2**20 if upload else LARGEST_BODY_BYTES
    refused = Refused(413, "too-large", f"the file is larger than {most // 2**20} MiB: cut it into parts")
    length = dict(scope["headers"]).get(b"content-length", b"0")
    if length.isdigit() and int(length) > most:
        await _refuse(scope, receive, send, refused)
        return
    read, more = 0, True

    async def receiving() -> Message:
        nonlocal read, more
        message = await receive()
        read, more = read + len(message.get("body", b"")), message.get("more_body", False)
        if read > most:
            raise refused
        return message

    async def sending(message: Message) -> None:
        if more and message["type"] == "http.response.start" and message["status"] >= 400:
            await _read_on(receive)
        await send(message)

    await app(scope, receiving, sending)


async def _refuse(scope: Scope, receive: Receive, send: Send, refused: Refused) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": refused.code})
        return
    await _read_on(receive)
    body = json.dumps(problem_body(refused.code, refused.detail)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), (b"connection", b"close")]
    start: dict[str, Any] = {"type": "http.response.start", "status": refused.status_code, "headers": headers}
    await _with_headers(send)(start)
    await send({"type": "http.response.body", "body": body})


async def _read_on(receive: Receive) -> None:
    """Takes in what a refused request still brings, within bounds: a connection closed over unread bytes is reset, and its answer lost."""
    read, more = 0, True
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LONGEST_GOODBYE_SEC):
            while more and read < LARGEST_GOODBYE_BYTES:
                message = await receive()
                read += len(message.get("body", b""))
                more = message.get("more_body", False)
