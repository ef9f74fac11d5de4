"""Small recordings with sound in them, and the archive command as a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

ROOT = Path(__file__).parents[2]


@pytest.fixture
def record() -> Callable[..., Path]:
    """Writes a recording: `seconds` of a struck string, or silence at level 0."""

    def write(path: Path, seconds: float = 0.6, pitch: int = 60, level: float = 0.4) -> Path:
        t = np.arange(round(seconds * 16_000)) / 16_000
        hz = 440 * 2 ** ((pitch - 69) / 12)
        sound = sum(np.sin(2 * np.pi * k * hz * t) * 0.6**k for k in range(1, 7)) * np.exp(-3 * t)
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, level * sound, 16_000)
        return path

    return write


@pytest.fixture
def command() -> Callable[..., subprocess.Popen[str]]:
    """Begins `tecla archive ...` in a session of its own, as from another terminal."""

    def begin(*arguments: object, **options: object) -> subprocess.Popen[str]:
        words = [sys.executable, "-m", "tecla.cli", "archive", *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
        return subprocess.Popen(
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=environment,
            # Whoever started the tests in the background has made Ctrl-C unheard for all that comes from there.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
            **options,  # type: ignore[call-overload]
        )

    return begin
