"""MAESTRO v3: 1,276 piano competition performances recorded on Disklaviers, 199 hours; here its MIDI.

The split is the official one: no composition is in two splits.

Licence: CC BY-NC-SA 4.0 (weights trained on it are for non-commercial use). Citation: Hawthorne et al., "Enabling Factorized
Piano Music Modeling and Generation with the MAESTRO Dataset", ICLR 2019.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

from tecla.errors import InputError

NAME: Final = "maestro-v3.0.0"
LICENCE: Final = "CC BY-NC-SA 4.0"
CITATION: Final = "Hawthorne et al., ICLR 2019"
FILE: Final = "maestro-v3.0.0.csv"
SPLIT_SIZES: Final = {"train": 962, "validation": 137, "test": 177}


def midi_paths(folder: Path | str, split: str) -> list[Path]:
    """The MIDI files of one official split, in the order of the table.

    Raises:
        InputError: the folder has no maestro-v3.0.0.csv, or `split` is none of train, validation, test.
    """
    if split not in SPLIT_SIZES:
        raise InputError(f"split {split!r}: must be one of {', '.join(SPLIT_SIZES)}")
    table = Path(folder) / FILE
    if not table.is_file():
        raise InputError(f"{table} is missing: unpack MAESTRO v3 there")
    with table.open(encoding="utf-8", newline="") as file:
        return [Path(folder) / row["midi_filename"] for row in csv.DictReader(file) if row["split"] == split]
