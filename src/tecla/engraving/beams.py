"""Beams by metre: eighths and shorter notes of one beat hang together, eighths alone in larger groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate
from typing import Final

from tecla.music.notation import TimeSignature
from tecla.music.score import Event

_SPANS: Final = {(4, 4): Fraction(2), (3, 4): Fraction(3), (2, 4): Fraction(2)}  # quarters that a beam of eighths alone may cover
_BEAMS: Final = {"eighth": 1, "16th": 2, "32nd": 3, "64th": 4, "128th": 5}


def beam(events: Sequence[Event], time: TimeSignature, start: Fraction = Fraction(0)) -> tuple[Event, ...]:
    """The events with `beams` said, MusicXML's words from the outermost beam in; `start` is the first event's place in the bar."""
    out = list(events)
    at = start
    groups: dict[int, list[int]] = {}
    runs: list[list[int]] = []
    for i, event in enumerate(events):
        if not event.grace:
            if _count(event):
                groups.setdefault(at // _group(time), []).append(i)
            else:
                runs += groups.values()
                groups = {}
            at += event.duration
    for run in _of_eighths([*runs, *groups.values()], events, time, start):
        for i, words in zip(run, beam_words([_count(events[i]) for i in run]), strict=True):
            out[i] = replace(out[i], beams=words)
    return tuple(out)


def _of_eighths(runs: Sequence[list[int]], events: Sequence[Event], time: TimeSignature, start: Fraction) -> list[list[int]]:
    """The runs, those of plain eighths alone that follow one another joined: in half a bar of 4/4, in a whole one of 2/4 or 3/4."""
    span = _SPANS.get((time.beats, time.unit))
    if span is None:
        return list(runs)
    places = list(accumulate((Fraction(0) if e.grace else e.duration for e in events), initial=start))
    out: list[list[int]] = []
    for run in sorted(runs):
        before = out[-1] if out else []
        alike = all(_is_eighth(events[i]) for i in (*before, *run))
        if before and alike and run[0] == before[-1] + 1 and places[before[0]] // span == places[run[0]] // span:
            before += run
        else:
            out.append(list(run))
    return out


def _is_eighth(event: Event) -> bool:
    return event.value is not None and (event.value.type, event.value.dots, event.value.tuplet) == ("eighth", 0, None)


def _group(time: TimeSignature) -> Fraction:
    """Length of the stretch that one beam may cover, in quarters."""
    return max(time.beat_quarters, Fraction(1)) if time.unit != 8 or time.compound or time.beats == 3 else Fraction(1)


def _count(event: Event) -> int:
    return _BEAMS.get(event.value.type, 0) if event.heads and event.value and not event.grace else 0


def beam_words(counts: Sequence[int]) -> list[tuple[str, ...]]:
    """For each note of a run the word of each of its beams; a run of one has none.

    >>> beam_words([1, 2, 2])
    [('begin',), ('continue', 'begin'), ('end', 'end')]
    """
    if len(counts) < 2:
        return [() for _ in counts]
    out = []
    for i, count in enumerate(counts):
        before = counts[i - 1] if i else 0
        after = counts[i + 1] if i + 1 < len(counts) else 0
        out.append(tuple(_word(before > level, after > level, first=i == 0) for level in range(count)))
    return out


def _word(before: bool, after: bool, first: bool) -> str:
    if before and after:
        return "continue"
    if before or after:
        return "end" if before else "begin"
    return "forward hook" if first else "backward hook"
