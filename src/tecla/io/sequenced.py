"""MIDI files that a program wrote: their notes lie on the grid of the file's own quarters, which nobody's playing does.

Such a file need not be listened to for beats and bars. Tracks named "left" and "right", or two tracks one above the other, are hands.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tecla.errors import InputError
from tecla.io import smf
from tecla.io.midi import load_tracks, tick_clock
from tecla.music import Performance
from tecla.music.beatmap import BeatMap
from tecla.music.notation import TimeSignature
from tecla.music.ruled import Keys, Metres, Ruled

_GRIDS: Final = (8, 6)  # parts of a quarter
_OFF: Final = 1 / 96  # quarters by which a note may be off: of places anywhere a quarter lie as near
_ON_GRID: Final = 0.9  # share of notes that must lie on it
_FEWEST: Final = 8  # notes that tell
_MOST_METRES: Final = 10_000
_FINEST: Final = 4  # time signatures of 16ths
_LONGEST_QUARTERS: Final = 50_000
_MOST_SHARPS: Final = 7
_FINE: Final = 24  # parts of a quarter in which steps are told apart
_PLAIN: Final = (3, 4, 6, 8, 12, 24, 48, 96)  # steps in them
_SMPTE: Final = 0x8000
_HANDS: Final = {"left": "L", "right": "R"}
_HAND: Final = re.compile(r"(?<![a-z])(left|right)(?:hand)?(?![a-z])")  # no bright piano, and no copyright
_APART: Final = 7  # semitones between two tracks that are hands


def load_sequenced(path: str | os.PathLike[str]) -> tuple[Performance, Ruled | None]:
    """A MIDI file, and the time that it has ruled; None where notes do not keep to it, as in a performance.

    Raises:
        InputError: as `load_midi`.
    """
    performance, midi = load_tracks(path)
    return performance, ruled_time(performance, midi)


def ruled_time(performance: Performance, midi: smf.MidiBytes) -> Ruled | None:
    """The time that a file has ruled for its notes."""
    if midi.division & _SMPTE or midi.format == 2 or len(performance) < _FEWEST:
        return None
    tempi = sorted({tick for track in midi.tracks for tick, _ in track.tempi} | {0})
    ticks = np.array([*tempi, tempi[-1] + midi.division], np.int64)
    beat_map = BeatMap.through(ticks / midi.division, _clock(midi)(ticks))
    hands = hands_of_tracks(performance, midi)
    ruled = Ruled(beat_map, _metres(midi), _keys(midi), hands if "L" in hands and "R" in hands else "")
    stated = any(tempo != smf.DEFAULT_TEMPO for track in midi.tracks for _, tempo in track.tempi)
    believed = stated or (bool(ruled.metres) and _steps_are_plain(performance, ruled))
    return ruled if believed and keeps_to(performance, ruled) else None


def _steps_are_plain(performance: Performance, ruled: Ruled) -> bool:
    """Whether the usual step from stroke to stroke is a plain value. 120 a minute is also what files have that know no tempo.

    A machine's even eighths at 80 a minute lie on the grid of quarters at 120 too, but three 16ths apart.
    """
    onset = np.unique(np.rint(_FINE * ruled.beat_map.quarters_at(performance.notes["onset_sec"].astype(float))))
    steps, count = np.unique(np.diff(onset), return_counts=True)
    return len(steps) > 0 and steps[count.argmax()] in _PLAIN


def keeps_to(performance: Performance, ruled: Ruled) -> bool:
    """Whether notes lie on the grid of the quarters that a file has ruled."""
    onset = ruled.beat_map.quarters_at(performance.notes["onset_sec"].astype(float))
    if not len(onset) or onset.max() > _LONGEST_QUARTERS:
        return False
    off = np.min([np.abs(onset * parts - np.rint(onset * parts)) / parts for parts in _GRIDS], axis=0)
    return bool(np.mean(off <= _OFF) >= _ON_GRID)


def hands_of_tracks(performance: Performance, midi: smf.MidiBytes) -> str:
    """Whose hand plays each note, "L", "R" or ".": by the names of tracks, or if just two have notes, by which is lower."""
    struck = [track.events[track.events["kind"] == smf.NOTE_ON] for track in midi.tracks]
    found = [_HAND.search(track.name.casefold()) for track in midi.tracks]
    names = ["." if word is None else _HANDS[word[1]] for word in found]
    sounding = [i for i, events in enumerate(struck) if len(events)]
    if len(sounding) == 2 and not {"L", "R"} & set(names):
        low, high = sorted(sounding, key=lambda i: float(struck[i]["number"].mean()))
        if struck[high]["number"].mean() - struck[low]["number"].mean() >= _APART:
            names[low], names[high] = "L", "R"
    of_note: dict[tuple[int, int], str] = {}
    for name, events in zip(names, struck, strict=True):
        for note in zip(events["tick"].tolist(), events["number"].tolist(), strict=True):
            of_note[note] = name if of_note.get(note, name) == name else "."  # a key that both strike is nobody's
    ticks = np.array(sorted({tick for tick, _ in of_note} or {0}))
    onset = np.rint(np.interp(performance.notes["onset_sec"], _clock(midi)(ticks), ticks)).astype(int)
    return "".join(of_note.get(note, ".") for note in zip(onset.tolist(), performance.notes["pitch"].tolist(), strict=True))


def _clock(midi: smf.MidiBytes) -> Callable[[ArrayLike], NDArray[np.float64]]:
    return tick_clock([tempo for track in midi.tracks for tempo in track.tempi], midi.division)


def _metres(midi: smf.MidiBytes) -> Metres:
    """Time signatures in order, of several at one place the last; () if one of them is none, or the first comes late."""
    found: dict[int, tuple[int, int]] = {}
    for track in midi.tracks:
        for tick, beats, power in track.metres[:_MOST_METRES]:
            found[tick] = beats, power
    if 0 not in found or any(power > _FINEST for _, power in found.values()):
        return ()
    try:
        return tuple((Fraction(tick, midi.division), TimeSignature(beats, 2**power)) for tick, (beats, power) in sorted(found.items()))
    except InputError:
        return ()


def _keys(midi: smf.MidiBytes) -> Keys:
    """Key signatures in order; () where one is none, or all are that of C, which sequencers write whatever the music is."""
    found = {tick: sharps for track in midi.tracks for tick, sharps in track.keys[:_MOST_METRES]}
    if 0 not in found or not any(found.values()) or any(abs(sharps) > _MOST_SHARPS for sharps in found.values()):
        return ()
    return tuple((Fraction(tick, midi.division), sharps) for tick, sharps in sorted(found.items()))
