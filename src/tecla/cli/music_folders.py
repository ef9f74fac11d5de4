"""Folders of music as named performances, with the corpus's own split where it has one."""

from __future__ import annotations

from pathlib import Path

from tecla.errors import InputError
from tecla.music import Performance

Pieces = dict[str, Performance]


def load_pieces(folder: Path) -> tuple[Pieces, Pieces]:
    """Training pieces and held-out pieces: MAESTRO, the JSB chorales and the Irish tunes by their splits, any other folder as training.

    Raises:
        InputError: no music there.
    """
    from tecla.corpora import irish_abc, jsb  # noqa: PLC0415

    if (folder / jsb.FILE).is_file():
        return _chorales(folder, "train"), _chorales(folder, "validation")
    if (folder / irish_abc.FILE).is_file():
        return _tunes(folder, "train"), _tunes(folder, "validation")
    if any(folder.glob("maestro-v*.csv")) or any(folder.glob("maestro-v*.json")):
        return _maestro(folder, "train"), _maestro(folder, "validation")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".mid", ".midi", ".abc", ".json", ".csv"))
    if not paths:
        raise InputError(f"{folder} holds no MIDI or ABC files: name a folder of music")
    return load_samples(paths), {}


def load_samples(paths: list[Path]) -> Pieces:
    """Each file's music; every tune of an .abc file by itself.

    Raises:
        InputError: a file cannot be read.
    """
    from tecla import workbench  # noqa: PLC0415
    from tecla.io.abc import load_abc  # noqa: PLC0415
    from tecla.io.abc_play import tune_to_performance  # noqa: PLC0415

    pieces: Pieces = {}
    for path in paths:
        if path.suffix.lower() == ".abc":
            tunes = load_abc(path)
            pieces.update({f"{path.name}#{number}": tune_to_performance(tune) for number, tune in enumerate(tunes, 1)})
        else:
            pieces[path.name] = workbench.load(path)
    return pieces


def _chorales(folder: Path, split: str) -> Pieces:
    from tecla.corpora import jsb  # noqa: PLC0415
    from tecla.generation.tokenizers.grid_fit import from_grid  # noqa: PLC0415

    return {f"{split} chorale {number}": from_grid(grid) for number, grid in enumerate(jsb.load_split(folder, split))}


def _tunes(folder: Path, split: str) -> Pieces:
    from tecla.corpora import irish_abc  # noqa: PLC0415
    from tecla.io.abc import parse_tune  # noqa: PLC0415
    from tecla.io.abc_play import tune_to_performance  # noqa: PLC0415

    pieces: Pieces = {}
    for text in irish_abc.load_split(folder, split):
        try:
            tune = parse_tune(text)
        except InputError:  # one tune of the corpus is misprinted; it is no tune to compare with
            continue
        if tune.bars:
            pieces[f"{tune.title} ({text.partition(chr(10))[0]})"] = tune_to_performance(tune)
    return pieces


def _maestro(folder: Path, split: str) -> Pieces:
    from tecla import workbench  # noqa: PLC0415
    from tecla.corpora import maestro  # noqa: PLC0415

    return {take.name: workbench.load(take.midi) for take in maestro.load(folder).recordings if take.split == split}
