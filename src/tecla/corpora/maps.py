"""MAPS: pieces played by MIDI on six software pianos and on a real Yamaha Disklavier, recorded close (Cl) and in the room (Am).

Split: "test" is the Disklavier, "train" the software pianos without the pieces that the Disklavier plays (configuration 2 of Sigtia et al.
2016, as Hawthorne et al. 2018 clean it). Takes of a software piano that share a piece with the Disklavier takes present are left out.

The reference is the .mid, with key-up and sustain pedal. The ambient microphones hear the piano 20 to 30 ms after the labels say.

Layouts: the published one (any depth of `<bank>/MUS/MAPS_MUS-<piece>_<bank>.mid` with its .wav), and flat folders of
`<piece>_<bank>.mid` with .flac, .ogg or .wav beside it.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Final

from tecla.corpora.corpus import Corpus, Recording, check_found, sound_beside

LICENCE: Final = "CC BY-NC-SA 2.0 (non-commercial)"
CITATION: Final = (
    "V. Emiya, R. Badeau, B. David: Multipitch estimation of piano sounds using a new probabilistic spectral smoothness principle."
    " IEEE Trans. Audio, Speech and Language Processing 18(6), 2010"
)
URL: Final = "https://adasp.telecom-paris.fr/resources/2010-07-08-maps-database/"
DISKLAVIER_BANKS: Final = ("ENSTDkAm", "ENSTDkCl")
SOFTWARE_BANKS: Final = ("AkPnBcht", "AkPnBsdf", "AkPnCGdD", "AkPnStgb", "SptkBGAm", "SptkBGCl", "StbgTGd2")
PREFIX: Final = "MAPS_MUS-"
_SOUNDS: Final = (".wav", ".flac", ".ogg")


def load(folder: str | PathLike[str]) -> Corpus:
    """Reads what a folder holds of MAPS.

    Raises:
        InputError: it holds none.
    """
    folder = Path(folder)
    takes = [take for path in folder.rglob("*.mid") if (take := _recording(path)) is not None]
    tested = {take.composition for take in takes if take.split == "test"}
    kept = [take for take in takes if take.split == "test" or take.composition not in tested]
    found = check_found(kept, folder, "MAPS_MUS-<piece>_<bank>.mid or <piece>_<bank>.mid files")
    return Corpus("maps", "MAPS, a piano database", "2010", LICENCE, CITATION, URL, found)


def _recording(midi: Path) -> Recording | None:
    name = midi.stem.removeprefix(PREFIX)
    piece, _, bank = name.rpartition("_")
    if not piece or bank not in DISKLAVIER_BANKS + SOFTWARE_BANKS:
        return None
    split = "test" if bank in DISKLAVIER_BANKS else "train"
    return Recording(name, midi, sound_beside(midi, _SOUNDS), split, f"maps:{piece}", bank)
