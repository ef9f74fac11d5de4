"""Notes as they are told: a roll that runs down a terminal, or a line an event where nobody looks on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tecla.music.events import Event
from tecla.music.pitch import LOWEST_PITCH, N_KEYS, pitch_to_name

_SHADES: Final = "░▒▓█"  # softer to louder
_QUIET_ROWS: Final = 5  # so many empty rows are drawn, then the roll waits


class Roll:
    """One row a step: 88 columns from A0 to C8, a dot at every C; at the right the pedal and the names of the keys just struck."""

    def __init__(self) -> None:
        self._held, self._pedal, self._quiet = set[int](), False, 0

    def row(self, events: Sequence[Event]) -> str | None:
        """The next row; None where nothing has happened for a while."""
        struck = {event.pitch: event.velocity for event in events if event.kind == "note_on"}
        for event in events:
            if event.kind == "note_on":
                self._held.add(event.pitch)
            elif event.kind == "note_off":
                self._held.discard(event.pitch)
            else:
                self._pedal = event.kind == "pedal_down"
        self._quiet = 0 if struck or self._held else self._quiet + 1
        if self._quiet > _QUIET_ROWS:
            return None
        keys = "".join(self._cell(pitch, struck.get(pitch)) for pitch in range(LOWEST_PITCH, LOWEST_PITCH + N_KEYS))
        names = " ".join(pitch_to_name(pitch) for pitch in sorted(struck))
        return f"{keys} {'P' if self._pedal else ' '} {names}".rstrip()

    def _cell(self, pitch: int, velocity: int | None) -> str:
        if velocity is not None:
            return _SHADES[min(velocity, 127) * len(_SHADES) // 128]
        return "│" if pitch in self._held else "·" if pitch % 12 == 0 else " "


def event_line(event: Event) -> str:
    """One event as text.

    >>> event_line(Event("note_on", 1.5, 60, 80, 0.9))
    '   1.500 s  note_on     C4  velocity 80'
    >>> event_line(Event("pedal_up", 12.25))
    '  12.250 s  pedal_up'
    """
    line = f"{event.time_sec:8.3f} s  {event.kind:10s}"
    if event.pitch:
        line += f"  {pitch_to_name(event.pitch)}"
    return line.rstrip() if event.kind != "note_on" else f"{line}  velocity {event.velocity}"
