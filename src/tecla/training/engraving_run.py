"""Trains the networks of `tecla engrave` from the command line, one at a time, and exports each to ONNX under the name it is shipped by.

python -m tecla.training.engraving_run tempo ASAP_FOLDER OUT_FOLDER
python -m tecla.training.engraving_run bars ASAP_FOLDER OUT_FOLDER --steps 1250 --scores music21/corpus
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from tecla.corpora.asap import DEVELOPMENT, SECOND_DEVELOPMENT, Recording, recordings
from tecla.corpora.irish_abc import load_split
from tecla.corpora.music21_scores import scores
from tecla.corpora.sequenced import sequenced_hands
from tecla.engraving import barwise as barwise_features
from tecla.engraving import beatwise as beatwise_features
from tecla.engraving import handwise as handwise_features
from tecla.engraving import markwise as markwise_features
from tecla.engraving import notewise as notewise_features
from tecla.engraving import pulse as pulse_features
from tecla.engraving import spellwise as spelling_features
from tecla.engraving import voicewise as voicewise_features
from tecla.errors import InputError
from tecla.io.musicxml import load_musicxml
from tecla.models.barwise import Barwise, BarwiseConfig
from tecla.models.council import Council
from tecla.models.dilated import BEATS, HANDS, MARKS, RHYTHM, SPELLING, VOICES, DilatedNet
from tecla.models.notewise import Notewise, NotewiseConfig
from tecla.training import barwise, beatwise, handwise, markwise, notewise, pulse, spellwise, voicewise
from tecla.training.aligned import Aligned, load_aligned
from tecla.training.beatwise_targets import Counted, load_counted
from tecla.training.easy import copies, play_easily, read_tune
from tecla.training.handwise import Handed
from tecla.training.playing import play, write_out
from tecla.training.pulse_targets import Beaten, load_beaten
from tecla.training.readers import Pool, ReaderRecipe, Row, Rows, export_rows, learn_to_read, stack, whole
from tecla.training.ship import halve
from tecla.training.spellwise import Spelt, of_score
from tecla.training.tempo import TempoRecipe, export_tempo, train_tempo

_PLAYED: Final = 3  # performances made up for each score
_A_BOOK: Final = 12  # tunes that count as takes of one piece


@dataclass(frozen=True)
class Reader:
    """One network to train: what it is, what it learns from, how, and what its ONNX input is called."""

    make: Callable[[], nn.Module]
    load: Callable[[argparse.Namespace], tuple[Any, list[Any]]]  # training material, held-out material
    windows: Callable[[Any, np.random.Generator], Iterator[Row]]
    whole: Callable[[Any], Rows]
    longest: int  # rows of a window
    heads: dict[str, int]
    weights: dict[str, float]
    recipe: ReaderRecipe
    renewed: int
    seen: str
    n_features: int


def load_beats(options: argparse.Namespace) -> tuple[list[list[Beaten]], list[Beaten]]:
    """Takes of each training piece, those made up for scores among them, and one take of each development piece."""
    pieces: dict[tuple[str, str], list[Beaten]] = {}
    held: dict[tuple[str, str], Beaten] = {}
    for recording in recordings(options.root):
        name = (recording.composer, recording.title)
        chosen = name in DEVELOPMENT or name in SECOND_DEVELOPMENT
        if recording.split == "validation" or (name in held if chosen else len(pieces.get(name, [])) >= options.takes):
            continue
        piece = load_beaten(recording)
        if piece is not None and chosen:
            held[name] = piece
        elif piece is not None:
            pieces.setdefault(name, []).append(piece)
    found = list(pieces.values())
    if options.scores:
        rng, styles = np.random.default_rng(options.seed), [take for takes in found for take in takes]
        written = [part for _, score in scores(options.scores) for part in write_out(score)]
        found += [[play(part, styles, rng) for _ in range(_PLAYED)] for part in written]
    if options.tunes:
        rng = np.random.default_rng(options.seed)
        tunes = [tune for text in load_split(options.tunes, "train") if (tune := read_tune(text)) for _ in range(copies(tune))]
        for first in range(0, len(tunes), _A_BOOK):  # few books, not many pieces: concert music shall count for more
            found.append([play_easily(tune, rng) for tune in tunes[first : first + _A_BOOK]])
    return found, list(held.values())


def load_notes(options: argparse.Namespace) -> tuple[list[Aligned], list[Aligned]]:
    """Aligned performances of training pieces, and two of each development piece."""
    return _aligned(_chosen(options.root, "train", options.takes)), _aligned(_chosen(options.root, "development", 2))


def load_hands(options: argparse.Namespace) -> tuple[list[list[Handed]], list[Handed]]:
    """Takes of each training piece and one take of each development piece, with the hand of each note."""
    pieces: dict[tuple[str, str], list[Handed]] = {}
    held: list[Handed] = []
    for recording in _chosen(options.root, "train", options.takes):
        name = (recording.composer, recording.title)
        if name in SECOND_DEVELOPMENT and pieces.get(name):
            continue
        for piece in _aligned([recording]):
            pieces.setdefault(name, []).append(Handed(piece.performance, piece.left))
    held += [take for name in SECOND_DEVELOPMENT for take in pieces.pop(name, [])]
    held += [Handed(piece.performance, piece.left) for piece in _aligned(_chosen(options.root, "development", 1))]
    found = list(pieces.values())
    if options.sequenced:
        found += [[Handed(performance, left)] for _, performance, left in sequenced_hands(options.sequenced)]
    return found, held


def load_rhythm(options: argparse.Namespace) -> tuple[list[list[Counted]], list[Counted]]:
    """Takes of each training piece over their annotated beats, and one take of each development piece."""
    pieces: dict[tuple[str, str], list[Counted]] = {}
    held: dict[tuple[str, str], Counted] = {}
    for recording in _chosen(options.root, "train", options.takes) + _chosen(options.root, "development", 1):
        name = (recording.composer, recording.title)
        chosen = name in DEVELOPMENT or name in SECOND_DEVELOPMENT
        piece = None if name in held else load_counted(recording)
        if piece is not None and chosen:
            held[name] = piece
        elif piece is not None:
            pieces.setdefault(name, []).append(piece)
    return list(pieces.values()), list(held.values())


def load_pages(options: argparse.Namespace) -> tuple[list[Spelt], list[Spelt]]:
    """The page of each training piece, music21's scores besides, and the pages of the development pieces."""
    pages = {(r.composer, r.title): r.score for r in recordings(options.root) if r.split != "validation" and r.score.is_file()}
    held = [name for name in pages if name in DEVELOPMENT or name in SECOND_DEVELOPMENT]
    found = {name: of_score(load_musicxml(page)) for name, page in pages.items()}
    others = [of_score(score) for _, score in scores(options.scores)] if options.scores else []
    learned = [page for name, page in found.items() if name not in held] + others
    return [page for page in learned if len(page.fifths) >= spellwise.FEWEST], [found[name] for name in held]


def _chosen(root: Path, split: str, takes: int) -> list[Recording]:
    """At most `takes` performances of each piece, those with an alignment that its authors trust."""
    seen: Counter[tuple[str, str]] = Counter()
    chosen = []
    for recording in recordings(root, split):
        if recording.robust and seen[recording.composer, recording.title] < takes:
            seen[recording.composer, recording.title] += 1
            chosen.append(recording)
    return chosen


def _aligned(chosen: Sequence[Recording]) -> list[Aligned]:
    """Aligned performances; one whose files do not fit together is named and left out."""
    pieces = []
    for recording in chosen:
        try:
            piece = load_aligned(recording)
        except InputError as error:
            print(f"left out: {error}")
            continue
        if piece is not None:
            pieces.append(piece)
    return pieces


READERS: Final = {
    "notes": Reader(
        lambda: Notewise(NotewiseConfig()), load_notes, notewise.windows, whole(notewise.row), notewise.NOTES, notewise_features.HEADS,
        notewise.WEIGHTS, ReaderRecipe(steps=750, rate=2e-3, weight_decay=1e-2, judge_every=250, bfloat16=False), 16, "notes",
        notewise_features.N_FEATURES,
    ),
    "beats": Reader(
        lambda: DilatedNet(BEATS), load_beats, pulse.windows, whole(pulse.row), pulse.STROKES, pulse_features.HEADS, pulse.WEIGHTS,
        ReaderRecipe(steps=4000), 4, "strokes", pulse_features.N_FEATURES,
    ),
    "bars": Reader(
        lambda: Barwise(BarwiseConfig()), load_beats, barwise.windows, barwise.whole, barwise.LONGEST, barwise_features.HEADS,
        barwise.WEIGHTS, ReaderRecipe(steps=2000, rate=2e-3, average=0.99, judge_every=250), 4, "beats", barwise_features.N_FEATURES,
    ),
    "hands": Reader(
        lambda: DilatedNet(HANDS), load_hands, handwise.windows, whole(handwise.row), handwise.NOTES, handwise.HEADS, handwise.WEIGHTS,
        ReaderRecipe(steps=2400, rate=3e-3, average=0.995, judge_every=300, bfloat16=False), 5, "notes", handwise_features.N_FEATURES,
    ),
    "rhythm": Reader(
        lambda: DilatedNet(RHYTHM), load_rhythm, beatwise.windows, whole(beatwise.row), beatwise.NOTES, beatwise_features.HEADS,
        beatwise.WEIGHTS, ReaderRecipe(steps=8000, rate=2e-3, judge_every=500, bfloat16=False), 5, "notes", beatwise_features.N_FEATURES,
    ),
    "voices": Reader(
        lambda: DilatedNet(VOICES), load_rhythm, voicewise.windows, whole(voicewise.row), beatwise.NOTES, voicewise.HEADS,
        voicewise.WEIGHTS, ReaderRecipe(steps=2500, rate=2e-3, weight_decay=5e-2, average=0.995, judge_every=250, bfloat16=False), 5,
        "notes", voicewise_features.N_FEATURES,
    ),
    "marks": Reader(
        lambda: DilatedNet(MARKS), load_rhythm, markwise.windows, whole(markwise.row), beatwise.NOTES, markwise_features.HEADS,
        markwise.WEIGHTS, ReaderRecipe(steps=3000, rate=2e-3, weight_decay=5e-2, average=0.995, judge_every=250, bfloat16=False), 5,
        "notes", markwise_features.N_FEATURES,
    ),
    "spelling": Reader(
        lambda: DilatedNet(SPELLING), load_pages, spellwise.windows, whole(spellwise.row), spellwise.NOTES, spellwise.HEADS,
        spellwise.WEIGHTS, ReaderRecipe(steps=2000, rate=2e-3, average=0.995, judge_every=250, bfloat16=False), 6, "notes",
        spelling_features.N_FEATURES,
    ),
}  # fmt: skip


def main() -> None:
    """Loads, trains, exports NETWORK.onnx: the average that cost least on the development pieces."""
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", choices=[*READERS, "tempo"])
    parser.add_argument("root", type=Path, help="The unpacked ASAP folder.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--takes", type=int, default=4, help="Performances of a piece, at most.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--members", type=int, default=1, help="Networks to train, one seed each, and to export as one: their mean.")
    parser.add_argument("--scores", type=Path, help="music21's corpus folder, for beats, bars, tempo and spelling.")
    parser.add_argument("--tunes", type=Path, help="The folder of Irish tunes, for beats, bars and tempo: easy music in steady time.")
    parser.add_argument("--sequenced", type=Path, help="MAPS' software pianos, for hands: the tracks of their files say them.")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    target = options.out / f"{options.network}.onnx"
    if options.network == "tempo":
        recipe = TempoRecipe(seed=options.seed, steps=options.steps or TempoRecipe.steps)
        export_tempo(train_tempo(load_beats(options)[0], recipe), target)
        return
    reader = READERS[options.network]
    material, held_out = reader.load(options)
    print(f"{len(material)} to learn from, {len(held_out)} held out", flush=True)
    held = [reader.whole(piece) for piece in held_out]
    members = [_member(reader, material, held, options, options.seed + k) for k in range(options.members)]
    export_rows(Council(members) if len(members) > 1 else members[0], target, reader.seen, reader.n_features)
    halve(target)


def _member(reader: Reader, material: Any, held: list[Any], options: argparse.Namespace, seed: int) -> nn.Module:
    """One network, kept in OUT/NETWORK, or in OUT/NETWORK/SEED where there are several."""
    folder = options.out / options.network / (str(seed) if options.members > 1 else "")
    folder.mkdir(parents=True, exist_ok=True)
    recipe = replace(reader.recipe, seed=seed, steps=options.steps or reader.recipe.steps)
    windows, join = reader.windows(material, np.random.default_rng(seed)), partial(stack, length=reader.longest)
    batches = Pool(windows, 16, 512, reader.renewed, join, seed)
    return learn_to_read(reader.make, batches, reader.heads, reader.weights, held, recipe, folder)


if __name__ == "__main__":
    main()
