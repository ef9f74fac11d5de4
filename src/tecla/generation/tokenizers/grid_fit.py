"""Performance <-> grid of voices: finds the 16th that a performance keeps to, and who sings what."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.errors import InputError
from tecla.generation.tokenizers.continuous import without_overlaps
from tecla.music import NOTE, Performance

SIXTEENTH_SEC: Final = 0.15625  # at 96 quarters a minute, which is taken where nothing tells a tempo
FASTEST_SEC: Final = 0.075  # a 16th at 200
SLOWEST_TATUM_SEC: Final = 1.6  # quarters at 38
LONGEST_STEPS: Final = 20_000


def estimate_sixteenth_sec(performance: Performance) -> float:
    """The step that onsets keep to best, in seconds: a halving of the longest period that they fit.

    Raises:
        InputError: fewer than two onsets.
    """
    onsets = np.unique(performance.notes["onset_sec"])
    if len(onsets) < 2:
        raise InputError("the prompt has fewer than two onsets: no pulse can be found in it")
    onsets = onsets[:400] - onsets[0]
    periods = np.geomspace(FASTEST_SEC, SLOWEST_TATUM_SEC, 2000)
    # Resultant length of the onsets' phases on each period's circle. Every divisor of a period that fits, fits too: the longest one is the
    # music's own smallest value, and halving that leads to a 16th at a tempo that people play.
    fit = np.abs(np.exp(2j * np.pi * onsets[None] / periods[:, None]).mean(1))
    tatum = periods[np.flatnonzero(fit >= 0.95 * fit.max())[-1]]
    near = np.flatnonzero(np.abs(periods - tatum) <= 0.02 * tatum)
    tatum = periods[near[fit[near].argmax()]]
    halvings = tatum / 2.0 ** np.arange(6)
    return float(halvings[np.abs(np.log2(halvings / SIXTEENTH_SEC)).argmin()])


def to_grid(performance: Performance, sixteenth_sec: float, voices: int = 4) -> NDArray[np.int16]:
    """Pitches of the sounding notes at every 16th, the highest in column 0, the lowest in the last. Shape: (T, voices), -1 silent.

    Where more notes sound than there are voices, inner ones are left out; where fewer, inner voices are silent.

    Raises:
        InputError: no notes, or more than 20,000 steps.
    """
    notes = performance.notes
    if not len(notes):
        raise InputError("the prompt has no notes")
    start = notes["onset_sec"].min()
    first = np.rint((notes["onset_sec"] - start) / sixteenth_sec).astype(int)
    last = np.maximum(np.rint((notes["offset_sec"] - start) / sixteenth_sec).astype(int), first + 1)
    if last.max() > LONGEST_STEPS:
        raise InputError(f"the prompt lasts {last.max():,} 16ths, more than {LONGEST_STEPS:,}: cut it to the passage to go on from")
    grid = np.full((last.max(), voices), -1, np.int16)
    for step in range(len(grid)):
        sounding = np.sort(notes["pitch"][(first <= step) & (step < last)])[::-1]
        grid[step] = _spread(sounding, voices)
    return grid


def _spread(pitches: NDArray[np.int16], voices: int) -> NDArray[np.int16]:
    """Pitches from high to low on voices: outer voices first, then the inner ones from above."""
    column = np.full(voices, -1, np.int16)
    if len(pitches) == 0:
        return column
    column[0] = pitches[0]
    if voices > 1 and len(pitches) > 1:
        column[-1] = pitches[-1]
        inner = pitches[1:-1][: voices - 2]
        column[1 : 1 + len(inner)] = inner
    return column


def from_grid(grid: NDArray[np.integer], sixteenth_sec: float = SIXTEENTH_SEC, velocity: int = 72) -> Performance:
    """Held pitches as notes; voices in unison become one note. Shape: (T, G) -> Performance."""
    notes = []
    for voice in np.asarray(grid).T:
        edges = np.flatnonzero(np.diff(voice, prepend=-2, append=-2))
        for begin, end in pairwise(edges):
            if voice[begin] >= 0:
                notes.append((begin * sixteenth_sec, end * sixteenth_sec, voice[begin], velocity, 1.0))
    return Performance(without_overlaps(np.array(notes, NOTE)))
