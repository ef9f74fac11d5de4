"""Placed notes -> measures that add up: chords, rests, ties over bar lines and beats, tuplets, beams."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate
from typing import Final

from tecla.engraving.beams import beam, beam_words
from tecla.engraving.counting import TICKS, Bar
from tecla.engraving.placed import Placed
from tecla.engraving.rhythm import Piece, cut_cells, snap, write
from tecla.engraving.voices import FIRST_VOICE
from tecla.music.notation import NoteValue, SpelledPitch
from tecla.music.score import Direction, Event, Head, Measure, cut_loose_ties

_GRACE: Final = NoteValue("eighth")
_GRACES: Final = NoteValue("16th")
_THREE, _SIX = (3, 2), (6, 4)
_MOST_IN_THREE: Final = 4  # signs under a 3; more are a sextuplet


@dataclass(frozen=True, slots=True)
class _Sound:
    """A chord inside one bar: positions from the bar line; its notes, and whether it is tied over either bar line."""

    start: int
    stop: int
    notes: tuple[Placed, ...]
    from_before: bool = False
    goes_on: bool = False


def build_measures(
    notes: Sequence[Placed],
    bars: Sequence[Bar],
    keys: Sequence[int],
    directions: Mapping[int, Sequence[Direction]] | None = None,
    pickup: int = 0,
) -> tuple[Measure, ...]:
    """Measures of both staves; `pickup` ticks are what the first bar lacks at its beginning.

    Notes of a voice must not overlap except in chords; what does is cut short.
    """
    lines = [_line([n for n in notes if n.voice == voice], bars) for voice in sorted({n.voice for n in notes})]
    measures = []
    for index, bar in enumerate(bars):
        skipped = pickup if index == 0 else 0
        voices: dict[int, tuple[Event, ...]] = {}
        for line in lines:
            sounds, graces, voice, staff = line[index]
            if sounds or graces or voice == FIRST_VOICE[staff]:
                voices[voice] = _events(sounds, graces, bar, voice, staff, skipped)
        for staff, voice in FIRST_VOICE.items():
            voices.setdefault(voice, _events([], [], bar, voice, staff, skipped))
        length = Fraction(bar.length - skipped, TICKS)
        told = tuple(
            replace(d, position=max(Fraction(0), d.position - Fraction(skipped, TICKS))) for d in (directions or {}).get(index, ())
        )
        measures.append(Measure(bar.time, keys[index], _stems(dict(sorted(voices.items()))), length, told, (), str(index + (not pickup))))
    return cut_loose_ties(tuple(measures))


_Line = list[tuple[list[_Sound], list[tuple[int, Placed]], int, int]]


def _line(notes: Sequence[Placed], bars: Sequence[Bar]) -> _Line:
    """One voice, bar by bar: sounds on the grid of their cells, grace notes with the place they stand before."""
    voice, staff = notes[0].voice, notes[0].staff
    starts = [bar.start for bar in bars]
    own: list[list[Placed]] = [[] for _ in bars]
    out: _Line = []
    spill: dict[int, list[tuple[int, tuple[Placed, ...]]]] = {}  # bar -> chords that sound into it, and until which tick
    for n in notes:
        own[max(0, bisect_right(starts, n.onset) - 1)].append(n)
    for index, bar in enumerate(bars):
        sounds = _snapped([n for n in own[index] if not n.grace], spill.pop(index, []), bar)
        for sound in [s for s in sounds if s.goes_on]:
            if index + 1 < len(bars):
                spill.setdefault(index + 1, []).append((max(n.end for n in sound.notes), sound.notes))
        if index + 1 == len(bars):
            sounds = [replace(s, goes_on=False) for s in sounds]
        graces = [(n.onset - bar.start, n) for n in own[index] if n.grace]
        out.append((sounds, graces, voice, staff))
    return out


def _snapped(notes: Sequence[Placed], spilled: Sequence[tuple[int, tuple[Placed, ...]]], bar: Bar) -> list[_Sound]:
    """Chords of a bar with what sounds into it, moved to one grid a cell, none overlapping."""
    chords: dict[int, list[Placed]] = {}
    for n in sorted(notes, key=lambda n: n.onset):
        chords.setdefault(n.onset - bar.start, []).append(n)
    drafts = [(0, min(end - bar.start, bar.length), held, True, end - bar.start > bar.length) for end, held in spilled]
    for at, chord in chords.items():
        end = max(n.end for n in chord) - bar.start
        drafts.append((at, min(end, bar.length), tuple(chord), False, end > bar.length))
    cells = cut_cells(sorted({p for d in drafts for p in d[:2]}), bar.length, bar.time)
    moved: dict[int, tuple[int, tuple[Placed, ...], bool, bool]] = {}
    for start, stop, held, before, on in drafts:
        at, end = min(snap(start, cells), bar.length - 1), snap(stop, cells)
        at = at if at < bar.length - 1 else bar.length - (bar.length - cells[-1].start) // 2
        if at in moved and not before and not moved[at][2]:
            end, held, on = max(end, moved[at][0]), _without_doubles(moved[at][1] + held), on or moved[at][3]
        if at < bar.length:
            moved[at] = (end, held, before and at not in moved, on)
    return _apart(moved, bar.length)


def _without_doubles(notes: tuple[Placed, ...]) -> tuple[Placed, ...]:
    return tuple({n.pitch: n for n in reversed(notes)}.values())


def _apart(moved: Mapping[int, tuple[int, tuple[Placed, ...], bool, bool]], bar: int) -> list[_Sound]:
    places = sorted(moved)
    sounds = []
    for at, following in zip(places, [*places[1:], bar], strict=False):
        end, held, before, on = moved[at]
        cut = end > following or end <= at
        stop = following if cut else end
        sounds.append(_Sound(at, stop, held, before, on and stop == bar))
    return sounds


def _events(
    sounds: Sequence[_Sound], graces: Sequence[tuple[int, Placed]], bar: Bar, voice: int, staff: int, skipped: int
) -> tuple[Event, ...]:
    first = voice == FIRST_VOICE[staff]
    length = bar.length
    cells = cut_cells(sorted({p for s in sounds for p in (s.start, s.stop)}), length, bar.time, snapped=True)
    if not sounds and not graces and not skipped:
        return (Event(Fraction(length, TICKS), staff=staff, hidden=not first),)
    pieces: list[tuple[Piece, _Sound | None]] = []
    at = skipped
    for sound in sounds:
        pieces += [(p, None) for p in write(at, sound.start, cells, length, bar.time, rest=True)]
        pieces += [(p, sound) for p in write(sound.start, sound.stop, cells, length, bar.time)]
        at = sound.stop
    pieces += [(p, None) for p in write(at, length, cells, length, bar.time, rest=True)]
    pieces = _sextuplets(pieces)
    events = _with_graces([_event(p, s, staff, not first) for p, s in pieces], [p.start for p, _ in pieces], graces, staff)
    return beam(events, bar.time, Fraction(skipped, TICKS))


def _sextuplets(pieces: list[tuple[Piece, _Sound | None]]) -> list[tuple[Piece, _Sound | None]]:
    """Triplets of more than four signs, written as six in the time of four: nobody reads a 3 over six notes."""
    signs = Counter(p.cell for p, _ in pieces)
    return [
        (replace(p, value=replace(p.value, tuplet=_SIX)) if p.value.tuplet == _THREE and signs[p.cell] > _MOST_IN_THREE else p, s)
        for p, s in pieces
    ]


def _event(piece: Piece, sound: _Sound | None, staff: int, quiet: bool) -> Event:
    duration = Fraction(piece.stop - piece.start, TICKS)
    bracket = "".join(
        word
        for word, here in (("start", piece.start == piece.cell.start), ("stop", piece.stop == piece.cell.stop))
        if piece.cell.tuplet and here
    )
    if sound is None:
        return Event(duration, (), staff, piece.value, hidden=quiet and not piece.cell.tuplet, bracket=bracket)
    begins, ends = piece.start == sound.start, piece.stop == sound.stop
    heads = tuple(
        Head(_pitch(n), sound.from_before or not begins, (not ends) or sound.goes_on, str(n.source))
        for n in sorted(sound.notes, key=lambda n: n.pitch)
    )
    first = begins and not sound.from_before
    marks = tuple(dict.fromkeys(mark for n in sound.notes for mark in n.marks)) if first else ()
    return Event(duration, heads, staff, piece.value, marks=marks, bracket=bracket)


def _pitch(note: Placed) -> SpelledPitch:
    return SpelledPitch.from_fifths(note.pitch, note.fifths)


def _with_graces(events: list[Event], starts: Sequence[int], graces: Sequence[tuple[int, Placed]], staff: int) -> list[Event]:
    """Puts grace notes before the event at or after their place, in the order they were played."""
    out: list[Event] = []
    waiting = sorted(graces, key=lambda item: (item[0], item[1].source))
    for start, event in zip(starts, events, strict=True):
        here = [n for place, n in waiting if place <= start]
        waiting = waiting[len(here) :]
        out += [*_grace_events(here, staff), event]
    return out + _grace_events([n for _, n in waiting], staff)


def _grace_events(notes: Sequence[Placed], staff: int) -> list[Event]:
    """One grace note is a slashed eighth; more of them are 16ths under beams."""
    value = _GRACE if len(notes) < 2 else _GRACES
    beams = beam_words([2] * len(notes))
    return [
        Event(Fraction(0), (Head(_pitch(n), id=str(n.source)),), staff, value, grace=True, beams=b)
        for n, b in zip(notes, beams, strict=True)
    ]


def _stems(voices: dict[int, tuple[Event, ...]]) -> dict[int, tuple[Event, ...]]:
    """Where two voices sound together on a staff, the upper one's stems go up and the lower one's down; elsewhere they go as they lie."""
    shared = {staff: [v for v in voices if first <= v < first + 4] for staff, first in FIRST_VOICE.items()}
    out = dict(voices)
    for group in shared.values():
        sounding = sorted((v for v in group if any(e.heads for e in voices[v])), key=lambda v: -_height(voices[v]))
        for rank, voice in enumerate(sounding if len(sounding) > 1 else []):
            stem = "up" if rank % 2 == 0 else "down"
            beside = [span for other in sounding if other != voice for span in _spans(voices[other]) if span[2]]
            events = list(voices[voice])
            for run in _beamed(events):
                begin, end = run[0][1], run[-1][2]
                if any(start < end and begin < stop for start, stop, _ in beside):
                    for i, _, _ in run:
                        events[i] = replace(events[i], stem=stem)
            out[voice] = tuple(events)
    return out


def _spans(events: Sequence[Event]) -> list[tuple[Fraction, Fraction, bool]]:
    """Where each event begins and ends, and whether it sounds."""
    stops = list(accumulate((e.duration for e in events), initial=Fraction(0)))
    return [(a, b, bool(e.heads)) for a, b, e in zip(stops, stops[1:], events, strict=False)]


def _beamed(events: Sequence[Event]) -> list[list[tuple[int, Fraction, Fraction]]]:
    """Chords as (index, begin, end), those of one beam together."""
    runs: list[list[tuple[int, Fraction, Fraction]]] = []
    for i, (begin, end, sounds) in enumerate(_spans(events)):
        if sounds:
            chord = (i, begin, max(end, begin + Fraction(1, 64)))
            if runs and not events[i].grace and events[i].beams[:1] in (("continue",), ("end",)):
                next(run for run in reversed(runs) if not events[run[0][0]].grace).append(chord)
            else:
                runs.append([chord])
    return runs


def _height(events: Sequence[Event]) -> float:
    """Mean pitch of a voice that sounds."""
    pitches = [head.pitch.midi for event in events for head in event.heads]
    return sum(pitches) / len(pitches)
