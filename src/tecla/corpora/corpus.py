"""What a corpus is: recordings with their notes, and the conditions under which they may be used."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from tecla.errors import InputError, OptionError


@dataclass(frozen=True)
class Recording:
    """One performance: its notes, its sound if there is one, its split, and the id of the composition that it plays.

    `group` is what figures are reported by beside the whole: the piano and its microphones, where a corpus has several.
    """

    name: str
    midi: Path
    audio: Path | None
    split: str
    composition: str
    group: str = ""
    composer: str = ""


@dataclass(frozen=True)
class Corpus:
    """A corpus with a conscience; recordings are sorted by name."""

    name: str
    title: str
    version: str
    licence: str
    citation: str
    url: str
    recordings: tuple[Recording, ...]

    def of_split(self, split: str) -> Corpus:
        """The same corpus with the recordings of one split only.

        Raises:
            OptionError: there is none of that name.
        """
        chosen = tuple(recording for recording in self.recordings if recording.split == split)
        if not chosen:
            splits = ", ".join(sorted({recording.split for recording in self.recordings}))
            raise OptionError(f"{self.name} has no recordings in split {split!r}: it has {splits}")
        return replace(self, recordings=chosen)


def composition_id(*parts: str) -> str:
    """A composition's name without what spelling varies: case, accents, spaces and punctuation.

    >>> composition_id("Frédéric Chopin", "Étude Op. 10, No. 4") == composition_id("Frederic Chopin", "Etude op.10 no.4")
    True
    """
    plain = unicodedata.normalize("NFKD", " ".join(parts)).casefold()
    return re.sub(r"[^a-z0-9]+", "", plain)


def shared_compositions(recordings: Iterable[Recording]) -> dict[str, set[str]]:
    """Compositions that occur in more than one split, with those splits."""
    splits: dict[str, set[str]] = {}
    for recording in recordings:
        splits.setdefault(recording.composition, set()).add(recording.split)
    return {composition: found for composition, found in splits.items() if len(found) > 1}


def check_splits(recordings: Iterable[Recording]) -> None:
    """Makes sure that no composition is in two splits, of one corpus or of several together.

    Raises:
        InputError: one is.
    """
    shared = shared_compositions(recordings)
    if shared:
        composition, splits = next(iter(sorted(shared.items())))
        others = f" and {len(shared) - 1} more" if len(shared) > 1 else ""
        raise InputError(f"{composition}{others} is in {' and '.join(sorted(splits))}: keep every composition in one split")


def check_found(recordings: Iterable[Recording], folder: Path, expected: str) -> tuple[Recording, ...]:
    """The recordings sorted by name.

    Raises:
        InputError: there is none; `expected` says what the folder should hold.
    """
    found = tuple(sorted(recordings, key=lambda recording: recording.name))
    if not found:
        remedy = f"it should hold {expected}" if folder.is_dir() else "there is no such folder"
        raise InputError(f"{folder} holds no recordings: {remedy}")
    return found


def sound_beside(midi: Path, suffixes: Iterable[str]) -> Path | None:
    """The sound of the same stem in the same folder, if there is one; the first of `suffixes` that exists."""
    return next((path for suffix in suffixes if (path := midi.with_suffix(suffix)).is_file()), None)
