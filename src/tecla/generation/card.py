"""What a card must say of a network that writes music, and what each tokenizer asks of such a network."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tecla.errors import InputError
from tecla.generation.tokenizers.abc_characters import AbcCharacters
from tecla.generation.tokenizers.abc_tokens import AbcTokens
from tecla.generation.tokenizers.continuous import N_WHAT
from tecla.generation.tokenizers.jsb_grid import JsbGrid
from tecla.weights.card import load_card

_MOST_NUMBERS: Final = 2**24  # in a state before the first row; the shipped ones have some thousand
_MOST_ROWS: Final = 65_536
MOST_STATE: Final = 2**26  # numbers in a state that has grown


@dataclass(frozen=True)
class Form:
    """Of a tokenizer: slots of a row, their type, and what each output of the head says of a row, by its shape.

    Times are mixtures, three numbers a component; `None` is as many of them as there are, and `None, n` has n numbers besides.
    """

    slots: int
    dtype: str
    outputs: dict[str, tuple[int | None, ...]]

    def shape(self, output: str, found: tuple[int, ...]) -> tuple[int, ...]:
        """What an output's shape for a row must be, where `found` is what it is."""
        wanted = self.outputs[output]
        if wanted[0] is not None:
            return tuple(n for n in wanted if n is not None)
        besides = wanted[1] or 0 if len(wanted) > 1 else 0
        components = max(1, (found[-1] - besides) // 3) if found else 1
        return (3 * components + besides,)


FORMS: Final = {
    "abc-characters": Form(AbcCharacters.slots, "int64", {"logits": (AbcCharacters.slots, AbcCharacters.vocabulary)}),
    "abc-tokens": Form(AbcTokens.slots, "int64", {"logits": (AbcTokens.slots, AbcTokens.vocabulary)}),
    "jsb-grid": Form(JsbGrid.slots, "int64", {"logits": (JsbGrid.slots, JsbGrid.vocabulary)}),
    "continuous": Form(4, "float32", {"shift": (None, 1), "what": (N_WHAT,), "velocity": (128,), "duration": (None,)}),
}


def load_music_card(path: Path) -> dict[str, Any]:
    """A card with all that the engine needs.

    Raises:
        InputError: it is damaged, or says what cannot be.
    """
    card = load_card(path)
    try:
        _check(card)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise InputError(f"{path} describes no network that writes music ({error}): use the card that came with the weights") from error
    return card


def _check(card: dict[str, Any]) -> None:
    form = FORMS.get(card["tokenizer"])
    if form is None:
        raise ValueError(f"tokenizer {card['tokenizer']!r}")
    _need((card["slots"], card["dtype"]) == (form.slots, form.dtype), f"{card['slots']} slots of {card['dtype']}")
    _need(_whole(card["context"], 2, _MOST_ROWS), f"a context of {card['context']}")
    _need(len(card["begin"]) == form.slots and all(abs(float(number)) < 128 for number in card["begin"]), "where it begins")
    for name, shape in card["state"].items():
        _need(all(_whole(n, 0, _MOST_ROWS) for n in shape) and math.prod(shape) <= _MOST_NUMBERS, f"a state {name} of {shape}")
    for name, axis in card["growing"].items():
        _need(_whole(axis, 0, len(card["state"][name]) - 1), f"a state {name} that grows along {axis}")
    _need(_whole(card.get("max_run", 1), 1, _MOST_ROWS), "max_run")
    _need(len(card.get("readings", [0])) and all(_whole(step, -11, 11) for step in card.get("readings", [0])), "readings")
    _need(isinstance(card.get("training", {}), dict), "training")


def _need(true: object, what: str) -> None:
    if not true:
        raise ValueError(f"{what} cannot be")


def _whole(number: object, low: int, high: int) -> bool:
    return isinstance(number, int) and low <= number <= high
