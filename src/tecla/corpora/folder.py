"""Your own recordings: a folder in which a sound and a MIDI file of the same name belong together.

Split: all recordings are in split "all", and each is taken for a composition of its own: whoever splits them knows which are not.
"""

from __future__ import annotations

import warnings
from os import PathLike
from pathlib import Path

from tecla.corpora.about import About
from tecla.corpora.corpus import Corpus, Recording, check_found
from tecla.errors import InputError, InputWarning
from tecla.io.audio import READABLE

ABOUT = About(
    "folder",
    "Your own recordings",
    "as found",
    "the owner's",
    "",
    "",
    "none: all pairs are in split all",
    obtain="record, then let tecla corpora add pair and align sound and MIDI",
)
NOTES = frozenset({".mid", ".midi"})


def load(folder: str | PathLike[str]) -> Corpus:
    """Pairs sounds and MIDI files by their path without suffix, in a folder and the folders in it.

    Warns with InputWarning of files left without a partner.

    Raises:
        InputError: there is no pair, or two sounds (or two MIDI files) have one name.
    """
    folder = Path(folder)
    sounds, midis = _by_name(folder, READABLE), _by_name(folder, NOTES)
    alone = sorted(sounds.keys() ^ midis.keys())
    pairs = [Recording(name, midis[name], sounds[name], "all", f"folder:{name}") for name in sounds.keys() & midis.keys()]
    found = check_found(pairs, folder, "sounds and MIDI files of the same name, such as etude.wav and etude.mid")
    if alone:
        warnings.warn(f"{folder}: {len(alone)} without a partner of the same name are left out, such as {alone[0]}", InputWarning, 2)
    return Corpus("folder", folder.name, "as found", "the owner's", "", "", found)


def _by_name(folder: Path, suffixes: frozenset[str]) -> dict[str, Path]:
    named: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in suffixes and path.is_file():
            name = path.relative_to(folder).with_suffix("").as_posix()
            if name in named:
                raise InputError(f"{named[name]} and {path.name} have one name: keep one of them")
            named[name] = path
    return named
