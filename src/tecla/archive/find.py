"""A melody found across an archive, in any transposition."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.archive.index import Shard
from tecla.archive.lines import LINE_NAMES, TOP, find_lines
from tecla.errors import OptionError
from tecla.music import Performance

FEWEST_NOTES: Final = 3
_STEPS: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11, "H": 11}
_NOTE: Final = re.compile(r"([A-Ha-h])(##|bb|#|b|♯|♭|x)?(-?\d)?")
_ACCIDENTALS: Final = {None: 0, "#": 1, "♯": 1, "x": 2, "##": 2, "b": -1, "♭": -1, "bb": -2}
_MOST_A_RECORDING: Final = 3
_MOST_EXAMINED: Final = 50_000  # places a shard: of a trill there are millions, and an even sample of them is as good


@dataclass(frozen=True)
class Phrase:
    """A melody to look for. `onset_sec` is None where only the pitches are known."""

    pitch: NDArray[np.int64]
    onset_sec: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Match:
    """Where a phrase was found: row of the recording, time, line, and how many semitones higher than asked."""

    file: int
    begin_sec: float
    line: str
    transposition: int
    distance: float


@dataclass(frozen=True)
class Matches:
    """The best places, and how many there are in how many recordings: about so many where not `all_seen`."""

    best: list[Match]
    n_places: int
    n_recordings: int
    all_seen: bool


def parse_phrase(text: str) -> Phrase:
    """A phrase from note names: "C4 E4 G4"; without an octave a note is the nearest to the one before it.

    Raises:
        OptionError: a word is no note, or there are fewer than three.

    >>> parse_phrase("C4 E G Bb5").pitch.tolist()
    [60, 64, 67, 82]
    """
    pitches: list[int] = []
    for word in re.split(r"[\s,]+", text.strip()):
        match = _NOTE.fullmatch(word)
        if match is None:
            raise OptionError(f"{word!r} is no note: write a phrase as 'C4 E4 G4', with # and b for sharps and flats")
        step = _STEPS[match[1].upper()] + _ACCIDENTALS[match[2]]
        before = pitches[-1] if pitches else 60
        pitches.append(step + 12 * (int(match[3]) + 1) if match[3] else before + (step - before + 6) % 12 - 6)
    return _checked(Phrase(np.array(pitches, np.int64)))


def phrase_of(performance: Performance) -> Phrase:
    """The top voice of a Performance, as far as its first pause.

    Raises:
        OptionError: it has fewer than three notes.
    """
    lines = find_lines(performance)
    n = int(lines.length[0]) if len(lines.kind) and lines.kind[0] == TOP else 0
    return _checked(Phrase(lines.pitch[:n].astype(np.int64), lines.onset_sec[:n].astype(np.float64)))


def find_phrase(shards: Sequence[Shard], phrase: Phrase, limit: int = 20) -> Matches:
    """Where a phrase is played, the likeliest first: in its rhythm (evenly if that is unknown), in the top voice, not transposed.

    A phrase is found where its notes follow each other in one line, without grace notes or wrong notes between them.
    """
    best: list[Match] = []
    n_places, files, all_seen = 0, set[int](), True
    for shard in shards:
        places = shard.places(np.diff(phrase.pitch))
        every = -(-len(places) // _MOST_EXAMINED) or 1
        found = _told(shard, places[::every], phrase)
        n_places, all_seen = n_places + every * len(found), all_seen and every == 1
        files |= {int(file) for file in np.unique(found["file"])}
        best += [_match(row) for row in _best(found, limit)]
    best.sort(key=lambda place: (place.distance, place.file, place.begin_sec))
    return Matches(best[:limit], n_places, len(files), all_seen)


def _told(shard: Shard, places: NDArray[np.int64], phrase: Phrase) -> NDArray[np.void]:
    """Each place once: a line's place counts only if no better line has it."""
    arrays, line = shard.arrays, shard.line_of(places)
    found = np.zeros(len(places), [("file", "i8"), ("begin_sec", "f4"), ("kind", "u1"), ("transposition", "i2"), ("distance", "f4")])
    found["file"], found["kind"] = arrays["line_file"][line], arrays["line_kind"][line]
    found["begin_sec"] = arrays["onset_sec"][places]
    found["transposition"] = arrays["pitch"][places].astype(np.int64) - phrase.pitch[0]
    rhythm = _rhythm_distance(np.asarray(arrays["onset_sec"]), places, phrase)
    found["distance"] = rhythm + 0.5 * (found["kind"] != TOP) + 0.1 * (found["transposition"] != 0)
    found = found[np.lexsort((found["kind"], found["begin_sec"], found["file"]))]
    again = np.zeros(len(found), bool)
    again[1:] = (found["file"][1:] == found["file"][:-1]) & (found["begin_sec"][1:] == found["begin_sec"][:-1])
    return found[~again]


def _rhythm_distance(onset_sec: NDArray[np.float32], places: NDArray[np.int64], phrase: Phrase) -> NDArray[np.float64]:
    """Spread of the logarithm of the tempo within each place, (M,): 0 if all lasts the same multiple of what was asked for."""
    n = len(phrase.pitch)
    onsets = np.stack([onset_sec[places + i] for i in range(n)], axis=1).astype(np.float64)
    asked = np.ones(n - 1) if phrase.onset_sec is None else np.diff(phrase.onset_sec)
    logs = np.log(np.maximum(np.diff(onsets, axis=1), 0.02) / np.maximum(asked, 0.02))
    return np.asarray(logs.std(axis=1))


def _best(found: NDArray[np.void], limit: int) -> NDArray[np.void]:
    """The nearest places, no more than a few of one recording."""
    found = found[np.argsort(found["distance"], kind="stable")]
    kept: dict[int, int] = {}
    chosen: list[int] = []
    for i, file in enumerate(found["file"].tolist()):
        kept[file] = kept.get(file, 0) + 1
        if kept[file] <= _MOST_A_RECORDING:
            chosen.append(i)
            if len(chosen) == limit:
                break
    return found[chosen]


def _match(row: np.void) -> Match:
    return Match(int(row["file"]), float(row["begin_sec"]), LINE_NAMES[row["kind"]], int(row["transposition"]), float(row["distance"]))


def _checked(phrase: Phrase) -> Phrase:
    if len(phrase.pitch) < FEWEST_NOTES:
        raise OptionError(f"the phrase has {len(phrase.pitch)} notes: give at least {FEWEST_NOTES}, else it is everywhere")
    return phrase
