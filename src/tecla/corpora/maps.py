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

from tecla.corpora.about import About
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
ABOUT: Final = About(
    "maps",
    "MAPS, a piano database",
    "2010",
    LICENCE,
    CITATION,
    URL,
    "test: the real Disklavier (ENSTDkAm, ENSTDkCl); train: the software pianos without its pieces",
    obtain=f"its authors hand it out to whoever agrees to the licence: ask at {URL}, unpack all zips into one folder",
)
COMPOSERS: Final = {  # by the beginning of a piece's name
    "alb": "Isaac Albéniz", "appass": "Ludwig van Beethoven", "bach": "Johann Sebastian Bach", "bor": "Alexander Borodin",
    "br": "Johannes Brahms", "burg": "Friedrich Burgmüller", "chp": "Frédéric Chopin", "clementi": "Muzio Clementi",
    "deb": "Claude Debussy", "elise": "Ludwig van Beethoven", "gra": "Enrique Granados", "grieg": "Edvard Grieg",
    "hay": "Joseph Haydn", "liz": "Franz Liszt", "mendel": "Felix Mendelssohn", "mond": "Ludwig van Beethoven",
    "mos": "Moritz Moszkowski", "mus": "Modest Mussorgsky", "mz": "Wolfgang Amadeus Mozart", "pathetique": "Ludwig van Beethoven",
    "rac": "Sergei Rachmaninoff", "schub": "Franz Schubert", "schu": "Franz Schubert", "schum": "Robert Schumann",
    "scn": "Robert Schumann", "ty": "Pyotr Ilyich Tchaikovsky", "waldstein": "Ludwig van Beethoven",
}  # fmt: skip
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
    return Recording(name, midi, sound_beside(midi, _SOUNDS), split, f"maps:{piece}", bank, composer_of(piece))


def composer_of(piece: str) -> str:
    """Who wrote a piece, by the longest beginning of its name that is known; "" if none is.

    >>> composer_of("schumm-1"), composer_of("bk_xmas4")
    ('Robert Schumann', '')
    """
    known = [beginning for beginning in COMPOSERS if piece.startswith(beginning)]
    return COMPOSERS[max(known, key=len)] if known else ""
