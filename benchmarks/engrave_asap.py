"""Engraves the validation pieces of ASAP and judges every page: the figures of docs/experiments.md.

python benchmarks/engrave_asap.py ASAP_FOLDER --split validation [--takes 1] [--json figures.json]
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from collections import Counter
from pathlib import Path

import mir_eval
import numpy as np

from tecla.corpora.asap import Recording, load_alignment, load_annotations, recordings
from tecla.corpora.asap_score import played_score
from tecla.engraving import Wishes, engrave_with_grid
from tecla.evaluation.scores import evaluate_score
from tecla.io.midi import load_midi
from tecla.io.musicxml import load_musicxml

SHOWN = ("muster", "pitch_rate", "missing_rate", "extra_rate", "onset_rate", "offset_rate", "staff_error", "voice_f", "spelling_accuracy",
         "beat_f", "downbeat_f", "time_signature_right", "key_signature_right", "time_accuracy", "key_accuracy", "seconds")  # fmt: skip


def judge(recording: Recording) -> dict[str, float]:
    """Figures of one performance."""
    performance = load_midi(recording.midi)
    reference = played_score(load_musicxml(recording.score), performance, load_alignment(recording.alignment))
    annotations = load_annotations(recording.annotations)
    begin = time.perf_counter()
    page = engrave_with_grid(performance, Wishes())
    seconds = time.perf_counter() - begin
    metrics = evaluate_score(reference, page.score)
    beat_f = mir_eval.beat.f_measure(annotations.beats_sec, np.sort(page.beats_sec))
    downbeat_f = mir_eval.beat.f_measure(annotations.downbeats_sec, np.sort(page.downbeats_sec))
    figures = {name: float(value) for name, value in dataclasses.asdict(metrics).items()}
    return {**figures, "muster": metrics.muster, "beat_f": beat_f, "downbeat_f": downbeat_f, "seconds": seconds}


def main() -> None:
    """Judges the first `--takes` performances of each piece and prints means with 95 % intervals, bootstrapped over pieces."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("--split", default="validation")
    parser.add_argument("--takes", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    seen: Counter[tuple[str, str]] = Counter()
    rows: list[tuple[str, dict[str, float]]] = []
    print("piece " + " ".join(SHOWN))
    for recording in recordings(options.root, options.split):
        piece = (recording.composer, recording.title)
        if seen[piece] < options.takes:
            seen[piece] += 1
            rows.append((f"{piece[0]} {piece[1]} {recording.midi.stem}", judge(recording)))
            print(rows[-1][0], " ".join(f"{rows[-1][1][name]:.2f}" for name in SHOWN), flush=True)
    table = np.array([[figures[name] for name in SHOWN] for _, figures in rows])
    rng = np.random.default_rng(0)
    resampled = table[rng.integers(0, len(table), (2000, len(table)))].mean(axis=1)
    for k, name in enumerate(SHOWN):
        low, high = np.percentile(resampled[:, k], [2.5, 97.5])
        print(f"{name}: {table[:, k].mean():.3f} [{low:.3f}, {high:.3f}]")
    if options.json:
        options.json.write_text(json.dumps(dict(rows), indent=1))


if __name__ == "__main__":
    main()
