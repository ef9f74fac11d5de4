"""The card beside a network's weights, where it holds numbers that are read together with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, Final, TypeVar

from tecla.errors import InputError
from tecla.weights.card import load_card

Stated = TypeVar("Stated")
_MOST: Final = 1000.0  # no such number is anywhere near


def stated_in_card(weights: Path, entry: str, kind: Callable[..., Stated]) -> Stated | None:
    """An entry of the card beside an .onnx file as a dataclass of numbers; None without a card, or without the entry.

    Raises:
        InputError: the card is damaged.
    """
    path = weights.with_suffix(".json")
    try:
        stated: Any = load_card(path).get(entry)
        if stated is None:
            return None
        numbers = {field.name: float(stated[field.name]) for field in fields(kind)}  # type: ignore[arg-type]
        if not all(abs(number) <= _MOST for number in numbers.values()):
            raise ValueError(f"a number of {entry} is beyond {_MOST:g}")
        return kind(**numbers)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise InputError(f"{path} is damaged ({error}): write it anew with tecla export, or delete it") from error
