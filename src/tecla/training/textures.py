"""Random piano textures beyond the repertoire: what a corpus of recitals is short of.

Recitals live in the middle of the keyboard and of the dynamics. These fill the rest: clusters, trills, fast repetitions,
scales at the extremes, single notes that ring out, whispered and hammered.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tecla.music.performance import SUSTAIN, Performance
from tecla.music.pitch import HIGHEST_PITCH, LOWEST_PITCH

Rows = list[tuple[float, float, int, int]]  # onset_sec, length_sec, pitch, velocity


def random_texture(rng: np.random.Generator, duration_sec: float) -> Performance:
    """A Performance of about `duration_sec` made of two or three textures at once, with or without pedal."""
    rows: Rows = []
    for _ in range(int(rng.integers(1, 4))):
        rows += _layer(rng, duration_sec)
    return playable(rows, _pedal(rng, duration_sec))


def playable(rows: Rows, controls: NDArray[np.float64]) -> Performance:
    """`rows` in any order as one pianist's Performance: pitches of the keyboard, no key struck before it is up again.

    Shape:
        controls: (M, 3) time in s, controller, value
    """
    onset, length, pitch, velocity = np.array(rows, np.float64).T
    pitch = np.clip(pitch, LOWEST_PITCH, HIGHEST_PITCH)
    order = np.lexsort((onset, pitch))
    onset, length, pitch, velocity = (column[order] for column in (onset, length, pitch, velocity))
    same = np.diff(pitch) == 0
    far_enough = np.append(True, ~same | (np.diff(onset) > 0.045))  # a key needs time to come up
    onset, length, pitch, velocity = (column[far_enough] for column in (onset, length, pitch, velocity))
    room = np.where(np.append(np.diff(pitch) == 0, False), np.append(np.diff(onset), 0) - 0.02, np.inf)
    offset = onset + np.maximum(np.minimum(length, room), 0.01)
    return Performance.from_arrays(onset, offset, pitch, np.clip(velocity, 1, 127), controls=controls)


def _layer(rng: np.random.Generator, duration_sec: float) -> Rows:
    centre = int(rng.integers(LOWEST_PITCH, HIGHEST_PITCH + 1))
    spread = rng.choice([1, 5, 12, 25])
    step_sec = float(np.exp(rng.uniform(np.log(0.06), np.log(1.5))))
    loudness, unevenness = rng.uniform(12, 118), rng.uniform(1, 14)
    chord = int(rng.choice([1, 1, 1, 2, 3, 4, 6]))
    walk = rng.choice(["random", "scale", "trill", "repeat"])
    interval, legato = int(rng.choice([1, 2, 3, 4, 7, 12])), float(np.exp(rng.uniform(np.log(0.15), np.log(4))))
    rows: Rows = []
    for index, begin in enumerate(np.arange(rng.uniform(0, step_sec), duration_sec, step_sec)):
        if rng.random() < 0.1:
            continue
        root = {
            "random": centre + int(rng.normal() * spread),
            "scale": centre + (index * interval) % 36 - 18,
            "trill": centre + (index % 2) * interval,
            "repeat": centre,
        }[str(walk)]
        onset = begin + rng.normal() * 0.008
        for _ in range(chord):
            pitch = root + (int(rng.integers(-12, 13)) if chord > 1 else 0)
            rows.append((max(0.0, onset + rng.exponential(0.006)), step_sec * legato, pitch, round(rng.normal(loudness, unevenness))))
    return rows or [(0.1, 1.0, centre, int(loudness))]


def _pedal(rng: np.random.Generator, duration_sec: float) -> NDArray[np.float64]:
    """(M, 3) controls: none, or presses of random depth and length."""
    if rng.random() < 0.5:
        return np.zeros((0, 3))
    edges = np.cumsum(rng.exponential(rng.uniform(0.3, 3.0), 200) + 0.06)
    edges = edges[edges < duration_sec]
    depth = np.where(rng.random(len(edges)) < 0.7, 127, rng.integers(20, 127, len(edges)))
    value = np.where(np.arange(len(edges)) % 2 == 0, depth, 0)
    return np.stack([edges, np.full(len(edges), SUSTAIN), value], 1)
