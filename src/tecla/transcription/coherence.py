"""Notes and pedals that agree, on paper and on a synthesizer.

Heard one by one, a key-up may fall a few milliseconds before the pedal that was to catch the string, and a pedal may come
up and down again faster than a synthesizer notices: the note is cut, or rings for bars. Both are mended here, where
notes and pedal are known together.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

SHORTEST_LIFT_SEC: Final = 0.05
SHORTEST_PRESS_SEC: Final = 0.05
CATCH_SEC: Final = 0.08  # a key-up this close before a pedal press is one gesture with it
_AFTER_PRESS_SEC: Final = 0.01


def mend_pedal(intervals_sec: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pedal intervals (K, 2) in order, none before the sound begins, with presses and lifts long enough to count.

    A lift that is too short is kept, for the harmony changes there, but lasts `SHORTEST_LIFT_SEC`: the next press comes later.
    """
    mended: list[list[float]] = []
    for down, up in intervals_sec.tolist():
        down = max(down, mended[-1][1] + SHORTEST_LIFT_SEC if mended else 0.0)
        if up - down >= SHORTEST_PRESS_SEC:
            mended.append([down, up])
    return np.array(mended, np.float64).reshape(-1, 2)


def release_later(pedal_sec: NDArray[np.float64], shift_sec: float) -> NDArray[np.float64]:
    """Mended pedal intervals (K, 2) with their releases later, as far as the next press leaves room for a lift."""
    down, up = pedal_sec.T
    latest = np.append(down[1:], np.inf)[: len(up)] - SHORTEST_LIFT_SEC
    return np.stack([down, np.maximum(up, np.minimum(up + shift_sec, latest))], 1)


def mend_key_up(
    onset_sec: NDArray[np.float64],
    key_up_sec: NDArray[np.float64],
    sounding_end_sec: NDArray[np.float64],
    limit_sec: NDArray[np.float64],
    pedal_sec: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Key-ups that agree with what is heard and with the pedal, (N,) seconds.

    A note heard to sound on after a pedal press keeps its key down until the pedal holds it; one that was silent by then has
    its key up clearly before. Without a pedal near, the string fell silent because the key came up: the heard end counts.

    Shape:
        pedal_sec: (K, 2) mended intervals; all others (N,); limit_sec is the next onset of the key, or infinity
    """
    key_up = key_up_sec.copy()
    if not len(pedal_sec):
        return np.minimum(np.maximum(key_up, sounding_end_sec), limit_sec)
    down, up = pedal_sec.T
    last = np.searchsorted(down, key_up, side="right") - 1
    held = (last >= 0) & (key_up < up[last])
    following = np.append(down, np.inf)[last + 1]
    # The key came up with no pedal down, and the sound went on: the key stayed down until the sound, or the pedal, took over.
    longer = ~held & (sounding_end_sec > key_up)
    key_up = np.where(longer, np.minimum(sounding_end_sec, following + _AFTER_PRESS_SEC), key_up)
    close = ~held & (key_up < following) & (key_up > following - CATCH_SEC)
    sounds_on = sounding_end_sec > following + CATCH_SEC
    key_up = np.where(close & sounds_on, following + _AFTER_PRESS_SEC, key_up)
    earlier = following - CATCH_SEC
    key_up = np.where(close & ~sounds_on & (earlier > onset_sec + 0.02), earlier, key_up)
    key_up = np.where(close & ~sounds_on & (earlier <= onset_sec + 0.02), following + _AFTER_PRESS_SEC, key_up)
    return np.minimum(key_up, limit_sec)
