"""Published corpora brought here: in stages, checked, and whole or not at all.

What has arrived lies in `FOLDER.download/` beside the corpus' folder until its checksum is right; a second call goes on where the first
stopped. Archives are unpacked there too, and the folder gets its name in one step.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import shutil
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Final

from tecla.corpora.about import About, Download
from tecla.errors import InputError, OptionError, OutputError
from tecla.io.target import check_target, make_folder

_BLOCK_BYTES: Final = 1 << 18
_ATTEMPTS: Final = 5  # a connection that breaks is taken up again this often before the user is asked to
_TIMEOUT_SEC: Final = 60
_UNPACKED: Final = 1.3  # at most: recordings and MIDI hardly shrink

OnBytes = Callable[[int, int | None], None]


def choose_part(about: About, part: str | None) -> Download:
    """A corpus' download by name; its first one without.

    Raises:
        OptionError: there is none of that name, or the corpus cannot be downloaded at all.
    """
    if not about.parts:
        raise OptionError(f"{about.name} has no download: {about.obtain or 'it is made, not fetched'}")
    name = part or next(iter(about.parts))
    if name not in about.parts:
        raise OptionError(f"{about.name} has no part {name!r}: choose {' or '.join(about.parts)}")
    return about.parts[name]


def fetch(download: Download, folder: Path, on_bytes: OnBytes = lambda done, total: None) -> Path:
    """Brings one file, or what an archive holds, into a folder; returns it.

    Args:
        on_bytes: called with the bytes that are here and how many there will be (None: the server does not say).

    Raises:
        OutputError: the folder holds files already or cannot be made, or the disk is too small.
        InputError: the server cannot be reached or has no such file, or what came is not what was published.
    """
    target = folder if download.is_archive else folder / download.place
    check_target(folder / PurePosixPath(download.url).name, force=True)
    if download.is_archive and folder.exists() and any(folder.iterdir()):
        raise OutputError(f"{folder} holds files already: name a new folder")
    if not download.is_archive and target.exists():
        raise OutputError(f"{target} exists already: name another folder")
    stage = folder.absolute().with_name(f"{folder.absolute().name}.download")
    arrived = stage / PurePosixPath(download.url).name
    make_folder(arrived)
    if not arrived.exists():
        _receive(download, arrived, on_bytes)
    make_folder(target)
    if download.is_archive:
        unpacked = _unpack(arrived, stage / "unpacked")
        if folder.exists():
            folder.rmdir()
        unpacked.rename(folder)
    else:
        arrived.rename(target)
    shutil.rmtree(stage)
    return folder


def _receive(download: Download, arrived: Path, on_bytes: OnBytes) -> None:
    """Fills `arrived`.part from where it stands to its end, checks it, and gives it its name."""
    part = arrived.with_name(f"{arrived.name}.part")
    for attempt in range(_ATTEMPTS):
        try:
            _continue(download, part, on_bytes)
            break
        except urllib.error.HTTPError as error:
            raise InputError(
                f"{download.url} answers {error.code} {error.reason}: look on the corpus' page whether it has moved"
            ) from error
        except (OSError, http.client.HTTPException) as error:
            why = getattr(error, "reason", error)
            if not part.exists():
                if not any(arrived.parent.iterdir()):  # another part of the corpus may be half here
                    arrived.parent.rmdir()
                raise InputError(f"{download.url} cannot be reached ({why}): check the network, then run the same command again") from error
            if attempt == _ATTEMPTS - 1:
                raise InputError(f"{download.url} broke off ({why}): run the same command again, it goes on where it stopped") from error
    found = _checksum(part)
    if download.sha256 and found != download.sha256:
        part.unlink()
        raise InputError(
            f"{download.url} sent something else than was published (SHA-256 {found[:12]}, not {download.sha256[:12]}): try again"
        )
    part.rename(arrived)


def _continue(download: Download, part: Path, on_bytes: OnBytes) -> None:
    """One connection: asks for the rest of what is here, and only if it is still the same file there."""
    tag_file = part.with_name(f"{part.name}.json")
    here = part.stat().st_size if part.exists() and tag_file.exists() else 0
    request = urllib.request.Request(download.url, headers={"User-Agent": "tecla"})
    if here:
        request.add_header("Range", f"bytes={here}-")
        request.add_header("If-Range", json.loads(tag_file.read_text("utf-8")))
    try:
        answer = urllib.request.urlopen(request, timeout=_TIMEOUT_SEC)
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and here:
            return  # all of it is here
        raise
    with answer:
        if answer.status != http.HTTPStatus.PARTIAL_CONTENT:
            here = 0
        tag = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
        if tag and not tag.startswith("W/"):
            tag_file.write_text(json.dumps(tag), encoding="utf-8")
        length = answer.headers.get("Content-Length")
        total = here + int(length) if length else None
        _check_room(download, part.parent, (total or download.size_bytes) - here, total or download.size_bytes)
        with part.open("ab" if here else "wb") as file:
            while block := answer.read(_BLOCK_BYTES):
                file.write(block)
                here += len(block)
                on_bytes(here, total)
    if total is not None and here < total:
        raise http.client.IncompleteRead(b"", total - here)


def _check_room(download: Download, stage: Path, missing_bytes: int, total_bytes: int) -> None:
    needed = missing_bytes + (_UNPACKED * total_bytes if download.is_archive else 0)
    free = shutil.disk_usage(stage).free
    if needed > free:
        raise OutputError(f"{stage} has {free / 1e9:.1f} GB free and {needed / 1e9:.1f} GB are needed: choose a larger disk")


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unpack(archive: Path, folder: Path) -> Path:
    """What an archive holds, as a folder; the one folder that everything in it lies in is taken off."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with zipfile.ZipFile(archive) as zipped:
            zipped.extractall(folder)  # names that would leave the folder are cut by zipfile
    except (zipfile.BadZipFile, EOFError) as error:
        archive.unlink()
        raise InputError(f"{archive.name} is damaged ({error}): run the same command again, it is fetched anew") from error
    inside = list(folder.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else folder
