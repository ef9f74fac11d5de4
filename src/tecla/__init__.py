"""tecla listens to a piano, writes down what it heard, and can go on playing.

>>> import tecla
>>> performance = tecla.transcribe("nocturne.m4a")  # doctest: +SKIP
>>> performance.notes["onset_sec"]  # doctest: +SKIP

`Performance` is what was played; `transcribe` hears it, `load` and `save` read and write it, `render` plays it;
`engrave` writes it as a `Score`, which `save_score` puts on the page; `generate`
goes on from it. Each comes with its rooms only when it is first used. What the user states is a `tecla.engraving.Wishes` for `engrave`, a
`tecla.composition.Request` for `generate`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tecla.music import Performance
    from tecla.music.score import Score
    from tecla.workbench import engrave, generate, load, render, save, save_score, transcribe

__version__ = "0.1.0"
__all__ = ["Performance", "Score", "__version__", "engrave", "generate", "load", "render", "save", "save_score", "transcribe"]

_HOMES = {
    "Performance": "tecla.music",
    "Score": "tecla.music.score",
    "engrave": "tecla.workbench",
    "generate": "tecla.workbench",
    "load": "tecla.workbench",
    "render": "tecla.workbench",
    "save": "tecla.workbench",
    "save_score": "tecla.workbench",
    "transcribe": "tecla.workbench",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'tecla' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
