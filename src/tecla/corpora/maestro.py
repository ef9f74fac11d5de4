"""MAESTRO: 199 hours of competition performances on Disklaviers, labels within 3 ms of the sound.

Split: the official one (962 train, 137 validation, 177 test), from the table that comes with it. A composition is a composer and a title,
spelling aside: 764 of them. Five titles stand in two splits because different movements carry one title; those movements count as
compositions of their own here, so that `check_splits` still finds what would be a leak.

Layout: a folder with maestro-v*.csv or .json, and the .midi files where the table says; renamed to .mid they are found too. Sound is
optional, in .wav or beside it as .flac or .ogg.
"""

from __future__ import annotations

import csv
import hashlib
import json
from os import PathLike
from pathlib import Path
from typing import Final

from tecla.corpora.about import About, Download
from tecla.corpora.corpus import Corpus, Recording, check_found, composition_id, sound_beside
from tecla.errors import InputError

LICENCE: Final = "CC BY-NC-SA 4.0 (non-commercial)"
CITATION: Final = (
    "C. Hawthorne, A. Stasyuk, A. Roberts, I. Simon, C.-Z. A. Huang, S. Dieleman, E. Elsen, J. Engel, D. Eck: Enabling Factorized Piano"
    " Music Modeling and Generation with the MAESTRO Dataset. ICLR 2019"
)
URL: Final = "https://magenta.tensorflow.org/datasets/maestro"
_PUBLISHED: Final = "https://storage.googleapis.com/magentadata/datasets/maestro/v3.0.0"
ABOUT: Final = About(
    "maestro",
    "MAESTRO",
    "3.0.0",
    LICENCE,
    CITATION,
    URL,
    "official: 962 train, 137 validation, 177 test performances; no composition in two of them",
    {  # SHA-256 as the publisher prints them
        "midi": Download(
            f"{_PUBLISHED}/maestro-v3.0.0-midi.zip", "70470ee253295c8d2c71e6d9d4a815189e35c89624b76d22fce5a019d5dde12c", 58_416_533
        ),
        "full": Download(
            f"{_PUBLISHED}/maestro-v3.0.0.zip", "6680fea5be2339ea15091a249fbd70e49551246ddbd5ca50f1b2352c08c95291", 108_445_099_632
        ),
    },
)
# SHA-256 of the tables of version 3.0.0: what is not one of them is some other version.
TABLES_V3: Final = {
    "cb88a64a12971a995dd41852aa3a33879501cf70d01b9a6feb637f4ad8d8ddff": "csv",
    "f587488423d7c0abd0858ac6f1a2a0ea0482e85519eee774a90eb3feb6bd1e04": "json",
}
_COLUMNS: Final = ("canonical_composer", "canonical_title", "split", "midi_filename", "audio_filename")
MANY_MOVEMENTS: Final = frozenset(
    composition_id(*work)
    for work in (
        ("Franz Schubert / Franz Liszt", "Song Transcriptions: Aufenthalt, Gretchen am Spinnrade, Standchen von Shakespeare, Der Erlkonig"),
        ("Joseph Haydn", "Sonata in B-flat Major, Hob.XVI:41"),
        ("Joseph Haydn", "Sonata in D Major, Hob. XVI:24"),
        ("Robert Schumann", "Romances Op. 28, Nos. 2 and 3"),
        ("Wolfgang Amadeus Mozart", "Sonata in F Major, K280"),
    )
)


def load(folder: str | PathLike[str]) -> Corpus:
    """Reads the table, and keeps the performances whose MIDI is there.

    Raises:
        InputError: no table, one without the columns it should have, or none of its MIDI files.
    """
    folder = Path(folder)
    table = next((path for suffix in ("csv", "json") for path in sorted(folder.glob(f"maestro-v*.{suffix}"))), None)
    if table is None:
        raise InputError(f"{folder} holds no maestro-v*.csv or .json: name the folder that MAESTRO unpacks to")
    recordings = [take for row in _rows(table) if (take := _recording(folder, row)) is not None]
    version = "3.0.0" if hashlib.sha256(table.read_bytes()).hexdigest() in TABLES_V3 else f"{table.stem}, not 3.0.0 as published"
    found = check_found(recordings, folder, f"the .midi files that {table.name} names")
    return Corpus("maestro", "MAESTRO", version, LICENCE, CITATION, URL, found)


def _rows(table: Path) -> list[dict[str, str]]:
    """The table by rows; the JSON is one object of columns, each an object by row number."""
    try:
        text = table.read_text("utf-8")
        if table.suffix == ".csv":
            rows = list(csv.DictReader(text.splitlines()))
        else:
            columns = json.loads(text)
            rows = [{name: columns[name][number] for name in _COLUMNS} for number in columns["split"]]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{table} is no MAESTRO table ({error}): take it anew from {URL}") from error
    missing = [name for name in _COLUMNS if rows and rows[0].get(name) is None]
    if not rows or missing:
        raise InputError(f"{table} has no {missing[0] if missing else 'rows'}: take it anew from {URL}")
    return rows


def _recording(folder: Path, row: dict[str, str]) -> Recording | None:
    named = folder / row["midi_filename"]
    midi = next((path for path in (named, named.with_suffix(".mid"), named.with_suffix(".midi")) if path.is_file()), None)
    if midi is None:
        return None
    composition = composition_id(row["canonical_composer"], row["canonical_title"])
    if composition in MANY_MOVEMENTS:
        composition += f"/{named.stem}"
    audio = sound_beside(folder / row["audio_filename"], (".wav", ".flac", ".ogg"))
    return Recording(
        f"{named.parent.name}/{named.stem}", midi, audio, row["split"], f"maestro:{composition}", composer=row["canonical_composer"]
    )
