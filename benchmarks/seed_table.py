"""Every tokenizer with every network, each given the same processor time, judged per note: the seed's table, made to compare.

python benchmarks/seed_table.py --jsb jsb_chorales --seconds 120
python benchmarks/seed_table.py --maestro maestro-v3.0.0 --seconds 600 --pieces 120 --limit 12
python benchmarks/seed_table.py --abc irish_abc --seconds 120

Every cell is a process of its own; training is by CPU seconds and a seed, judging on --split. Bits are over real tokens and END; a window
of 512 tokens slides by half. Beside the networks an n-gram counts the same pieces; events in seconds have a network of their own, the
continuous decoder, and nothing that could be counted. CrayKH keeps no velocity and no pedal, so that on MAESTRO its bits are those of less
music: its rows say so by their round trip. Needs the extra train; MidiTok's rows need the extra research.
"""

import argparse
import resource
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from likelihoods import remi_resolution
from numpy.typing import NDArray
from torch import Tensor, nn

from tecla.corpora import irish_abc, jsb, maestro
from tecla.generation.likelihood import BIN_SEC, Likelihood, grid_notes, total
from tecla.generation.models.continuous_decoder import ContinuousDecoder, ContinuousDecoderConfig, event_nats
from tecla.generation.models.gpt import Gpt, GptConfig
from tecla.generation.models.lstm import Lstm, LstmConfig
from tecla.generation.models.music_transformer import MusicTransformer, MusicTransformerConfig
from tecla.generation.ngram import Ngram
from tecla.generation.performances import to_rows
from tecla.generation.tokenizers.abc_characters import AbcCharacters
from tecla.generation.tokenizers.abc_tokens import AbcTokens
from tecla.generation.tokenizers.continuous import Continuous
from tecla.generation.tokenizers.craykh import CrayKH
from tecla.generation.tokenizers.grid_fit import from_grid
from tecla.generation.tokenizers.jsb_grid import JsbGrid
from tecla.generation.tokenizers.miditok_remi import MidiTokRemi
from tecla.generation.tokenizers.protocol import round_trip_f1
from tecla.generation.tokenizers.remi import Remi
from tecla.io.midi import load_midi, save_midi
from tecla.music import Performance
from tecla.training.compose import BEGINNING, event_loss, event_window, padded_events
from tecla.training.composer import Piece, Schedule, draw, negative_log_likelihood, padded, previous_of, train
from tecla.training.stored import load_stored

Music = tuple[
    list[Any], list[Any], list[dict[str, Any]]
]  # to learn from and to judge by, performances or tunes; what each of the latter holds

CONTEXT = 512
SIXTEENTH_SEC = 0.125  # two of REMI's positions, four steps of 32 ms (nearly), so that no grid cuts a chorale's
ORDER = 5  # of the n-gram
EVENTS = "continuous"  # not ids: events with times in seconds
KEYS = range(-3, 4)  # a training chorale is read in seven keys
PAIRS = 512
STEPS_SEC = {"craykh-50ms": 0.05, "craykh-32ms": 0.032}
# Small, so that minutes of one core teach them something.
MODELS: dict[str, Callable[[int], nn.Module]] = {
    "lstm": lambda v: Lstm(LstmConfig(v, width=192, layers=2, dropout=0.1)),
    "lstm-3x512": lambda v: Lstm(LstmConfig(v, width=512, layers=3, dropout=0.1)),  # the seed's, for tunes
    "lstm-look-back": lambda v: Lstm(LstmConfig(v, width=192, layers=2, look_back=True, dropout=0.1)),
    "gpt": lambda v: Gpt(GptConfig(v, width=128, heads=4, layers=4, context=CONTEXT)),
    "music-transformer": lambda v: MusicTransformer(MusicTransformerConfig(v, width=128, heads=4, layers=4, reach=256)),
    "continuous-decoder": lambda _: ContinuousDecoder(ContinuousDecoderConfig(width=128, layers=4)),
}
NGRAM = "n-gram"
TOKENIZERS: dict[str, Callable[[], Any]] = {
    "jsb-grid": lambda: JsbGrid(SIXTEENTH_SEC),
    "craykh-125ms": lambda: CrayKH(SIXTEENTH_SEC),
    "craykh-50ms": lambda: CrayKH(STEPS_SEC["craykh-50ms"]),
    "craykh-32ms": lambda: CrayKH(STEPS_SEC["craykh-32ms"]),
    "remi": Remi,
    "miditok-remi": MidiTokRemi,
    "miditok-remi-bpe": MidiTokRemi,
    EVENTS: Continuous,
    "abc-characters": AbcCharacters,
    "abc-tokens": AbcTokens,
}
SPELLINGS = {
    "JSB": [name for name in TOKENIZERS if not name.startswith("abc-")],
    "MAESTRO": ["craykh-50ms", "craykh-32ms", "remi", "miditok-remi", "miditok-remi-bpe", EVENTS],
    "ABC": ["abc-characters", "abc-tokens"],
}
TUNES_ONLY = ("lstm-3x512", "lstm-look-back")


def moved(piece: Performance, semitones: int) -> Performance:
    notes = piece.notes.copy()
    notes["pitch"] += semitones
    return Performance(notes, piece.controls)


def flat(tokenizer: Any, piece: Any) -> NDArray[Any]:
    """Ids of a piece one after the other, one END, (L, 1); or its events between two ENDs, (L + 2, 4)."""
    if isinstance(tokenizer, Continuous):
        return np.concatenate([BEGINNING, to_rows(tokenizer.encode(piece)), BEGINNING])
    ids = tokenizer.encode(piece).ravel()
    return ids[: int(np.flatnonzero(ids == 0)[0]) + 1, None]


def spread(things: list[Any], limit: int) -> list[Any]:
    return things[:: max(1, len(things) // limit)] if limit else things


def jsb_music(folder: Path, split: str, limit: int) -> Music:
    learned = [from_grid(grid, SIXTEENTH_SEC) for grid in jsb.load_split(folder, "train")]
    held_out = spread(jsb.load_split(folder, split), limit)
    facts = [{"notes": grid_notes(g), "seconds": len(g) * SIXTEENTH_SEC, "sixteenths": len(g), "cells": g.size} for g in held_out]
    return [moved(piece, by) for piece in learned for by in KEYS], [from_grid(grid, SIXTEENTH_SEC) for grid in held_out], facts


def maestro_music(folder: Path, split: str, limit: int, pieces: int) -> Music:
    takes = maestro.load(folder).recordings
    learned = [take for take in takes if take.split == "train"]
    held_out = [load_midi(take.midi) for take in spread([take for take in takes if take.split == split], limit)]
    facts = [{"notes": len(piece), "seconds": piece.duration_sec} for piece in held_out]
    return [load_midi(take.midi) for take in spread(learned, pieces)], held_out, facts


def abc_music(folder: Path, split: str, limit: int) -> Music:
    held_out = spread(irish_abc.load_split(folder, split), limit)
    return irish_abc.load_split(folder, "train"), held_out, [{"characters": len(tune)} for tune in held_out]


def taught(name: str, learned: list[Any]) -> Any:
    tokenizer = TOKENIZERS[name]()
    if name == "miditok-remi-bpe":
        with TemporaryDirectory() as folder:
            files = [Path(folder) / f"{number}.mid" for number in range(min(200, len(learned)))]
            for piece, path in zip(learned, files, strict=False):
                save_midi(piece, path)
            tokenizer.learn_pairs(files, PAIRS)
    return tokenizer


def resolution_bits(corpus: str, name: str, ids: NDArray[Any], piece: Any) -> float:
    """What coarse bins save on playing that has no grid, against 10 ms and single steps of velocity."""
    if corpus in ("JSB", "ABC") or name == EVENTS:
        return 0.0
    if name in STEPS_SEC:  # each note's onset and end
        return float(2 * len(piece) * np.log2(STEPS_SEC[name] / BIN_SEC))
    if name == "remi":
        return remi_resolution(ids)
    # MidiTok's: onsets and ends on eighths of a quarter (half a second), ends after two seconds on halves of it, 32 velocities.
    long = int((piece.notes["offset_sec"] - piece.notes["onset_sec"] > 2.0).sum())
    return float(len(piece) * (2 * np.log2(0.0625 / BIN_SEC) + np.log2(127 / 32)) + 2 * long)


@dataclass(frozen=True)
class Material:
    """One corpus spelt by one tokenizer: what the cells of its networks share."""

    corpus: str
    tokenizer: str
    vocabulary: int
    pieces: list[NDArray[Any]]
    judged: list[NDArray[Any]]
    facts: list[dict[str, Any]]
    resolution_bits: list[float]
    round_trip_f1: float


def spelt(corpus: str, name: str, music: Music) -> Material:
    learned, held_out, facts = music
    tokenizer = taught(name, learned)
    f1 = 1.0 if corpus == "ABC" else float(np.mean([round_trip_f1(tokenizer, piece) for piece in held_out[:20]]))
    pieces, judged = [flat(tokenizer, piece) for piece in learned], [flat(tokenizer, piece) for piece in held_out]
    extra = [resolution_bits(corpus, name, ids, piece) for ids, piece in zip(judged, held_out, strict=True)]
    return Material(corpus, name, getattr(tokenizer, "vocabulary", 0), pieces, judged, facts, extra, f1)


@dataclass(frozen=True)
class Task:
    """How a network learns from a spelling, and what a piece costs it."""

    batches: Callable[[np.random.Generator], Any]
    loss: Callable[[nn.Module, Any], tuple[Tensor, Tensor]]
    bits: Callable[[nn.Module, NDArray[Any]], float]


def task(material: Material, schedule: Schedule) -> Task:
    if material.tokenizer != EVENTS:
        return Task(lambda rng: padded(draw(material.pieces, schedule, None, rng)), negative_log_likelihood, token_bits)
    lengths = np.array([len(piece) for piece in material.pieces], float)

    def batches(rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        chosen = rng.choice(len(lengths), schedule.batch, p=lengths / lengths.sum())
        return padded_events([event_window(material.pieces[i], schedule.length, rng) for i in chosen])

    return Task(batches, event_loss, event_bits)


def steps_within(model: nn.Module, doing: Task, schedule: Schedule, cpu_sec: float) -> int:
    """How many steps fit, from the fastest of three."""
    rng, times = np.random.default_rng(0), []
    for _ in range(3):
        begin = time.process_time()
        with torch.autocast("cpu", torch.bfloat16, enabled=schedule.half):
            nats, counted = doing.loss(model, doing.batches(rng))
        (nats.sum() / counted.sum()).backward()
        times.append(time.process_time() - begin)
    model.zero_grad(set_to_none=True)
    return max(10, round(cpu_sec / (1.15 * min(times))))  # the optimiser's share


def windows(length: int) -> Iterator[tuple[int, int, int]]:
    """Begin, first judged, end: every one of `length` is judged once, with half a context behind it where there is so much."""
    at = 0
    while at < length:
        begin = max(0, at - CONTEXT // 2) if at else 0
        last = min(length, begin + CONTEXT)
        yield begin, at, last
        at = last


@torch.no_grad()
def token_bits(model: nn.Module, piece: Piece) -> float:
    """Bits of a whole piece, (L, 1) ids."""
    model.eval()
    before, nats = previous_of(piece), 0.0
    for begin, at, last in windows(len(piece)):
        previous, target = (torch.from_numpy(rows[begin:last])[None] for rows in (before, piece))
        logits = model(previous, target, torch.tensor([begin])).float()
        nats += nn.functional.cross_entropy(logits[0, at - begin :, 0], target[0, at - begin :, 0], reduction="sum").item()
    model.train()
    return nats / float(np.log(2))


@torch.no_grad()
def event_bits(model: nn.Module, rows: NDArray[np.float32]) -> float:
    """Bits of a whole piece, (L + 1, 4) events, times in bins of 10 ms."""
    model.eval()
    events, nats = torch.from_numpy(rows)[None], 0.0
    for begin, at, last in windows(len(rows) - 1):
        fields = event_nats(model, events[:, begin:last], events[:, begin + 1 : last + 1], BIN_SEC)  # type: ignore[arg-type]
        nats += torch.stack(fields).sum(0)[0, at - begin :].sum().item()
    model.train()
    return nats / float(np.log(2))


def cell(material: Material, kind: str, cpu_sec: float) -> str:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    begin = time.process_time()
    if kind == NGRAM:
        counts = Ngram(ORDER, material.vocabulary).fit([piece.ravel().tolist() for piece in material.pieces])
        cost, size = "counted", "counts"
        took = time.process_time() - begin
        bits = [float(np.sum(counts.bits(ids.ravel().tolist()))) for ids in material.judged]
    else:
        model = MODELS[kind](material.vocabulary)
        schedule = Schedule(batch=4, length=256, rate=3e-3, warmup=20, average=0.99, judge_every=10**9, muon=not kind.startswith("lstm"))
        doing = task(material, schedule)
        schedule = replace(schedule, steps=steps_within(model, doing, schedule, cpu_sec))
        begin = time.process_time()
        with TemporaryDirectory() as folder:
            train(model, material.pieces, [], schedule, Path(folder), loss=doing.loss, assess=lambda *_: 0.0, batches=doing.batches)
            model.load_state_dict(load_stored(Path(folder) / "best.safetensors")["weights"])
        took = time.process_time() - begin
        cost, size = f"{schedule.steps} steps", f"{sum(p.numel() for p in model.parameters()) / 1e6:.1f} M"
        bits = [doing.bits(model, ids) for ids in material.judged]
    rows = [
        Likelihood(
            f"{ORDER}-gram" if kind == NGRAM else kind,
            material.tokenizer,
            bit,
            len(ids) - (material.tokenizer == EVENTS),
            **fact,
            resolution_bits=extra,
            round_trip_f1=material.round_trip_f1,
        )
        for bit, ids, fact, extra in zip(bits, material.judged, material.facts, material.resolution_bits, strict=True)
    ]
    return line(material.corpus, total(rows), size, f"{took:.0f} s, {cost}")


def line(corpus: str, found: Likelihood, size: str, training: str) -> str:
    units = [f"{found.per(unit):.3f}" if getattr(found, f"{unit}s") else "-" for unit in ("note", "second", "sixteenth", "character")]
    nats = f"{found.bits * np.log(2) / found.cells:.3f}" if found.cells else "-"
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures = [*units, nats, f"{found.per('token'):.3f}", f"{found.round_trip_f1:.3f}"]
    return "| " + " | ".join([corpus, found.model, found.tokenizer, *figures, size, training, f"{memory:.0f} MB"]) + " |"


def materials(given: argparse.Namespace) -> Iterator[Material]:
    readers: dict[str, tuple[Path | None, Callable[[Path], Music]]] = {
        "JSB": (given.jsb, lambda folder: jsb_music(folder, given.split, given.limit)),
        "MAESTRO": (given.maestro, lambda folder: maestro_music(folder, given.split, given.limit, given.pieces)),
        "ABC": (given.abc, lambda folder: abc_music(folder, given.split, given.limit)),
    }
    for corpus, (folder, read) in readers.items():
        music = read(folder) if folder else ([], [], [])
        for name in SPELLINGS[corpus] if folder else []:
            if not given.tokenizers or name in given.tokenizers:
                yield spelt(corpus, name, music)


def kinds(given: argparse.Namespace, material: Material) -> list[str]:
    """What can learn a spelling, of what was asked for."""
    tokens = [kind for kind in MODELS if kind != "continuous-decoder" and (material.corpus == "ABC" or kind not in TUNES_ONLY)]
    fitting = ["continuous-decoder"] if material.tokenizer == EVENTS else [NGRAM, *tokens]
    return [kind for kind in fitting if not given.models or kind in given.models]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jsb", type=Path)
    parser.add_argument("--maestro", type=Path)
    parser.add_argument("--abc", type=Path)
    parser.add_argument("--split", default="validation")
    parser.add_argument("--seconds", type=float, default=120.0, help="CPU seconds of training for each cell")
    parser.add_argument("--pieces", type=int, default=120, help="MAESTRO performances to learn from")
    parser.add_argument("--limit", type=int, default=0, help="about so many held-out pieces, evenly spread; 0: all")
    parser.add_argument("--tokenizers", nargs="*", choices=TOKENIZERS)
    parser.add_argument("--models", nargs="*", choices=[NGRAM, *MODELS])
    options = parser.parse_args()
    columns = (
        "corpus, model, tokenizer, bits/note, bits/s, bits/16th, bits/char, nats/cell, (bits/token), round trip F1, size, training, memory"
    )
    print("| " + columns.replace(", ", " | ") + " |")
    print("|" + "---|" * 13)
    for material in materials(options):
        for kind in kinds(options, material):
            with ProcessPoolExecutor(1) as pool:
                print(pool.submit(cell, material, kind, options.seconds).result(), flush=True)
