"""The likeliest way through states, as Viterbi finds it: bars over beats, keys over bars."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def likeliest_path(merit: NDArray[np.float64], moves: NDArray[np.float64]) -> list[int]:
    """The states of greatest merit in all. Shape: merit (T, S); moves (S, S), what going from one to the other adds.

    >>> likeliest_path(np.array([[1.0, 0.0], [0.0, 0.5], [1.0, 0.0]]), np.array([[0.0, -1.0], [-1.0, 0.0]]))
    [0, 0, 0]
    """
    total, back = merit[0].copy(), np.zeros(merit.shape, np.int64)
    for i in range(1, len(merit)):
        reached = total[:, None] + moves
        back[i] = reached.argmax(axis=0)
        total = reached.max(axis=0) + merit[i]
    path = [int(total.argmax())]
    for i in range(len(merit) - 1, 0, -1):
        path.append(int(back[i, path[-1]]))
    return path[::-1]
