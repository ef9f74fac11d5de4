"""The studio's server: one process that answers, its workers beside it."""

from __future__ import annotations

import contextlib
import ipaddress
import secrets
import socket
import sqlite3
import tempfile
import webbrowser
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from platformdirs import user_data_path

from tecla.errors import OptionError
from tecla.web.app import build_app
from tecla.web.guard import own_names
from tecla.web.studio import Studio


def serve(host: str, port: int, folder: Path | None, open_browser: bool) -> None:
    """Runs the studio until it is stopped.

    Args:
        host: where to listen; any but this machine's own address makes a token necessary.
        port: 0 is any free one.
        folder: the library; None is the platform's place for an application's data.

    Raises:
        OptionError: the address is taken or none of ours, or the library cannot be used or is open in another studio.
    """
    folder = folder or user_data_path("tecla", appauthor=False) / "studio"
    token = None if _is_loopback(host) else secrets.token_urlsafe(24)
    with _alone(folder), _listening(host, port) as listener:
        tempfile.tempdir = str(folder)  # uploads are spooled where they will lie
        url = _url(host, listener.getsockname()[1], token)
        hosts = {host} | (own_names() if token is not None else set())
        studio = Studio(folder)
        config = uvicorn.Config(
            build_app(studio, token, hosts), log_level="warning", ws="websockets-sansio", server_header=False, timeout_graceful_shutdown=2
        )
        print(f"tecla studio: {url}\nlibrary: {folder}\nstop it with Ctrl-C", flush=True)
        if open_browser:
            webbrowser.open(url)
        _Server(config, studio).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Ends what requests wait for before it waits for requests to end."""

    def __init__(self, config: uvicorn.Config, studio: Studio) -> None:
        super().__init__(config)
        self._studio = studio

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._studio.hang_up()
        await super().shutdown(sockets)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _url(host: str, port: int, token: str | None) -> str:
    shown = _outward_address() if host in ("0.0.0.0", "::") else host
    shown = f"[{shown}]" if ":" in shown else shown
    return f"http://{shown}:{port}/" + (f"#token={token}" if token else "")


def _outward_address() -> str:
    """The address by which other machines know this one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address for documentation (RFC 5737): nothing is sent, a route is looked up
        except OSError:
            return socket.gethostname()
        return str(probe.getsockname()[0])


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[:2], family=family, backlog=2048)
    except OSError as error:
        raise OptionError(
            f"the studio cannot listen on {host} port {port} ({error.strerror}): give another --port, or --port 0 for a free one"
        ) from error
    with listener:
        yield listener


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Makes the library's folder, and holds a lock on it that ends with the process, however it ends."""
    with contextlib.ExitStack() as held:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = held.enter_context(contextlib.closing(sqlite3.connect(folder / "lock.sqlite", timeout=0, isolation_level=None)))
            lock.execute("BEGIN EXCLUSIVE")
        except (OSError, sqlite3.Error) as error:
            if isinstance(error, sqlite3.Error) and "locked" in str(error):
                raise OptionError(f"the library {folder} is open in another studio: use that one, or give another --library") from error
            why = error.strerror if isinstance(error, OSError) else error
            raise OptionError(f"the library {folder} cannot be written ({why}): give another --library") from error
        yield
