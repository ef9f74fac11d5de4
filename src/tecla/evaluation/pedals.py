"""Pedals: when the foot was down, and when it moved.

Aim
    Judge the sustain pedal (or another) as the field does.

Conventions
    Those of Kong et al. 2021 (IEEE/ACM TASLP 29, section IV.E), kept by Transkun (Yan & Duan, ISMIR 2024): a pedal is down from controller
    value 64 on; each press is an event like a note of one pitch, matched within 50 ms, its release within 50 ms or 20 % of its duration;
    activation is counted in frames of 10 ms. A piece whose reference has no pedal has no pedal metrics: leave it out of a mean
    (`in_reference` is 0).

Metrics
    Activation, onset, onset and offset: precision, recall, F1 (`PedalMetrics`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.errors import OptionError
from tecla.evaluation import frames, matching
from tecla.evaluation.matching import Detection, Pairs
from tecla.evaluation.notes import OFFSET_MIN_TOLERANCE_SEC, OFFSET_RATIO, ONSET_TOLERANCE_SEC
from tecla.music import SUSTAIN, Performance

PEDALS: Final = (64, 66, 67)


@dataclass(frozen=True)
class PedalMetrics:
    """What `evaluate` found."""

    activation: Detection
    onset: Detection
    onset_offset: Detection


def validate(number: int) -> None:
    """Raises OptionError for a controller that is no pedal."""
    if number not in PEDALS:
        raise OptionError(f"controller {number} is no pedal: give 64 (sustain), 66 (sostenuto) or 67 (soft)")


def match_onsets(played_sec: NDArray[np.float64], heard_sec: NDArray[np.float64], tolerance_sec: float = ONSET_TOLERANCE_SEC) -> Pairs:
    """Presses that agree, (L, 2) indices; both sides are (K, 2) intervals."""
    return matching.maximum_matching(matching.near_pairs(played_sec[:, 0], heard_sec[:, 0], tolerance_sec))


def match_onsets_and_offsets(
    played_sec: NDArray[np.float64], heard_sec: NDArray[np.float64], tolerance_sec: float = ONSET_TOLERANCE_SEC
) -> Pairs:
    """Presses whose releases agree too."""
    pairs = matching.near_pairs(played_sec[:, 0], heard_sec[:, 0], tolerance_sec)
    played, heard = played_sec[pairs[:, 0]], heard_sec[pairs[:, 1]]
    release_tolerance = np.maximum(OFFSET_RATIO * (played[:, 1] - played[:, 0]), OFFSET_MIN_TOLERANCE_SEC)
    return matching.maximum_matching(pairs[matching.is_near(played[:, 1], heard[:, 1], release_tolerance)])


def evaluate(reference: Performance, estimate: Performance, *, number: int = SUSTAIN) -> PedalMetrics:
    """Pedal metrics of one piece; `number` is the controller: 64 sustain, 66 sostenuto, 67 soft.

    Raises:
        OptionError: `number` is no pedal.

    >>> played = Performance.from_arrays([0.0], [1.0], [60], controls=[(0.5, 64, 127), (2.5, 64, 0)])
    >>> evaluate(played, played).onset_offset.f1
    1.0
    """
    validate(number)
    played, heard = reference.pedal_intervals(number), estimate.pedal_intervals(number)
    return PedalMetrics(
        activation=Detection(*frames.compare(played, heard)),
        onset=Detection(len(match_onsets(played, heard)), len(played), len(heard)),
        onset_offset=Detection(len(match_onsets_and_offsets(played, heard)), len(played), len(heard)),
    )
