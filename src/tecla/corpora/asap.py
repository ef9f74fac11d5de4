"""ASAP: aligned scores and performances of Western classical piano music.

Foscarin, McLeod, Rigaux, Jacquemard, Sakai: ASAP: a dataset of aligned scores and performances for piano transcription
(ISMIR 2020); note alignments by Peter et al. (TISMIR 2023, doi 10.5334/tismir.149). Licence: CC BY-NC-SA 4.0, so what
is trained on it is for non-commercial use too. Official layout: https://github.com/CPJKU/asap-dataset (n)ASAP.

The split is ours, by piece, made before anything was trained: VALIDATION is never trained or tuned on, figures are
reported on it alone; DEVELOPMENT chooses checkpoints and settings, SECOND_DEVELOPMENT besides for the beat network. A piece
is (composer, title): all its performances and folders go together.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.corpora.about import About, Download
from tecla.errors import InputError

LICENCE: Final = "CC BY-NC-SA 4.0"
CITATION: Final = (
    "F. Foscarin, A. McLeod, P. Rigaux, F. Jacquemard, M. Sakai: ASAP: a dataset of aligned scores and performances for piano"
    " transcription. ISMIR 2020; S. Peter et al.: Automatic note-level score-to-performance alignments in the ASAP dataset. TISMIR 2023"
)
URL: Final = "https://github.com/CPJKU/asap-dataset"
ABOUT: Final = About(
    "asap",
    "(n)ASAP, aligned scores and performances",
    "as found; the folder's metadata.csv tells",
    LICENCE,
    CITATION,
    URL,
    "ours, by piece: validation and development are listed in corpora/asap.py, the rest is train",
    # An archive made on demand: its bytes, and so its checksum and length, change with the packer.
    {"full": Download(f"{URL}/archive/refs/heads/main.zip", "", 0)},
)
VALIDATION: Final = (
    ("Bach", "Prelude_bwv_875"),
    ("Beethoven", "Piano_Sonatas_24-1"),
    ("Chopin", "Ballades_3"),
    ("Debussy", "Pour_le_Piano_1"),
    ("Glinka", "The_Lark"),
    ("Haydn", "Keyboard_Sonatas_39-1"),
    ("Liszt", "Concert_Etude_S145_1"),
    ("Mozart", "Piano_Sonatas_12-3"),
    ("Rachmaninoff", "Preludes_op_32_5"),
    ("Ravel", "Pavane"),
    ("Schubert", "Impromptu_op142_3"),
    ("Schumann", "Kreisleriana_4"),
)
DEVELOPMENT: Final = (
    ("Bach", "Fugue_bwv_860"),
    ("Beethoven", "Piano_Sonatas_5-1"),
    ("Chopin", "Etudes_op_25_2"),
    ("Haydn", "Keyboard_Sonatas_48-2"),
    ("Liszt", "Hungarian_Rhapsodies_6"),
    ("Mozart", "Piano_Sonatas_12-2"),
    ("Rachmaninoff", "Preludes_op_23_6"),
    ("Schubert", "Moment_musical_no_3"),
    ("Schubert", "Piano_Sonatas_664-2"),
    ("Schumann", "Kreisleriana_5"),
)
SECOND_DEVELOPMENT: Final = (
    ("Bach", "Prelude_bwv_854"),
    ("Bach", "Prelude_bwv_883"),
    ("Beethoven", "Piano_Sonatas_18-2"),
    ("Beethoven", "Piano_Sonatas_30-1"),
    ("Chopin", "Etudes_op_10_3"),
    ("Chopin", "Scherzos_39"),
    ("Haydn", "Keyboard_Sonatas_46-1"),
    ("Liszt", "Transcendental_Etudes_9"),
    ("Mozart", "Piano_Sonatas_11-3"),
    ("Ravel", "Miroirs_3_Une_Barque"),
    ("Schubert", "Moment_Musical_no_1"),
    ("Schumann", "Kreisleriana_2"),
)  # held back from the beat network too, since ten pieces proved too few to choose by; the note-wise network has learned them


@dataclass(frozen=True)
class Recording:
    """One performance and its files; `robust` where the authors trust the note alignment."""

    composer: str
    title: str
    midi: Path
    score: Path
    midi_score: Path  # the same score as MIDI, which nobody played
    annotations: Path
    alignment: Path
    robust: bool

    @property
    def split(self) -> str:
        """train, development or validation."""
        piece = (self.composer, self.title)
        return "validation" if piece in VALIDATION else "development" if piece in DEVELOPMENT else "train"


@dataclass(frozen=True)
class Annotations:
    """Beats and signatures by hand, in seconds of the performance.

    Shape:
        beats_sec: (K,) every beat, downbeats among them; downbeats_sec: (D,)
        times: (time_sec, "3/4"); keys: (time_sec, fifths)
    """

    beats_sec: NDArray[np.float64]
    downbeats_sec: NDArray[np.float64]
    times: tuple[tuple[float, str], ...]
    keys: tuple[tuple[float, int], ...]


def recordings(root: Path, split: str | None = None) -> Iterator[Recording]:
    """Performances that have a note alignment, in the order of metadata.csv.

    Raises:
        InputError: `root` holds no metadata.csv.
    """
    table = root / "metadata.csv"
    if not table.is_file():
        raise InputError(f"{table} is missing: point at the unpacked ASAP folder")
    with table.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            midi = root / row["midi_performance"]
            found = Recording(
                row["composer"],
                row["title"],
                midi,
                root / row["xml_score"],
                root / row["midi_score"],
                root / row["performance_annotations"],
                midi.with_name(midi.stem + "_note_alignment.tsv"),
                row["robust_note_alignment"] in ("1", "1.0"),
            )
            if found.alignment.is_file() and split in (None, found.split):
                yield found


def load_annotations(path: Path) -> Annotations:
    """Reads an *_annotations.txt: beats (b), downbeats (db), beats out of rule (bR) and signature changes."""
    beats, downbeats, times, keys = [], [], [], []
    for line in path.read_text(encoding="utf-8").splitlines():
        time, _, label = line.split("\t")[:3]
        kind, metre, key = [*label.split(","), "", ""][:3]
        beats.append(float(time))
        if kind == "db":
            downbeats.append(float(time))
        if metre:
            times.append((float(time), metre))
        if key:
            keys.append((float(time), int(key)))
    return Annotations(np.array(beats), np.array(downbeats), tuple(times), tuple(keys))


def load_alignment(path: Path) -> list[tuple[str, int]]:
    """Reads a *_note_alignment.tsv as pairs of a score note and a performed note.

    ("n12-1", 7) says that performed note 7, in order of onset and pitch, is score note n12 the first time round. A performed
    note that the score does not have comes as ("", 7); omitted ones are left out.
    """
    pairs = []
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        score_id, played = line.split("\t")[:2]
        if played[:1] == "n" and played[1:].isdigit():
            pairs.append(("" if score_id == "insertion" else score_id, int(played[1:])))
    return pairs
