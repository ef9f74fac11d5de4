"""Two clocks: the one that wrote the MIDI and the one that recorded the sound. Where a second of one lies on the other.

The recorder was started at another moment and its quartz runs at another speed: sound = speed * MIDI + shift, a straight line.
It is found between the notes of the MIDI and the notes that the transcriber hears in the sound: first by votes of pairs of one
pitch in a short stretch, for every speed within bounds; then the stretch grows, and a line is put through the pairs that agree,
whoever does not (robust regression, Tukey's biweight). A recording that was cut, or edited, lies on no line and is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.errors import InputError
from tecla.evaluation import matching
from tecla.evaluation.matching import Pairs
from tecla.music import Performance

FASTEST: Final = 1.06  # speeds looked for: from 1 / FASTEST to FASTEST
LEAST_HEARD: Final = 0.4  # share of the MIDI's notes that must be heard: strangers reach 0.12, the worst true pair tried 0.73
LEAST_NOTES: Final = 12
TOLERANCE_SEC: Final = 0.05
_STEP: Final = 0.002  # of the speed: 40 ms at the ends of a stretch
_STRETCH_SEC: Final = 20.0  # to either side of a stretch's middle
_MOST_VOTERS: Final = 200  # notes of a stretch
_VOTE_SEC: Final = 0.04
_STRETCHES: Final = 7
_WANDERS_SEC: Final = 0.05  # a median residual that large anywhere is no straight line
_WIDE_SEC: Final = 0.25  # in which residuals are looked at for that
_DEAF: Final = 0.25  # a part in which so small a share of the usual is heard is somewhere else


@dataclass(frozen=True)
class Line:
    """sound_sec = speed * midi_sec + shift_sec, and how well it holds.

    Shape:
        pairs: (K, 2) indices of notes (MIDI, heard) that agree; residual_sec: (K,) heard less expected, by pair

    `heard_share` is the share of the MIDI's notes, within the sound, that were heard; `covered_share` that of its notes within it.
    """

    speed: float
    shift_sec: float
    pairs: Pairs
    residual_sec: NDArray[np.float64]
    heard_share: float
    covered_share: float

    def to_sound(self, midi_sec: NDArray[np.float64]) -> NDArray[np.float64]:
        """Seconds of the MIDI's clock -> seconds of the sound's."""
        return self.speed * midi_sec + self.shift_sec

    @property
    def spread_sec(self) -> float:
        """Standard deviation of the residuals, by their median (robust)."""
        return float(1.4826 * np.median(np.abs(self.residual_sec))) if len(self.residual_sec) else float("nan")


def find_line(played: Performance, heard: Performance, sound_sec: float) -> Line:
    """The line between a MIDI's notes and the notes heard in a sound of so many seconds.

    Raises:
        InputError: too few notes, the two do not belong together, or no straight line joins them.
    """
    for name, side in (("the MIDI", played), ("the sound", heard)):
        if len(side) < LEAST_NOTES:
            raise InputError(f"{name} has {len(side)} notes: at least {LEAST_NOTES} are needed to tell whether they belong together")
    speed, shift_sec, middle_sec = _vote(played, heard)
    line = _grow(played, heard, speed, shift_sec, middle_sec, sound_sec)
    if line.heard_share < LEAST_HEARD or len(line.pairs) < LEAST_NOTES:
        raise InputError(f"they do not belong together: {line.heard_share:.0%} of the MIDI's notes are heard, less than {LEAST_HEARD:.0%}")
    _check_straight(played, heard, line, sound_sec)
    return line


def _vote(played: Performance, heard: Performance) -> tuple[float, float, float]:
    """Speed, shift and the middle of the stretch in which most pairs of one pitch agree."""
    onset_sec, pitch = played.notes["onset_sec"], played.notes["pitch"]
    speeds = 1 + np.arange(np.ceil((1 / FASTEST - 1) / _STEP), np.floor((FASTEST - 1) / _STEP) + 1) * _STEP
    best = (-1.0, 1.0, 0.0, 0.0)
    for share in (np.arange(_STRETCHES) + 0.5) / _STRETCHES:
        middle_sec = float(np.quantile(onset_sec, share))
        near = np.flatnonzero(np.abs(onset_sec - middle_sec) <= _STRETCH_SEC)
        near = near[np.argsort(np.abs(onset_sec[near] - middle_sec), kind="stable")][:_MOST_VOTERS]
        i, j = np.nonzero(pitch[near][:, None] == heard.notes["pitch"])
        own_sec, their_sec = onset_sec[near][i] - middle_sec, heard.notes["onset_sec"][j]
        for speed in speeds if len(i) else ():
            bins = np.floor((their_sec - speed * own_sec) / _VOTE_SEC).astype(np.int64)
            votes = np.bincount(bins - bins.min())
            pair = votes[:-1] + votes[1:] if len(votes) > 1 else votes  # a peak may lie astride two bins
            top = int(pair.argmax())
            merit = pair[top] / np.sqrt(len(near))
            if merit > best[0]:
                shift_sec = (top + bins.min() + 1) * _VOTE_SEC - speed * middle_sec
                best = (float(merit), float(speed), float(shift_sec), middle_sec)
    return best[1:]


def _grow(played: Performance, heard: Performance, speed: float, shift_sec: float, middle_sec: float, sound_sec: float) -> Line:
    """Fits in ever longer stretches, then over the whole with an ever finer tolerance."""
    onset_sec = played.notes["onset_sec"]
    reach_sec, whole_sec = _STRETCH_SEC, float(np.abs(onset_sec - middle_sec).max())
    while reach_sec < whole_sec:
        speed, shift_sec = _fit(played, heard, speed, shift_sec, np.abs(onset_sec - middle_sec) <= reach_sec, 0.12)
        reach_sec *= 1.6
    everything = np.ones(len(onset_sec), bool)
    for tolerance_sec in (0.15, 0.08, TOLERANCE_SEC, TOLERANCE_SEC):
        speed, shift_sec = _fit(played, heard, speed, shift_sec, everything, tolerance_sec)
    expected_sec = speed * onset_sec + shift_sec
    pairs = matching.maximum_matching(
        matching.near_pairs(expected_sec, heard.notes["onset_sec"], TOLERANCE_SEC, played.notes["pitch"], heard.notes["pitch"])
    )
    within = (expected_sec > -TOLERANCE_SEC) & (expected_sec < sound_sec)
    residual_sec = heard.notes["onset_sec"][pairs[:, 1]] - expected_sec[pairs[:, 0]]
    return Line(speed, shift_sec, pairs, residual_sec, len(pairs) / max(1, int(within.sum())), float(within.mean()))


def _fit(
    played: Performance, heard: Performance, speed: float, shift_sec: float, chosen: NDArray[np.bool_], tolerance_sec: float
) -> tuple[float, float]:
    """A line through the pairs near the line so far; pairs far off weigh nothing."""
    notes = played.notes[chosen]
    expected_sec = speed * notes["onset_sec"] + shift_sec
    pairs = matching.near_pairs(expected_sec, heard.notes["onset_sec"], tolerance_sec, notes["pitch"], heard.notes["pitch"])
    if len(pairs) < LEAST_NOTES // 2:
        return speed, shift_sec
    x, y = notes["onset_sec"][pairs[:, 0]], heard.notes["onset_sec"][pairs[:, 1]]
    centre = float(x.mean())
    columns = np.stack([x - centre, np.ones(len(x))], axis=1)
    line = np.array([speed, shift_sec + speed * centre])
    for _ in range(10):
        residual_sec = y - columns @ line
        scale_sec = max(1.4826 * float(np.median(np.abs(residual_sec - np.median(residual_sec)))), 0.002)
        weight = np.clip(1 - ((residual_sec - np.median(residual_sec)) / (4.685 * scale_sec)) ** 2, 0, None) ** 2
        gram = columns.T @ (weight[:, None] * columns)
        gram[0, 0] += 1e-3 * weight.sum()  # a stretch of one chord says nothing of the speed: keep the one so far
        line = line + np.linalg.solve(gram, columns.T @ (weight * residual_sec))
    return float(line[0]), float(line[1] - line[0] * centre)


def _check_straight(played: Performance, heard: Performance, line: Line, sound_sec: float) -> None:
    """A part of the music that lies beside the line, or on which hardly a note is heard, speaks of a cut."""
    expected_sec = line.to_sound(played.notes["onset_sec"])
    within = np.flatnonzero((expected_sec > 0) & (expected_sec < sound_sec))
    pairs = matching.near_pairs(expected_sec, heard.notes["onset_sec"], _WIDE_SEC, played.notes["pitch"], heard.notes["pitch"])
    off_sec = heard.notes["onset_sec"][pairs[:, 1]] - expected_sec[pairs[:, 0]]
    for part in np.array_split(within, max(1, min(20, len(within) // 40))):
        mine = off_sec[np.isin(pairs[:, 0], part)]
        where = f"around {played.notes['onset_sec'][part].mean():.0f} s of the MIDI"
        if len(mine) >= LEAST_NOTES and abs(np.median(mine)) > _WANDERS_SEC:
            raise InputError(
                f"no straight line joins them: {where} the sound is {1000 * np.median(mine):+.0f} ms off; was it cut or edited?"
            )
        share = np.isin(part, line.pairs[:, 0]).mean()
        if len(part) >= LEAST_NOTES and share < _DEAF * line.heard_share:
            raise InputError(f"no straight line joins them: {where} only {share:.0%} of the notes are heard; was it cut or edited?")
