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
from tecla.io.midi import load_tracks
from tecla.io.sequenced import hands_of_tracks
from tecla.music import Performance

OF_NOBODY: Final = -1
_CODES: Final = {"L": 1, "R": 0, ".": OF_NOBODY}
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
    return performance, np.array([_CODES[hand] for hand in hands_of_tracks(performance, midi)], np.int64)
