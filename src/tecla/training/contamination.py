"""No contamination: before a network learns, what it is to be judged by is compared with what it learns from.

A split by composition keeps pieces apart by their names; this looks at the notes, in any key and at any tempo (evaluation/originality.py):
is a held-out piece one of the training pieces, which share of its runs of twelve moves stands in them, how long is the longest run. A
run that leaks fails before its first step; one that may begin leaves what was found beside its weights.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np

from tecla.errors import InputError
from tecla.evaluation.originality import Corpus, Originality
from tecla.music import Performance

# From here on a piece is another's twin. Of 613 held-out chorales, tunes and performances two share more, 0.79 and 1; the next shares 0.45.
LEAK_SHARE: Final = 0.6
FILE: Final = "audit.json"


def audit(train: Mapping[str, Performance], held_out: Mapping[str, Performance]) -> dict[str, Originality]:
    """What each held-out piece shares with the training pieces; pieces of fewer than two notes share nothing.

    Raises:
        InputError: no training piece has two notes.
    """
    corpus = Corpus(train)
    return {name: corpus.compare(piece) for name, piece in held_out.items() if len(piece) > 1}


def leaks(found: Mapping[str, Originality]) -> Iterable[str]:
    """Pieces that a network would be judged by and has learned, each in words."""
    for name, shared in found.items():
        if shared.exact or shared.copied_share >= LEAK_SHARE:
            yield f"{name} is {shared.nearest_piece} ({shared.copied_share:.0%} of its runs, {shared.longest_run} moves on end)"


def check_apart(train: Mapping[str, Performance], held_out: Mapping[str, Performance], folder: Path) -> None:
    """Fails a run whose splits leak; writes what was found to `folder`/audit.json.

    Raises:
        InputError: a held-out piece stands among the training pieces.
    """
    found = audit(train, held_out)
    if leaking := list(leaks(found)):
        raise InputError(f"held-out music stands in the training split: {'; '.join(leaking)}: leave those training pieces out")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(json.dumps(_summary(len(train), found), indent=1) + "\n", encoding="utf-8")


def _summary(n_train: int, found: Mapping[str, Originality]) -> dict[str, Any]:
    shares, runs = [shared.copied_share for shared in found.values()], [shared.longest_run for shared in found.values()]
    worst = max(found, key=lambda name: found[name].copied_share, default=None)
    return {
        "training_pieces": n_train,
        "held_out_pieces": len(found),
        "copied_share_50_90_100": np.percentile(shares, [50, 90, 100]).round(4).tolist() if shares else [],
        "longest_run_50_90_100": np.percentile(runs, [50, 90, 100]).tolist() if runs else [],
        "worst": {"piece": worst, **asdict(found[worst])} if worst else None,
    }
