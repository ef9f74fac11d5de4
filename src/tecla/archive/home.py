"""Where an archive's catalogue and melody index live: in the archive if it is a folder, else in a copy on this machine.

SQLite needs a file system. Of an archive on s3:// and the like, the catalogue is fetched before a run, worked on here, and uploaded
now and then, at the end, and whole each time. What a crash leaves out of the uploaded copy is heard again.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Final

from tecla.archive.catalogue import NAME, Catalogue
from tecla.archive.names import fingerprint
from tecla.archive.places import Place
from tecla.errors import InputError

_UPLOAD_SHARE: Final = 0.05  # of the time may go into uploads
_LEAST_WAIT_SEC: Final = 60.0


def home(archive: Place) -> Path:
    """The local folder of an archive's catalogue and index."""
    if archive.is_local:
        return archive.local()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "tecla" / "archives" / fingerprint(archive.address)


def open_to_read(archive: Place) -> Catalogue:
    """The catalogue as it stands.

    Raises:
        InputError: there is no archive.
    """
    path = home(archive) / NAME
    if not archive.is_local and not _fetch(archive, path):
        raise InputError(f"{archive.address} holds no archive: name the place that tecla archive wrote to")
    return Catalogue(path)


class Keeper:
    """Holds the catalogue open to write, and keeps the copy in a place that is not local fresh."""

    def __init__(self, archive: Place) -> None:
        """Opens or makes the catalogue.

        Raises:
            OutputError: it cannot be written, or another run is writing.
        """
        path = home(archive) / NAME
        if not archive.is_local:
            _fetch(archive, path)
        self.catalogue = Catalogue(path, write=True)
        self._archive, self._next = archive, time.monotonic() + _LEAST_WAIT_SEC

    def upload(self, now: bool = False) -> None:
        """Brings the copy up to date if that is due, or `now`.

        Raises:
            OutputError: the place cannot be written.
        """
        if self._archive.is_local or (not now and time.monotonic() < self._next):
            return
        begin = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="tecla-") as folder:
            copy = Path(folder, NAME)
            self.catalogue.copy_to(copy)
            self._archive.deliver([(copy, NAME)])
        self._next = time.monotonic() + max(_LEAST_WAIT_SEC, (time.monotonic() - begin) / _UPLOAD_SHARE)


def _fetch(archive: Place, path: Path) -> bool:
    path.parent.mkdir(parents=True, exist_ok=True)
    copy = path.with_suffix(".fetched")
    if not archive.bring(NAME, copy):
        return False
    copy.replace(path)
    return True
