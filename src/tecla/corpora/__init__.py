"""One corpus, one file: licence, citation, version, official split, loader."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from tecla.corpora import asap, folder, irish_abc, jsb, maestro, maps, smd, voice
from tecla.corpora.about import About
from tecla.corpora.corpus import Corpus, Recording, check_splits, shared_compositions
from tecla.errors import OptionError

__all__ = ["ABOUT", "LOADERS", "About", "Corpus", "Recording", "check_splits", "load_corpus", "shared_compositions", "split_spec"]

ABOUT: Final[dict[str, About]] = {room.ABOUT.name: room.ABOUT for room in (maestro, maps, smd, asap, jsb, irish_abc, voice, folder)}
LOADERS: Final[dict[str, Callable[[Path], Corpus]]] = {
    "maps": maps.load,
    "maestro": maestro.load,
    "smd": smd.load,
    "folder": folder.load,
    "voice": voice.load,
}


def load_corpus(spec: str) -> Corpus:
    """Loads a corpus from `name:folder`, such as "maps:~/data/MAPS"; a folder alone is one's own recordings, "folder:mine".

    Raises:
        OptionError: the name is none of `LOADERS`, or the folder is missing from `spec`.
        InputError: the folder does not hold that corpus.
    """
    name, place = split_spec(spec, LOADERS)
    return LOADERS[name](place)


def split_spec(spec: str, names: Iterable[str]) -> tuple[str, Path]:
    """Name and folder of `name:folder`, or of a folder alone.

    Raises:
        OptionError: neither.
    """
    name, _, place = spec.partition(":")
    if not place and Path(spec).expanduser().is_dir():
        name, place = "folder", spec
    if name not in names or not place:
        raise OptionError(f"{spec!r} names no corpus: write one of {', '.join(names)}, a colon, and its folder")
    return name, Path(place).expanduser()
