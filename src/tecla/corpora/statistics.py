"""What is in a corpus: counts and distributions, gathered piece by piece in one pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.corpora.pieces import Piece
from tecla.errors import TeclaError
from tecla.music import Performance
from tecla.music.pitch import HIGHEST_PITCH, LOWEST_PITCH

DURATION_EDGES_SEC: Final = np.geomspace(0.01, 20, 61)
MOST_VOICES: Final = 24
_UNUSUAL: Final = 4.0  # robust standard deviations from the median


@dataclass(frozen=True)
class PieceFacts:
    """Figures of one piece; `pedal_share` and `pressed` are shares and presses of the sustain pedal."""

    name: str
    duration_sec: float
    n_notes: int
    notes_per_sec: float
    lowest_pitch: int
    highest_pitch: int
    mean_velocity: float
    velocity_spread: float
    median_length_sec: float
    mean_voices: float
    pedal_share: float
    pressed: int


@dataclass(frozen=True)
class CorpusFacts:
    """Figures of a corpus; the distributions count notes (pitch, velocity, length) and seconds (voices sounding at once).

    Shape:
        pitch, velocity: (128,); length: (60,) between `DURATION_EDGES_SEC`; voices: (MOST_VOICES + 1,), the last is "or more"
    """

    name: str
    pieces: tuple[PieceFacts, ...]
    n_works: int
    composers: dict[str, int]
    splits: dict[str, int]
    pitch: NDArray[np.int64]
    velocity: NDArray[np.int64]
    length: NDArray[np.int64]
    voices: NDArray[np.float64]
    unreadable: tuple[str, ...] = ()
    outliers: tuple[str, ...] = field(default=())

    @property
    def hours(self) -> float:
        """Length of all pieces together."""
        return sum(piece.duration_sec for piece in self.pieces) / 3600

    @property
    def n_notes(self) -> int:
        """Notes of all pieces together."""
        return sum(piece.n_notes for piece in self.pieces)


def study(name: str, pieces: Sequence[Piece], on_piece: Callable[[int], None] = lambda done: None) -> CorpusFacts:
    """Reads every piece and counts.

    Args:
        on_piece: called with the pieces read so far.
    """
    pitch, velocity = np.zeros(128, np.int64), np.zeros(128, np.int64)
    length, voices = np.zeros(len(DURATION_EDGES_SEC) - 1, np.int64), np.zeros(MOST_VOICES + 1)
    facts, unreadable = [], []
    for number, piece in enumerate(pieces):
        on_piece(number + 1)
        try:
            performance = piece.load()
        except TeclaError as error:
            unreadable.append(f"{piece.name}: {error}")
            continue
        notes = performance.notes
        together = sounding_together(performance)
        pitch += np.bincount(notes["pitch"], minlength=128)
        velocity += np.bincount(notes["velocity"], minlength=128)
        length += np.histogram(np.clip(notes["offset_sec"] - notes["onset_sec"], 0.011, 19.9), DURATION_EDGES_SEC)[0]
        voices += together
        facts.append(facts_of(piece.name, performance, together))
    known = [piece.composer for piece in pieces]
    return CorpusFacts(
        name, tuple(facts), len({piece.composition for piece in pieces}), _counted(known), _counted([piece.split for piece in pieces]),
        pitch, velocity, length, voices, tuple(unreadable), tuple(find_outliers(facts)),
    )  # fmt: skip


def facts_of(name: str, performance: Performance, together: NDArray[np.float64]) -> PieceFacts:
    """The figures of one piece; `together` is what `sounding_together` says of it."""
    notes, duration_sec = performance.notes, performance.duration_sec
    if not len(notes):
        return PieceFacts(name, duration_sec, 0, 0.0, 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0)
    pedal = performance.pedal_intervals()
    sounding = together[1:]
    return PieceFacts(
        name,
        duration_sec,
        len(notes),
        len(notes) / max(duration_sec, 1e-9),
        int(notes["pitch"].min()),
        int(notes["pitch"].max()),
        float(notes["velocity"].mean()),
        float(notes["velocity"].std()),
        float(np.median(notes["offset_sec"] - notes["onset_sec"])),
        float((sounding * np.arange(1, len(together))).sum() / max(sounding.sum(), 1e-9)),
        float(np.diff(pedal, axis=1).sum() / max(duration_sec, 1e-9)),
        len(pedal),
    )


def sounding_together(performance: Performance) -> NDArray[np.float64]:
    """Seconds in which so many notes sound at once, pedal included, (MOST_VOICES + 1,)."""
    notes = performance.notes
    if not len(notes):
        return np.zeros(MOST_VOICES + 1)
    times = np.concatenate([notes["onset_sec"], performance.sounding_offset_sec()])
    steps = np.concatenate([np.ones(len(notes), int), -np.ones(len(notes), int)])
    order = np.argsort(times, kind="stable")
    count = np.cumsum(steps[order])[:-1]
    return np.bincount(np.clip(count, 0, MOST_VOICES), np.diff(times[order]), MOST_VOICES + 1).astype(np.float64)


def find_outliers(facts: Sequence[PieceFacts]) -> list[str]:
    """Pieces that a reader should look at, with the reason; at most five for each kind of oddity."""
    said = [f"{one.name}: no notes" for one in facts if not one.n_notes]
    flat = [one for one in facts if one.n_notes > 20 and one.velocity_spread == 0]
    said += [f"{len(flat)} pieces have one velocity for all their notes, such as {flat[0].name}"] if flat else []
    said += [
        f"{one.name}: pitch {low} lies off the keyboard"
        for one in facts
        for low in (one.lowest_pitch, one.highest_pitch)
        if one.n_notes and not LOWEST_PITCH <= low <= HIGHEST_PITCH
    ][:5]
    played = [one for one in facts if one.n_notes]
    for what, unit, name in (
        ("long", "s", "duration_sec"),
        ("dense", "notes a second", "notes_per_sec"),
        ("loud", "mean velocity", "mean_velocity"),
    ):
        values = np.log(np.maximum([getattr(one, name) for one in played], 1e-3))
        spread = 1.4826 * np.median(np.abs(values - np.median(values))) if len(values) else 0.0
        far = (values - np.median(values)) / max(spread, 1e-9) if spread > 0.02 else np.zeros(len(values))
        odd = [i for i in np.argsort(-np.abs(far)) if abs(far[i]) > _UNUSUAL][:5]
        said += [f"{played[i].name}: unusually {what} or the reverse ({getattr(played[i], name):.3g} {unit})" for i in odd]
    return said


def _counted(names: Sequence[str]) -> dict[str, int]:
    """How often each name stands there, the most frequent first; "" is left out."""
    found = {name: names.count(name) for name in dict.fromkeys(names) if name}
    return dict(sorted(found.items(), key=lambda item: -item[1]))
