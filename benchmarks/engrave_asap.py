"""Engraves the validation pieces of ASAP and judges every page: the figures of docs/experiments.md.

python benchmarks/engrave_asap.py ASAP_FOLDER --split validation [--takes 1] [--json figures.json]
python benchmarks/engrave_asap.py ASAP_FOLDER --split held-back    the 22 pieces by which settings are chosen
python benchmarks/engrave_asap.py ASAP_FOLDER --tell time tempo    told what a user may state: the piece's usual metre and its tempo

"Both" are signs (trill, mordent, turn), dots and grace notes that the page and its reference have on the same note.
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

from tecla.corpora.asap import DEVELOPMENT, SECOND_DEVELOPMENT, Recording, load_alignment, load_annotations, recordings
from tecla.corpora.asap_score import played_score
from tecla.engraving import Wishes, engrave_with_grid
from tecla.engraving.counting import beat_quarters
from tecla.evaluation.alignment import match_notes
from tecla.evaluation.scores import evaluate_score
from tecla.io.midi import load_midi
from tecla.io.musicxml import load_musicxml
from tecla.music.score import Score, ScoreNote

SHOWN = ("muster", "pitch_rate", "missing_rate", "extra_rate", "onset_rate", "offset_rate", "staff_error", "voice_f", "spelling_accuracy",
         "beat_f", "downbeat_f", "time_signature_right", "key_signature_right", "time_accuracy", "key_accuracy", "seconds")  # fmt: skip


MARKS = {
    "signs": {"trill-mark", "wavy-line", "mordent", "inverted-mordent", "turn", "inverted-turn"},
    "dots": {"staccato", "staccatissimo"},
    "graces": {"grace"},
}


def count_marks(reference: Score, estimate: Score) -> Counter[str]:
    """How many notes of either page have each kind of mark, and how many have it in both."""
    wanted, found = reference.notes(), estimate.notes()
    pairs, counts = match_notes(wanted, found), Counter()
    for name, marks in MARKS.items():

        def marked(note: ScoreNote, marks: set[str] = marks) -> bool:
            return bool(marks & {*note.marks, "grace" if note.grace else ""})

        counts[f"{name}: theirs"] = sum(map(marked, wanted))
        counts[f"{name}: ours"] = sum(map(marked, found))
        counts[f"{name}: both"] = sum(marked(wanted[i]) and marked(found[j]) for i, j in pairs)
    return counts


def told(reference: Score, beats_sec: np.ndarray, what: list[str]) -> Wishes:
    """The metre of most bars, and quarters a minute by the middle one of the annotated beats."""
    usual = Counter(measure.time for measure in reference.measures).most_common(1)[0][0]
    tempo_bpm = 60.0 / float(np.median(np.diff(beats_sec))) * beat_quarters(usual)
    return Wishes(time=usual if "time" in what else None, tempo_bpm=float(np.clip(tempo_bpm, 10, 400)) if "tempo" in what else None)


def judge(recording: Recording, level: str, tell: list[str]) -> tuple[dict[str, float], Counter[str]]:
    """Figures of one performance, and its marks."""
    performance = load_midi(recording.midi)
    reference = played_score(load_musicxml(recording.score), performance, load_alignment(recording.alignment))
    annotations = load_annotations(recording.annotations)
    wishes = dataclasses.replace(told(reference, annotations.beats_sec, tell), level=level)
    begin = time.perf_counter()
    page = engrave_with_grid(performance, wishes)
    seconds = time.perf_counter() - begin
    metrics = evaluate_score(reference, page.score)
    beat_f = mir_eval.beat.f_measure(annotations.beats_sec, np.sort(page.beats_sec))
    downbeat_f = mir_eval.beat.f_measure(annotations.downbeats_sec, np.sort(page.downbeats_sec))
    figures = {name: float(value) for name, value in dataclasses.asdict(metrics).items()}
    figures |= {"muster": metrics.muster, "beat_f": beat_f, "downbeat_f": downbeat_f, "seconds": seconds}
    return figures, count_marks(reference, page.score)


def main() -> None:
    """Judges the first `--takes` performances of each piece and prints means with 95 % intervals, bootstrapped over pieces."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("--split", default="validation")
    parser.add_argument("--level", default="faithful")
    parser.add_argument("--takes", type=int, default=1)
    parser.add_argument("--tell", nargs="*", default=[], choices=["time", "tempo"])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    seen: Counter[tuple[str, str]] = Counter()
    rows: list[tuple[str, dict[str, float]]] = []
    marks: Counter[str] = Counter()
    held_back = {*DEVELOPMENT, *SECOND_DEVELOPMENT} if options.split == "held-back" else None
    print("piece " + " ".join(SHOWN))
    for recording in recordings(options.root, None if held_back else options.split):
        piece = (recording.composer, recording.title)
        if seen[piece] < options.takes and (held_back is None or piece in held_back):
            seen[piece] += 1
            figures, own = judge(recording, options.level, options.tell)
            marks += own
            rows.append((f"{piece[0]} {piece[1]} {recording.midi.stem}", figures))
            print(rows[-1][0], " ".join(f"{rows[-1][1][name]:.2f}" for name in SHOWN), flush=True)
    table = np.array([[figures[name] for name in SHOWN] for _, figures in rows])
    rng = np.random.default_rng(0)
    resampled = table[rng.integers(0, len(table), (2000, len(table)))].mean(axis=1)
    for k, name in enumerate(SHOWN):
        low, high = np.percentile(resampled[:, k], [2.5, 97.5])
        print(f"{name}: {table[:, k].mean():.3f} [{low:.3f}, {high:.3f}]")
    print("; ".join(f"{name} {count}" for name, count in marks.items()))
    if options.json:
        options.json.write_text(json.dumps(dict(rows), indent=1))


if __name__ == "__main__":
    main()
