"""voice-c4-e4-g4: one man sings C, E and G, 300 clips of 4 s, each with the MIDI of a keyboard played along.

Conditions: 100 clips each. The author does not say which numbers are which; their sound does (`Condition`, docs/experiments.md). Up to 100
the floor is lowest and the band widest; from 101 the floor is 3 to 8 dB higher with the same session name in the MIDI; from 201 it is 2 to
9 dB higher still, the voice 3 to 7 dB weaker above 4 kHz, and the MIDI comes from another program.

The labels say C4, E4, G4 (60, 64, 67) by the keyboard; the voice sings them one octave lower (130.8, 164.8, 196 Hz). They are a hand's, not
the voice's: sung notes begin 40 to 60 ms after the label up to number 200 and 60 ms before it from 201 on (medians). Clips end at 4 s,
labels up to 7 s later; what lies beyond is kept, and can be heard by nobody.

Split: `split.json`, 210 train and 45 validation of the 255 clips that are published; 45 more are held out.
"""

from __future__ import annotations

import json
from enum import StrEnum
from os import PathLike
from pathlib import Path
from typing import Final

from tecla.corpora.about import About
from tecla.corpora.corpus import Corpus, Recording, check_found, sound_beside
from tecla.errors import InputError

LICENCE: Final = "not stated by the author"
CITATION: Final = "J. Villatoro: Audio_to_Midi, a dataset of sung C, E and G with MIDI. GitHub, as found in 2026"
URL: Final = "https://github.com/JavierVillatoro/Audio_to_Midi"
ABOUT: Final = About(
    "voice",
    "voice-c4-e4-g4",
    "255 clips",
    LICENCE,
    CITATION,
    URL,
    "split.json: 210 train, 45 validation",
    obtain=f"no licence is stated: take it from {URL} if its author agrees",
)
CLIP_SEC: Final = 4.0
PITCHES: Final = (60, 64, 67)
SUNG_OCTAVE: Final = -12  # semitones from the label to what is sung
PREFIX: Final = "voice_"
_SPLITS: Final = {"train": "train", "val": "validation"}


class Condition(StrEnum):
    """How a clip was recorded, by its number: 1 to 100, 101 to 200, 201 to 300."""

    STUDIO = "studio condenser"
    NOISY = "condenser with background noise"
    LAPTOP = "laptop microphone"


def condition_of(number: int) -> Condition:
    """The recording condition of a clip.

    >>> condition_of(100), condition_of(201)
    (<Condition.STUDIO: 'studio condenser'>, <Condition.LAPTOP: 'laptop microphone'>)
    """
    return list(Condition)[(number - 1) // 100]


def load(folder: str | PathLike[str]) -> Corpus:
    """Reads the clips and their split.

    Raises:
        InputError: no voice_NNN.mid with its sound, no split.json, or a clip that it does not name.
    """
    folder = Path(folder)
    split = _split(folder / "split.json")
    takes = [_recording(midi, split) for midi in sorted(folder.glob(f"{PREFIX}[0-9][0-9][0-9].mid"))]
    found = check_found(takes, folder, f"{PREFIX}NNN.mid files with their .ogg or .wav and a split.json")
    return Corpus("voice", "voice-c4-e4-g4", "255 clips", LICENCE, CITATION, URL, found)


def _split(path: Path) -> dict[str, str]:
    """Clip number, as three digits -> split."""
    try:
        stored = json.loads(path.read_text("utf-8"))
        return {number: _SPLITS[name] for name, numbers in stored.items() for number in numbers}
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise InputError(f'{path} is no split ({error}): it should read {{"train": ["002", ...], "val": ["001", ...]}}') from None


def _recording(midi: Path, split: dict[str, str]) -> Recording:
    number = midi.stem.removeprefix(PREFIX)
    if number not in split:
        raise InputError(f"{midi} is in no split: add {number} to split.json")
    sound = sound_beside(midi, (".ogg", ".wav", ".flac"))
    # Three pitches in a handful of rhythms make no compositions: every clip counts as its own.
    return Recording(midi.stem, midi, sound, split[number], f"voice:{midi.stem}", str(condition_of(int(number))))
