"""REMI (Huang and Yang 2020) with velocity and pedal: bar, position, then pitch, velocity and duration of each note there.

A performance has no bars of its own; as in MIDI files of performances, a quarter is taken as half a second. 8 positions a quarter
(62.5 ms), 32 velocities, durations on 12 + 24 values (linear to 12 positions, then geometric to 16 quarters).
Loss: times and durations on those grids, velocity to the nearest 4, the pedal's depth.

Ids: 0 END, bar, 32 positions, 88 pitches, 32 velocities, 36 durations, pedal down, pedal up.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.generation.tokenizers.continuous import END as EVENT_END
from tecla.generation.tokenizers.continuous import EVENT, PEDAL_DOWN, Continuous
from tecla.music import Performance
from tecla.music.pitch import N_KEYS

POSITION_SEC: Final = 0.0625
POSITIONS: Final = 32
VELOCITIES: Final = 32
DURATIONS: Final = np.unique(np.rint(np.concatenate([np.arange(1, 13), np.geomspace(13, 128, 24)])).astype(int))

END: Final = 0
BAR: Final = 1
POSITION: Final = 2
PITCH: Final = POSITION + POSITIONS
VELOCITY: Final = PITCH + N_KEYS
DURATION: Final = VELOCITY + VELOCITIES
PEDALS: Final = DURATION + len(DURATIONS)
_CODEC: Final = Continuous()


class Remi:
    """Notes and pedal on a grid of bars and positions."""

    name = "remi"
    slots = 1
    vocabulary = PEDALS + 2

    def encode(self, music: Performance) -> NDArray[np.int64]:
        """Ids of a performance from its first event on, and END. Shape: (L, 1)."""
        events = _CODEC.encode(music)
        when = np.rint(np.cumsum(events["shift_sec"]) / POSITION_SEC).astype(int)
        ids, bar, here = [], -1, -1
        for at in np.lexsort((np.where(events["what"] < N_KEYS, events["what"], -1), when)).tolist():
            if when[at] // POSITIONS != bar:
                ids += [BAR] * (when[at] // POSITIONS - bar)
                bar, here = when[at] // POSITIONS, -1
            if when[at] % POSITIONS != here:
                here = when[at] % POSITIONS
                ids.append(POSITION + here)
            ids += self._event(events[at])
        return np.array([*ids, END])[:, None]

    def decode(self, ids: NDArray[np.int64]) -> Performance:
        """The performance up to the first END; a note without its velocity and duration is left out."""
        flat = np.asarray(ids).ravel().tolist()
        flat = flat[: flat.index(END)] if END in flat else flat
        bar, here, rows = -1, 0, []
        for at, token in enumerate(flat):
            if token == BAR:
                bar, here = bar + 1, 0
            elif POSITION <= token < PITCH:
                here = token - POSITION
            elif token >= PEDALS:
                rows.append((bar * POSITIONS + here, PEDAL_DOWN + token - PEDALS, 0, 0.0))
            elif PITCH <= token < VELOCITY and at + 2 < len(flat):
                velocity, length = 4 * (flat[at + 1] - VELOCITY) + 2, DURATIONS[flat[at + 2] - DURATION] * POSITION_SEC
                rows.append((bar * POSITIONS + here, token - PITCH, velocity, length))
        return _CODEC.decode(_events(rows))

    def allowed(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """The type graph: bar -> position -> notes (pitch, velocity, duration) and pedals; positions ascend within a bar."""
        last = int(ids[-1]) if len(ids) else END
        mask = np.zeros(self.vocabulary, bool)
        if last == END:
            mask[BAR] = True
        elif PITCH <= last < VELOCITY:
            mask[VELOCITY:DURATION] = True
        elif VELOCITY <= last < DURATION:
            mask[DURATION:PEDALS] = True
        elif POSITION <= last < PITCH:
            mask[PITCH:VELOCITY] = mask[PEDALS:] = True
        else:
            mask[END] = mask[BAR] = True
            mask[POSITION + self._position(ids) + 1 : PITCH] = True
            if last != BAR:
                mask[PITCH:VELOCITY] = mask[PEDALS:] = True
        return mask

    def _position(self, ids: NDArray[np.int64]) -> int:
        """The position within the present bar, -1 before the first."""
        for token in np.asarray(ids)[::-1].tolist():
            if token == BAR:
                return -1
            if POSITION <= token < PITCH:
                return token - POSITION
        return -1

    def _event(self, event: np.void) -> list[int]:
        if event["what"] >= N_KEYS:
            return [PEDALS + int(event["what"]) - PEDAL_DOWN]
        length = int(np.abs(DURATIONS - event["duration_sec"] / POSITION_SEC).argmin())
        return [PITCH + int(event["what"]), VELOCITY + int(event["velocity"]) // 4, DURATION + length]


def _events(rows: list[tuple[int, int, int, float]]) -> NDArray[np.void]:
    events = np.zeros(len(rows), EVENT)
    if rows:
        position, events["what"], events["velocity"], events["duration_sec"] = map(np.array, zip(*rows, strict=True))
        events["shift_sec"] = np.diff(position * POSITION_SEC, prepend=position[0] * POSITION_SEC)
    return events[events["what"] != EVENT_END]
