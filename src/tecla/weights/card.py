"""Cards beside networks, and what networks answer: a stranger's may hold anything, so both are looked at before they are believed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from tecla.errors import InputError

MOST_BYTES: Final = 2**24


def load_card(path: Path) -> dict[str, Any]:
    """A card, an object of JSON.

    Raises:
        InputError: it is damaged, or longer than any card. FileNotFoundError: there is none.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"more than {MOST_BYTES // 2**20} MiB")
        card = json.loads(path.read_text("utf-8"))
        if not isinstance(card, dict):
            raise ValueError("no object of JSON")
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is damaged ({error}): write it anew with tecla export, or delete it") from error
    return card


def check_answers(path: Path, answers: Sequence[NDArray[Any]], shapes: Sequence[tuple[int, ...]], low: float, high: float) -> None:
    """Looks at what a network has answered: how many arrays, of which shapes, and whether all are numbers between two bounds.

    Raises:
        InputError: it is none of tecla's.
    """
    found = [answer.shape for answer in answers]
    if found != list(shapes):
        raise InputError(f"{path} is no network for this: it answers with arrays of {_told(found)}, not of {_told(shapes)}")
    for answer in answers:
        least, most = (float(answer.min()), float(answer.max())) if answer.size else (low, high)
        if not low <= least <= most <= high:  # what is no number is nowhere
            raise InputError(f"{path} is no network for this: it answers with {least:g} to {most:g}, not {low:g} to {high:g}")


def _told(shapes: Sequence[tuple[int, ...]]) -> str:
    return " and ".join(" x ".join(map(str, shape)) or "one number" for shape in shapes) or "nothing"
