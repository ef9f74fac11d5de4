"""What is played twice in a row, written once between repeat signs, with a first and a second ending where the two differ at last.

Two bars are alike as far as the same keys are struck at the same places of them. A passage is repeated where all its bars are alike but
for slips, the last ones aside; of passages that overlap the longest is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.music.repeats import Repeat
from tecla.music.score import Direction, Measure, cut_loose_ties

_SHORTEST: Final = 4  # bars that are worth a sign
_LONGEST: Final = 128
_ENDINGS: Final = 2  # bars of an ending, at most
_SHORTEST_WITH_ENDINGS: Final = 8
_ALIKE: Final = 0.5  # share of common notes from which two bars are the same, slips aside
_SURELY: Final = 0.75  # the first and the last ones; what differs more at the end is an ending
_ALL_ALIKE: Final = 0.8  # and which two passages must have
_PLACES: Final = 4  # to a quarter: finer differences are none
_MOST_PLACES: Final = 24
_KEYS: Final = 128
_MOST_BARS: Final = 20_000  # of which repeats are sought: 60 MB
_SPANS: Final = {"wedge": ("crescendo", "diminuendo"), "pedal": ("start",), "octave-shift": ("up", "down")}  # what each ends at "stop"


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage of `bars` bars from `first` on that comes again at once; so many of its last bars differ."""

    first: int
    bars: int
    ending: int

    @property
    def stop(self) -> int:
        """The bar after its second time."""
        return self.first + 2 * self.bars


def fold_repeats(measures: Sequence[Measure]) -> tuple[Measure, ...]:
    """The measures with what comes twice in a row written once; they are numbered anew. None may have repeats yet."""
    found = find_repeats(measures)
    if not found:
        return tuple(measures)
    kept: list[Measure] = []
    at = 0
    for passage in found:
        again, ends = passage.first + passage.bars, passage.first + passage.bars - passage.ending
        kept += measures[at : passage.first]
        once = list(measures[passage.first : again])
        if passage.first:
            once[0] = replace(once[0], repeat=Repeat(begins=True))
        for k in range(passage.bars - passage.ending, passage.bars):
            once[k] = replace(once[k], repeat=replace(once[k].repeat, turns=(1,)))
        once[-1] = replace(once[-1], repeat=replace(once[-1].repeat, ends=True))
        second = [replace(measure, repeat=Repeat(turns=(2,))) for measure in measures[ends + passage.bars : passage.stop]]
        kept += once + second
        at = passage.stop
    kept += measures[at:]
    pickup = int(measures[0].number == "0")
    numbered = tuple(replace(measure, number=str(index + 1 - pickup)) for index, measure in enumerate(kept))
    return cut_loose_ties(_whole_spans(numbered))


def find_repeats(measures: Sequence[Measure]) -> list[Passage]:
    """Repeated passages in order, none overlapping."""
    if len(measures) > _MOST_BARS:
        return []
    struck = _struck(measures)
    size = struck.sum(axis=1)
    found = []
    for bars in range(_SHORTEST, min(_LONGEST, len(measures) // 2) + 1):
        common, both = 2 * (struck[:-bars] & struck[bars:]).sum(axis=1), size[:-bars] + size[bars:]
        alike = np.where(both > 0, common / np.maximum(both, 1), 1.0)
        alike *= [(a.time, a.length) == (b.time, b.length) for a, b in zip(measures, measures[bars:], strict=False)]
        found += [(common[part].sum() / max(both[part].sum(), 1), passage) for part, passage in _of_period(bars, alike)]
    taken: list[Passage] = []
    for merit, passage in sorted(found, key=lambda item: (-item[1].bars, -item[0], item[1].first)):
        if merit >= _ALL_ALIKE and all(passage.stop <= other.first or other.stop <= passage.first for other in taken):
            taken.append(passage)
    return sorted(taken, key=lambda passage: passage.first)


def _of_period(bars: int, alike: NDArray[np.float64]) -> Iterator[tuple[slice, Passage]]:
    """Passages of so many bars that come again at once, each with the bars that it has in common; `alike` (M - bars,) says how much."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], alike >= _ALIKE, [False]]).astype(np.int8)))
    for begin, end in edges.reshape(-1, 2).tolist():
        sure = np.flatnonzero(alike[begin : min(end, begin + bars)] >= _SURELY)
        if not len(sure):
            continue
        first, last = begin + int(sure[0]), begin + int(sure[-1])
        if end - first > bars:
            last = first + int(np.flatnonzero(alike[first : first + bars] >= _SURELY)[-1])
        ending = first + bars - 1 - last
        if ending <= (_ENDINGS if bars >= _SHORTEST_WITH_ENDINGS else 0) and first + bars <= len(alike):
            yield slice(first, last + 1), Passage(first, bars, ending)


def _struck(measures: Sequence[Measure]) -> NDArray[np.bool_]:
    """Which keys are struck where in each bar, (M, places * keys)."""
    struck = np.zeros((len(measures), _MOST_PLACES * _KEYS), bool)
    for index, measure in enumerate(measures):
        for events in measure.voices.values():
            at = Fraction(0)
            for event in events:
                place = min(int(at * _PLACES), _MOST_PLACES - 1)
                for head in () if event.grace else event.heads:
                    if not head.tied_from:
                        struck[index, place * _KEYS + head.pitch.midi] = True
                at += event.duration
    return struck


def _whole_spans(measures: tuple[Measure, ...]) -> tuple[Measure, ...]:
    """Without hairpins and lines that have lost their beginning or their end."""
    lost: set[int] = set()
    begun: dict[tuple[str, int], Direction] = {}
    for measure in measures:
        for told in sorted((d for d in measure.directions if d.kind in _SPANS), key=lambda d: (d.position, d.value != "stop")):
            span = (told.kind, told.staff)
            if told.value in _SPANS[told.kind]:
                lost |= {id(begun[span])} if span in begun else set()
                begun[span] = told
            elif begun.pop(span, None) is None:
                lost.add(id(told))
    lost |= {id(told) for told in begun.values()}
    return tuple(replace(m, directions=tuple(d for d in m.directions if id(d) not in lost)) for m in measures)
