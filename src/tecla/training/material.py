"""What a run learns from: performances to render, recordings to cut, and held-out pieces of both to judge by.

A corpus that names no validation split gives one composition in twenty, chosen by its name, so that the choice never
moves. Compositions named "test" are not touched.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.corpora import Recording, check_splits, load_corpus
from tecla.errors import InputError
from tecla.io.audio import load_audio
from tecla.io.midi import load_midi
from tecla.music import Performance
from tecla.transcription.features import SAMPLE_RATE

TRAIN: Final = "train"
VALIDATION: Final = "validation"
MADE_UP: Final = {"pieces improvised by tecla": "free for any use"}  # what there is to learn from without a corpus
_HELD_OUT_IN: Final = 20
_HELD_OUT_END: Final = 0.15  # of each recording, where none is held out


@dataclass
class Share:
    """One split's part: performances without sound, performances with it, and that sound, (n,) int16 at 16 kHz each."""

    performances: list[Performance] = field(default_factory=list)
    recorded: list[Performance] = field(default_factory=list)
    sounds: list[NDArray[np.int16]] = field(default_factory=list)


@dataclass
class Material:
    """What to learn from and what to judge by, and the licences that the weights inherit, by corpus."""

    train: Share = field(default_factory=Share)
    validation: Share = field(default_factory=Share)
    licences: dict[str, str] = field(default_factory=dict)


def load_material(corpora: Sequence[str], on_read: Callable[[int, int], None] = lambda done, total: None) -> Material:
    """Reads corpora, each named as `tecla.corpora.load_corpus` takes it ("maestro:FOLDER").

    Args:
        on_read: called with the files read so far and their number.

    Raises:
        InputError: a corpus cannot be read, or two corpora put one composition in training and validation.
        OptionError: a name is no corpus.
    """
    material, chosen = Material(licences={} if corpora else dict(MADE_UP)), list[Recording]()
    for spec in corpora:
        corpus = load_corpus(spec)
        material.licences[corpus.title] = corpus.licence
        chosen += split(corpus.recordings)
    if corpora and not any(take.split == TRAIN for take in chosen):
        raise InputError(f"{', '.join(corpora)} hold nothing to train on: add a corpus with a training split")
    check_splits(chosen)
    for number, take in enumerate(chosen):
        _read(take, material.train if take.split == TRAIN else material.validation)
        on_read(number + 1, len(chosen))
    if material.train.recorded and not (material.validation.recorded or material.validation.performances):
        material.train, material.validation = hold_out_ends(material.train)
    return material


def hold_out_ends(share: Share) -> tuple[Share, Share]:
    """Recordings without their last stretch, and those stretches: what is left to judge by where no recording is held out whole.

    Other bars of the same pieces: it tells which weights suit a piano best, and says little of other music.
    """
    train, held = Share(share.performances), Share()
    for performance, sound in zip(share.recorded, share.sounds, strict=True):
        cut_sec = (1 - _HELD_OUT_END) * len(sound) / SAMPLE_RATE
        notes, moves = performance.notes, performance.controls
        early = Performance(notes[notes["onset_sec"] < cut_sec], moves)
        late = Performance(notes[notes["onset_sec"] >= cut_sec], moves[moves["time_sec"] >= cut_sec]).shifted(-cut_sec)
        train.recorded.append(early)
        train.sounds.append(sound[: int(cut_sec * SAMPLE_RATE)])
        if len(late):
            held.recorded.append(late)
            held.sounds.append(sound[int(cut_sec * SAMPLE_RATE) :])
    return train, held


def split(recordings: Iterable[Recording]) -> list[Recording]:
    """The recordings to train on and to validate with, by their `split`; test recordings are left out."""
    recordings = list(recordings)
    named = any(take.split == VALIDATION for take in recordings)
    usable = (take for take in recordings if take.split in (TRAIN, VALIDATION, "all"))
    return [take if named else replace(take, split=VALIDATION if is_held_out(take.composition) else TRAIN) for take in usable]


def is_held_out(composition: str) -> bool:
    """Whether a composition of a corpus without a validation split is held out: one in twenty, by its name's checksum."""
    return zlib.crc32(composition.encode()) % _HELD_OUT_IN == 0


def _read(take: Recording, share: Share) -> None:
    performance = load_midi(take.midi)
    if not len(performance):
        return
    if take.audio is None:
        share.performances.append(performance)
    else:
        share.recorded.append(performance)
        share.sounds.append((load_audio(take.audio, SAMPLE_RATE).clip(-1, 1) * 32767).astype(np.int16))
