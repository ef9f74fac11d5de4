"""ABC text moved to another key: letters shift along the scale, accidentals keep their size against the key signature.

Used to augment: a tune in D teaches the network the same tune in G, after the split by tune.
"""

from __future__ import annotations

import re
from typing import Final

_LETTERS: Final = "CDEFGAB"
_FIFTHS: Final = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5}
_MODES: Final = {"Major": 0, "Mixolydian": -1, "Dorian": -2, "Minor": -3}
_SHARP_ORDER: Final = "FCGDAEB"
_MARKS: Final = {2: "^^", 1: "^", 0: "=", -1: "_", -2: "__"}
_KEY: Final = re.compile(r"^K: ?([A-G])([#b]?) (\w+)$", re.MULTILINE)
_NOTE: Final = re.compile(r"(\^\^|__|\^|_|=)?([A-Ga-g])([,']*)")
_TEXT_LINE: Final = re.compile(r"^[A-JN-Zm-z]:|^[A-Z]: ?")


def signature(tonic: str, mark: str, mode: str) -> int:
    """Sharps of a key signature (flats negative).

    >>> signature("D", "", "Major"), signature("A", "", "Dorian"), signature("D", "", "Minor")
    (2, 1, -1)
    """
    return _FIFTHS[tonic] + 7 * ("#" in mark) - 7 * ("b" in mark) + _MODES[mode]


def alterations(sharps: int) -> dict[str, int]:
    """Alteration of every letter under a signature of `sharps` (-7..7)."""
    altered = dict.fromkeys(_LETTERS, 0)
    for letter in _SHARP_ORDER[:sharps] if sharps > 0 else _SHARP_ORDER[len(_SHARP_ORDER) + sharps :] if sharps < 0 else "":
        altered[letter] = 1 if sharps > 0 else -1
    return altered


def transposed_to(tune: str, tonic: str, down: bool = False) -> str | None:
    """The tune with its (single) key moved to the plain tonic `tonic`, up by less than an octave or, with `down`, down.

    Returns None where that cannot be written: several keys, a key word this corpus does not use, accidentals beyond double.

    >>> transposed_to("K:D Major\\nA2 =c'd|^G,4|!\\n", "G")
    "K:G Major\\nd2 =f'g|^C4|!\\n"
    """
    keys = _KEY.findall(tune)
    if len(keys) != 1 or len(re.findall(r"K:", tune)) != 1 or keys[0][2] not in _MODES:
        return None
    old_tonic, mark, mode = keys[0]
    sharps = signature(tonic, "", mode)
    if abs(sharps) > 4:
        return None
    steps = (_LETTERS.index(tonic) - _LETTERS.index(old_tonic)) % 7 - 7 * down
    old, new = alterations(signature(old_tonic, mark, mode)), alterations(sharps)
    head, _, body = tune.partition(_KEY.search(tune).group(0))  # type: ignore[union-attr]
    try:
        lines = [line if _TEXT_LINE.match(line) else _NOTE.sub(lambda m: _moved(m, steps, old, new), line) for line in body.split("\n")]
    except KeyError:
        return None
    return f"{head}K:{tonic} {mode}" + "\n".join(lines)


def _moved(match: re.Match[str], steps: int, old: dict[str, int], new: dict[str, int]) -> str:
    mark, letter, octave = match.groups()
    step = _LETTERS.index(letter.upper()) + 7 * letter.islower() + 7 * (octave.count("'") - octave.count(",")) + steps
    target = _LETTERS[step % 7]
    if mark:
        written = {text: size for size, text in _MARKS.items()}[mark]
        mark = _MARKS[written - old[letter.upper()] + new[target]]
    height = step // 7
    name = target if height < 1 else target.lower()
    return (mark or "") + name + ("'" * (height - 1) if height > 1 else "," * -height if height < 0 else "")
