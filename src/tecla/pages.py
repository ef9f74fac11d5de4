"""A score as files: MusicXML, MIDI as it is written, one .pdf, or a .svg or .png for each page; how many is known once they are set."""

from __future__ import annotations

from collections.abc import Container
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from tecla.errors import OutputError
from tecla.io.midi import save_midi
from tecla.io.target import check_target, make_folder, write_whole
from tecla.music.score import Score

SCORE_SUFFIXES: Final = (".musicxml", ".xml", ".mxl")
_SET: Final = (".pdf", ".svg", ".png")
PAGE_SUFFIXES: Final = (*SCORE_SUFFIXES, *_SET, ".mid")
_PACKAGES: Final = {"verovio": "verovio", "fontTools": "fontTools"}  # by the names that they are imported by
_PNG_PACKAGES: Final = {**_PACKAGES, "resvg_py": "resvg-py"}


def check_page(path: Path, force: bool = False, inputs: Container[Path] = ()) -> None:
    """Says before any long work whether a score can be written there; that there will be a second page is likely.

    Raises:
        OutputError: another suffix, an unwritable place, an input, or a file that exists while `force` is off.
        MissingExtraError: pages without the extra `score`.
    """
    suffix = path.suffix.lower()
    if suffix not in PAGE_SUFFIXES:
        raise OutputError(f"{path} cannot be written: a page is {', '.join(PAGE_SUFFIXES)}")
    check_target(path, force, inputs)
    if suffix not in _SET:
        return
    from tecla.rendering.sheet import page_paths  # noqa: PLC0415
    from tecla.rendering.verovio_process import missing  # noqa: PLC0415

    for name, package in (_PNG_PACKAGES if suffix == ".png" else _PACKAGES).items():
        if find_spec(name) is None:
            raise missing(package)
    if suffix != ".pdf":
        check_target(page_paths(path, 2)[1], force, inputs)


def write_score(score: Score, path: Path, force: bool) -> list[Path]:
    """Writes a score, its folder made; gives what it wrote.

    Raises:
        OutputError, MissingExtraError: as `check_page`. InputError: pages that cannot be set.
    """
    check_page(path, force)
    make_folder(path)
    suffix = path.suffix.lower()
    if suffix in _SET:
        return _write_pages(score, path, force)
    if suffix == ".mid":
        from tecla.music.playing import play_score  # noqa: PLC0415

        save_midi(play_score(score), path)
    else:
        from tecla.io.musicxml import save_musicxml  # noqa: PLC0415

        save_musicxml(score, path)
    return [path]


def _write_pages(score: Score, path: Path, force: bool) -> list[Path]:
    """None is written before all of them can be."""
    from tecla.io.xmlwriter import score_to_xml  # noqa: PLC0415
    from tecla.rendering.sheet import page_paths, set_sheet  # noqa: PLC0415

    files = set_sheet(score_to_xml(score), path.suffix.lower(), score.title)
    targets = page_paths(path, len(files))
    for target in targets:
        check_target(target, force)
    for target, data in zip(targets, files, strict=True):
        write_whole(target, data)
    return targets
