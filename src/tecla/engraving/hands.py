"""Which hand plays a note, and so which staff holds it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.errors import OptionError
from tecla.music.score import LEFT, RIGHT

_SPAN: Final = 16  # semitones a hand reaches at once


def split_hands(left_odds: NDArray[np.float64], onset: NDArray[np.int64], pitch: NDArray[np.int64]) -> NDArray[np.int64]:
    """Staff of each note, (N,): of all ways to cut a chord in two by pitch, the likeliest, unless crossing is surer still.

    `left_odds` (N,) are the network's log-odds that the left hand plays. A hand is not asked to reach further than it can.
    """
    left = 1 / (1 + np.exp(-np.clip(left_odds, -5, 5)))
    staff = np.where(left > 0.5, LEFT, RIGHT).astype(np.int64)
    order = np.lexsort((pitch, onset))
    cuts = np.flatnonzero(np.diff(onset[order])) + 1
    for chord in np.split(order, cuts):
        if len(chord) > 1:
            staff[chord] = _cut(np.clip(left[chord], 0.01, 0.99), pitch[chord], staff[chord])
    return staff


def obey_hands(staff: NDArray[np.int64], hands: str) -> NDArray[np.int64]:
    """Staves (N,) with those that the user stated: "L" or "R" for a note, "." to leave it; "" leaves all.

    Raises:
        OptionError: there are not as many hands as notes.
    """
    if not hands:
        return staff
    if len(hands) != len(staff):
        raise OptionError(f"hands are stated for {len(hands)} notes, and there are {len(staff)}: state one for each")
    stated = np.array(list(hands))
    return np.where(stated == "L", LEFT, np.where(stated == "R", RIGHT, staff))


def _cut(left: NDArray[np.float64], pitch: NDArray[np.int64], free: NDArray[np.int64]) -> NDArray[np.int64]:
    below, above = np.log(left), np.log(1 - left)
    merit = np.concatenate([[0.0], np.cumsum(below)]) + np.concatenate([np.cumsum(above[::-1])[::-1], [0.0]])
    for k in range(len(merit)):
        lower, upper = pitch[:k], pitch[k:]
        reach = max(np.ptp(lower) if k else 0, np.ptp(upper) if k < len(pitch) else 0)
        merit[k] -= 0.3 * max(0, int(reach) - _SPAN)
    k = int(merit.argmax())
    crossing = float(np.maximum(below, above).sum())
    return free if crossing > merit[k] + 3.0 else np.where(np.arange(len(left)) < k, LEFT, RIGHT)
