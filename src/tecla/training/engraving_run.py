"""Trains the engraving network on ASAP from the command line.

python -m tecla.training.engraving_run ASAP_FOLDER OUT_FOLDER --minutes 60
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from tecla.corpora.asap import Recording, recordings
from tecla.errors import InputError
from tecla.training.engraving import EngravingRecipe, export, train
from tecla.training.engraving_targets import Example, load_example
from tecla.training.stored import load_stored


def choose(root: Path, split: str, takes: int) -> list[Recording]:
    """At most `takes` performances of each piece, those with an alignment that its authors trust."""
    seen: Counter[tuple[str, str]] = Counter()
    chosen = []
    for recording in recordings(root, split):
        if recording.robust and seen[recording.composer, recording.title] < takes:
            seen[recording.composer, recording.title] += 1
            chosen.append(recording)
    return chosen


def load(chosen: list[Recording]) -> list[Example]:
    """Examples; one whose files do not fit together is named and left out."""
    examples = []
    for recording in chosen:
        try:
            example = load_example(recording)
        except InputError as error:
            print(f"left out: {error}")
            continue
        if example is not None:
            examples.append(example)
    return examples


def main() -> None:
    """Loads, trains, exports the best checkpoint as engrave.onnx."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--takes", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--begin", type=Path, help="A checkpoint to go on from.")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    examples = load(choose(options.root, "train", options.takes))
    held_out = load(choose(options.root, "development", 2))
    recipe = EngravingRecipe(minutes=options.minutes, seed=options.seed)
    net = train(examples, held_out, recipe, options.out, options.begin)
    net.load_state_dict(load_stored(options.out / "best.pt"))
    export(net, options.out / "engrave.onnx")


if __name__ == "__main__":
    main()
