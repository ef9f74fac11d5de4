"""A target is written whole or not at all: to a temporary neighbour first, then moved into place in one step."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tecla.errors import OutputError

_REMEDIES: Final = {
    errno.ENOSPC: "the disk is full; free some space or choose another place",
    errno.EDQUOT: "the disk quota is used up; free some space or choose another place",
    errno.EACCES: "no permission to write there; choose another place",
    errno.EPERM: "no permission to write there; choose another place",
    errno.EROFS: "the disk is read-only; choose another place",
    errno.ENOENT: "its folder does not exist; create it or choose another place",
    errno.ENOTDIR: "part of the path is a file, not a folder; choose another place",
    errno.EISDIR: "it is a folder; name a file inside it",
    errno.ENAMETOOLONG: "its name is too long; choose a shorter one",
}


def check_target(path: str | os.PathLike[str], force: bool = False, inputs: Container[Path] = ()) -> Path:
    """Says at the door, before any long work, whether a target can be written; folders still missing may be made later.

    Args:
        force: whether what is there may be replaced.
        inputs: what is read, as `Path.resolve` gives it; not even `force` replaces that.

    Raises:
        OutputError: it is a folder or one of the inputs, it exists and `force` is off, or its folder is none or not writable.
    """
    path = Path(path)
    try:
        mode = _mode(path)
        folder = next(folder for folder in path.absolute().parents if _mode(folder) is not None)
    except OSError as error:
        raise _refusal(path, error.errno, error.strerror) from error
    if mode is not None and stat.S_ISDIR(mode):
        raise _refusal(path, errno.EISDIR)
    if path.resolve() in inputs:
        raise OutputError(f"{path} is an input: tecla does not write over what it reads; choose another name")
    if mode is not None and not force:
        raise OutputError(f"{path} exists already: give --force to replace it, or another name")
    if not folder.is_dir():
        raise _refusal(path, errno.ENOTDIR)
    if not os.access(folder, os.W_OK):
        raise _refusal(path, errno.EACCES)
    return path


def _mode(path: Path) -> int | None:
    """What lies there, None for nothing. Of a name that cannot be `Path.exists` says nothing, too, or fails, as Python's version likes.

    Raises:
        OSError: a name that cannot be, or a folder that may not be looked into.
    """
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None


def make_folder(path: Path) -> None:
    """Makes the folder that a target lies in, where there is none.

    Raises:
        OutputError: it cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refusal(path, error.errno, error.strerror) from error


@contextmanager
def whole_target(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary neighbour of `path` to write to; it takes `path`'s place on leaving, and vanishes if anything fails.

    Raises:
        OutputError: the folder is missing, read-only or full.
    """
    path = Path(path)
    neighbour: Path | None = None
    try:
        if path.is_dir():
            raise _refusal(path, errno.EISDIR)
        handle, name = tempfile.mkstemp(prefix=".tecla-", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        neighbour = Path(name)
        yield neighbour
        neighbour.chmod(0o666 & ~_umask())  # mkstemp makes files private; a result is an ordinary file
        neighbour.replace(path)
    except OSError as error:
        raise _refusal(path, error.errno, error.strerror) from error
    finally:
        if neighbour is not None:
            neighbour.unlink(missing_ok=True)


def write_whole(path: str | os.PathLike[str], data: bytes | str) -> None:
    """Writes bytes, or text as UTF-8, whole or not at all.

    Raises:
        OutputError: the target cannot be written.
    """
    with whole_target(path) as neighbour:
        neighbour.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current


def _refusal(path: Path, code: int | None, text: str | None = None) -> OutputError:
    return OutputError(f"{path} cannot be written: {_REMEDIES.get(code or 0, text or 'choose another place')}")
