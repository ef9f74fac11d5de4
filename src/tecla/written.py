"""Notes from files that a program wrote, with the time that those have ruled for them: nobody need listen for their beats."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from tecla import workbench
from tecla.io.abc import load_abc_text
from tecla.io.musicxml import load_musicxml
from tecla.io.sequenced import load_sequenced
from tecla.music import Performance
from tecla.music.playing import ruled_by
from tecla.music.ruled import Ruled
from tecla.tune_page import tune_to_score

_MIDI: Final = (".mid", ".midi")


def load_ruled(path: str | os.PathLike[str]) -> tuple[Performance, Ruled | None]:
    """What `workbench.load` reads, and the quarters, bars and hands of a .mid that a program wrote; None for what was played.

    Raises:
        InputError: as `workbench.load`.
    """
    return load_sequenced(path) if Path(path).suffix.lower() in _MIDI else (workbench.load(path), None)


def play_ruled(path: str | os.PathLike[str]) -> tuple[Performance, Ruled]:
    """A score played as `workbench.play` does, and the quarters, bars and hands that it rules.

    Raises:
        InputError: as `workbench.play`, or a tune in more voices than a page can hold.
    """
    performance = workbench.play(path)
    score = tune_to_score(load_abc_text(path)) if Path(path).suffix.lower() == ".abc" else load_musicxml(path)
    return performance, ruled_by(score, performance)
