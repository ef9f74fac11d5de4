"""Bits a note of playing on a whole split, with its interval: one network, or several on the same pieces, and an n-gram beside them.

python benchmarks/playing_bits.py --maestro maestro-v3.0.0 --keep bits.jsonl
python benchmarks/playing_bits.py --maestro maestro-v3.0.0 --keep bits.jsonl --models performance before.json --ngram

The figure is all bits of all pieces (pedals and END included) over all notes; times are judged in 10 ms bins. The interval resamples
pieces. What is done stands in --keep, a line a piece, and is not done again: a run that was stopped goes on where it was.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from likelihoods import remi_resolution

from tecla.corpora import Corpus, maestro
from tecla.evaluation import uncertainty
from tecla.generation.engine import Engine
from tecla.generation.likelihood import event_bits
from tecla.generation.ngram import Ngram
from tecla.generation.performances import to_rows
from tecla.generation.tokenizers.continuous import END, EVENT, Continuous
from tecla.generation.tokenizers.remi import Remi
from tecla.io.midi import load_midi
from tecla.music import Performance

FIELDS = ("shift", "key or pedal", "velocity", "duration")
ORDER, N_COUNTED = 4, 60  # the best n-gram of likelihoods.py; counts of more pieces do not fit a laptop's memory
Judge = Callable[[Performance], list[float]]


def network(model: str) -> Judge:
    engine, codec = Engine.load(model), Continuous()
    end = np.zeros(1, EVENT)
    end["what"] = END
    return lambda piece: event_bits(engine, to_rows(np.concatenate([codec.encode(piece), end]))).sum(0).tolist()


def counts(corpus: Corpus) -> Judge:
    remi = Remi()
    learned = [take for take in corpus.recordings if take.split == "train"]
    pieces = [load_midi(take.midi) for take in learned[:: max(1, len(learned) // N_COUNTED)]]
    model = Ngram(ORDER, remi.vocabulary).fit([remi.encode(piece).ravel().tolist() for piece in pieces])

    def judge(piece: Performance) -> list[float]:
        ids = remi.encode(piece)
        return [float(np.sum(model.bits(ids.ravel().tolist()))) + remi_resolution(ids)]

    return judge


def known(keep: Path) -> dict[tuple[str, str], dict[str, Any]]:
    lines = keep.read_text(encoding="utf-8").splitlines() if keep.exists() else []
    return {(found["model"], found["piece"]): found for found in map(json.loads, lines)}


def judged(corpus: Corpus, split: str, limit: int, name: str, judge: Callable[[], Judge], keep: Path) -> Iterator[dict[str, object]]:
    """A line a piece: {model, piece, notes, seconds, bits by field}."""
    done, model = known(keep), None
    takes = [take for take in corpus.recordings if take.split == split]
    for number, take in enumerate(takes[:: max(1, len(takes) // limit)] if limit else takes):
        if (name, take.name) not in done:
            model = model or judge()
            piece = load_midi(take.midi)
            facts = {"model": name, "piece": take.name, "notes": len(piece), "seconds": piece.duration_sec}
            done[name, take.name] = {**facts, "bits": model(piece)}
            with keep.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(done[name, take.name]) + "\n")
            print(f"{name}: {number + 1} pieces", end="\r", file=sys.stderr)
        yield done[name, take.name]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--maestro", type=Path, required=True)
    parser.add_argument("--keep", type=Path, required=True, help="a JSON line a piece; continued if it is there")
    parser.add_argument("--split", default="test")
    parser.add_argument("--limit", type=int, default=0, help="about so many pieces, evenly spread; 0: all")
    parser.add_argument(
        "--models", nargs="*", default=["performance"], help="shipped names or .json cards; the first is compared with the others"
    )
    parser.add_argument("--ngram", action="store_true", help=f"a {ORDER}-gram over REMI as well")
    given = parser.parse_args()
    corpus = maestro.load(given.maestro)
    judges: dict[str, Callable[[], Judge]] = {name: lambda name=name: network(name) for name in given.models}  # type: ignore[misc]
    judges |= {f"{ORDER}-gram over REMI": lambda: counts(corpus)} if given.ngram else {}
    rows = {name: list(judged(corpus, given.split, given.limit, name, judge, given.keep)) for name, judge in judges.items()}
    notes = np.array([row["notes"] for row in rows[given.models[0]]], float)
    seconds = sum(row["seconds"] for row in rows[given.models[0]])
    print(f"{len(notes)} {given.split} pieces, {int(notes.sum()):,} notes")
    print("| model | bits a note | bits a second | by field |\n|---|---|---|---|")
    bits = {name: np.array([sum(row["bits"]) for row in lines]) for name, lines in rows.items()}
    for name, lines in rows.items():
        found = uncertainty.evaluate_ratio(bits[name], notes)
        fields = np.sum([row["bits"] for row in lines], 0) / notes.sum()
        parts = ", ".join(f"{field} {value:.2f}" for field, value in zip(FIELDS, fields, strict=False)) if len(fields) > 1 else "-"
        figure = f"{found.mean:.3f} ({found.low:.3f} to {found.high:.3f})"
        print(f"| {name} | {figure} | {bits[name].sum() / seconds:.1f} | {parts} |")
    for name in list(rows)[1:]:
        less = uncertainty.evaluate_ratio(bits[name] - bits[given.models[0]], notes)
        print(
            f"{given.models[0]} needs {less.mean:.3f} ({less.low:.3f} to {less.high:.3f}) bits a note less than {name}, on the same pieces"
        )


if __name__ == "__main__":
    main()
