"""Trains the two beat networks on ASAP from the command line.

python -m tecla.training.pulse_run ASAP_FOLDER OUT_FOLDER --minutes 40
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from tecla.corpora.asap import DEVELOPMENT, SECOND_DEVELOPMENT, recordings
from tecla.training.pulse import PulseRecipe, export, train
from tecla.training.pulse_targets import Beaten, load_beaten
from tecla.training.stored import load_stored
from tecla.training.tempo import export_tempo, train_tempo


def load_pieces(root: Path, takes: int) -> tuple[list[list[Beaten]], list[Beaten]]:
    """Takes of each training piece, and one take of each development piece."""
    pieces: dict[tuple[str, str], list[Beaten]] = {}
    held: dict[tuple[str, str], Beaten] = {}
    for recording in recordings(root):
        name = (recording.composer, recording.title)
        chosen = name in DEVELOPMENT or name in SECOND_DEVELOPMENT
        if recording.split == "validation" or (name in held if chosen else len(pieces.get(name, [])) >= takes):
            continue
        piece = load_beaten(recording)
        if piece is not None and chosen:
            held[name] = piece
        elif piece is not None:
            pieces.setdefault(name, []).append(piece)
    return list(pieces.values()), list(held.values())


def main() -> None:
    """Loads, trains, exports tempo.onnx and the best checkpoint as beats.onnx."""
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=40.0)
    parser.add_argument("--takes", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--begin", type=Path, help="A checkpoint to go on from.")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    pieces, held_out = load_pieces(options.root, options.takes)
    print(f"{len(pieces)} pieces, {sum(map(len, pieces))} takes, {len(held_out)} held out", flush=True)
    export_tempo(train_tempo(pieces), options.out / "tempo.onnx")
    recipe = PulseRecipe(minutes=options.minutes, seed=options.seed)
    net = train(pieces, held_out, recipe, options.out, options.begin)
    net.load_state_dict(load_stored(options.out / "best.pt"))
    export(net, options.out / "beats.onnx")


if __name__ == "__main__":
    main()
