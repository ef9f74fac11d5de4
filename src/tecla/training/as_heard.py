"""Keys as they seem to be held in a recording, to learn from: under the pedal a transcriber can only guess when they come up."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.music import Performance

SHARE: Final = 0.4  # of the windows that networks of the engraver learn from
_LONGEST_GUESS_SEC: Final = 3.0
_CARRIED_SEC: Final = 0.02  # a note that sounds so much longer than its key is held was carried by the pedal


def lengths_as_heard(performance: Performance, rng: np.random.Generator) -> NDArray[np.float64]:
    """How long each key seems to be held, (N,) seconds: some guesses too late, at most when the string falls silent, others too early."""
    onset, offset = performance.notes["onset_sec"], performance.notes["offset_sec"]
    carried = np.minimum(performance.sounding_offset_sec() - offset, _LONGEST_GUESS_SEC)
    late = carried * rng.random(len(onset)) * (rng.random(len(onset)) < rng.uniform(0, 0.8))
    early = np.where((carried > _CARRIED_SEC) & (late == 0.0), rng.uniform(rng.uniform(0.2, 1.0), 1.0, len(onset)), 1.0)
    return np.asarray((offset - onset) * early + late)
