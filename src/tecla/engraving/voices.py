"""Which notes of a staff belong together: chords and up to three voices.

Notes are taken in order of time; each joins the voice where it costs least: a voice that is still sounding would have
to be cut short, a second voice has to be likely by the network's reading.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.placed import Placed
from tecla.engraving.rests import Chord, close_gaps
from tecla.engraving.values import length_merit

VOICES: Final = 3
FIRST_VOICE: Final = {1: 1, 2: 5}  # as MusicXML numbers the voices of the two staves of a piano
_OPENING: Final = 1.0
_NEEDLESS: Final = 2.0  # more where the chord of the first voice could take the note as it is
_THIRD: Final = 4.0
_LEAP: Final = 0.04  # cost of a semitone between a voice's notes


def split_voices(
    notes: Sequence[Placed],
    second: NDArray[np.float64],
    log_value: NDArray[np.float64],
    starts: Sequence[int],
    played_sec: NDArray[np.float64] | None = None,
    known: NDArray[np.float64] | None = None,
) -> list[Placed]:
    """Gives every note a voice, and the notes of a chord one end. `second` (N,) is each note's odds to lie in a lower voice.

    A note that its voice's next chord would overlap is cut short there. `played_sec` (N, 2) says when each began and fell silent:
    where the pedal carries a note to the next one there is no rest. `known` (N, 21) takes the place of `log_value` (N, 21) where a file
    has lengths: then rests stay, but for those that a staccato leaves.
    """
    out: list[Placed] = []
    lengths = log_value if known is None else known
    for staff in (1, 2):
        own = sorted((n for n in notes if n.staff == staff and not n.grace), key=lambda n: (n.onset, -n.pitch, n.source))
        voices: list[list[Chord]] = [[] for _ in range(VOICES)]
        for note in own:
            odds, strain = float(np.clip(second[note.source], 0.02, 0.98)), [_strain(note, voice, lengths) for voice in voices]
            chord = bool(voices[0]) and voices[0][-1].onset == note.onset
            opening = _OPENING + _NEEDLESS * (strain[0] == 0 and (chord or known is not None))
            costs = [strain[k] + _reluctance(note, voice, k, odds, opening, starts) for k, voice in enumerate(voices)]
            _join(note, voices[int(np.argmin(costs))], lengths)
        for voice in voices:
            close_gaps(voice, log_value, starts, played_sec, staccato=known is not None)
        out += [replace(n, end=c.end, voice=FIRST_VOICE[staff] + k) for k, voice in enumerate(voices) for c in voice for n in c.notes]
        out += _place_graces([n for n in notes if n.staff == staff and n.grace], out, staff)
    return _promote(sorted(out, key=lambda n: (n.onset, n.pitch)), starts)


def _strain(note: Placed, voice: list[Chord], log_value: NDArray[np.float64]) -> float:
    """What a note that joins a voice costs in lengths: its own and its chord's, or that of the chord that must end before it."""
    if not voice or voice[-1].onset != note.onset:
        return _cut(voice, note.onset, log_value) if voice else 0.0
    last = voice[-1]
    both = Chord(note.onset, note.end, [*last.notes, note])
    apart = last.merit(last.end, log_value) + length_merit(log_value[note.source], note.end - note.onset)
    return apart - max(both.merit(last.end, log_value), both.merit(note.end, log_value))


def _reluctance(note: Placed, voice: list[Chord], rank: int, odds: float, opening: float, starts: Sequence[int]) -> float:
    """What speaks against a voice besides: that the note is read in the other one, that it must be opened, that it is far away."""
    cost = -float(np.log(1 - odds if rank == 0 else odds)) + (_THIRD if rank > 1 else 0.0)
    if not voice or bisect_right(starts, voice[-1].onset) != bisect_right(starts, note.onset):
        return cost + (opening if rank else 0.0)
    if voice[-1].onset == note.onset:
        return cost
    return cost + _LEAP * min(abs(n.pitch - note.pitch) for n in voice[-1].notes)


def _cut(voice: list[Chord], onset: int, log_value: NDArray[np.float64]) -> float:
    last = voice[-1]
    return max(0.0, last.merit(last.end, log_value) - last.merit(onset, log_value)) if last.end > onset else 0.0


def _join(note: Placed, voice: list[Chord], log_value: NDArray[np.float64]) -> None:
    if voice and voice[-1].onset == note.onset:
        chord = voice[-1]
        chord.notes.append(note)
        chord.end = max((chord.end, note.end), key=lambda end: chord.merit(end, log_value))
        return
    if voice and voice[-1].end > note.onset:
        voice[-1].end = note.onset
    voice.append(Chord(note.onset, note.end, [note]))


def _place_graces(graces: Sequence[Placed], placed: Sequence[Placed], staff: int) -> list[Placed]:
    """A grace note joins the voice of the nearest note at its onset."""
    out = []
    for grace in graces:
        beside = [n for n in placed if n.staff == staff and n.onset == grace.onset and not n.grace]
        voice = min(beside, key=lambda n: abs(n.pitch - grace.pitch)).voice if beside else FIRST_VOICE[staff]
        out.append(replace(grace, voice=voice))
    return out


def _promote(notes: list[Placed], starts: Sequence[int]) -> list[Placed]:
    """Where a staff's bar has no first voice, its lowest-numbered voice becomes it."""
    used: dict[tuple[int, int], int] = {}
    for n in notes:
        for index in _bars(n, starts):
            used[n.staff, index] = min(used.get((n.staff, index), 99), n.voice)
    out = []
    for n in notes:
        spanned = [used[n.staff, i] for i in _bars(n, starts)]
        lowest = min(spanned) if len(set(spanned)) == 1 else FIRST_VOICE[n.staff]
        out.append(replace(n, voice=n.voice - lowest + FIRST_VOICE[n.staff]))
    return out


def _bars(note: Placed, starts: Sequence[int]) -> range:
    return range(bisect_right(starts, note.onset), bisect_right(starts, max(note.onset, note.end - 1)) + 1)
