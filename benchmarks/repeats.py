"""Repeats: of those that pianists took in ASAP, how many `tecla engrave --repeats` writes as such, and how many others.

python benchmarks/repeats.py ASAP

A performance of each piece whose score has repeat signs, and of the held-back ones; validation is left out. What is found and not
taken from a sign is not always wrong: many an editor writes out what comes twice.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from tecla.corpora.asap import DEVELOPMENT, SECOND_DEVELOPMENT, Recording, load_alignment, recordings
from tecla.engraving import engrave_with_grid
from tecla.engraving.repeats import find_repeats
from tecla.io.midi import load_midi
from tecla.io.musicxml import load_musicxml
from tecla.music.repeats import NO_REPEAT

_SAME_LENGTH = 0.06
_SAME_PLACE = 0.7


def taken(recording: Recording) -> list[tuple[float, float, float]]:
    """Where the player went back: when the passage began, when it began again, and when it was over, in seconds."""
    performance, score = load_midi(recording.midi), load_musicxml(recording.score)
    by_id = {note.id: note for note in score.notes() if note.id}
    visits: dict[tuple[int, int], list[float]] = {}
    for name, index in load_alignment(recording.alignment):
        stem, _, turn = name.rpartition("-")
        if stem in by_id and index < len(performance):
            visits.setdefault((by_id[stem].measure, int(turn)), []).append(float(performance.notes["onset_sec"][index]))
    order = sorted((float(np.percentile(times, 5)), measure) for (measure, _), times in visits.items())
    times, measures = (np.array(column) for column in zip(*order, strict=True))
    found = []
    for k in np.flatnonzero(np.diff(measures) < -2) + 1:
        before = np.flatnonzero(measures[:k] == measures[k])
        after = np.flatnonzero(measures[k:] > measures[k - 1])
        if len(before):
            end = times[k + after[0]] if len(after) else times[-1] + 1
            found.append((float(times[before[-1]]), float(times[k]), float(end)))
    return found


def written(recording: Recording) -> list[tuple[float, float, float]]:
    """The same of the page."""
    page = engrave_with_grid(load_midi(recording.midi))
    lines = np.append(page.downbeats_sec, page.downbeats_sec[-1] + 1)
    return [
        (float(lines[f.first]), float(lines[f.first + f.bars]), float(lines[min(f.stop, len(lines) - 1)]))
        for f in find_repeats(page.score.measures)
    ]


def alike(one: tuple[float, float, float], other: tuple[float, float, float]) -> bool:
    """Whether two passages are as long, and at the same place."""
    common = min(one[2], other[2]) - max(one[0], other[0])
    length = other[1] - other[0]
    whole = max(one[2], other[2]) - min(one[0], other[0])
    return abs(one[1] - one[0] - length) < _SAME_LENGTH * length and common > _SAME_PLACE * whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path)
    options = parser.parse_args()
    seen, right, others, missed = set(), 0, 0, 0
    for recording in recordings(options.root):
        piece = (recording.composer, recording.title)
        if piece in seen or recording.split == "validation" or not recording.score.is_file():
            continue
        seen.add(piece)
        signs = any(measure.repeat != NO_REPEAT for measure in load_musicxml(recording.score).measures)
        if signs or piece in {*DEVELOPMENT, *SECOND_DEVELOPMENT}:
            theirs, ours = taken(recording), written(recording)
            hits = sum(any(alike(one, other) for other in theirs) for one in ours)
            right, others, missed = right + hits, others + len(ours) - hits, missed + len(theirs) - hits
            print(*piece, f"{len(theirs)} taken, {len(ours)} written, {hits} both", flush=True)
    print(f"{right} of {right + missed} repeats that were taken are written, and {others} others")


if __name__ == "__main__":
    main()
