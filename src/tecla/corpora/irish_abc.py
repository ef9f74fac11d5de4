"""Irish tunes in ABC: the 804 dance tunes of MIT's course material "Introduction to Deep Learning".

What it is: one file of tunes with the fields X, T, Z, M, L, K, collected by the session musicians of thesession.org's ancestors.
There is no official split; ours is by tune and by title (tunes that share a title are variants of one another and stay on one
side), drawn from a hash of the title, so that it is the same on every machine and does not move when tunes are added.

Licence: MIT (mitdeeplearning). Citation: Amini et al., MIT 6.S191, introtodeeplearning.com.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Final

from tecla.corpora.about import About, Download
from tecla.errors import InputError

NAME: Final = "irish_abc"
LICENCE: Final = "MIT"
CITATION: Final = "Amini et al., MIT 6.S191 Introduction to Deep Learning"
FILE: Final = "mitdeeplearning/data/irish.abc"
URL: Final = "https://github.com/MITDeepLearning/introtodeeplearning"
ABOUT: Final = About(
    "irish_abc",
    "Irish tunes in ABC",
    "MIT course material, 804 tunes",
    LICENCE,
    CITATION,
    URL,
    "ours, by title: about 80 % train, 10 % validation, 10 % test",
    {
        "full": Download(
            f"https://raw.githubusercontent.com/MITDeepLearning/introtodeeplearning/master/{FILE}",
            "df3782d5f7b5a2f4c66aa7c13f13008d5f48757b3f5f51620cd6c1ceb2c53023",
            197_618,
            FILE,
        )
    },
)
SPLITS: Final = ("train", "validation", "test")


def load_tunes(folder: Path | str) -> list[str]:
    """Every tune as text, from its X: field to the end of its last line, in the order of the file.

    Raises:
        InputError: the folder has no mitdeeplearning/data/irish.abc.
    """
    path = Path(folder) / FILE
    if not path.is_file():
        raise InputError(f"{path} is missing: unpack the Irish ABC tunes there ({FILE})")
    blocks = re.split(r"\n{2,}", path.read_text(encoding="ascii"))
    return [block.strip("\n") + "\n" for block in blocks if block.lstrip("\n").startswith("X:")]


def load_split(folder: Path | str, split: str) -> list[str]:
    """The tunes of one split: about 80 % train, 10 % validation, 10 % test.

    Raises:
        InputError: no corpus in `folder`, or `split` is none of train, validation, test.
    """
    if split not in SPLITS:
        raise InputError(f"split {split!r}: must be one of {', '.join(SPLITS)}")
    return [tune for tune in load_tunes(folder) if split_of(tune) == split]


def split_of(tune: str) -> str:
    """The side on which a tune falls, by its title alone.

    >>> split_of("X:1\\nT:Banish Misfortune\\nK:D\\n") == split_of("X:2\\nT:banish misfortune\\nK:G\\n")
    True
    """
    found = re.search(r"^T:\s*(.*?)\s*$", tune, re.MULTILINE)
    title = found.group(1).casefold() if found else tune
    share = int(hashlib.sha256(title.encode()).hexdigest()[:8], 16) / 2**32
    return "train" if share < 0.8 else "validation" if share < 0.9 else "test"
