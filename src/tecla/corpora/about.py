"""What is known of a corpus before it is there: whose it is, on which terms, and where its files lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Download:
    """One published file.

    `sha256` is the publisher's, or that of the copy that was used here; "" where neither is known, and then nothing can be verified but the
    length. `place` is where it goes in the corpus' folder; an archive is unpacked there, without its own top folder.
    """

    url: str
    sha256: str
    size_bytes: int
    place: str = "."

    @property
    def is_archive(self) -> bool:
        """Whether it is to be unpacked."""
        return self.url.endswith(".zip")


@dataclass(frozen=True)
class About:
    """A corpus' conscience. `parts` are its downloads by name, `obtain` says what to do where there is none."""

    name: str
    title: str
    version: str
    licence: str
    citation: str
    url: str
    split: str
    parts: Mapping[str, Download] = field(default_factory=dict)
    obtain: str = ""
