"""A real studio in a process of its own, spoken to over real HTTP."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tecla.io.notes import save_json
from tecla.music import Performance

ROOT = Path(__file__).parents[2]


class Server:
    """`tecla studio` on a free port."""

    def __init__(self, library: Path, *options: str) -> None:
        self.library = library
        command = [sys.executable, "-m", "tecla.cli", "studio", "--port", "0", "--no-browser", "--library", str(library), *options]
        self.environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._log, text=True, env=self.environment)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("tecla studio: "), line
        self.url, _, self.token = line.split()[-1].partition("#token=")
        self.http = httpx.Client(base_url=self.url, timeout=300.0, trust_env=False)

    def hand_in(self, path: Path, name: str | None = None) -> dict[str, Any]:
        with path.open("rb") as file:
            answer = self.http.post("/api/takes", files={"file": (name or path.name, file)})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def hand_in_notes(self, name: str, notes: list[dict[str, Any]]) -> dict[str, Any]:
        """A take that exists as notes alone."""
        path = self.library / name
        save_json(Performance.from_arrays(*([note[what] for note in notes] for what in ("onset_sec", "offset_sec", "pitch"))), path)
        return self.hand_in(path)

    def wait(self, job: str, *states: str, sec: float = 300.0) -> dict[str, Any]:
        """The job once it is in one of these states (else: once it has ended)."""
        wanted = states or ("done", "failed", "cancelled")
        until = time.monotonic() + sec
        while time.monotonic() < until:
            state = self.http.get(f"/api/jobs/{job}").json()
            if state["state"] in wanted:
                return state
            time.sleep(0.05)
        raise AssertionError(f"job is still {state['state']}")

    def errors(self) -> str:
        """What the server wrote to stderr so far."""
        self._log.seek(0)
        return self._log.read()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        self.process.send_signal(how)
        self.process.wait(120)
        self.close()

    def close(self) -> None:
        assert self.process.stdout is not None
        for open_ in (self.http, self.process.stdout, self._log):
            open_.close()


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One studio for tests that leave it as they found it, or nearly."""
    server = Server(tmp_path_factory.mktemp("studio"))
    yield server
    errors = server.errors()
    server.stop()
    assert errors == ""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts studios that are stopped when the test ends."""
    started: list[Server] = []

    def starting(library: Path | None = None, *options: str) -> Server:
        started.append(Server(library or tmp_path / "library", *options))
        return started[-1]

    yield starting
    for server in started:
        if server.process.poll() is None:
            server.stop()
        else:
            server.close()
