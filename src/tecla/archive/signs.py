"""Is it a piano at all? Signs that need no second network: how sure the notes are, and how much of the sound they explain.

A transcriber of pianos hears notes in much that is none, but is less sure of them. In speech and singing its doubt shows; noise has
few notes or none, and their partials hold little of the sound. `explained` is the share of spectral magnitude at the partials of the
sounding notes, above what the same notes would cover by chance: 0 for notes thrown at random, 1 if nothing else sounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.archive.meter import Measured
from tecla.music import Performance
from tecla.music.pitch import LOWEST_PITCH, N_KEYS
from tecla.transcription.features import BINS_PER_SEMITONE, N_BINS

_N_PARTIALS: Final = 16
_HALF_WIDTH_BINS: Final = 2
_EDGE: Final = 1e-4
_ATTACK_SEC: Final = 0.25  # half a spectrum's window
_RING_SEC: Final = 0.25
LEAST_LOG_ODDS: Final = 3.8
LEAST_EXPLAINED: Final = 0.2
LEAST_NOTES_PER_SEC: Final = 0.1
_FAINTEST_DB: Final = 50.0  # spectra further below the loudest say nothing


@dataclass(frozen=True)
class Signs:
    """What speaks for and against a piano; all 0 if nothing was heard.

    `confidence` is the mean over the notes; `log_odds` that of ln(confidence / (1 - confidence)): a calibrated confidence is near 1 for
    most notes of a piano, and only its odds tell how near.
    """

    explained: float
    confidence: float
    log_odds: float
    notes_per_sec: float


NOTHING: Final = Signs(0.0, 0.0, 0.0, 0.0)


def read_signs(performance: Performance, measured: Measured) -> Signs:
    """The signs of one transcription and the sound it was made from."""
    if not len(performance) or not measured.spectra:
        return NOTHING
    confidence = performance.notes["confidence"].astype(np.float64)
    sure = np.clip(confidence, _EDGE, 1 - _EDGE)
    log_odds = float(np.log(sure / (1 - sure)).mean())
    return Signs(_explained(performance, measured), float(confidence.mean()), log_odds, len(performance) / max(measured.duration_sec, 1.0))


def _explained(performance: Performance, measured: Measured) -> float:
    magnitude = np.sqrt(np.asarray(measured.spectra, np.float64))  # (S, F)
    total = magnitude.sum(1)
    at_sec = np.asarray(measured.spectra_sec)
    clear = total > total.max(initial=0.0) * 10 ** (-_FAINTEST_DB / 20)
    masks = _sounding_keys(performance, at_sec[clear]) @ _partials() > 0  # (S, F)
    within, everything = float((magnitude[clear] * masks).sum()), float(total[clear].sum())
    by_chance = float((masks.mean(1) * total[clear]).sum())
    return (within - by_chance) / max(everything - by_chance, 1e-12)


def _sounding_keys(performance: Performance, at_sec: NDArray[np.float64]) -> NDArray[np.float32]:
    """1 where a key sounds, (S, 88)."""
    notes, ends = performance.notes, performance.sounding_offset_sec()
    first = np.searchsorted(at_sec, notes["onset_sec"] - _ATTACK_SEC)
    last = np.searchsorted(at_sec, ends + _RING_SEC)
    change = np.zeros((len(at_sec) + 1, N_KEYS), np.int32)
    key_index = np.clip(notes["pitch"] - LOWEST_PITCH, 0, N_KEYS - 1)
    np.add.at(change, (first, key_index), 1)
    np.add.at(change, (last, key_index), -1)
    return (np.cumsum(change, axis=0)[:-1] > 0).astype(np.float32)


@cache
def _partials() -> NDArray[np.float32]:
    """1 in the bins around each key's partials, (88, 396)."""
    table = np.zeros((N_KEYS, N_BINS), np.float32)
    for key_index in range(N_KEYS):
        middle = BINS_PER_SEMITONE * (key_index + 12 * np.log2(np.arange(1, _N_PARTIALS + 1))) + (BINS_PER_SEMITONE - 1) / 2
        for at in middle:
            table[key_index, max(0, round(at) - _HALF_WIDTH_BINS) : round(at) + _HALF_WIDTH_BINS + 1] = 1
    return table


def likely_not_piano(signs: Signs) -> bool:
    """Whether the signs speak against a piano; also if next to nothing was heard.

    The confidence tells speech and singing from pianos; the other two catch hum, hiss and sweeps. The bounds belong to the shipped
    weights: `benchmarks/not_a_piano.py` measures them again. Other instruments often pass for a piano.
    """
    return signs.log_odds < LEAST_LOG_ODDS or signs.explained < LEAST_EXPLAINED or signs.notes_per_sec < LEAST_NOTES_PER_SEC
