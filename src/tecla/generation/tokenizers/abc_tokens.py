"""ABC as tokens: whole header lines, pitches with accidental and octave, lengths and bar lines are one id each; the rest is characters.

Lossless by construction: an encoding is the tune cut greedily into the longest words of a fixed list, in which every character stands
too. On the Irish corpus four ids for five characters: heads shrink to a dozen ids and a title, notes stay what they are.

Ids: 0 END, then the words.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from itertools import pairwise, product
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from tecla.generation.tokenizers.abc_characters import CHARACTERS, AbcCharacters
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
WORDS: Final = tuple(dict.fromkeys([*CHARACTERS, *_FIELDS, *_PITCHES, *_SIGNS]))
_CUT: Final = re.compile("|".join(map(re.escape, sorted(WORDS, key=len, reverse=True))) + "|.", re.DOTALL)


class AbcTokens(AbcCharacters):
    """Tunes as sequences of words."""

    name = "abc-tokens"
    words: ClassVar = WORDS
    vocabulary = 1 + len(words)
    ids: ClassVar = {word: index + 1 for index, word in enumerate(words)}

    def cut(self, music: str) -> Sequence[str]:
        """A tune in the longest words there are; a character that has none stands for itself."""
        return _CUT.findall(music)

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
