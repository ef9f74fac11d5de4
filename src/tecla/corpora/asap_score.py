"""An ASAP score as it was played: repeats unfolded in the order of the performance, two staves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from tecla.music import Performance
from tecla.music.repeats import NO_REPEAT
from tecla.music.score import Measure, Score, cut_loose_ties


def played_score(score: Score, performance: Performance, pairs: Iterable[tuple[str, int]]) -> Score:
    """Measures in the order in which the alignment (`corpora.asap.load_alignment`) says they were played.

    Measures of rest, which no note can place, stay where their neighbours are.
    """
    by_id = {note.id: note for note in score.notes() if note.id}
    times: dict[tuple[int, int], list[float]] = {}
    for name, index in pairs:
        stem, _, round_number = name.rpartition("-")
        if stem in by_id and index < len(performance):
            visit = (by_id[stem].measure, int(round_number))
            times.setdefault(visit, []).append(float(performance.notes["onset_sec"][index]))
    order = [visit[0] for visit in sorted(times, key=lambda visit: float(np.median(times[visit])))]
    sounding = set(order)
    sequence: list[int] = []
    for measure in order:
        silent: list[int] = []
        while sequence and measure - len(silent) - 1 > sequence[-1] and measure - len(silent) - 1 not in sounding:
            silent.append(measure - len(silent) - 1)
        sequence += [*reversed(silent), measure]
    return Score(cut_loose_ties(tuple(on_two_staves(score.measures[index]) for index in sequence)))


def on_two_staves(measure: Measure) -> Measure:
    """Staves 3 and 4, where a score has two parts, are the two staves of the piano again; repeats have been taken."""
    voices = {v: tuple(replace(e, staff=(e.staff - 1) % 2 + 1) for e in events) for v, events in measure.voices.items()}
    return replace(measure, voices=voices, repeat=NO_REPEAT)
