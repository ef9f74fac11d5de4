"""Key fields of ABC: `K:A dorian` -> sharps and flats (standard 3.1.14)."""

from __future__ import annotations

import re
from typing import Final

_FIFTHS: Final = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5}
_MODES: Final = {"maj": 0, "ion": 0, "mix": -1, "dor": -2, "min": -3, "aeo": -3, "m": -3, "phr": -4, "loc": -5, "lyd": 1, "": 0}
_SHARPS: Final = "FCGDAEB"
_KEY: Final = re.compile(r"([A-G])([#b]?)\s*([A-Za-z]*)")


def sharps_of(key: str) -> int:
    """Sharps in the signature (flats negative); clefs and other words after the key are passed over.

    Raises:
        ValueError: no such key.

    >>> [sharps_of(key) for key in ("D", "Em", "A Dorian", "Bb", "F# Minor", "none", "HP")]
    [2, 1, 1, -2, 3, 0, 2]
    """
    if key.strip().lower() in ("", "none") or key.startswith("clef="):
        return 0
    if key[:2] in ("HP", "Hp"):
        return 2
    found = _KEY.match(key)
    if found is None:
        raise ValueError(key)
    tonic, mark, mode = found.groups()
    mode = mode.lower() if mode.lower() == "m" else mode.lower()[:3]
    if mode not in _MODES:
        if mode[:3] in ("cle", "tre", "bas", "alt", "ten", "exp", "oct", "sta", "tra"):
            mode = ""
        else:
            raise ValueError(key)
    return _FIFTHS[tonic] + 7 * (mark == "#") - 7 * (mark == "b") + _MODES[mode]


def accidentals_of(sharps: int) -> dict[str, int]:
    """Alteration of every letter under a signature.

    Raises:
        ValueError: more than seven sharps or flats.

    >>> accidentals_of(-1)["B"], accidentals_of(2)["C"]
    (-1, 1)
    """
    if abs(sharps) > 7:
        raise ValueError(sharps)
    altered = dict.fromkeys("CDEFGAB", 0)
    for letter in _SHARPS[:sharps] if sharps >= 0 else _SHARPS[sharps:]:
        altered[letter] = 1 if sharps > 0 else -1
    return altered
