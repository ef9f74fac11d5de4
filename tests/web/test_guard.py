"""Who may speak to the studio, with what, and what a name can do: nothing."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.web.conftest import Server

WALTZ = Path(__file__).parents[2] / "demo" / "evening-waltz.mid"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "8.8.8.8", "", "[::1", "@"])
def test_another_name_for_this_machine_is_refused(studio: Server, host: str) -> None:
    for path in ("/", "/api/takes", "/static/index.html"):
        answer = studio.http.get(path, headers={"Host": host})
        assert answer.status_code == 421
        assert answer.json()["error"]["code"] == "wrong-host"


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1", "file://", "http://localhost"]
)
def test_another_page_is_refused(studio: Server, origin: str) -> None:
    before = studio.http.get("/api/takes").json()
    for call in (
        studio.http.post("/api/takes", files={"file": ("a.mid", WALTZ.read_bytes())}, headers={"Origin": origin}),
        studio.http.get("/api/takes", headers={"Origin": origin}),
        studio.http.delete("/api/takes/0123456789abcdef", headers={"Origin": origin}),
    ):
        assert call.status_code == 403
        assert call.json()["error"]["code"] == "wrong-origin"
    assert studio.http.get("/api/takes", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert studio.http.get("/api/takes").json() == before


@pytest.mark.parametrize(
    ("request_line", "status"), [("POST /api/takes", b"403"), ("POST /api/nothing", b"404"), ("PATCH /api/about", b"405")]
)
def test_a_refusal_waits_for_the_rest_of_the_request(studio: Server, request_line: str, status: bytes) -> None:
    """An answer before the last byte was read is lost in a reset on some systems."""
    port = int(studio.url.rstrip("/").rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port)) as line:
        origin = "Origin: null\r\n" if status == b"403" else ""
        line.sendall(f"{request_line} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{origin}Content-Length: 10\r\n\r\nhalf ".encode())
        line.settimeout(0.3)
        with pytest.raises(TimeoutError):
            line.recv(1)
        line.settimeout(30)
        line.sendall(b"a go.")
        assert line.recv(12) == b"HTTP/1.1 " + status


def test_a_body_without_end_is_read_within_bounds(studio: Server) -> None:
    """Nobody knows how long the request will be, and all of it is sent before the answer is looked for."""
    port = int(studio.url.rstrip("/").rsplit(":", 1)[1])
    part = b"100000\r\n" + bytes(2**20) + b"\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
        line.sendall(f"POST /api/session HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        for _ in range(40):
            line.sendall(part)
        line.sendall(b"0\r\n\r\n")
        assert line.recv(12) == b"HTTP/1.1 413"


def test_the_studios_own_page_is_let_in(studio: Server) -> None:
    own = studio.url.rstrip("/")
    assert studio.http.get("/api/takes", headers={"Origin": own, "Sec-Fetch-Site": "same-origin"}).status_code == 200
    port = own.rsplit(":", 1)[1]
    local = {"Host": f"localhost:{port}", "Origin": f"http://localhost:{port}"}
    assert studio.http.get("/api/takes", headers=local).status_code == 200


def test_a_socket_from_another_page_is_refused(studio: Server) -> None:
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect

    address = studio.url.replace("http", "ws") + "api/live"
    with pytest.raises(InvalidStatus, match="403"):
        connect(address, origin="http://evil.example", proxy=None)


def test_every_answer_carries_the_policy(studio: Server) -> None:
    for path in ("/api/about", "/api/nothing", "/api/takes/0123456789abcdef"):
        headers = studio.http.get(path).headers
        policy = headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
    assert studio.http.get("/api/about", headers={"Host": "evil.example"}).headers["x-content-type-options"] == "nosniff"


def test_other_machines_need_the_token(start: Callable[..., Server]) -> None:
    server = start(None, "--host", "0.0.0.0")
    port = server.url.rstrip("/").rsplit(":", 1)[1]
    server.http.base_url = f"http://127.0.0.1:{port}"
    assert len(server.token) >= 24
    assert server.http.get("/").status_code in (200, 404)
    for answer in (server.http.get("/api/takes"), server.http.get("/api/openapi.json"), server.http.get("/api/piano/bank.json")):
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "no-token"
    assert server.http.get("/api/takes", headers={"Cookie": "tecla_token=guess"}).status_code == 401
    assert server.http.get("/api/takes", headers={"Authorization": f"Bearer {server.token}"}).status_code == 200
    assert server.http.post("/api/session", json={"token": "guess"}).status_code == 401
    assert server.http.post("/api/session", json={"token": server.token}).status_code == 204
    assert server.http.get("/api/takes").status_code == 200
    assert server.http.get("/api/takes", headers={"Host": "evil.example"}).status_code == 421


def raw(studio: Server, request: str, *headers: str) -> bytes:
    """What comes back on a request that a client would tidy."""
    port = int(studio.url.rstrip("/").rsplit(":", 1)[1])
    lines = [f"{request} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: close", *headers, "", ""]
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall("\r\n".join(lines).encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static//etc/passwd",
        "/api/piano/..%2f__init__.py",
        "/api/takes/..%2f..%2fstudio.sqlite",
        "/api/takes/%2e%2e/sound",
        "/api/takes/0123456789ABCDEF",
        "/api/takes/0123456789abcdef%00/sound",
        "/api/takes/0123456789abcdef/versions/1/export.mid%2f..%2f..",
        "/api/takes/0123456789abcdef/versions/../../sound",
    ],
)
def test_paths_lead_nowhere(studio: Server, path: str) -> None:
    answer = raw(studio, f"GET {path}")
    assert answer.split()[1] in (b"404", b"422")
    assert b"root:" not in answer
    assert b"import" not in answer


@pytest.mark.parametrize(
    "name", ["../../../evil.mid", "..\\..\\evil.mid", "/etc/evil.mid", "C:\\evil.mid", "a\x00b.mid", "\u202eevil.mid", ".", "~"]
)
def test_names_are_only_names(studio: Server, name: str, tmp_path: Path) -> None:
    outside = {path for path in studio.library.parent.rglob("*") if studio.library not in path.parents}
    answer = studio.http.post("/api/takes", files={"file": ("x.mid", WALTZ.read_bytes())}, data={"name": name})
    assert answer.status_code == 201
    take = answer.json()["take"]
    assert take["name"].isprintable()
    assert {path for path in studio.library.parent.rglob("*") if studio.library not in path.parents} == outside
    folder = studio.library / "takes" / take["id"]
    assert sorted(path.name for path in folder.iterdir()) == ["made", "source.mid", "versions"]
    export = studio.http.get(f"/api/takes/{take['id']}/versions/1/export.mid")
    assert not set("/\\") & set(export.headers["content-disposition"])
    assert "%2F" not in export.headers["content-disposition"]
    assert studio.http.patch(f"/api/takes/{take['id']}", json={"name": name}).status_code == 200
    assert studio.http.delete(f"/api/takes/{take['id']}").status_code == 204
    assert not folder.exists()


def test_bodies_are_bounded(studio: Server) -> None:
    def endless() -> object:
        for _ in range(40):
            yield b" " * 2**20

    take = studio.hand_in(WALTZ)["take"]["id"]
    address = f"/api/takes/{take}/versions"
    assert studio.http.post(address, content=endless()).status_code == 413
    assert raw(studio, f"POST {address}", f"Content-Length: {2**40}").split()[1] == b"413"
    note = {"onset_sec": 0.0, "offset_sec": 1.0, "pitch": 60}
    many = json.dumps({"parent": 1, "notes": [note] * 100_001, "pedals": []})
    refused = studio.http.post(address, content=many, headers={"Content-Type": "application/json"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid")
    for wrong in (
        {"pitch": 200},
        {"offset_sec": -1.0},
        {"onset_sec": 2.0},
        {"onset_sec": 1e300, "offset_sec": 1e301},
        {"velocity": 0},
        {"secret": 1},
    ):
        body = {"parent": 1, "notes": [note | wrong], "pedals": []}
        assert studio.http.post(address, json=body).status_code == 422, wrong
    not_finite = '{"parent": 1, "notes": [{"onset_sec": NaN, "offset_sec": Infinity, "pitch": 60}], "pedals": []}'
    assert studio.http.post(address, content=not_finite, headers={"Content-Type": "application/json"}).status_code == 422
    assert len(studio.http.get(address).json()) == 1
