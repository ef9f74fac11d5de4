"""A stand-in for the transcriber, at the seam where weights are loaded: these tests are about the command around it."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

import tecla.transcription
from tecla import workbench
from tecla.cli import main
from tecla.music import Performance


class LoudSeconds:
    """Hears one C4 in every second that is not silent, and a pedal under them all."""

    @classmethod
    def load(cls, model: str = "default", threads: int = 0) -> "LoudSeconds":
        return cls()

    def transcribe(
        self,
        blocks: Callable[[], Iterable[NDArray[np.float32]]],
        on_progress: Callable[[float], None] | None = None,
        offsets: str = "key",
        a4_hz: float | None = None,
        on_tuning: Callable[[float], None] | None = None,
    ) -> Performance:
        if on_tuning is not None:
            on_tuning(a4_hz or 440.0)
        sound = np.concatenate(list(blocks()))
        if on_progress is not None:
            on_progress(len(sound) / 16_000)
        seconds = [at for at in range(0, len(sound), 16_000) if np.abs(sound[at : at + 16_000]).max() > 1e-4]
        onset_sec = np.array(seconds) / 16_000
        pedal = [(0.5, 64, 127), (len(sound) / 16_000, 64, 0)] if seconds else []
        performance = Performance.from_arrays(onset_sec, onset_sec + 0.75, 60, 80, 0.9, pedal)
        return performance if offsets == "key" else performance.with_sounding_offsets()


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[LoudSeconds]]:
    monkeypatch.setattr(tecla.transcription, "Transcriber", LoudSeconds, raising=False)
    workbench._transcriber.cache_clear()
    yield LoudSeconds
    workbench._transcriber.cache_clear()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def tecla_exits() -> Callable[..., int]:
    """Runs a command line and gives its exit code."""

    def run(*arguments: str) -> int:
        with pytest.raises(SystemExit) as done:
            main(arguments)
        return int(done.value.code or 0)

    return run


@pytest.fixture
def record(here: Path) -> Callable[..., Path]:
    """Makes a recording of noise."""

    def write(name: str, seconds: float = 2.0, sample_rate: int = 16_000) -> Path:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = 0.1 * np.random.default_rng(0).standard_normal(round(seconds * sample_rate))
        soundfile.write(path, noise.astype(np.float32), sample_rate)
        return path

    return write
