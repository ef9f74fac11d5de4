"""The card beside a network's weights, where it holds numbers that are read together with them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from tecla.errors import InputError

Stated = TypeVar("Stated")


def stated_in_card(weights: Path, entry: str, kind: Callable[..., Stated]) -> Stated | None:
    """An entry of the card beside an .onnx file as a dataclass of numbers; None without a card, or without the entry.

    Raises:
        InputError: the card is damaged.
    """
    card = weights.with_suffix(".json")
    try:
        stated: dict[str, Any] | None = json.loads(card.read_text("utf-8")).get(entry)
        if stated is None:
            return None
        return kind(**{field.name: float(stated[field.name]) for field in fields(kind)})  # type: ignore[arg-type]
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise InputError(f"{card} is damaged ({error}): write it anew with tecla export, or delete it") from error
