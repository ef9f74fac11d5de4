"""Where recordings lie and results go: a folder, or through fsspec a zip file, s3://, gs:// and whatever else it knows.

Local files are read where they are and results renamed into place. Elsewhere a file is fetched to a temporary folder, and a
result is uploaded under a temporary name and then moved: either way it appears whole or not at all.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Final

from tecla.errors import InputError, MissingExtraError, OutputError, TeclaError
from tecla.io.audio import READABLE

WORK: Final = ".work"  # unfinished results; nothing in it is worth keeping once no run is under way
_STAMPS: Final = ("ETag", "etag", "mtime", "LastModified", "updated", "CRC", "created")  # as S3, GCS, folders and zip files name them


@dataclass(frozen=True)
class Found:
    """A recording in a place; `stamp` changes when the file does."""

    path: str
    size_bytes: int
    stamp: str


@dataclass(frozen=True)
class Place:
    """A folder or single file to read from, or a folder to write to: a local path, or an address with ://."""

    address: str

    @property
    def is_local(self) -> bool:
        """Whether it is a path of this machine."""
        return "://" not in self.address and not self._is_zip

    @property
    def _is_zip(self) -> bool:
        return self.address.lower().endswith(".zip") and Path(self.address).is_file()

    @property
    def label(self) -> str:
        """Its last name, for the folder that its results go to."""
        return PurePosixPath(self.address.rstrip("/").replace("\\", "/")).name

    @property
    def anywhere(self) -> str:
        """Its address as it is entered: what lies on this machine has one, from whatever folder and however it was named."""
        if not (self.is_local or self._is_zip):
            return self.address
        given = Path(self.address).absolute()
        plain = Path(os.path.normpath(given))
        same = not given.exists() or (plain.exists() and plain.samefile(given))  # behind a link, .. is another folder than it looks
        return str(plain if same else given)

    def local(self, path: str = "") -> Path:
        """A path in a local place."""
        return Path(self.address) / path if path else Path(self.address)

    @cached_property
    def _remote(self) -> tuple[Any, str]:
        """The file system and the root in it."""
        with _or(InputError, f"{self.address} cannot be reached", "give a folder, a zip file or s3://bucket/folder"):
            try:
                import fsspec  # noqa: PLC0415

                address = f"zip://::{Path(self.address).absolute()}" if self._is_zip else self.address
                file_system, root = fsspec.core.url_to_fs(address)
            except ImportError as error:
                named = re.search(r'nstall (\w+)|"(\w+)"', str(error))  # fsspec says which of its drivers is missing, for S3: Install s3fs
                mend = f"pip install {named[1] or named[2]}" if named else 'pip install "tecla[archive]"'
                raise MissingExtraError(f"{self.address} needs more packages ({error}): {mend}") from error
        return file_system, str(root)

    def recordings(self) -> list[Found]:
        """All sound and video files in it and below, sorted; hidden ones are left out.

        Raises:
            InputError: it does not exist or cannot be listed.
        """
        with _or(InputError, f"{self.address} cannot be listed", "check its name and permissions"):
            found = list(self._walk_local() if self.is_local else self._walk_remote())
        return sorted((entry for entry in found if _wanted(entry.path)), key=lambda entry: entry.path)

    def _walk_local(self) -> Iterator[Found]:
        root = self.local()
        if not root.is_dir():
            yield _found_local(root, root.name)
            return
        for folder, folders, names in os.walk(root, onerror=_raise):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in names:
                path = Path(folder, name)
                if path.suffix.lower() in READABLE and path.is_file():
                    yield _found_local(path, path.relative_to(root).as_posix())

    def _walk_remote(self) -> Iterator[Found]:
        file_system, root = self._remote
        entries = file_system.find(root, detail=True)
        if not entries:
            raise InputError(f"{self.address} is empty or does not exist: check its name and permissions")
        for path, facts in entries.items():
            stamp = next((str(facts[key]) for key in _STAMPS if facts.get(key)), "")
            name = path.removeprefix(root).lstrip("/") or PurePosixPath(path).name
            yield Found(name, int(facts.get("size") or 0), stamp)

    @contextmanager
    def fetched(self, found: Found) -> Iterator[Path]:
        """A local file with a recording's bytes: itself, or a copy that is gone afterwards.

        Raises:
            InputError: it cannot be read, or there is no room for the copy.
        """
        if self.is_local:
            given = self.local()
            yield given / found.path if given.is_dir() else given
            return
        with tempfile.TemporaryDirectory(prefix="tecla-") as folder:
            if found.size_bytes > shutil.disk_usage(folder).free:
                raise InputError(f"{found.path} has {found.size_bytes:,} bytes, more than there is room for in {folder}: free some space")
            copy = Path(folder, "recording").with_suffix(PurePosixPath(found.path).suffix.lower())
            file_system, root = self._remote
            with _or(InputError, f"{found.path} cannot be fetched", f"check {self.address}"):
                file_system.get_file(f"{root.rstrip('/')}/{found.path}".lstrip("/") if root else found.path, str(copy))
            yield copy

    @contextmanager
    def workbench(self) -> Iterator[Path]:
        """An empty local folder to make results in, on the same disk where that can be; gone afterwards."""
        if not self.is_local:
            with tempfile.TemporaryDirectory(prefix="tecla-") as temporary:
                yield Path(temporary)
            return
        folder = self.local(WORK) / uuid.uuid4().hex
        with _refused(self.address):
            folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def deliver(self, files: Iterable[tuple[Path, str]]) -> None:
        """Moves finished files to their names in this place, each in one step, and makes sure that they are on the disk.

        Raises:
            OutputError: the place is full or cannot be written.
        """
        with _refused(self.address):
            for file, name in files:
                (self._deliver_local if self.is_local else self._deliver_remote)(file, name)

    def _deliver_local(self, file: Path, name: str) -> None:
        target = self.local(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        with file.open("rb+") as written:
            os.fsync(written.fileno())  # else a power cut after the rename leaves an empty file that the catalogue calls done
        file.replace(target)
        _sync_folder(target.parent)

    def _deliver_remote(self, file: Path, name: str) -> None:
        file_system, root = self._remote
        target, passing = f"{root.rstrip('/')}/{name}", f"{root.rstrip('/')}/{WORK}/{uuid.uuid4().hex}"
        for path in (target, passing):
            file_system.makedirs(path.rpartition("/")[0], exist_ok=True)
        file_system.put_file(str(file), passing)
        file_system.mv(passing, target)

    def names(self, folder: str) -> set[str]:
        """Every file below a folder of this place, relative to the place.

        Raises:
            OutputError: the place cannot be looked into.
        """
        if self.is_local:
            top = self.local()
            return {path.relative_to(top).as_posix() for path in (top / folder).rglob("*") if path.is_file()}
        file_system, root = self._remote
        with _refused(self.address):
            return {str(path).removeprefix(root).lstrip("/") for path in file_system.find(f"{root.rstrip('/')}/{folder}")}

    def sweep(self) -> None:
        """Takes away what an interrupted run left unfinished.

        Raises:
            OutputError: a place that is not local refuses.
        """
        if self.is_local:
            shutil.rmtree(self.local(WORK), ignore_errors=True)
            return
        file_system, root = self._remote
        with _refused(self.address):
            if file_system.exists(f"{root.rstrip('/')}/{WORK}"):
                file_system.rm(f"{root.rstrip('/')}/{WORK}", recursive=True)

    def bring(self, name: str, to: Path) -> bool:
        """Copies one file of a place that is not local to a local path; False if there is none.

        Raises:
            InputError: the place does not answer.
        """
        file_system, root = self._remote
        with _or(InputError, f"{self.address} cannot be read", "check its name and permissions"):
            if not file_system.exists(f"{root.rstrip('/')}/{name}"):
                return False
            file_system.get_file(f"{root.rstrip('/')}/{name}", str(to))
        return True


@contextmanager
def _or(kind: type[TeclaError], what: str, mend: str) -> Iterator[None]:
    """The file system's errors in one line. Those of s3, gs and http are of their libraries' own kinds, which share no base class."""
    try:
        yield
    except TeclaError:
        raise
    except Exception as error:
        why = getattr(error, "strerror", None) or (str(error).splitlines() or [""])[0] or type(error).__name__
        raise kind(f"{what} ({why}): {mend}") from error


def _refused(address: str) -> AbstractContextManager[None]:
    return _or(OutputError, f"{address} cannot be written", "free some space or choose another place")


def _found_local(path: Path, name: str) -> Found:
    facts = path.stat()
    return Found(name, facts.st_size, str(facts.st_mtime_ns))


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":  # elsewhere a folder cannot be opened
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _wanted(path: str) -> bool:
    name = PurePosixPath(path)
    return name.suffix.lower() in READABLE and not any(part.startswith(".") and part not in (".", "..") for part in name.parts)


def _raise(error: OSError) -> None:
    raise error
