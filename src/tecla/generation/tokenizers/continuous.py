"""Continuous events: what sounds, when, how loud, how long, as numbers and not as bins.

An event is {time shift, what, velocity, duration}: seconds since the event before, one of 88 keys or the sustain pedal going
down or up, velocity 1..127, seconds to key-up. Loss: the pedal's depth (only its crossing of half-way is kept), the other
pedals, and everything before the first event; notes themselves are exact.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.music import CONTROL, NOTE, SUSTAIN, Performance
from tecla.music.pitch import HIGHEST_PITCH, LOWEST_PITCH, N_KEYS

EVENT: Final = np.dtype([("shift_sec", "f8"), ("what", "i2"), ("velocity", "i2"), ("duration_sec", "f8")])
PEDAL_DOWN: Final = N_KEYS
PEDAL_UP: Final = N_KEYS + 1
END: Final = N_KEYS + 2
N_WHAT: Final = N_KEYS + 3


class Continuous:
    """Performances as sequences of events."""

    name = "continuous"

    def encode(self, performance: Performance) -> NDArray[np.void]:
        """Events in order of time, pedal before keys, keys from low to high; no END. Shape: (L,) of `EVENT`."""
        notes = performance.notes
        notes = notes[(notes["pitch"] >= LOWEST_PITCH) & (notes["pitch"] <= HIGHEST_PITCH)]
        pedal = performance.pedal_intervals(SUSTAIN).ravel()
        time = np.concatenate([pedal, notes["onset_sec"]])
        events = np.zeros(len(time), EVENT)
        events["what"][: len(pedal)] = np.tile([PEDAL_DOWN, PEDAL_UP], len(pedal) // 2)
        events["what"][len(pedal) :] = notes["pitch"] - LOWEST_PITCH
        events["velocity"][len(pedal) :] = notes["velocity"]
        events["duration_sec"][len(pedal) :] = notes["offset_sec"] - notes["onset_sec"]
        # At one moment the pedal moves first, as MIDI files are written: a pedal pressed at key-up holds.
        order = np.lexsort((np.where(events["what"] < N_KEYS, events["what"], -1), time))
        events["shift_sec"] = np.diff(time[order], prepend=time[order][:1])[np.argsort(order)]
        return events[order]

    def decode(self, events: NDArray[np.void]) -> Performance:
        """The performance, beginning with its first event at 0 s; stops at the first END. A key struck again ends its note."""
        ends = np.flatnonzero(events["what"] == END)
        events = events[: ends[0]] if len(ends) else events
        time = np.cumsum(events["shift_sec"])
        is_note = events["what"] < N_KEYS
        notes = np.zeros(int(is_note.sum()), NOTE)
        notes["onset_sec"], notes["pitch"] = time[is_note], events["what"][is_note] + LOWEST_PITCH
        notes["offset_sec"] = notes["onset_sec"] + events["duration_sec"][is_note]
        notes["velocity"], notes["confidence"] = events["velocity"][is_note], 1.0
        controls = np.zeros(int((~is_note).sum()), CONTROL)
        controls["time_sec"], controls["number"] = time[~is_note], SUSTAIN
        controls["value"] = np.where(events["what"][~is_note] == PEDAL_DOWN, 127, 0)
        return Performance(without_overlaps(notes), controls)


def without_overlaps(notes: NDArray[np.void]) -> NDArray[np.void]:
    """One note a key at a time: a note ends at its key's next onset, and of two at one moment the last stays. (N,) -> (M,)."""
    notes = notes[np.lexsort((notes["onset_sec"], notes["pitch"]))]
    if not len(notes):
        return notes
    again = (np.diff(notes["pitch"]) == 0) & (np.diff(notes["onset_sec"]) <= 0)
    notes = notes[np.append(~again, True)]
    same = np.diff(notes["pitch"]) == 0
    notes["offset_sec"][:-1][same] = np.minimum(notes["offset_sec"][:-1], notes["onset_sec"][1:])[same]
    return notes
