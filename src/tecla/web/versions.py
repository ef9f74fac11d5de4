"""Routes of versions: their notes, corrections, pages, exports, continuations, and two of them side by side."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import secrets
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request, Response

from tecla.errors import TeclaError
from tecla.io.notes import load_json, save_json
from tecla.music import Performance
from tecla.web import tasks
from tecla.web.doors import REFUSALS, StudioHere, TakeId, VersionNumber
from tecla.web.files import LibraryFile
from tecla.web.forms import Comparison, Continuation, Edited, JobState, NewVersion, Page, Version, VersionState
from tecla.web.library import Draft
from tecla.web.problems import ProblemError

router = APIRouter(prefix="/api/takes/{take}", tags=["versions"], responses=REFUSALS)

Format = Literal["mid", "json", "csv", "musicxml", "mxl", "pdf", "svg", "png", "wav", "flac", "mp3", "abc"]
_MEDIA: Final = {
    "mid": "audio/midi",
    "json": "application/json",
    "csv": "text/csv",
    "musicxml": "application/vnd.recordare.musicxml+xml",
    "mxl": "application/vnd.recordare.musicxml",
    "pdf": "application/pdf",
    "svg": "image/svg+xml",
    "png": "image/png",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "abc": "text/vnd.abc",
    "zip": "application/zip",
}
_HANDS: Final = {"left": "L", "right": "R", None: "."}
_HAND_OF: Final = {letter: hand for hand, letter in _HANDS.items()}


@router.get("/versions", response_model=list[VersionState])
def list_versions(studio: StudioHere, take: TakeId) -> list[dict[str, Any]]:
    """A take's versions, the oldest first."""
    return studio.library.versions(take)


@router.get("/versions/{version}", response_model=Version)
def show(studio: StudioHere, take: TakeId, version: VersionNumber) -> Response:
    """A version with its notes, pedals and wishes; beats too, once its page was made."""
    facts = studio.library.version(take, version)
    hands = facts.pop("hands")
    performance = load_json(studio.library.notes_file(take, version))
    beats = _folder(studio, take, facts) / "page.beats"
    known = json.loads(beats.read_text("utf-8")) if beats.exists() else {}
    body = facts | {
        "notes": _notes(performance, hands),
        "pedals": _rows(performance.controls),
        "beats_ready": bool(known),
        "beats_sec": known.get("beats_sec", []),
        "downbeats_sec": known.get("downbeats_sec", []),
    }
    return Response(json.dumps(body), media_type="application/json")


@router.post("/versions", status_code=201, response_model=VersionState)
def correct(studio: StudioHere, take: TakeId, edited: NewVersion) -> dict[str, Any]:
    """Keeps a correction as a new version; no version is ever written over."""
    studio.library.version(take, edited.parent)
    performance, hands = _performed(edited)
    draft = studio.library.inbox() / f"{hashlib.sha256(take.encode()).hexdigest()[:8]}-{id(edited)}.json"
    save_json(performance, draft)
    kept = Draft(draft, len(performance), performance.duration_sec, edited.what, edited.parent, edited.wishes.model_dump_json(), hands)
    added = studio.library.add_version(take, kept)
    studio.tell_take(take)
    return added


@router.delete("/versions/{version}", status_code=204)
def delete(studio: StudioHere, take: TakeId, version: VersionNumber) -> Response:
    """Removes a version; a take's only one cannot be removed."""
    studio.library.delete_version(take, version)
    studio.tell_take(take)
    return Response(status_code=204)


@router.get("/versions/{version}/page", response_model=Page)
async def page(studio: StudioHere, request: Request, take: TakeId, version: VersionNumber) -> LibraryFile:
    """The engraved pages, when in them what sounds, and which note each of their elements is. Hanging up gives the work up."""
    wait = {"on_progress": studio.telling_page(take, version), "gone": request.is_disconnected}
    made = await _make(studio, take, version, "page.json", tasks.make_page, **wait)
    return LibraryFile(made, media_type="application/json")


@router.post("/page", response_model=Page)
async def draft_page(studio: StudioHere, request: Request, take: TakeId, edited: Edited) -> Response:
    """The page of notes that are not kept as a version yet."""
    wishes = _titled(studio, take, edited.wishes.model_dump())
    performance, hands = await asyncio.to_thread(_performed, edited)
    stem = studio.library.inbox() / secrets.token_hex(8)  # of this request alone: one that hangs up takes its files with it
    notes, target = stem.with_suffix(".notes.json"), stem.with_suffix(".page.json")
    try:
        await asyncio.to_thread(save_json, performance, notes)
        tell = studio.telling_page(take, None)
        work = {"notes": notes, "wishes": wishes, "hands": hands, "source": studio.library.source(take)}
        await studio.answers.make(target, tasks.make_page, on_progress=tell, gone=request.is_disconnected, **work)
        return Response(await asyncio.to_thread(target.read_bytes), media_type="application/json")
    finally:
        for file in (notes, target, target.with_suffix(".beats")):
            file.unlink(missing_ok=True)


@router.get("/versions/{version}/played.mp3", response_class=LibraryFile)
async def played(studio: StudioHere, take: TakeId, version: VersionNumber) -> LibraryFile:
    """The version played on the sampled grand."""
    made = await _make(studio, take, version, "played.mp3", tasks.export)
    return LibraryFile(made, media_type="audio/mpeg")


@router.get("/versions/{version}/export.{format}", response_class=LibraryFile)
async def export(studio: StudioHere, take: TakeId, version: VersionNumber, format: Format) -> LibraryFile:
    """The version as a file to keep; several pages of svg or png come as a zip."""
    name = studio.library.take(take)["name"]
    file = await _exported(studio, take, version, format)
    suffix = file.suffix.removeprefix(".")
    return LibraryFile(file, media_type=_MEDIA[suffix], filename=f"{_safe(name)}.{suffix}")


async def _exported(studio: StudioHere, take: str, version: int, format: str) -> Path:
    if format == "abc":
        source = studio.library.source(take)
        if source.suffix != ".abc" or version != 1:
            raise ProblemError(409, "no-bars", "only a take that was handed in as ABC can be written as ABC: choose musicxml")
        return source
    stem = "played.mp3" if format == "mp3" else f"export.{format}"
    packed = _folder(studio, take, studio.library.version(take, version)) / f"{stem}.zip"
    if packed.exists():
        return packed
    made = await _make(studio, take, version, stem, tasks.export)
    return packed if packed.exists() else made


@router.post("/versions/{version}/continue", status_code=202, response_model=JobState)
def go_on(studio: StudioHere, take: TakeId, version: VersionNumber, asked: Continuation) -> dict[str, Any]:
    """Queues a continuation; its job's result names the new version, and the second from which it is new."""
    return studio.go_on(take, version, asked.model_dump())


@router.get("/versions/{version}/compare", response_model=Comparison)
async def compare(
    studio: StudioHere,
    take: TakeId,
    version: VersionNumber,
    reference_take: Annotated[str, Query(pattern="^[0-9a-f]{16}$")],
    reference_version: Annotated[int, Query(ge=1, le=2**31)],
) -> dict[str, Any]:
    """Hits, misses and inventions of a version, measured by another one."""
    studio.library.version(take, version)
    studio.library.version(reference_take, reference_version)
    reference = studio.library.notes_file(reference_take, reference_version)
    answer = await studio.answers.ask(tasks.compare, reference=reference, estimate=studio.library.notes_file(take, version))
    played = await asyncio.to_thread(load_json, reference)
    return answer | {"reference_notes": _notes(played, "")}


async def _make(studio: StudioHere, take: str, version: int, stem: str, task: Any, **wait: Any) -> Path:
    facts = studio.library.version(take, version)
    made = _folder(studio, take, facts) / stem
    notes = studio.library.notes_file(take, version)
    wishes = _titled(studio, take, facts["wishes"])
    work = {"notes": notes, "wishes": wishes, "hands": facts["hands"], "source": studio.library.source(take)}
    return await studio.answers.make(made, task, **work, **wait)


def _titled(studio: StudioHere, take: str, wishes: dict[str, Any]) -> dict[str, Any]:
    """Wishes with a title: the take's name, where none is stated."""
    name = studio.library.take(take)["name"]
    return {**wishes, "title": wishes.get("title") or name}


def _folder(studio: StudioHere, take: str, facts: dict[str, Any]) -> Path:
    """Where the page and the exports of a version lie, by their title: under another name of the take they are made anew."""
    title = _titled(studio, take, facts["wishes"])["title"]
    return studio.library.made(take, facts["version"]) / hashlib.sha256(title.encode()).hexdigest()[:16]


def _performed(edited: Edited) -> tuple[Performance, str]:
    """The notes as a Performance, and the hands of its notes ("" where none is stated)."""
    rows = sorted(edited.notes, key=lambda note: (note.onset_sec, note.pitch))  # as a Performance sorts them
    names = ("onset_sec", "offset_sec", "pitch", "velocity", "confidence")
    columns = {name: [getattr(row, name) for row in rows] for name in names}
    moves = [(move.time_sec, move.number, move.value) for move in edited.pedals]
    hands = "".join(_HANDS[row.hand] for row in rows)
    try:
        return Performance.from_arrays(controls=moves, **columns), hands if hands.strip(".") else ""
    except TeclaError as error:
        raise ProblemError(422, "invalid", str(error)) from error


def _notes(performance: Performance, hands: str) -> list[dict[str, Any]]:
    rows = _rows(performance.notes)
    return [row | {"hand": _HAND_OF[hand]} for row, hand in zip(rows, hands or "." * len(rows), strict=True)]


def _rows(table: Any) -> list[dict[str, Any]]:
    return [dict(zip(table.dtype.names, row, strict=True)) for row in table.tolist()]


def _safe(name: str) -> str:
    """A take's name as a file's name on any system.

    >>> _safe("../Sonata: 2/3?")
    '.. Sonata 2 3'
    """
    return " ".join(re.sub(r'[<>:"/\\|?*\x00-\x1f]', " ", name).split())[:100] or "tecla"
