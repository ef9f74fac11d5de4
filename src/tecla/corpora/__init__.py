"""One corpus, one file: licence, citation, version, official split, loader."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from tecla.corpora import folder, maestro, maps, smd, voice
from tecla.corpora.corpus import Corpus, Recording, check_splits, shared_compositions
from tecla.errors import OptionError

__all__ = ["LOADERS", "Corpus", "Recording", "check_splits", "load_corpus", "shared_compositions"]

LOADERS: Final[dict[str, Callable[[Path], Corpus]]] = {
    "maps": maps.load,
    "maestro": maestro.load,
    "smd": smd.load,
    "folder": folder.load,
    "voice": voice.load,
}


def load_corpus(spec: str) -> Corpus:
    """Loads a corpus from `name:folder`, such as "maps:~/data/MAPS".

    Raises:
        OptionError: the name is none of `LOADERS`, or the folder is missing from `spec`.
        InputError: the folder does not hold that corpus.
    """
    name, _, place = spec.partition(":")
    if name not in LOADERS or not place:
        raise OptionError(f"{spec!r} names no corpus: write one of {', '.join(LOADERS)}, a colon, and its folder")
    return LOADERS[name](Path(place).expanduser())
