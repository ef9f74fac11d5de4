"""ABC as characters: one id per printable ASCII character and the newline. Lossless by construction.

Ids: 0 END, 1 newline, 2..96 the characters from space to tilde.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from tecla.errors import InputError
from tecla.generation.tokenizers.abc_grammar import AbcGrammar, May

CHARACTERS: Final = ("\n", *map(chr, range(32, 127)))


class AbcCharacters:
    """Tunes as sequences of characters."""

    name = "abc-characters"
    slots = 1
    words: ClassVar = CHARACTERS
    vocabulary = 1 + len(words)
    ids: ClassVar = {word: index + 1 for index, word in enumerate(words)}

    def cut(self, music: str) -> Sequence[str]:
        """A tune in pieces, each of which is a word or has none."""
        return music

    def encode(self, music: str) -> NDArray[np.int64]:
        """Ids of a tune and END. Shape: (L + 1, 1).

        Raises:
            InputError: the tune has a character that is no printable ASCII.
        """
        words = self.cut(music)
        wrong = next((word for word in words if word not in self.ids), None)
        if wrong is not None:
            raise InputError(f"the tune has the character {wrong!r}: ABC here is printable ASCII and newlines")
        return np.array([*(self.ids[word] for word in words), 0])[:, None]

    def decode(self, ids: NDArray[np.int64]) -> str:
        """The text up to the first END. Shape: (L, 1) or (L,) ids."""
        flat = np.asarray(ids).ravel().tolist()
        flat = flat[: flat.index(0)] if 0 in flat else flat
        return "".join(self.words[index - 1] for index in flat)

    def allowed(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """What keeps the tune inside the grammar of abc_grammar.py. Shape: (n,) -> (V,)."""
        grammar = AbcGrammar()
        for character in self.decode(ids):
            grammar.advance(character)
        return self.mask(grammar)

    def mask(self, grammar: AbcGrammar, may: May = AbcGrammar.allowed) -> NDArray[np.bool_]:
        """The words that `may` come next, as a mask over ids. Shape: (V,)."""
        mask = np.zeros(self.vocabulary, bool)
        mask[[self.ids[character] if character else 0 for character in may(grammar)]] = True
        return mask
