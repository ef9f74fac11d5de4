"""What a player did, one movement at a time, in the order in which it became known: a Performance while it is still being played."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tecla.music.performance import SUSTAIN, Performance


@dataclass(frozen=True)
class Event:
    """One movement of a key or of the sustain pedal.

    `time_sec` counts from the first sample heard. `pitch` is MIDI, 0 for the pedal; `velocity` 1..127 for a note that begins, else 0;
    `confidence` 0..1 for a note that begins, else 1.
    """

    kind: Literal["note_on", "note_off", "pedal_down", "pedal_up"]
    time_sec: float
    pitch: int = 0
    velocity: int = 0
    confidence: float = 1.0


def events_to_performance(events: Iterable[Event]) -> Performance:
    """The events as one Performance; a note that never ends ends with the last event.

    >>> played = [Event("note_on", 0.5, 60, 80), Event("pedal_down", 0.7), Event("note_off", 1.0, 60), Event("pedal_up", 2.0)]
    >>> performance = events_to_performance(played)
    >>> performance.notes["offset_sec"].tolist(), performance.pedal_intervals().tolist()
    ([1.0], [[0.7, 2.0]])
    """
    open_, notes, controls, last_sec = dict[int, Event](), list[tuple[Event, float]](), list[tuple[float, int, int]](), 0.0
    for event in events:
        last_sec = max(last_sec, event.time_sec)
        if event.kind in ("pedal_down", "pedal_up"):
            controls.append((event.time_sec, SUSTAIN, 127 if event.kind == "pedal_down" else 0))
        elif (begun := open_.pop(event.pitch, None)) is not None:
            notes.append((begun, max(event.time_sec, begun.time_sec)))
        if event.kind == "note_on":
            open_[event.pitch] = event
    notes += [(begun, max(last_sec, begun.time_sec)) for begun in open_.values()]
    columns = np.array([(on.time_sec, off_sec, on.pitch, on.velocity, on.confidence) for on, off_sec in notes]).reshape(-1, 5)
    onset_sec, offset_sec, pitch, velocity, confidence = columns.T
    return Performance.from_arrays(onset_sec, offset_sec, pitch, velocity, confidence, controls)
