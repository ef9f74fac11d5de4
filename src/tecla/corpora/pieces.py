"""Any corpus as pieces to look at: its notes, whichever way it writes them down, and its sound where it has one."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from tecla.corpora import ABOUT, LOADERS, asap, irish_abc, jsb, split_spec
from tecla.corpora.corpus import composition_id
from tecla.errors import InputError, InputWarning
from tecla.generation.tokenizers.grid_fit import from_grid
from tecla.io.abc import parse_tune
from tecla.io.abc_play import tune_to_performance
from tecla.io.midi import load_midi
from tecla.music import Performance

_SHOWN: Final = 5  # tunes that are left out and named


@dataclass(frozen=True)
class Piece:
    """One piece of a corpus; `load` gives its notes, `audio` lies beside them or is None, `more` is what else of it lies there."""

    name: str
    split: str
    composition: str
    composer: str
    load: Callable[[], Performance]
    audio: Path | None = None
    midi: Path | None = None
    more: tuple[Path, ...] = ()


def load_pieces(spec: str) -> list[Piece]:
    """The pieces of `name:folder`, in the order of the corpus.

    Warns with InputWarning of tunes that are left out.

    Raises:
        OptionError: no corpus of that name. InputError: the folder does not hold it.
    """
    name, place = split_spec(spec, ABOUT)
    if name in LOADERS:
        return [
            Piece(one.name, one.split, one.composition, one.composer, partial(load_midi, one.midi), one.audio, one.midi)
            for one in LOADERS[name](place).recordings
        ]
    return {"asap": _asap, "jsb": _chorales, "irish_abc": _tunes}[name](place)


def _asap(folder: Path) -> list[Piece]:
    return [
        Piece(
            one.midi.relative_to(folder).with_suffix("").as_posix(), one.split, f"asap:{composition_id(one.composer, one.title)}",
            one.composer, partial(load_midi, one.midi), midi=one.midi, more=(one.midi_score,),
        )
        for one in asap.recordings(folder)
    ]  # fmt: skip


def _chorales(folder: Path) -> list[Piece]:
    return [
        Piece(
            f"{split}/{number}", split, f"jsb:{split}{number}", "Johann Sebastian Bach",
            partial(from_grid, grid),
        )
        for split in jsb.SPLIT_SIZES
        for number, grid in enumerate(jsb.load_split(folder, split))
    ]  # fmt: skip


def _tunes(folder: Path) -> list[Piece]:
    pieces, left_out, texts = list[Piece](), list[str](), irish_abc.load_tunes(folder)
    for number, text in enumerate(texts):
        try:
            tune = parse_tune(text)
        except InputError as error:
            left_out.append(f"{number} ({error})")
            continue
        if not tune.bars:
            left_out.append(f"{number} (no music after its fields)")
            continue
        composition = f"irish_abc:{composition_id(tune.title)}"
        pieces.append(Piece(str(number), irish_abc.split_of(text), composition, "traditional", partial(tune_to_performance, tune)))
    if left_out:
        which = "; ".join(left_out[:_SHOWN]) + ("; and more" if len(left_out) > _SHOWN else "")
        warnings.warn(f"{folder}: {len(left_out)} of {len(texts)} tunes are left out: {which}", InputWarning, 3)
    return pieces
