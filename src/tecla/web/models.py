"""Which networks can go on from a performance: the cards beside the weights say so."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Final

_KINDS: Final = {"continuous": "performance", "jsb-grid": "chorale"}
_TITLES: Final = {"performance": "Piano", "chorales": "Four voices"}


@cache
def continuing_models() -> list[dict[str, str]]:
    """Name, title and kind of each network for generation that takes notes as its prompt; first those that play as a pianist does."""
    models = []
    for card in sorted(resources.files("tecla.weights").iterdir(), key=lambda file: file.name):
        if card.name.endswith(".json"):
            kind = _KINDS.get(json.loads(card.read_text("utf-8")).get("tokenizer", ""))
            name = card.name.removesuffix(".json")
            if kind is not None:
                models.append({"name": name, "title": _TITLES.get(name, name), "kind": kind})
    return sorted(models, key=lambda model: model["kind"] != "performance")
