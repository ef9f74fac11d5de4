"""The bytes of a file that may be anybody's: never more of them than the reader can use."""

from __future__ import annotations

from pathlib import Path

from tecla.errors import InputError


def read_bounded(path: Path, most_bytes: int) -> bytes:
    """A file's bytes.

    Raises:
        InputError: it is missing, cannot be read, or is larger.
    """
    try:
        with path.open("rb") as file:
            data = file.read(most_bytes + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): check its name and permissions") from error
    if len(data) > most_bytes:
        raise InputError(f"{path} is larger than {most_bytes // 2**20} MiB: cut it into parts")
    return data
