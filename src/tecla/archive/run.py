"""A run over an archive: list, plan, spread the work, enter every outcome. Run again, it does what is new, changed or failed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tecla.archive.catalogue import Catalogue, Row
from tecla.archive.cluster import in_cluster
from tecla.archive.home import Keeper, home
from tecla.archive.index import refresh
from tecla.archive.listening import FORMATS, Heard, Job, Order, checksum, hear
from tecla.archive.places import Found, Place
from tecla.archive.pool import DIED, Outcome, in_pool
from tecla.errors import InputError, OptionError, OutputError
from tecla.transcription.network import find_weights


@dataclass
class Tally:
    """How far a run is. `to_do` files of `found` were not finished before; sizes in bytes say how much is left."""

    edition: str = ""
    found: int = 0
    to_do: int = 0
    done: int = 0
    failed: int = 0
    not_piano: int = 0
    heard_sec: float = 0.0
    bytes_to_do: int = 0
    bytes_done: int = 0
    failures: list[str] = field(default_factory=list)
    begin: float = field(default_factory=time.monotonic)

    @property
    def took_sec(self) -> float:
        """Since the first file was handed out."""
        return time.monotonic() - self.begin

    @property
    def real_time_factor(self) -> float:
        """Seconds of sound heard in a second."""
        return self.heard_sec / max(self.took_sec, 1e-3)

    @property
    def left_sec(self) -> float | None:
        """Guess of the time left, by bytes; None before the first file."""
        return self.took_sec * (self.bytes_to_do - self.bytes_done) / self.bytes_done if self.bytes_done else None


def run_archive(
    inputs: Sequence[str],
    out: str,
    formats: Sequence[str] = ("mid", "json"),
    model: str = "default",
    workers: int | None = None,
    ray_address: str | None = None,
    on_progress: Callable[[Tally], None] | None = None,
    gpus_per_worker: float | None = None,
) -> Tally:
    """Transcribes all recordings in `inputs` into the archive `out`; says how it went.

    Args:
        inputs: folders, sound files, zip files, or addresses that fsspec knows.
        formats: of `FORMATS`, what to write for each recording.
        workers: files at a time; None: one for each core.
        ray_address: of a Ray cluster; None: this machine's own processes.
        on_progress: called with the tally after every file; the last time when all is done.
        gpus_per_worker: what part of a GPU each worker takes to run the network on it; None: it runs on the worker's core.

    Raises:
        InputError: an input is missing, or there is no recording in any. OptionError: a bad format or number.
        OutputError: the archive cannot be written; what was finished stays, and the same command goes on from there.
    """
    _check(formats, workers, gpus_per_worker)
    places = [Place(address) for address in inputs]
    archive = Place(out)
    found = [(place, entry) for place in places for entry in _outside(place, archive)]
    if not found:
        raise InputError(f"{', '.join(inputs)}: no sound file there; name folders, zip files or sound files")
    weights_sha256 = checksum(find_weights(model))
    keeper = Keeper(archive)
    try:
        archive.sweep()
        edition, name = keeper.catalogue.edition(model, weights_sha256)
        order = Order(archive, tuple(formats), model, weights_sha256, "cuda" if gpus_per_worker else "cpu")
        jobs = _plan(keeper.catalogue, edition, name, found, order)
        tally = Tally(name, len(found), len(jobs), bytes_to_do=sum(job.found.size_bytes for job in jobs))
        for outcome in _spread(jobs, workers, ray_address, gpus_per_worker):
            _enter(keeper, tally, outcome)
            if on_progress is not None:
                on_progress(tally)
        refresh(keeper.catalogue, home(archive), name)
        keeper.upload(now=True)
        archive.sweep()
    finally:
        keeper.catalogue.close()
    return tally


def _check(formats: Sequence[str], workers: int | None, gpus_per_worker: float | None) -> None:
    for name in formats:
        if name not in FORMATS:
            raise OptionError(f"{name!r} is no format of an archive: choose from {', '.join(FORMATS)}")
    if not formats or (workers is not None and not 1 <= workers <= 1024):
        raise OptionError(f"workers is {workers} and formats {list(formats)}: give 1 to 1024 workers and at least one format")
    if gpus_per_worker is not None and not 0.01 <= gpus_per_worker <= 1:
        raise OptionError(f"gpus per worker is {gpus_per_worker}: give 0.01 to 1, such as 0.125 for eight workers on each GPU")


def _outside(place: Place, archive: Place) -> Iterator[Found]:
    """A place's recordings, without those that lie in the archive itself."""
    own = archive.local().resolve() if place.is_local and archive.is_local else None
    for entry in place.recordings():
        if own is None or own not in place.local(entry.path).resolve().parents:
            yield entry


def _plan(catalogue: Catalogue, edition: int, name: str, found: Iterable[tuple[Place, Found]], order: Order) -> list[Job]:
    """Enters every recording, and gives the jobs that are left: what is new, changed, failed, or misses a result."""
    there, jobs = order.archive.names(name), {}
    with catalogue.change():
        for place, entry in found:
            row = catalogue.row_of(edition, place, entry)
            job = _job(row, place, entry, name, there, order)
            if job is not None:
                jobs[row.id] = job
                catalogue.set_waiting(row.id)
    return list(jobs.values())


def _job(row: Row, place: Place, found: Found, name: str, there: set[str], order: Order) -> Job | None:
    stem = f"{name}/{row.stem}"
    complete = row.status == "done" and all(f"{stem}.{suffix}" in there for suffix in (*order.formats, *row.outputs))
    if complete and (row.size_bytes, row.stamp) == (found.size_bytes, found.stamp):
        return None
    formats = tuple(dict.fromkeys((*order.formats, *row.outputs)))
    known = row.sha256 if complete and set(formats) == set(row.outputs) else None
    return Job(row.id, place, found, stem, order, formats, known)


def _spread(jobs: list[Job], workers: int | None, ray_address: str | None, gpus: float | None) -> Iterator[Outcome[Job, Heard]]:
    """Long files first: a long one begun last would keep one worker busy while the others are done."""
    queue = sorted(jobs, key=lambda job: -job.found.size_bytes)
    if ray_address is not None:
        return in_cluster(hear, queue, ray_address, workers, gpus or 0.0)
    most = int(1 / gpus + 1e-6) if gpus else len(queue)  # a pool shares one GPU
    return in_pool(hear, queue, max(1, min(workers or os.cpu_count() or 1, len(queue), most)))


def _enter(keeper: Keeper, tally: Tally, outcome: Outcome[Job, Heard]) -> None:
    job, heard = outcome.job, outcome.result or Heard("failed", DIED)
    if heard.status == "refused":
        raise OutputError(f"{heard.error}; {tally.done} files are finished, and the same command goes on from there")
    keeper.catalogue.record(job.row, job.found, heard, job.formats)
    keeper.upload()
    tally.bytes_done += job.found.size_bytes
    tally.heard_sec += heard.duration_sec
    tally.not_piano += heard.not_piano
    if heard.status == "failed":
        tally.failed += 1
        tally.failures.append(heard.error)
    else:
        tally.done += 1
