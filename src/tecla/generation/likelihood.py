"""Likelihoods that compare: bits per note, per second, per 16th; never a ranking per token across tokenizers.

Aim: one number that says which model knows the music better, whatever it is spelt in. The sum of -log2 P runs over the real tokens and
END, never over padding, the beginning or a prompt: pieces are judged one at a time, so there is no padding to leak. It is divided by
what the *reference* holds: its notes, seconds, 16ths or characters.

Resolution: continuous times are judged by the mass of a 10 ms bin, velocities by 1/127; a tokenizer with coarser bins adds
log2(bin / 10 ms) for each time and log2(step) for each velocity that it writes, the bits that a uniform choice within its bin would
cost (`resolution_bits`). A tokenizer that loses notes prints its round-trip F1 beside the bits.

Long pieces: a window of the model's context slides by half of it, so that every row is judged with at least half a context behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from tecla.errors import OptionError
from tecla.generation.engine import END, Engine
from tecla.generation.mixture import log_bin_mass, log_softmax

BIN_SEC: Final = 0.010
Per = Literal["note", "second", "sixteenth", "character", "cell", "token"]
_N_KEYS: Final = 88


@dataclass(frozen=True)
class Likelihood:
    """Total bits of some music under one model, and what the music holds.

    `bits` includes END; `resolution_bits` is to be added for coarse bins; counts of what the reference does not have are 0.
    """

    model: str
    tokenizer: str
    bits: float
    tokens: int
    notes: int = 0
    seconds: float = 0.0
    sixteenths: int = 0
    characters: int = 0
    cells: int = 0
    resolution_bits: float = 0.0
    round_trip_f1: float = 1.0
    context: str = ""

    def per(self, unit: Per) -> float:
        """Bits per unit of the reference, resolution corrected (per token: as they are).

        Raises:
            OptionError: the reference has no such unit.
        """
        count = getattr(self, f"{unit}s")
        if not count:
            raise OptionError(f"{self.model} was judged on music without {unit}s: choose another unit")
        return float((self.bits + (0.0 if unit == "token" else self.resolution_bits)) / count)

    def __add__(self, other: Likelihood) -> Likelihood:
        """Both stretches of music together."""
        if (self.model, self.tokenizer) != (other.model, other.tokenizer):
            raise OptionError(f"bits of {self.model}/{self.tokenizer} and {other.model}/{other.tokenizer} do not add up")
        names = ("bits", "tokens", "notes", "seconds", "sixteenths", "characters", "cells", "resolution_bits")
        return replace(self, **{name: getattr(self, name) + getattr(other, name) for name in names})


def compare(likelihoods: Sequence[Likelihood], unit: Per = "note") -> list[Likelihood]:
    """From best to worst by bits per unit.

    Raises:
        OptionError: a ranking per token across tokenizers (a token is not the same amount of music in two of them), or references that
            do not hold the same music.
    """
    tokenizers = sorted({likelihood.tokenizer for likelihood in likelihoods})
    if unit == "token" and len(tokenizers) > 1:
        raise OptionError(f"bits per token of {', '.join(tokenizers)} do not compare: rank by note, second or sixteenth")
    if len({getattr(likelihood, f"{unit}s") for likelihood in likelihoods}) > 1 and unit != "token":
        raise OptionError(f"the rows were not judged on the same music: their counts of {unit}s differ")
    return sorted(likelihoods, key=lambda likelihood: likelihood.per(unit))


def token_bits(engine: Engine, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Bits of every token of a piece that ends with END; slots after an END in its row cost nothing. Shape: (L, G) -> (L, G)."""
    bits = np.zeros(rows.shape)
    for first, hidden, judged in _windows(engine, rows):
        log_p = log_softmax(engine.judge(hidden, judged))
        bits[first : first + len(judged)] = -np.take_along_axis(log_p, judged[..., None], -1)[..., 0] / np.log(2)
    if rows.shape[1] > 1:
        bits[rows[:, 0] == END, 1:] = 0.0
    return bits


def event_bits(engine: Engine, rows: NDArray[np.float32], bin_sec: float = BIN_SEC) -> NDArray[np.float64]:
    """Bits of shift, what, velocity, duration of every event, END included; a pedal has no last two. Shape: (L, 4) -> (L, 4)."""
    bits = np.zeros(rows.shape)
    for first, hidden, judged in _windows(engine, rows):
        here = slice(first, first + len(judged))
        shift, what = engine.judge(hidden, judged, "shift"), log_softmax(engine.judge(hidden, judged, "what"))
        velocity = log_softmax(engine.judge(hidden, judged, "velocity"))
        duration = engine.judge(hidden, judged, "duration")
        note = judged[:, 1] < _N_KEYS
        bits[here, 0] = -log_bin_mass(shift[:, 1:], judged[:, 0], bin_sec, zero=shift[:, 0])
        bits[here, 1] = -_picked(what, judged[:, 1])
        bits[here, 2] = -_picked(velocity, judged[:, 2]) * note
        bits[here, 3] = -log_bin_mass(duration, judged[:, 3], bin_sec) * note
    return bits / np.log(2)


def grid_notes(grid: NDArray[np.integer]) -> int:
    """Attacks in a grid of voices: a pitch that differs from the one before it in its voice. Shape: (T, G), -1 silent."""
    before = np.concatenate([np.full((1, grid.shape[1]), -1), grid[:-1]])
    return int(((grid != -1) & (grid != before)).sum())


def total(likelihoods: Iterable[Likelihood]) -> Likelihood:
    """Many pieces as one."""
    first, *others = likelihoods
    for other in others:
        first = first + other
    return first


def _windows(engine: Engine, rows: NDArray[Any]) -> Iterable[tuple[int, NDArray[np.float32], NDArray[Any]]]:
    """Index of the first judged row, the hidden vector before each judged row, the rows; every row is judged once."""
    context, half = engine.context, engine.context // 2
    at = 0
    while at < len(rows):
        begin = max(0, at - half) if at else 0
        last = min(len(rows), begin + context)
        before = engine.restart(rows[: begin - 1] if begin > 1 else None)
        known = rows[begin - 1 : last - 1] if begin > 1 else rows[: last - 1]
        hidden = np.concatenate([part for part in (before, engine.feed(known)) if len(part)])
        yield at, hidden[at - begin if begin > 1 else at :], rows[at:last]
        at = last


def _picked(log_p: NDArray[np.float64], ids: NDArray[Any]) -> NDArray[np.float64]:
    return np.take_along_axis(log_p, ids.astype(np.int64)[:, None], 1)[:, 0]
