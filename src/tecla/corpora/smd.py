"""SMD: fifty performances by students on a Yamaha Disklavier grand, recorded in a studio.

Split: none is official; all recordings are in split "all". The takes of one composition, by whichever pianist, share its id.

Its site states CC BY-NC-SA 3.0; copies elsewhere say otherwise. The stricter holds here.

Layout: `midi/<Composer>_<Work>_<pianist>_<date>-SMD.mid`, sound if present in a folder beside it (wav_44100_stereo, mp3 ...).
"""

from __future__ import annotations

import re
from os import PathLike
from pathlib import Path
from typing import Final

from tecla.corpora.about import About
from tecla.corpora.corpus import Corpus, Recording, check_found, composition_id, sound_beside

LICENCE: Final = "CC BY-NC-SA 3.0 (non-commercial)"
CITATION: Final = "M. Müller, V. Konz, W. Bogler, V. Arifi-Müller: Saarland Music Data (SMD). Late-Breaking and Demo Session, ISMIR 2011"
URL: Final = "https://www.audiolabs-erlangen.de/resources/MIR/SMD/midi"
ABOUT: Final = About(
    "smd",
    "Saarland Music Data, MIDI-audio piano music",
    "2011",
    LICENCE,
    CITATION,
    URL,
    "none official: all 50 performances are in split all",
    obtain=f"its page lists every recording and MIDI file by itself: take them from {URL} into one folder, the MIDI into midi/ in it",
)
SOUND_FOLDERS: Final = ("wav_44100_stereo", "wav_22050_mono", "audio", "wav", "flac", "mp3", ".")
_NAME: Final = re.compile(r"(?P<composer>[^_]+)_(?P<work>.+)_(?P<pianist>\d{3})_(?P<date>\d{8})-SMD")
_SOUNDS: Final = (".wav", ".flac", ".ogg", ".mp3")


def load(folder: str | PathLike[str]) -> Corpus:
    """Reads what a folder holds of SMD.

    Raises:
        InputError: it holds none.
    """
    folder = Path(folder)
    recordings = [take for path in folder.rglob("*-SMD.mid") if (take := _recording(path)) is not None]
    found = check_found(recordings, folder, "midi/<Composer>_<Work>_<pianist>_<date>-SMD.mid files")
    return Corpus("smd", "Saarland Music Data, MIDI-audio piano music", "2011", LICENCE, CITATION, URL, found)


def _recording(midi: Path) -> Recording | None:
    parts = _NAME.fullmatch(midi.stem)
    if parts is None:
        return None
    beside = [sound_beside(midi.parent.parent / place / midi.name, _SOUNDS) for place in SOUND_FOLDERS]
    audio = next((path for path in [sound_beside(midi, _SOUNDS), *beside] if path is not None), None)
    return Recording(midi.stem, midi, audio, "all", f"smd:{composition_id(parts['composer'], parts['work'])}", composer=parts["composer"])
