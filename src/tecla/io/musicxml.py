"""Score <-> MusicXML, plain (.musicxml, .xml) or compressed (.mxl)."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import Final

from tecla.errors import InputError
from tecla.io.target import write_whole
from tecla.io.xmlreader import tree_to_score
from tecla.io.xmlsource import read_tree
from tecla.io.xmlwriter import score_to_xml
from tecla.music.score import Score

SUFFIXES: Final = (".musicxml", ".xml", ".mxl")
_CONTAINER: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<container><rootfiles>'
    '<rootfile full-path="score.musicxml" media-type="application/vnd.recordare.musicxml+xml"/></rootfiles></container>\n'
)


def load_musicxml(path: str | os.PathLike[str]) -> Score:
    """Reads a MusicXML file. Repeats stay unplayed, parts are stacked, gaps in voices become hidden rests.

    Raises:
        InputError: missing, not MusicXML, not score-partwise, or damaged beyond mending.
    """
    try:
        return tree_to_score(read_tree(path))
    except InputError as error:
        if str(path) in str(error):
            raise
        raise InputError(f"{path} cannot be read: {error}; export it again as MusicXML (score-partwise)") from error


def save_musicxml(score: Score, path: str | os.PathLike[str]) -> None:
    """Writes MusicXML 4.0; a name that ends in .mxl is compressed.

    Raises:
        OutputError: the target cannot be written.
    """
    text = score_to_xml(score)
    write_whole(path, _pack(text) if Path(path).suffix.lower() == ".mxl" else text)


def _pack(text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("META-INF/container.xml"), _CONTAINER)
        archive.writestr(zipfile.ZipInfo("score.musicxml"), text.encode("utf-8"), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
