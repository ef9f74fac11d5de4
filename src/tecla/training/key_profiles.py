"""Learns what is usual under a key signature: prints `engraving.spelling.PROFILES` (of pitch classes, in major and in minor) and `SPELT`.

python -m tecla.training.key_profiles ASAP_FOLDER
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.corpora.asap import DEVELOPMENT, SECOND_DEVELOPMENT, load_annotations, recordings
from tecla.engraving.spelling import FARTHEST
from tecla.io.midi import load_midi
from tecla.io.musicxml import load_musicxml
from tecla.music import Performance
from tecla.music.score import Score

_ROUNDS: Final = 60
_SCALE: Final = np.array([1, 1, 1, 1, 1, 1, 0.2, 0.2, 0.2, 0.2, 0.2, 1])
_MAJOR_TRIAD: Final = [0, 4, 1]  # of C; on the line of fifths from C
_MINOR_TRIAD: Final = [3, 0, 4]  # of A
_INERTIA: Final = 100.0  # notes of one piece say much the same: n of them count as n / sqrt(n + 100)


def counts(performance: Performance, keys: tuple[tuple[float, int], ...]) -> list[NDArray[np.float64]]:
    """How often each pitch class occurs under each signature, in fifths from the C of the signature, (12,) each."""
    onset, pitch = performance.notes["onset_sec"], performance.notes["pitch"].astype(int)
    since, fifths = np.array([time for time, _ in keys]), np.array([key for _, key in keys])
    key = fifths[np.maximum(np.searchsorted(since, onset + 0.05, side="right") - 1, 0)]
    found = [np.bincount((7 * pitch[key == k] - k) % 12, minlength=12).astype(float) for k in np.unique(key)]
    return [count / np.sqrt(count.sum() + _INERTIA) for count in found]


def learn_profiles(found: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares of pitch classes in major and in minor, (2, 12), from `found` (M, 12): expectation-maximisation over the unknown mode."""
    profiles = np.tile(_SCALE, (2, 1))
    for profile, triad in zip(profiles, (_MAJOR_TRIAD, _MINOR_TRIAD), strict=True):
        profile[triad] += 1
    profiles /= profiles.sum(axis=1, keepdims=True)
    share = np.array([0.5, 0.5])
    for _ in range(_ROUNDS):
        merit = found @ np.log(profiles).T + np.log(share)
        odds = np.exp(merit - merit.max(axis=1, keepdims=True))
        odds /= odds.sum(axis=1, keepdims=True)
        profiles = odds.T @ found + 0.5
        profiles /= profiles.sum(axis=1, keepdims=True)
        share = odds.mean(axis=0)
    return profiles


def spellings(score: Score) -> NDArray[np.int64]:
    """How many notes of a page stand so many fifths from the key's own note, -FARTHEST..FARTHEST, (2 FARTHEST + 1,)."""
    away = [
        head.pitch.fifths - measure.key_fifths
        for measure in score.measures for events in measure.voices.values() for event in events for head in event.heads
    ]  # fmt: skip
    return np.bincount(np.clip(np.array(away, int), -FARTHEST, FARTHEST) + FARTHEST, minlength=2 * FARTHEST + 1)


def main() -> None:
    """Learns from one performance and the page of each training piece."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, help="The unpacked ASAP folder.")
    seen: Counter[tuple[str, str]] = Counter()
    found: list[NDArray[np.float64]] = []
    spelt = np.zeros(2 * FARTHEST + 1, np.int64)
    for recording in recordings(parser.parse_args().root, "train"):
        name = (recording.composer, recording.title)
        seen[name] += 1
        if seen[name] > 1 or name in SECOND_DEVELOPMENT or name in DEVELOPMENT or not recording.annotations.is_file():
            continue
        keys = load_annotations(recording.annotations).keys
        found += counts(load_midi(recording.midi), keys) if keys else []
        if recording.score.is_file():
            spelt += spellings(load_musicxml(recording.score))
    for profile in learn_profiles(np.array(found)):
        print("(" + ", ".join(f"{100 * share:.1f}" for share in profile) + "),")
    print("(" + ", ".join(f"{1e5 * share:.0f}" for share in spelt / spelt.sum()) + ")")


if __name__ == "__main__":
    main()
