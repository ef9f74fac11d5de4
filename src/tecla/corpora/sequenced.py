"""Which hand plays each note, by the tracks of a sequencer's MIDI file.

MAPS is made of such files (B. Krueger's of piano-midi.de, as MAPS' authors recorded them): performances typed in and given tempo and touch
by hand, the right hand on one track and the left on another. Licence, citation and split are those of `corpora.maps`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.corpora import maps
from tecla.io import smf
from tecla.io.midi import load_tracks, tick_clock
from tecla.music import Performance

OF_NOBODY: Final = -1
_HANDS: Final = (("left", 1), ("right", 0))
_HELD_BACK: Final = ("maps:chpn_op25_e2",)  # among ASAP's development pieces (corpora/asap.py)


def sequenced_hands(folder: Path) -> Iterator[tuple[str, Performance, NDArray[np.int64]]]:
    """Each composition of MAPS' software pianos once, without what ASAP holds back: its id, its notes, the hand of each (`load_hands`).

    Raises:
        InputError: the folder holds none of MAPS.
    """
    seen = set(_HELD_BACK)
    for recording in maps.load(folder).of_split("train").recordings:
        if recording.composition not in seen:
            seen.add(recording.composition)
            yield recording.composition, *load_hands(recording.midi)


def load_hands(path: Path) -> tuple[Performance, NDArray[np.int64]]:
    """A performance and, (N,), 1 for the left hand, 0 for the right one, -1 where no track says so: a fugue by its voices.

    Raises:
        InputError: the file cannot be read.
    """
    performance, midi = load_tracks(path)
    to_sec = tick_clock([tempo for track in midi.tracks for tempo in track.tempi], midi.division)
    ticks, hands = _struck(midi)
    onset = np.rint(np.interp(performance.notes["onset_sec"], to_sec(ticks), ticks)).astype(int)
    struck = zip(onset.tolist(), performance.notes["pitch"].tolist(), strict=True)
    return performance, np.array([hands.get(note, OF_NOBODY) for note in struck], np.int64)


def _struck(midi: smf.MidiBytes) -> tuple[NDArray[np.int64], dict[tuple[int, int], int]]:
    """All ticks at which a key is struck, and by tick and pitch whose hand does it; a key that both strike is nobody's."""
    hands: dict[tuple[int, int], int] = {}
    for track in midi.tracks:
        hand = next((code for word, code in _HANDS if word in track.name.casefold()), OF_NOBODY)
        struck = track.events[track.events["kind"] == smf.NOTE_ON]
        for note in zip(struck["tick"].tolist(), struck["number"].tolist(), strict=True):
            hands[note] = hand if hands.get(note, hand) == hand else OF_NOBODY
    return np.array(sorted({tick for tick, _ in hands} or {0})), hands
