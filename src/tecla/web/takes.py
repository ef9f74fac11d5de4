"""Routes of takes: handing in, looking through, renaming, deleting; their sound and its picture."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, File, Query, Response, UploadFile
from fastapi import Form as FormField

from tecla.web import tasks
from tecla.web.doors import REFUSALS, StudioHere, TakeId
from tecla.web.files import LibraryFile
from tecla.web.forms import Added, JobState, Name, Take
from tecla.web.library import LONGEST_NAME
from tecla.web.problems import ProblemError

router = APIRouter(prefix="/api/takes", tags=["takes"], responses=REFUSALS)

_PLAYED_AS_IS: Final = {".wav": "audio/wav", ".mp3": "audio/mpeg", ".flac": "audio/flac"}


@router.post("", status_code=201, response_model=Added)
async def hand_in(
    studio: StudioHere,
    file: Annotated[UploadFile, File(description="sound, video, MIDI, MusicXML, ABC, or a note list (.json, .csv)")],
    name: Annotated[str | None, FormField(max_length=LONGEST_NAME)] = None,
) -> dict[str, Any]:
    """Takes in a file. Sound is queued to be heard; notes and scores are version 1 at once."""
    handed = await asyncio.to_thread(_keep, file, studio.library.inbox())
    filename = _last(file.filename or "")
    try:
        take, job = await studio.add_take(handed, name or _stem(filename), filename)
    finally:
        handed.unlink(missing_ok=True)
    return {"take": studio.library.take(take), "job": job}


def _last(filename: str) -> str:
    r"""A file's name without its folders, on one line.

    >>> _last("C:\\Music\\Op. 9"), _last("tapes/waltz\n.wav")
    ('Op. 9', 'waltz .wav')
    """
    return " ".join(re.split(r"[/\\]", filename)[-1].split())


def _stem(filename: str) -> str:
    """A file's name without its suffix.

    >>> _stem("waltz.take 2.wav"), _stem(".wav"), _stem("Op. 9")
    ('waltz.take 2', '.wav', 'Op. 9')
    """
    return re.sub(r"(?<=.)\.[A-Za-z0-9]{1,8}$", "", filename)


def _keep(file: UploadFile, folder: Path) -> Path:
    handle, path = tempfile.mkstemp(dir=folder)
    with os.fdopen(handle, "wb") as target:
        shutil.copyfileobj(file.file, target, 2**20)
    return Path(path)


@router.get("", response_model=list[Take])
def look_through(studio: StudioHere, search: Annotated[str, Query(max_length=LONGEST_NAME)] = "") -> list[dict[str, Any]]:
    """All takes whose names contain `search`, the newest first."""
    return studio.library.takes(search)


@router.get("/{take}", response_model=Take)
def look_at(studio: StudioHere, take: TakeId) -> dict[str, Any]:
    """One take."""
    return studio.library.take(take)


@router.patch("/{take}", response_model=Take)
def rename(studio: StudioHere, take: TakeId, name: Name) -> dict[str, Any]:
    """Gives a take another name."""
    studio.library.take(take)
    studio.library.rename(take, name.name)
    studio.tell_take(take)
    return studio.library.take(take)


@router.delete("/{take}", status_code=204)
def delete(studio: StudioHere, take: TakeId) -> Response:
    """Removes a take with all its versions; what is being done with it is stopped."""
    studio.delete(take)
    return Response(status_code=204)


@router.post("/{take}/transcribe", status_code=202, response_model=JobState)
def hear_again(studio: StudioHere, take: TakeId) -> dict[str, Any]:
    """Queues the hearing of a take's sound once more: after a failure, or for a new version."""
    return studio.transcribe(take)


@router.get("/{take}/sound", response_class=LibraryFile)
async def sound(studio: StudioHere, take: TakeId) -> LibraryFile:
    """The sound that was handed in, as something every browser plays: as it was (wav, mp3, flac), or as flac."""
    source = _sound_of(studio, take)
    if source.suffix in _PLAYED_AS_IS:
        return LibraryFile(source, media_type=_PLAYED_AS_IS[source.suffix])
    made = await studio.answers.make(studio.library.made(take) / "sound.flac", tasks.make_sound, source=source)
    return LibraryFile(made, media_type="audio/flac")


@router.get("/{take}/spectrogram.png", response_class=LibraryFile)
async def spectrogram(studio: StudioHere, take: TakeId) -> LibraryFile:
    """The sound's spectrogram on the piano roll's axes, grey, black for silence.

    352 rows, four a semitone, from MIDI pitch 108.5 (top) to 20.5 (bottom); columns evenly from 0 s to its end, 50 a second or, in
    long takes, 16,384 in all.
    """
    made = studio.library.made(take) / "spectrogram.png"
    await studio.answers.make(made, tasks.draw_spectrogram, source=_sound_of(studio, take))
    return LibraryFile(made, media_type="image/png")


def _sound_of(studio: StudioHere, take: str) -> Path:
    if not studio.library.take(take)["has_sound"]:
        raise ProblemError(404, "no-sound", "this take has no sound: it was handed in as notes")
    return studio.library.source(take)
