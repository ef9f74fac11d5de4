"""One recording, from its place to its results: what a worker does, wherever it runs."""

from __future__ import annotations

import faulthandler
import hashlib
import math
import os
import socket
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final, Literal

import numpy as np
from threadpoolctl import threadpool_limits

from tecla import workbench
from tecla.archive.lines import find_lines
from tecla.archive.meter import Meter
from tecla.archive.places import Found, Place
from tecla.archive.signs import NOTHING, Signs, likely_not_piano, read_signs
from tecla.errors import MissingExtraError, OptionError, OutputError, TeclaError
from tecla.io.audio import AudioSource
from tecla.music import Performance
from tecla.transcription import Transcriber
from tecla.transcription.network import find_weights
from tecla.weights.session import Device

FORMATS: Final = ("mid", "json", "csv", "musicxml", "mxl", "pdf", "png")
CONFIDENCE_BINS: Final = 20
PASSAGE_SEC: Final = 12.0

_LEAST_PASSAGE_NOTES: Final = 12
_LEAST_LIMIT_SEC: Final = 600.0
_LIMIT_FACTOR: Final = 10.0  # a recording that takes ten times its length hangs
_FEWEST_BYTES_PER_SEC: Final = 500  # 4 kbit/s; headers may claim any duration


@dataclass(frozen=True)
class Order:
    """What is the same for all recordings of a run."""

    archive: Place
    formats: tuple[str, ...]
    model: str
    weights_sha256: str
    device: Device = "cpu"


@dataclass(frozen=True)
class Job:
    """A recording to hear. `known_sha256` is that of a finished row whose results are all there: the same bytes need no work."""

    row: int
    place: Place
    found: Found
    stem: str
    order: Order
    formats: tuple[str, ...]
    known_sha256: str | None = None


@dataclass(frozen=True)
class Passage:
    """A stretch of a recording and how sure its notes are."""

    begin_sec: float
    confidence: float


@dataclass(frozen=True)
class Heard:
    """What became of a Job: "done", "same" (the bytes are those known), "failed" (the recording's fault) or "refused" (the archive's)."""

    status: Literal["done", "same", "failed", "refused"]
    error: str = ""
    sha256: str = ""
    duration_sec: float = 0.0
    loudness_lufs: float | None = None
    n_notes: int = 0
    signs: Signs = NOTHING
    not_piano: bool = False
    confidence_counts: tuple[int, ...] = ()
    worst: Passage | None = None
    best: Passage | None = None
    lines: bytes = b""
    seconds_taken: float = 0.0
    host: str = ""


def hear(job: Job) -> Heard:
    """Transcribes one recording and delivers its results, all or none. Never raises: a worker goes on to the next file."""
    begin, copy = time.perf_counter(), ""
    try:
        # A worker keeps to one core: a second thread for the small products of the meter costs a quarter of the work.
        with warnings.catch_warnings(record=True) as said, threadpool_limits(1, "blas"), job.place.fetched(job.found) as path:
            warnings.simplefilter("always")
            copy = "" if job.place.is_local else str(path)
            heard = _hear(job, path, said)
    except OutputError as error:
        return Heard("refused", str(error))
    except TeclaError as error:
        heard = Heard("failed", str(error))
    except Exception as error:  # noqa: BLE001 - whatever one file of a hundred thousand brings to light, the others are heard
        heard = Heard("failed", f"unexpected {type(error).__name__}: {error}")
    if copy:  # whoever reads it knows the recording by where it lies
        heard = replace(heard, error=heard.error.replace(copy, f"{job.place.address}/{job.found.path}"))
    host = socket.gethostname() + (" (GPU)" if job.order.device == "cuda" else "")
    return replace(heard, seconds_taken=time.perf_counter() - begin, host=host)


def _hear(job: Job, path: Path, said: list[warnings.WarningMessage]) -> Heard:
    sha256 = checksum(path)
    if sha256 == job.known_sha256:
        return Heard("same", sha256=sha256)
    transcriber = _transcriber(job.order.model, job.order.weights_sha256, job.order.device)
    meter = Meter()
    source = workbench.open_sound(path)
    with _time_limit(source, job.found.size_bytes):
        performance = transcriber.transcribe(meter.through(source.blocks))
        _write(performance, job)
    heard = _described(performance, meter)
    return replace(heard, sha256=sha256, error="; ".join(dict.fromkeys(str(warning.message) for warning in said)))


def _write(performance: Performance, job: Job) -> None:
    title = job.stem.rsplit("/", 1)[-1]
    with job.order.archive.workbench() as folder:
        made = [(folder / f"result.{suffix}", f"{job.stem}.{suffix}") for suffix in job.formats]
        for file, _ in made:
            workbench.save(performance, file, title)
        job.order.archive.deliver(made)


def _described(performance: Performance, meter: Meter) -> Heard:
    measured, confidence = meter.measured, performance.notes["confidence"]
    signs = read_signs(performance, measured)
    counts = np.histogram(confidence, CONFIDENCE_BINS, (0, 1))[0]
    worst, best = _passages(performance)
    loudness = measured.loudness_lufs
    return Heard(
        "done",
        duration_sec=measured.duration_sec,
        loudness_lufs=loudness if math.isfinite(loudness) else None,
        n_notes=len(performance),
        signs=signs,
        not_piano=likely_not_piano(signs),
        confidence_counts=tuple(counts.tolist()),
        worst=worst,
        best=best,
        lines=find_lines(performance).to_bytes(),
    )


def _passages(performance: Performance) -> tuple[Passage | None, Passage | None]:
    """The stretches of `PASSAGE_SEC` whose notes are least and most sure, or None where music is too sparse."""
    onset_sec, confidence = performance.notes["onset_sec"], performance.notes["confidence"].astype("f8")
    begins = np.arange(0.0, performance.duration_sec, PASSAGE_SEC / 2)
    first, last = np.searchsorted(onset_sec, begins), np.searchsorted(onset_sec, begins + PASSAGE_SEC)
    sums = np.concatenate([[0.0], np.cumsum(confidence)])
    full = last - first >= _LEAST_PASSAGE_NOTES
    if not full.any():
        return None, None
    begins, means = begins[full], (sums[last] - sums[first])[full] / (last - first)[full]
    low, high = int(means.argmin()), int(means.argmax())
    return Passage(float(begins[low]), float(means[low])), Passage(float(begins[high]), float(means[high]))


def checksum(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def _transcriber(model: str, weights_sha256: str, device: Device) -> Transcriber:
    """One a worker, on one thread: files side by side use the cores better than windows do.

    Raises:
        OutputError: this machine has other weights than the edition that it works on, or no GPU where one is asked for.
    """
    try:
        if checksum(find_weights(model)) == weights_sha256:
            return Transcriber.load(model, threads=1, device=device)
    except (OptionError, MissingExtraError) as error:
        raise OutputError(f"{socket.gethostname()} cannot work on this archive: {error}") from error
    raise OutputError(f"{socket.gethostname()} has other weights named {model!r}: install the same tecla on every machine")


@contextmanager
def _time_limit(source: AudioSource, size_bytes: int) -> Iterator[None]:
    """Ends this process if a file keeps it far too long, even inside a decoder: whoever started it sees that it died."""
    longest_sec = size_bytes / _FEWEST_BYTES_PER_SEC
    claimed_sec = min(longest_sec if source.duration_sec is None else source.duration_sec, longest_sec)
    with Path(os.devnull).open("w") as nowhere:
        faulthandler.dump_traceback_later(_LEAST_LIMIT_SEC + _LIMIT_FACTOR * max(claimed_sec, 0.0), exit=True, file=nowhere)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
