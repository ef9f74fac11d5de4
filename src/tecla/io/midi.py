"""Performance <-> Standard MIDI File.

Reading merges all tracks and channels onto one keyboard, where a key can only sound once: overlapping notes of a pitch
end where the next begins. Writing keeps the same promise for whoever reads the file.
"""

from __future__ import annotations

import os
import warnings
from collections import defaultdict, deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tecla.errors import InputError, InputWarning, OutputError
from tecla.io import smf
from tecla.io.bounded import read_bounded
from tecla.io.target import write_whole
from tecla.music import CONTROL, NOTE, Performance

TICKS_PER_QUARTER: Final = 960
TICKS_PER_SEC: Final = TICKS_PER_QUARTER * 1_000_000 / smf.DEFAULT_TEMPO  # 1920: a time moves by 0.26 ms at most
SHORTEST_NOTE_SEC: Final = 0.001
BEND_RANGE: Final = 2.0  # semitones that a full pitch bend moves
_LARGEST_FILE_BYTES: Final = 8 * 2**20  # MAESTRO's largest is 0.5 MB
_LONGEST_SEC: Final = 100 * 3600.0
_EARLIEST_SEC: Final = -0.05
_PERCUSSION: Final = 9
_SMPTE_RATES: Final = {24: 24.0, 25: 25.0, 29: 30 / 1.001, 30: 30.0}


def load_midi(path: str | os.PathLike[str]) -> Performance:
    """Reads a MIDI file of type 0, 1 or 2 (type 2: its patterns one after another), tempo map or SMPTE time.

    Percussion (channel 10) is left out where other channels play. A note that is never closed ends with its track.

    Raises:
        InputError: missing, not MIDI, damaged, over 8 MiB or over 100 hours.
    """
    return load_tracks(path)[0]


def load_tracks(path: str | os.PathLike[str]) -> tuple[Performance, smf.MidiBytes]:
    """The same, and beside it the tracks that it was made of, in their own ticks.

    Raises:
        InputError: as `load_midi`.
    """
    path = Path(path)
    data = read_bounded(path, _LARGEST_FILE_BYTES)
    try:
        midi = smf.decode(data)
        performance = _perform(midi)
    except InputError as error:
        raise InputError(f"{path} cannot be read: {error}; export it again as a standard MIDI file") from error
    if not all(track.whole for track in midi.tracks):
        _check_remnant(path, performance)
    return performance, midi


def _check_remnant(path: Path, performance: Performance) -> None:
    if not len(performance):
        raise InputError(f"{path} is cut short before its first note: copy or export it again")
    warnings.warn(InputWarning(f"{path} is cut short: read up to {performance.duration_sec:.1f} s"), stacklevel=4)


def _perform(midi: smf.MidiBytes) -> Performance:
    """All tracks on one keyboard."""
    groups = [[track] for track in midi.tracks] if midi.format == 2 else [midi.tracks]
    notes, moves, start_sec = [np.zeros(0, _PLAYED)], [np.zeros(0, _MOVE)], 0.0
    for group in groups:
        tick_to_sec = tick_clock([tempo for track in group for tempo in track.tempi], midi.division)
        end_sec = start_sec
        for track in group:
            source = len(notes)
            times = start_sec + tick_to_sec(track.events["tick"])
            last_sec = start_sec + float(tick_to_sec(track.end_tick))
            notes.append(_pair_notes(track.events, times, last_sec))
            moves.append(_pedal_moves(track.events, times, source))
            end_sec = max(end_sec, last_sec)
        start_sec = end_sec
    if start_sec > _LONGEST_SEC:
        raise InputError(f"it lasts {start_sec / 3600:.0f} hours, more than {_LONGEST_SEC / 3600:.0f}")
    return Performance(_one_keyboard(np.concatenate(notes)), _one_pedal(np.concatenate(moves)))


_PLAYED: Final = np.dtype([*NOTE.descr, ("channel", "u1")])
_MOVE: Final = np.dtype([*CONTROL.descr, ("source", "i4")])


def tick_clock(tempi: list[tuple[int, int]], division: int) -> Callable[[ArrayLike], NDArray[np.float64]]:
    """Ticks to seconds; a tempo counts from its own tick on, the last one where several share a tick."""
    if division & 0x8000:
        rate = _SMPTE_RATES.get(256 - (division >> 8))
        if rate is None or not division & 0xFF:
            raise InputError(f"a damaged MIDI header (division 0x{division:04X})")
        ticks_per_sec = rate * (division & 0xFF)
        return lambda ticks: np.asarray(ticks, "i8") / ticks_per_sec
    starts, tempo = np.array([(0, smf.DEFAULT_TEMPO), *sorted(tempi, key=lambda tempo: tempo[0])], "i8").T
    sec_per_tick = tempo * 1e-6 / division
    start_sec = np.concatenate(([0.0], np.cumsum(np.diff(starts) * sec_per_tick[:-1])))

    def tick_to_sec(ticks: ArrayLike) -> NDArray[np.float64]:
        ticks = np.asarray(ticks, "i8")
        segment = np.searchsorted(starts, ticks, side="right") - 1
        return np.asarray(start_sec[segment] + (ticks - starts[segment]) * sec_per_tick[segment])

    return tick_to_sec


def _pair_notes(events: NDArray[np.void], times: NDArray[np.float64], end_sec: float) -> NDArray[np.void]:
    """Notes of one track, each key of each channel on its own; (N,) of `_PLAYED`, zero-length ones included."""
    is_note = events["kind"] != smf.CONTROL_CHANGE
    events, times = events[is_note], times[is_note]
    starts, ends, onsets = _match(events)
    notes = np.zeros(len(onsets), _PLAYED)
    notes["onset_sec"], notes["offset_sec"] = times[onsets], end_sec
    notes["offset_sec"][starts] = times[ends]
    notes["pitch"], notes["velocity"] = events["number"][onsets], events["value"][onsets]
    notes["channel"], notes["confidence"] = events["channel"][onsets], 1.0
    return notes


def _match(events: NDArray[np.void]) -> tuple[list[int], list[int], list[int]]:
    """Which note-off closes which note: note numbers and their closing events, and every note's opening event.

    A key with as many closings as openings is first in, first out: overlapping notes keep their own ends. With fewer, a
    re-strike had no closing of its own, and one closing ends all that is open.
    """
    keys = events["channel"].astype("i8") * 128 + events["number"]
    opening = events["kind"] == smf.NOTE_ON
    unbalanced = np.bincount(keys, np.where(opening, 1, -1), minlength=16 * 128) > 0
    waiting: defaultdict[int, deque[int]] = defaultdict(deque)
    starts: list[int] = []
    ends: list[int] = []
    onsets: list[int] = []
    for at, (key, opens) in enumerate(zip(keys.tolist(), opening.tolist(), strict=True)):
        queue = waiting[key]
        if opens:
            queue.append(len(onsets))
            onsets.append(at)
        elif queue:
            for _ in range(len(queue) if unbalanced[key] else 1):
                starts.append(queue.popleft())
                ends.append(at)
    return starts, ends, onsets


def _pedal_moves(events: NDArray[np.void], times: NDArray[np.float64], source: int) -> NDArray[np.void]:
    is_move = events["kind"] == smf.CONTROL_CHANGE
    moves = np.zeros(int(is_move.sum()), _MOVE)
    moves["time_sec"] = times[is_move]
    moves["number"], moves["value"] = events["number"][is_move], events["value"][is_move]
    moves["source"] = source * 16 + events["channel"][is_move].astype("i4")
    return moves


def _one_keyboard(notes: NDArray[np.void]) -> NDArray[np.void]:
    """One note a key at a time: unisons become their loudest and longest, an overlapped note ends at the next onset."""
    played = notes[notes["channel"] != _PERCUSSION]
    notes = np.ascontiguousarray((played if len(played) else notes)[list(NOTE.names or ())]).astype(NOTE)
    notes = notes[np.lexsort((notes["onset_sec"], notes["pitch"]))]
    first = np.ones(len(notes), bool)
    first[1:] = (np.diff(notes["pitch"]) != 0) | (np.diff(notes["onset_sec"]) > 0)
    unisons = np.flatnonzero(first)
    merged = notes[unisons]
    if len(merged):
        for name in ("velocity", "offset_sec"):
            merged[name] = np.maximum.reduceat(notes[name], unisons)
    merged["offset_sec"] += np.where(merged["offset_sec"] > merged["onset_sec"], 0.0, SHORTEST_NOTE_SEC)
    same = np.diff(merged["pitch"]) == 0
    merged["offset_sec"][:-1][same] = np.minimum(merged["offset_sec"][:-1], merged["onset_sec"][1:])[same]
    return merged


def _one_pedal(moves: NDArray[np.void]) -> NDArray[np.void]:
    """One position for each pedal: the lowest that any track or channel presses it to."""
    moves = moves[np.argsort(moves["time_sec"], kind="stable")]
    position: dict[int, dict[int, int]] = {}
    values = []
    for number, value, source in moves[["number", "value", "source"]].tolist():
        feet = position.setdefault(number, {})
        feet[source] = value
        values.append(max(feet.values()))
    moves["value"] = values
    return np.ascontiguousarray(moves[list(CONTROL.names or ())]).astype(CONTROL)


def save_midi(performance: Performance, path: str | os.PathLike[str], title: str | None = None) -> None:
    """Writes a type 1 file at 120 bpm, 1920 ticks a second, on channel 1, pedals included.

    A note lasts at least one tick and ends no later than its key's next onset; of two onsets of one key in one tick the
    louder stays. At one tick pedals move first, then keys come up, then keys go down: a pedal pressed at key-up holds.
    Bends are pitch bend messages of +-2 semitones, the range that every synthesizer begins with.

    Raises:
        OutputError: the target cannot be written, or a note begins before 0 s or beyond 38 hours.
    """
    for time_sec in (*performance.notes["onset_sec"][:1], *performance.controls["time_sec"][:1]):
        if time_sec < _EARLIEST_SEC:
            raise OutputError(f"{path} cannot be written: MIDI begins at 0 s, the music at {time_sec:.2f} s; shift it first")
    if performance.duration_sec * TICKS_PER_SEC > smf.LONGEST_DELTA:
        raise OutputError(f"{path} cannot be written: {performance.duration_sec / 3600:.0f} hours are too long for MIDI; cut it")
    write_whole(path, smf.encode(_to_events(performance), TICKS_PER_QUARTER, title or Path(path).stem))


def _to_events(performance: Performance) -> NDArray[np.void]:
    pitch, onset, offset, velocity = _note_ticks(performance.notes)
    moves, bends = performance.controls, performance.bends
    bent = np.clip(np.rint(8192 + bends["semitones"] * (8192 / BEND_RANGE)), 0, 16383).astype("i8")
    n_notes, n_moves, n_bends = len(pitch), len(moves), len(bends)
    events = np.zeros(2 * n_notes + n_moves + n_bends, smf.EVENT)
    # Keys come up before the pitch bends and go down after it: no note is heard with its neighbour's bend.
    kinds = (smf.CONTROL_CHANGE, smf.NOTE_OFF, smf.PITCH_BEND, smf.NOTE_ON)
    events["kind"] = np.repeat(kinds, (n_moves, n_notes, n_bends, n_notes))
    events["tick"] = np.concatenate((_sec_to_tick(moves["time_sec"]), offset, _sec_to_tick(bends["time_sec"]), onset))
    events["number"] = np.concatenate((moves["number"], pitch, bent & 0x7F, pitch))
    events["value"] = np.concatenate((moves["value"], np.full(n_notes, 64), bent >> 7, velocity))
    return events[np.argsort(events["tick"], kind="stable")]


def _note_ticks(notes: NDArray[np.void]) -> tuple[NDArray[np.int64], ...]:
    """Pitch, onset, offset, velocity of each note, offsets beyond onsets, no two notes of a pitch at once; (N,) each."""
    onset = _sec_to_tick(notes["onset_sec"])
    order = np.lexsort((-notes["velocity"].astype("i8"), onset, notes["pitch"]))
    notes, onset = notes[order], onset[order]
    new = np.ones(len(notes), bool)
    new[1:] = (np.diff(notes["pitch"]) != 0) | (np.diff(onset) > 0)
    notes, onset = notes[new], onset[new]
    offset = np.maximum(_sec_to_tick(notes["offset_sec"]), onset + 1)
    same = np.diff(notes["pitch"]) == 0
    offset[:-1][same] = np.minimum(offset[:-1], onset[1:])[same]
    return notes["pitch"].astype("i8"), onset, offset, notes["velocity"].astype("i8")


def _sec_to_tick(time_sec: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.rint(np.maximum(time_sec, 0.0) * TICKS_PER_SEC).astype("i8")
