"""The table of docs/generation.md: every model and n-gram on the same held-out music, in bits per note, second and 16th.

python benchmarks/likelihoods.py --jsb FOLDER --abc FOLDER --maestro FOLDER [--split test]
"""

import argparse
import os
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tecla.corpora import irish_abc, jsb, maestro
from tecla.generation.engine import Engine
from tecla.generation.likelihood import Likelihood, event_bits, grid_notes, token_bits, total
from tecla.generation.ngram import Ngram
from tecla.generation.performances import to_rows
from tecla.generation.readings import Readings
from tecla.generation.tokenizers.continuous import END, EVENT, Continuous
from tecla.generation.tokenizers.craykh import CrayKH
from tecla.generation.tokenizers.grid_fit import SIXTEENTH_SEC, from_grid
from tecla.generation.tokenizers.jsb_grid import JsbGrid
from tecla.generation.tokenizers.protocol import round_trip_f1
from tecla.generation.tokenizers.remi import DURATIONS, POSITION_SEC, Remi
from tecla.generation.tunes import CODECS
from tecla.io.midi import load_midi

N_MAESTRO_NGRAM = 60  # training pieces: counts of more do not fit a laptop's memory as Python objects
Row = tuple[Likelihood, str, float]


def jsb_rows(folder: Path, split: str) -> Iterator[Row]:
    """Canonical split; 16ths of 96 quarters a minute, so that seconds mean something."""
    train, held_out = jsb.load_split(folder, "train"), jsb.load_split(folder, split)
    facts = [_grid_facts(grid) for grid in held_out]
    grid, craykh = JsbGrid(), CrayKH(SIXTEENTH_SEC)
    engine = Engine.load("chorales")

    for keys in (0, 1, 2, 3):
        readings = Readings(engine, range(-keys, keys + 1))

        def network(readings: Readings = readings, name: str = f"chorales, {2 * keys + 1} readings") -> Likelihood:
            pieces = zip(held_out, facts, strict=True)
            bits = [(token_bits(readings, grid.encode_grid(piece)), fact) for piece, fact in pieces]
            ends = float(np.mean([each[-1, 0] for each, _ in bits]))
            print(f"<!-- {name}: END costs {ends:.2f} bits a piece, in the figures -->")
            return total(_row(name, "jsb-grid", each, fact) for each, fact in bits)

        yield *_timed(network), f"{engine.card['parameters'] / 1e6:.1f} M"
    learned = [grid.encode_grid(piece)[:, :4].ravel()[:-3].tolist() for piece in train]
    judged = [grid.encode_grid(piece).ravel()[:-3].tolist() for piece in held_out]
    yield from _ngrams("jsb-grid", grid.vocabulary, learned, judged, facts, (5, 9))
    learned, judged = ([craykh.encode(from_grid(p)).ravel().tolist() for p in pieces] for pieces in (train, held_out))
    f1 = float(np.mean([round_trip_f1(craykh, from_grid(piece)) for piece in held_out]))
    yield from _ngrams(craykh.name, craykh.vocabulary, learned, judged, [{**fact, "round_trip_f1": f1} for fact in facts], (5, 9))


def abc_rows(folder: Path, split: str, model: str) -> Iterator[Row]:
    """Our split by title; a character is a character of the tune, its last newline included."""
    engine = Engine.load(model)
    codec = CODECS[engine.card["tokenizer"]]
    train, held_out = irish_abc.load_split(folder, "train"), irish_abc.load_split(folder, split)
    facts = [{"characters": len(tune)} for tune in held_out]

    def network() -> Likelihood:
        pieces = zip(held_out, facts, strict=True)
        return total(_row(engine.card["name"], codec.name, token_bits(engine, codec.encode(tune)), fact) for tune, fact in pieces)

    yield *_timed(network), f"{engine.card['parameters'] / 1e6:.1f} M"
    learned, judged = ([codec.encode(tune).ravel().tolist() for tune in tunes] for tunes in (train, held_out))
    yield from _ngrams(codec.name, codec.vocabulary, learned, judged, facts, (5, 12))


def maestro_rows(folder: Path, split: str, limit: int) -> Iterator[Row]:
    """Official split; notes are all the bits (pedals included) over the notes."""
    takes = maestro.load(folder).recordings
    held_out = [load_midi(take.midi) for take in takes if take.split == split][: limit or None]
    facts = [{"notes": len(piece), "seconds": piece.duration_sec} for piece in held_out]
    engine, codec = Engine.load("performance"), Continuous()

    def network() -> Likelihood:
        rows = []
        for piece, fact in zip(held_out, facts, strict=True):
            end = np.zeros(1, EVENT)
            end["what"] = END
            bits = event_bits(engine, to_rows(np.concatenate([codec.encode(piece), end])))
            rows.append(_row("performance", codec.name, bits, fact))
        return total(rows)

    yield *_timed(network), f"{engine.card['parameters'] / 1e6:.1f} M"
    learned = [load_midi(take.midi) for take in takes if take.split == "train"][:: max(1, 962 // N_MAESTRO_NGRAM)]
    remi = Remi()
    f1 = float(np.mean([round_trip_f1(remi, piece) for piece in held_out[:20]]))
    saved = [remi_resolution(remi.encode(piece)) for piece in held_out]
    coarse = [{**fact, "round_trip_f1": f1, "resolution_bits": bits} for bits, fact in zip(saved, facts, strict=True)]
    spelt = [[remi.encode(piece).ravel().tolist() for piece in pieces] for pieces in (learned, held_out)]
    yield from _ngrams(remi.name, remi.vocabulary, spelt[0], spelt[1], coarse, (4, 6))


def remi_resolution(ids: np.ndarray[Any, Any]) -> float:
    """Bits that REMI's coarse bins save, by field: onset and duration against 10 ms, velocity against single steps."""
    notes = int(((ids >= 34) & (ids < 122)).sum())
    lengths = ids[(ids >= 154) & (ids < 154 + len(DURATIONS))] - 154
    widths = np.gradient(DURATIONS.astype(float)) * POSITION_SEC
    return float(notes * (np.log2(POSITION_SEC / 0.01) + np.log2(4)) + np.log2(widths[lengths] / 0.01).sum())


def _grid_facts(grid: np.ndarray[Any, Any]) -> dict[str, Any]:
    return {"notes": grid_notes(grid), "seconds": len(grid) * SIXTEENTH_SEC, "sixteenths": len(grid), "cells": grid.size}


def _row(model: str, tokenizer: str, bits: np.ndarray[Any, Any], facts: dict[str, Any]) -> Likelihood:
    return Likelihood(model, tokenizer, float(np.sum(bits)), int(np.size(bits)), **facts)


def _ngrams(
    tokenizer: str,
    vocabulary: int,
    learned: list[list[int]],
    judged: list[list[int]],
    facts: Sequence[dict[str, Any]],
    orders: Sequence[int],
) -> Iterator[Row]:
    for order in orders:

        def counting(order: int = order) -> Likelihood:
            model = Ngram(order, vocabulary).fit(learned)
            pieces = zip(judged, facts, strict=True)
            return total(_row(f"{order}-gram", tokenizer, np.array(model.bits(piece)), fact) for piece, fact in pieces)

        yield *_timed(counting), "counts"


def _timed(judge: Callable[[], Likelihood]) -> tuple[Likelihood, float]:
    begin = time.perf_counter()
    return judge(), time.perf_counter() - begin


def show(rows: Iterator[Any], corpus: str) -> None:
    for likelihood, seconds, size in rows:
        units = ("note", "second", "sixteenth", "character")
        figures = [f"{likelihood.per(unit):.3f}" if getattr(likelihood, f"{unit}s") else "-" for unit in units]
        nats = f"{likelihood.bits * np.log(2) / likelihood.cells:.4f}" if likelihood.cells else "-"
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        cells = [corpus, likelihood.model, likelihood.tokenizer, size, *figures, nats, f"{likelihood.per('token'):.3f}"]
        print("| " + " | ".join([*cells, f"{likelihood.round_trip_f1:.3f}", f"{seconds:.0f} s", f"{memory:.0f} MB"]) + " |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("jsb", "abc", "maestro"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--split", default="test")
    parser.add_argument("--tunes", default="abc-lstm", help="the network over tunes: a shipped name, or a .json card")
    parser.add_argument("--limit", type=int, default=0, help="so many MAESTRO pieces; 0: all")
    given = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    units = "bits/note | bits/s | bits/16th | bits/char | nats/cell | (bits/token)"
    print(f"| corpus | model | tokenizer | size | {units} | round trip F1 | time | peak memory |")
    print("|" + "---|" * 13)
    if given.jsb:
        show(jsb_rows(given.jsb, given.split), f"JSB {given.split}")
    if given.abc:
        show(abc_rows(given.abc, given.split, given.tunes), f"Irish ABC {given.split}")
    if given.maestro:
        show(maestro_rows(given.maestro, given.split, given.limit), f"MAESTRO {given.split}")
