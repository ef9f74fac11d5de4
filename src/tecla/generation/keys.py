"""Keys as pitch classes: `A minor` -> what may be played in it."""

from __future__ import annotations

from typing import Final

from tecla.errors import OptionError

_STEPS: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_MARKS: Final = {"": 0, "#": 1, "b": -1}
_SCALES: Final = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10, 11),  # with the leading note that cadences ask for
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
}


def key_pitch_classes(key: str) -> frozenset[int]:
    """Pitch classes of a key such as "D", "F# minor", "Bbm", "A Dorian".

    Raises:
        OptionError: no such key.

    >>> sorted(key_pitch_classes("G"))
    [0, 2, 4, 6, 7, 9, 11]
    """
    words = key.strip().split()
    tonic = words[0] if words else ""
    scale = words[1].lower() if len(words) == 2 else "major"
    if tonic.endswith("m") and len(words) == 1:
        tonic, scale = tonic[:-1], "minor"
    name, mark = tonic[:1].upper(), tonic[1:]
    if name not in _STEPS or mark not in _MARKS or scale not in _SCALES or len(words) > 2:
        raise OptionError(f"key {key!r} is unknown: write it as D, F# minor, Bb major or A dorian")
    return frozenset((_STEPS[name] + _MARKS[mark] + step) % 12 for step in _SCALES[scale])
