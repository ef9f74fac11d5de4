"""JSB chorales: Bach's four-part chorales on a grid of 16ths, soprano, alto, tenor, bass.

What it is: 382 chorales, four pitches per 16th, -1 for silence; a held note is a repeated pitch, so that a re-struck note
cannot be told from a held one. Grid and split are those of Huang et al., "Counterpoint by Convolution" (ISMIR 2017), which
keeps the split of Boulanger-Lewandowski et al. (ICML 2012): 229 train, 76 validation, 77 test.

Licence: none is stated for the encoding; the music is in the public domain.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.corpora.about import About, Download
from tecla.errors import InputError

NAME: Final = "jsb_chorales"
LICENCE: Final = "none stated (J. S. Bach, public domain)"
CITATION: Final = "Boulanger-Lewandowski et al. 2012; Huang et al. 2017 (Jsb16thSeparated)"
FILE: Final = "Jsb16thSeparated.json"
URL: Final = "https://github.com/czhuang/JSB-Chorales-dataset"
ABOUT: Final = About(
    "jsb",
    "JSB chorales on 16ths",
    "Jsb16thSeparated",
    LICENCE,
    CITATION,
    URL,
    "canonical: 229 train, 76 validation, 77 test chorales",
    {
        "full": Download(
            f"https://raw.githubusercontent.com/czhuang/JSB-Chorales-dataset/master/{FILE}",
            "79294cc374f9252e95ef4b703161524c1c53dc1f712c236f00f1c1f5d54af5a7",
            1_666_444,
            FILE,
        )
    },
)
SPLIT_SIZES: Final = {"train": 229, "validation": 76, "test": 77}
SILENCE: Final = -1

_KEYS: Final = {"train": "train", "validation": "valid", "test": "test"}


def load_split(folder: Path | str, split: str) -> list[NDArray[np.int16]]:
    """The chorales of one split of the canonical division.

    Shape: a list of (T, 4) pitches, T in 16ths, columns soprano, alto, tenor, bass; -1 is silence.

    Raises:
        InputError: the folder has no Jsb16thSeparated.json, or `split` is none of train, validation, test.
    """
    if split not in _KEYS:
        raise InputError(f"split {split!r}: must be one of {', '.join(_KEYS)}")
    path = Path(folder) / FILE
    if not path.is_file():
        raise InputError(f"{path} is missing: unpack the JSB chorales there ({FILE} holds the official split)")
    return [_grid(piece, path) for piece in json.loads(path.read_text(encoding="utf-8"))[_KEYS[split]]]


def _grid(piece: list[list[int]], path: Path) -> NDArray[np.int16]:
    grid = np.asarray(piece, np.int16)
    if grid.ndim != 2 or grid.shape[1] != 4:
        raise InputError(f"{path}: a chorale is not a table of four voices (its shape is {grid.shape})")
    return grid
