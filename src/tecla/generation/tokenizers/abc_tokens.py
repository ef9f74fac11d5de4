"""ABC as tokens: whole header lines, pitches with accidental and octave, lengths and bar lines are one id each; the rest is characters.

Lossless by construction: an encoding is the tune cut greedily into the longest words of a fixed list, in which every character stands
too. On the Irish corpus four ids for five characters: heads shrink to a dozen ids and a title, notes stay what they are.

Ids: 0 END, then the words.
"""

from __future__ import annotations

import copy
import re
from itertools import pairwise, product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.errors import InputError
from tecla.generation.tokenizers.abc_grammar import KEYS, KINDS, METERS, AbcGrammar, May

_PITCHES: Final = ["".join(parts) for parts in product(("", "^", "=", "_"), "CDEFGAB", ("", ","))] + [
    "".join(parts) for parts in product(("", "^", "=", "_"), "cdefgab", ("", "'"))
]
_FIELDS: Final = [
    "X:",
    "\nT:",
    "\nL:1/8\n",
    *(f"\nZ: id:dc-{kind}-" for kind in KINDS),
    *(f"\nM:{meter}" for meter in METERS),
    *(f"K:{key}\n" for key in KEYS),
]
_SIGNS: Final = ["3/2", "(3", "|!\n", ":|!\n", "|]!\n", "|]", ":|", "||", "|:", "|1 ", "|2 ", "[1 ", "[2 ", ":|2 "]
_CHARACTERS: Final = ["\n", *map(chr, range(32, 127))]
WORDS: Final = tuple(dict.fromkeys([*_CHARACTERS, *_FIELDS, *_PITCHES, *_SIGNS]))
_IDS: Final = {word: index + 1 for index, word in enumerate(WORDS)}
_CUT: Final = re.compile("|".join(map(re.escape, sorted(WORDS, key=len, reverse=True))) + "|.", re.DOTALL)


class AbcTokens:
    """Tunes as sequences of words."""

    name = "abc-tokens"
    slots = 1
    vocabulary = 1 + len(WORDS)

    def encode(self, music: str) -> NDArray[np.int64]:
        """Ids of a tune and END. Shape: (L + 1, 1).

        Raises:
            InputError: the tune has a character that is no printable ASCII.
        """
        words = _CUT.findall(music)
        wrong = next((word for word in words if word not in _IDS), None)
        if wrong is not None:
            raise InputError(f"the tune has the character {wrong!r}: ABC here is printable ASCII and newlines")
        return np.array([*(_IDS[word] for word in words), 0])[:, None]

    def decode(self, ids: NDArray[np.int64]) -> str:
        """The text up to the first END. Shape: (L, 1) or (L,) ids."""
        flat = np.asarray(ids).ravel().tolist()
        flat = flat[: flat.index(0)] if 0 in flat else flat
        return "".join(WORDS[index - 1] for index in flat)

    def allowed(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Words of which every character stays inside the grammar of abc_grammar.py. Shape: (n,) -> (V,)."""
        grammar = AbcGrammar()
        for character in self.decode(ids):
            grammar.advance(character)
        return self.mask(grammar)

    def mask(self, grammar: AbcGrammar, may: May = AbcGrammar.allowed) -> NDArray[np.bool_]:
        """Words of which every character `may` come, as a mask over ids. Shape: (V,)."""
        first = may(grammar)
        return np.array(["" in first, *(word[0] in first and _fits(grammar, word, may) for word in WORDS)])


def _fits(grammar: AbcGrammar, word: str, may: May) -> bool:
    """Whether the characters after the first may come too."""
    grammar = copy.copy(grammar)
    for before, character in pairwise(word):
        grammar.advance(before)
        if character not in may(grammar):
            return False
    return True
