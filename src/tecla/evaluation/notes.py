"""Notes: how well an estimated Performance agrees with the one that was played.

Aim
    The four figures of the field: onset; onset and offset; onset, offset and velocity; onset and velocity.

Conventions
    mir_eval.transcription and mir_eval.transcription_velocity (Raffel et al., ISMIR 2014; velocity: Hawthorne et al., ICLR 2018,
    section 3.3), with their default tolerances. The reference is the original MIDI, never a label grid. Where a note ends is a choice
    that the caller names: `offsets="key"` compares key-up with key-up, `offsets="sounding"` lets each side's own pedal extend its notes.

Metrics
    Per rule: precision, recall, F1, and the mean overlap of the matched notes (`NoteMetrics`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from tecla.errors import OptionError
from tecla.evaluation import matching
from tecla.evaluation.matching import Detection, Pairs
from tecla.music import Performance

ONSET_TOLERANCE_SEC: Final = 0.05
OFFSET_RATIO: Final = 0.2  # of the reference note's duration ...
OFFSET_MIN_TOLERANCE_SEC: Final = 0.05  # ... but never less than this
VELOCITY_TOLERANCE: Final = 0.1  # of the reference's velocity range

Offsets = Literal["key", "sounding"]


@dataclass(frozen=True)
class NoteMetrics:
    """What `evaluate` found; `onset_offset_overlap` is the mean share of time that matched notes have in common."""

    offsets: Offsets
    onset: Detection
    onset_offset: Detection
    onset_offset_velocity: Detection
    onset_velocity: Detection
    onset_offset_overlap: float


def validate(offsets: str) -> None:
    """Raises OptionError for an offset convention that does not exist."""
    if offsets not in get_args(Offsets):
        raise OptionError(f"offsets is {offsets!r}: must be 'key' or 'sounding'")


def offset_sec(performance: Performance, offsets: Offsets) -> NDArray[np.float64]:
    """Ends of notes by a convention, (N,) seconds."""
    return performance.sounding_offset_sec() if offsets == "sounding" else performance.notes["offset_sec"]


def match_onsets(reference: Performance, estimate: Performance, tolerance_sec: float = ONSET_TOLERANCE_SEC) -> Pairs:
    """Pairs of notes of one pitch whose onsets agree, as many as can be: (K, 2) indices into reference and estimate."""
    return matching.maximum_matching(_onset_candidates(reference, estimate, tolerance_sec))


def match_onsets_and_offsets(
    reference: Performance, estimate: Performance, offsets: Offsets, tolerance_sec: float = ONSET_TOLERANCE_SEC
) -> Pairs:
    """Pairs whose onsets and ends agree; the end within 20 % of the reference's duration or 50 ms, whichever is more."""
    pairs = _onset_candidates(reference, estimate, tolerance_sec)
    reference_end = offset_sec(reference, offsets)
    end_tolerance = np.maximum(OFFSET_RATIO * (reference_end - reference.notes["onset_sec"]), OFFSET_MIN_TOLERANCE_SEC)
    ends_agree = matching.is_near(reference_end[pairs[:, 0]], offset_sec(estimate, offsets)[pairs[:, 1]], end_tolerance[pairs[:, 0]])
    return matching.maximum_matching(pairs[ends_agree])


def keep_velocities(reference: Performance, estimate: Performance, pairs: Pairs) -> Pairs:
    """The matched pairs whose velocities agree too.

    Reference velocities are scaled to 0..1 over the piece; estimated ones are put through the straight line that brings the matched
    notes closest (least squares), since the loudness of a recording says nothing of the scale; then they must agree within 0.1.
    """
    if not len(pairs):
        return pairs
    played = reference.notes["velocity"].astype("f8")
    played = ((played - played.min()) / max(1.0, np.ptp(played)))[pairs[:, 0]]
    heard = estimate.notes["velocity"].astype("f8")[pairs[:, 1]]
    line = np.stack([heard, np.ones(len(heard))], axis=1)
    solution = np.linalg.lstsq(line, played, rcond=None)[0]
    return pairs[np.abs(line @ solution - played) < VELOCITY_TOLERANCE]


def mean_overlap(reference: Performance, estimate: Performance, pairs: Pairs, offsets: Offsets) -> float:
    """Mean over matched notes of common duration / joint duration; 0 without matches."""
    if not len(pairs):
        return 0.0
    begins = np.stack([reference.notes["onset_sec"][pairs[:, 0]], estimate.notes["onset_sec"][pairs[:, 1]]])
    ends = np.stack([offset_sec(reference, offsets)[pairs[:, 0]], offset_sec(estimate, offsets)[pairs[:, 1]]])
    joint = np.maximum(ends.max(axis=0) - begins.min(axis=0), np.finfo("f8").tiny)
    return float(np.mean((ends.min(axis=0) - begins.max(axis=0)) / joint))


def evaluate(
    reference: Performance,
    estimate: Performance,
    *,
    offsets: Offsets = "sounding",
    tolerance_sec: float = ONSET_TOLERANCE_SEC,
) -> NoteMetrics:
    """All note metrics of one piece.

    Args:
        reference: what was played, from the original MIDI.
        estimate: what was heard.
        offsets: how notes end on both sides: "key" (key-up) or "sounding" (the sustain pedal extends them).
        tolerance_sec: how far onsets may lie apart, in seconds.

    Raises:
        OptionError: `offsets` or `tolerance_sec` is out of bounds.

    >>> played = Performance.from_arrays([0.0, 1.0], [0.5, 1.5], [60, 64], [50, 90])
    >>> evaluate(played, played).onset_offset_velocity.f1
    1.0
    """
    validate(offsets)
    matching.validate(tolerance_sec)
    onset = match_onsets(reference, estimate, tolerance_sec)
    onset_offset = match_onsets_and_offsets(reference, estimate, offsets, tolerance_sec)

    def detection(pairs: Pairs) -> Detection:
        return Detection(len(pairs), len(reference), len(estimate))

    return NoteMetrics(
        offsets=offsets,
        onset=detection(onset),
        onset_offset=detection(onset_offset),
        onset_offset_velocity=detection(keep_velocities(reference, estimate, onset_offset)),
        onset_velocity=detection(keep_velocities(reference, estimate, onset)),
        onset_offset_overlap=mean_overlap(reference, estimate, onset_offset, offsets),
    )


def _onset_candidates(reference: Performance, estimate: Performance, tolerance_sec: float) -> Pairs:
    played, heard = reference.notes, estimate.notes
    return matching.near_pairs(played["onset_sec"], heard["onset_sec"], tolerance_sec, played["pitch"], heard["pitch"])
