"""One's own recordings become a corpus: sound and MIDI find each other, are put on one clock, and are copied, trimmed, into a folder.

    MINE/NAME.flac, MINE/NAME.mid    the pair, from just before its first note to just after its last
    MINE/NAME.png                    how well the two lie on each other
    MINE/pairs.json                  where each came from, and the line between their clocks

The originals are read and never written to. The sound is not stretched: the MIDI's times are moved to the sound's clock.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tecla.corpora.clocks import Line, find_line
from tecla.corpora.folder import NOTES
from tecla.errors import InputError
from tecla.io.audio import READABLE, AudioSource, save_audio
from tecla.io.midi import load_midi, save_midi
from tecla.io.target import make_folder, write_whole
from tecla.music import CONTROL, Performance

LEAD_SEC: Final = 0.5  # of sound kept before the first note
TAIL_SEC: Final = 3.0  # and after the last one: strings ring on
LIST: Final = "pairs.json"
_HIGHEST_RATE: Final = 48_000

Hear = Callable[[Path], tuple[Performance, float]]  # a sound's notes, and its length in seconds


@dataclass(frozen=True)
class Pair:
    """A sound and the MIDI that was played in it, with the line between their clocks."""

    name: str
    sound: Path
    midi: Path
    played: Performance
    heard: Performance
    sound_sec: float
    line: Line


class PairFiles(NamedTuple):
    """Where a pair lies in a corpus."""

    sound: Path
    midi: Path
    picture: Path


def files_of(folder: Path, name: str) -> PairFiles:
    """Where a pair of that name lies, or would."""
    return PairFiles(*(folder / f"{name}{suffix}" for suffix in (".flac", ".mid", ".png")))


def gather(places: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Sounds and MIDI files among files and folders, sorted, each once.

    Raises:
        InputError: a place does not exist or may not be looked into, or there are no sounds or no MIDI files.
    """
    found: set[Path] = set()
    for place in places:
        try:
            if not place.exists():
                raise InputError(f"{place} does not exist: name sounds, MIDI files, or folders of them")
            found |= {path for path in place.rglob("*") if path.is_file()} if place.is_dir() else {place}
        except OSError as error:
            raise InputError(f"{place} cannot be listed ({error.strerror}): check its name and permissions") from error
    sounds = sorted(path for path in found if path.suffix.lower() in READABLE)
    midis = sorted(path for path in found if path.suffix.lower() in NOTES)
    if not sounds or not midis:
        missing = "sounds" if not sounds else "MIDI files"
        raise InputError(f"{', '.join(map(str, places))}: there are no {missing}; give the recordings and the MIDI that was played")
    return sounds, midis


def pair_by_name(sounds: Sequence[Path], midis: Sequence[Path]) -> tuple[list[tuple[Path, Path]], list[Path], list[Path]]:
    """Pairs whose names agree, whatever their folders; and the sounds and MIDI files that are left over."""
    by_stem = {stem: [path for path in midis if path.stem == stem] for stem in {path.stem for path in midis}}
    alone = {path.stem for path in sounds if sum(other.stem == path.stem for other in sounds) == 1}
    pairs = [(path, by_stem[path.stem][0]) for path in sounds if path.stem in alone and len(by_stem.get(path.stem, ())) == 1]
    left_sounds = [path for path in sounds if path not in {sound for sound, _ in pairs}]
    return pairs, left_sounds, [path for path in midis if path not in {midi for _, midi in pairs}]


def join(sound: Path, midi: Path, hear: Hear) -> Pair:
    """Puts one sound and one MIDI on one clock.

    Raises:
        InputError: one cannot be read, or they do not belong together.
    """
    played = load_midi(midi)
    heard, sound_sec = hear(sound)
    try:
        line = find_line(played, heard, sound_sec)
    except InputError as error:
        raise InputError(f"{sound} and {midi.name}: {error}") from error
    return Pair(sound.stem, sound, midi, played, heard, sound_sec, line)


def join_by_content(sounds: Sequence[Path], midis: Sequence[Path], hear: Hear) -> tuple[list[Pair], list[InputError]]:
    """Finds for each sound the MIDI that was played in it, by its notes; what finds none, or more than one, is an error each."""
    pairs, errors = [], []
    for sound in sounds:
        fitting = []
        for midi in midis:
            try:
                fitting.append(join(sound, midi, hear))
            except InputError:
                continue
        if len(fitting) == 1:
            pairs.append(fitting[0])
        elif fitting:
            names = " and ".join(pair.midi.name for pair in fitting)
            errors.append(InputError(f"{sound} fits {names}: rename the right one to {sound.stem}{fitting[0].midi.suffix}"))
        else:
            errors.append(InputError(f"{sound} fits none of {len(midis)} MIDI files"))
    return pairs, errors


def trimmed(pair: Pair) -> tuple[Performance, float, float]:
    """The MIDI on the sound's clock, counted from the cut: (notes and pedals, where the cut begins and ends in the sound, seconds)."""
    notes, moves = pair.played.notes.copy(), pair.played.controls.copy()
    for table, names in ((notes, ("onset_sec", "offset_sec")), (moves, ("time_sec",))):
        for name in names:
            table[name] = pair.line.to_sound(table[name])
    notes = notes[(notes["onset_sec"] >= 0) & (notes["onset_sec"] < pair.sound_sec)]
    begin_sec = max(0.0, float(notes["onset_sec"].min()) - LEAD_SEC)
    silent_sec = float(Performance(notes, moves).sounding_offset_sec().max())
    end_sec = min(pair.sound_sec, silent_sec + TAIL_SEC)
    return Performance(notes, _from(moves, begin_sec, end_sec)).shifted(-begin_sec), begin_sec, end_sec


def _from(moves: NDArray[np.void], begin_sec: float, end_sec: float) -> NDArray[np.void]:
    """Pedal movements between two times, led by where each pedal stood before."""
    within = moves[(moves["time_sec"] >= begin_sec) & (moves["time_sec"] <= end_sec)]
    before = [moves[(moves["number"] == number) & (moves["time_sec"] < begin_sec)][-1:].copy() for number in np.unique(moves["number"])]
    for state in before:
        state["time_sec"] = begin_sec
    return np.concatenate([*before, within]).astype(CONTROL)


def save_pair(pair: Pair, source: AudioSource, folder: Path) -> dict[str, Any]:
    """Writes NAME.flac and NAME.mid, and what is to be remembered of them into the folder's list; returns that.

    Raises:
        OutputError: a target cannot be written.
    """
    played, begin_sec, end_sec = trimmed(pair)
    rate = min(source.sample_rate, _HIGHEST_RATE)
    checksums = {"sound_sha256": _checksum(pair.sound), "midi_sha256": _checksum(pair.midi)}  # before anything is written
    files = files_of(folder, pair.name)
    make_folder(files.sound)
    save_audio(files.sound, _between(source.blocks(rate), round(begin_sec * rate), round(end_sec * rate)), rate)
    save_midi(played, files.midi)
    entry = {
        "sound": str(pair.sound.resolve()),
        "midi": str(pair.midi.resolve()),
        **checksums,
        "speed": pair.line.speed,
        "shift_sec": round(pair.line.shift_sec, 6),
        "residual_ms": round(1000 * pair.line.spread_sec, 2),
        "heard_share": round(pair.line.heard_share, 4),
        "cut_sec": [round(begin_sec, 3), round(end_sec, 3)],
    }
    write_whole(folder / LIST, json.dumps(load_list(folder) | {pair.name: entry}, indent=1, ensure_ascii=False) + "\n")
    return entry


def load_list(folder: Path) -> dict[str, Any]:
    """What is remembered of a folder's pairs, by name; empty where nothing is.

    Raises:
        InputError: the list is damaged.
    """
    try:
        remembered: dict[str, Any] = json.loads((folder / LIST).read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise InputError(f"{folder / LIST} is damaged ({error}): delete it, the pairs themselves stay") from error
    return remembered


def _between(blocks: Iterable[NDArray[np.float32]], first: int, stop: int) -> Iterator[NDArray[np.float32]]:
    at = 0
    for block in blocks:
        kept = block[max(0, first - at) : max(0, stop - at)]
        at += len(block)
        if len(kept):
            yield kept
        if at >= stop:
            return


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
