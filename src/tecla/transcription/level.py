"""How loud a take is, measured over the whole of it, so that its quiet passages stay quiet and no slice is judged alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.transcription.features import SAMPLE_RATE

NOMINAL_DB: Final = -20.0  # level of the loud part of a take, as the network expects it
SILENCE_DB: Final = -100.0  # below the last bit of a 16-bit file nothing was recorded

_BLOCK_SAMPLES: Final = SAMPLE_RATE // 10
_LOUD_PART: Final = 95  # percentile: neither a single bang nor long rests decide


def loud_part_db(blocks: Iterable[NDArray[np.float32]]) -> float:
    """Level in dB (full scale = 0) that the loudest twentieth of the 0.1 s blocks of a take exceeds; -inf if it is empty.

    Shape:
        blocks: any number of (N,) float32 stretches of mono audio at 16 kHz, in order
    """
    levels, rest = [], np.zeros(0, np.float32)
    for block in blocks:
        rest = np.concatenate([rest, block])
        whole = len(rest) // _BLOCK_SAMPLES * _BLOCK_SAMPLES
        squares = np.square(rest[:whole], dtype=np.float32).reshape(-1, _BLOCK_SAMPLES)
        levels.append(squares.mean(1))
        rest = rest[whole:]
    if len(rest):
        levels.append(np.square(rest, dtype=np.float32).mean(keepdims=True))
    power = np.concatenate(levels) if levels else np.zeros(0)
    loud = float(np.percentile(power, _LOUD_PART)) if len(power) else 0.0
    return 10 * float(np.log10(loud)) if loud > 0 else -np.inf
