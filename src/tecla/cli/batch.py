"""Which inputs become which outputs, and what happens when one of many cannot be read."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import typer

from tecla.errors import InputError, OutputError, TeclaError

DEFAULT_SUFFIX: Final = ".mid"
_NOTES: Final = (".mid", ".midi", ".json", ".csv")


@dataclass(frozen=True)
class Job:
    """One input and its targets; `refusal` says why an input is hopeless from the start."""

    sound: Path
    targets: list[Path] = field(default_factory=list)
    refusal: TeclaError | None = None


@dataclass(frozen=True)
class Batch:
    """The jobs of one command line; `single` when it names exactly one file, whose failure is the command's."""

    jobs: list[Job]
    single: bool


def plan_jobs(inputs: list[Path], outputs: list[str]) -> Batch:
    """Targets of every input: a file, a folder to put them in, or a pattern with `*` for the input's name.

    Raises:
        OutputError: one file for several inputs.
    """
    single = len(inputs) == 1 and not is_folder(inputs[0])
    jobs: list[Job] = []
    for path in dict.fromkeys(inputs):  # a name given twice is one recording
        try:
            found = _expand(path)
        except InputError as refusal:
            jobs.append(Job(path, refusal=refusal))
            single = len(inputs) == 1
            continue
        for sound, name in found:
            targets = [_target(sound, name, output, single) for output in outputs or [DEFAULT_SUFFIX]]
            jobs.append(Job(sound, list(dict.fromkeys(targets))))
    return Batch(_refuse_clashes(jobs), single)


def _expand(path: Path) -> list[tuple[Path, Path]]:
    """A file, or all sounds of a folder, each with its name relative to where the search began."""
    from tecla import workbench  # noqa: PLC0415

    if not is_folder(path):
        if path.suffix.lower() in _NOTES:
            raise InputError(f"{path} holds notes, not sound: tecla engrave {path} writes them as a page, tecla render {path} plays them")
        if path.suffix.lower() in workbench.PLAYED_SUFFIXES:
            raise InputError(f"{path} is a score, not sound: tecla render {path} plays it")
        if str(path).startswith(("http:/", "https:/")):
            raise InputError(f"{path.name} lies on the web: save it first, tecla does not download")
        return [(path, Path(path.name))]
    return [(sound, sound.relative_to(path)) for sound in workbench.find_sounds(path)]


def _target(sound: Path, name: Path, output: str, single: bool) -> Path:
    bare = output.startswith(".") and "/" not in output and len(output) > 2  # ".json": beside the input
    path = Path(output)
    if bare:
        path = sound.with_suffix(output)
    elif "*" in path.name:
        path = path.parent / name.parent / path.name.replace("*", sound.stem)
    elif is_folder(path) or output.endswith("/") or not path.suffix:
        path = path / name.with_suffix(DEFAULT_SUFFIX)
    elif not single:
        raise OutputError(f"{output} is one file for several inputs: name a folder, or a pattern such as '*{path.suffix}'")
    return path


def is_folder(path: Path) -> bool:
    """Whether it is one; what cannot even be looked at is refused where it is read or written."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _refuse_clashes(jobs: list[Job]) -> list[Job]:
    """The jobs, with a refusal for one whose target is an earlier job's."""
    taken: dict[Path, Path] = {}
    checked = []
    for job in jobs:
        refusal = job.refusal
        for target in job.targets:
            earlier = taken.setdefault(target.resolve(), job.sound)
            if earlier != job.sound:
                refusal = OutputError(f"{job.sound} would become {target}, as {earlier} does: rename one of them")
        checked.append(replace(job, refusal=refusal))
    return checked


def beside(given: Path, suffix: str) -> Path:
    """The same name with another suffix, where an output goes that is not named.

    Raises:
        InputError: what is given is a folder.
    """
    if is_folder(given):
        raise InputError(f"{given} is a folder: name a file in it")
    return given.with_suffix(suffix)


def run_jobs(batch: Batch, work: Callable[[Job], None], force: bool) -> None:
    """Does `work` for each job; a batch goes on past failures, lists them at its end and exits with 1.

    Raises:
        TeclaError: what stopped a single job.
        typer.Exit: part of a batch failed.
    """
    failures: list[TeclaError] = []
    inputs = {job.sound.resolve() for job in batch.jobs}
    for done, job in enumerate(batch.jobs):
        try:
            _check_job(job, force, inputs)
            work(job)
        except KeyboardInterrupt:
            print(f"stopped; {done} of {len(batch.jobs)} done", file=sys.stderr)
            raise
        except TeclaError as error:
            if batch.single:
                raise
            failures.append(error)
            print(f"error: {error}", file=sys.stderr)
    if failures:
        print(f"{len(failures)} of {len(batch.jobs)} failed:", *failures, sep="\n  ", file=sys.stderr)
        raise typer.Exit(1)


def _check_job(job: Job, force: bool, inputs: set[Path]) -> None:
    """Refuses before the work what could not be written after it."""
    from tecla import workbench  # noqa: PLC0415

    if job.refusal is not None:
        raise job.refusal
    for target in job.targets:
        workbench.check_output(target, force, inputs)
