"""What each tokenizer keeps and how much music one of its tokens is: round trips of held-out music.

python benchmarks/round_trips.py --jsb jsb_chorales --maestro maestro-v3.0.0 --limit 20

Means over pieces. Notes by mir_eval's rules, both sides counted from their first onset: onset within 50 ms; the key-up too (20 % of the
duration or 50 ms). Velocity is the mean error of matched notes in steps of 127,
pedal the share of the time under either side's pedal that is under both.
Chorales are played at 120 quarters a minute, whose 16ths every grid holds but CrayKH's at 50 ms and, nearly, at 32 ms.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from seed_table import SIXTEENTH_SEC, SPELLINGS, spread, taught

from tecla.corpora import jsb, maestro
from tecla.evaluation.frames import active_frames
from tecla.evaluation.notes import evaluate, match_onsets
from tecla.generation.tokenizers.grid_fit import from_grid
from tecla.io.midi import load_midi
from tecla.music import Performance


def from_first_onset(piece: Performance) -> Performance:
    return piece.shifted(-float(piece.notes["onset_sec"].min()))


def pedal_agreement(reference: Performance, estimate: Performance) -> float:
    """Time under both pedals over time under either; 1 where neither is used."""
    pedals = [piece.pedal_intervals() for piece in (reference, estimate)]
    n_frames = int(max((pedal.max() for pedal in pedals if len(pedal)), default=0.0) / 0.01) + 2
    a, b = (active_frames(pedal, n_frames, 0.01) for pedal in pedals)
    return float((a & b).sum() / max(1, (a | b).sum())) if (a | b).any() else 1.0


def kept(tokenizer: Any, piece: Performance) -> list[float]:
    """Onset F1, onset and end F1, velocity error, pedal agreement, notes a token, tokens a second."""
    ids = tokenizer.encode(piece)
    reference, estimate = from_first_onset(piece), from_first_onset(tokenizer.decode(ids))
    found = evaluate(reference, estimate, offsets="key")
    pairs = match_onsets(reference, estimate)
    errors = np.abs(reference.notes["velocity"][pairs[:, 0]].astype(float) - estimate.notes["velocity"][pairs[:, 1]])
    figures = [found.onset.f1, found.onset_offset.f1, errors.mean(), pedal_agreement(reference, estimate)]
    return [*figures, len(piece) / ids.size, ids.size / reference.duration_sec]


def show(corpus: str, learned: list[Performance], pieces: list[Performance], names: list[str]) -> None:
    for name in names:
        tokenizer = taught(name, learned)
        figures = np.mean([kept(tokenizer, piece) for piece in pieces], axis=0)
        size = getattr(tokenizer, "vocabulary", None) or "numbers"
        onset, ends, velocity, pedal, notes, rate = figures
        print(
            f"| {corpus} | {name} | {size} | {onset:.3f} | {ends:.3f} | {velocity:.1f} | {pedal:.2f} | {notes:.3f} | {rate:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jsb", type=Path)
    parser.add_argument("--maestro", type=Path)
    parser.add_argument("--limit", type=int, default=20, help="about so many pieces of the validation split, evenly spread")
    given = parser.parse_args()
    print("| corpus | tokenizer | vocabulary | onsets, F1 | and key-ups, F1 | velocity error | pedal | notes a token | tokens a second |")
    print("|" + "---|" * 9)
    if given.jsb:
        learned, held_out = (
            [from_grid(grid, SIXTEENTH_SEC) for grid in spread(jsb.load_split(given.jsb, split), limit)]
            for split, limit in (("train", 60), ("validation", given.limit))
        )
        show("JSB", learned, held_out, SPELLINGS["JSB"])
    if given.maestro:
        takes = maestro.load(given.maestro).recordings
        learned, held_out = (
            [load_midi(take.midi) for take in spread([take for take in takes if take.split == split], limit)]
            for split, limit in (("train", 60), ("validation", given.limit))
        )
        show("MAESTRO", learned, held_out, SPELLINGS["MAESTRO"])
