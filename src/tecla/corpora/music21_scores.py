"""Scores that come with music21: quartets, songs and piano pieces whose metre is known, though nobody's performance of them is.

Licence: each encoding's own. music21's corpus/license.txt says that its pieces are in the public domain in the United States or distributed
by permission of their encoders, some not for commercial use; so what is trained on them is not for commercial use either.
Citation: Cuthbert and Ariza, "music21: a toolkit for computer-aided musicology and symbolic music data" (ISMIR 2010).
Folder: `corpus` inside the installed package (version 9). Only what has the texture of keyboard music is taken, and of the
chorales one in six: 370 hymns would drown all else. All is for training.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tecla.errors import InputError
from tecla.io.musicxml import SUFFIXES, load_musicxml
from tecla.music.score import Score

LICENCE: Final = "each encoding's own, some for non-commercial use only"
FOLDERS: Final = (
    "haydn", "mozart", "beethoven", "schumann_clara", "schumann_robert", "joplin", "weber", "cpebach", "beach", "johnson_j_r", "handel",
    "verdi", "liliuokalani",
)  # fmt: skip
_CHORALES: Final = ("bach", 6)


def score_files(root: Path) -> list[Path]:
    """The files that are taken, in order.

    Raises:
        InputError: `root` is not music21's corpus folder.
    """
    found = [path for name in FOLDERS for path in sorted((root / name).rglob("*")) if path.suffix in SUFFIXES]
    folder, every = _CHORALES
    chorales = sorted((root / folder).rglob("*.mxl"))[::every]
    if not found or not chorales:
        raise InputError(f"{root} holds no scores of music21: point at the folder `corpus` of the installed package")
    return found + chorales


def scores(root: Path) -> Iterator[tuple[str, Score]]:
    """Name and score of every file that can be read."""
    for path in score_files(root):
        try:
            yield str(path.relative_to(root)), load_musicxml(path)
        except InputError:
            continue  # one of them holds no measure
