"""Score: what is written. Quarters as Fraction, spelt pitches, voices, measures.

A Score cannot hold an invalid bar: every voice of every measure fills it exactly, every tie has two ends of one pitch,
and what is written as a value lasts that value. Whoever builds one gets an InputError instead of a page that other
programs refuse.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import accumulate

from tecla.errors import InputError
from tecla.music.notation import NoteValue, SpelledPitch, TimeSignature
from tecla.music.repeats import NO_REPEAT, Repeat, played_order

RIGHT: int = 1  # staff numbers, from the top, as MusicXML counts them
LEFT: int = 2


@dataclass(frozen=True, slots=True)
class Head:
    """One note head: pitch, whether a tie leads into it or on from it, its id in the file it was read from; `faint` is drawn pale."""

    pitch: SpelledPitch
    tied_from: bool = False
    tied_to: bool = False
    id: str = ""
    faint: bool = False


@dataclass(frozen=True)
class Event:
    """A chord or, without heads, a rest, of `duration` quarters; a grace chord has none.

    `marks` are names of articulations and ornaments as MusicXML spells them; `bracket` says where a tuplet starts or stops.
    """

    duration: Fraction
    heads: tuple[Head, ...] = ()
    staff: int = RIGHT
    value: NoteValue | None = None
    grace: bool = False
    hidden: bool = False
    marks: tuple[str, ...] = ()
    bracket: str = ""
    stem: str = ""
    beams: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.grace != (self.duration == 0) or self.duration < 0:
            raise InputError(f"an event of {self.duration} quarters: only grace notes last nothing, and nothing lasts less")
        if self.value is not None and not self.grace and self.heads and self.value.quarters != self.duration:
            raise InputError(f"an event of {self.duration} quarters is written as {self.value.quarters}")


@dataclass(frozen=True, slots=True)
class Direction:
    """Something said at a place in a measure: kind is dynamics, wedge, pedal, tempo, swing, words or octave-shift.

    The value of swing is the long eighth to the short one, "2:1": they are written even.
    """

    position: Fraction
    kind: str
    value: str
    staff: int = RIGHT


@dataclass(frozen=True, slots=True)
class Clef:
    """A clef from `position` on: sign G or F, on `line`, of a staff."""

    position: Fraction
    staff: int
    sign: str
    line: int


@dataclass(frozen=True)
class Measure:
    """One bar of all voices. `length` differs from the time signature only in a pickup or a split bar."""

    time: TimeSignature
    key_fifths: int
    voices: Mapping[int, tuple[Event, ...]]
    length: Fraction
    directions: tuple[Direction, ...] = ()
    clefs: tuple[Clef, ...] = ()
    number: str = ""
    repeat: Repeat = NO_REPEAT

    def __post_init__(self) -> None:
        if self.length <= 0:
            raise InputError(f"measure {self.number} lasts {self.length} quarters: it must last something")
        for voice, events in self.voices.items():
            total = sum((event.duration for event in events), Fraction(0))
            if total != self.length:
                raise InputError(f"voice {voice} of measure {self.number} lasts {total} quarters, the measure {self.length}")


@dataclass(frozen=True, slots=True)
class ScoreNote:
    """A note as it sounds: ties joined, onset from the beginning of the score. `grace` notes last 0 quarters."""

    onset: Fraction
    duration: Fraction
    pitch: SpelledPitch
    staff: int
    voice: int
    measure: int
    position: Fraction
    grace: bool = False
    marks: tuple[str, ...] = ()
    id: str = ""


@dataclass(frozen=True)
class Score:
    """Measures in order, for piano: staff 1 above staff 2."""

    measures: tuple[Measure, ...]
    title: str = ""
    composer: str = ""
    tempo_bpm: float | None = None
    sources: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        for note in self.notes():
            if note.duration < 0:
                raise InputError("a tie leads nowhere")

    def measure_onsets(self) -> list[Fraction]:
        """Where each measure begins, in quarters, and after the last where the score ends: M + 1 values."""
        return _onsets(self.measures)

    def events(self) -> Iterator[tuple[int, int, Fraction, Event]]:
        """Every event as (measure index, voice, position in the measure, event), measure by measure and voice by voice."""
        return _events(self.measures)

    def notes(self) -> list[ScoreNote]:
        """Notes as they sound, ties joined, in order of onset and pitch; what is repeated once, as it is written (see `unfold`).

        Raises:
            InputError: a tie begins and never ends on the same pitch.
        """
        return _join_ties(self)


def _onsets(measures: tuple[Measure, ...]) -> list[Fraction]:
    return list(accumulate((measure.length for measure in measures), initial=Fraction(0)))


def _events(measures: tuple[Measure, ...]) -> Iterator[tuple[int, int, Fraction, Event]]:
    for index, measure in enumerate(measures):
        for voice, events in measure.voices.items():
            position = Fraction(0)
            for event in events:
                yield index, voice, position, event
                position += event.duration


def fade(score: Score, ids: Set[str]) -> Score:
    """The same page with the heads of these ids drawn pale."""
    if not ids:
        return score

    def faded(event: Event) -> Event:
        heads = tuple(replace(head, faint=head.faint or head.id in ids) for head in event.heads)
        return event if heads == event.heads else replace(event, heads=heads)

    measures = tuple(
        replace(measure, voices={voice: tuple(faded(event) for event in events) for voice, events in measure.voices.items()})
        for measure in score.measures
    )
    return replace(score, measures=measures)


def _join_ties(score: Score) -> list[ScoreNote]:
    starts = score.measure_onsets()
    notes: list[ScoreNote] = []
    open_ties: dict[tuple[int, Fraction], list[int]] = {}  # (midi, where the tie lands) -> notes waiting to be prolonged
    pieces = sorted(score.events(), key=lambda item: (starts[item[0]] + item[2], not item[3].grace))
    for index, voice, position, event in pieces:
        onset = starts[index] + position
        for head in event.heads:
            waiting = open_ties.get((head.pitch.midi, onset), []) if head.tied_from else []
            if waiting:
                place = waiting.pop(0)
                old = notes[place]
                notes[place] = ScoreNote(
                    old.onset, old.duration + event.duration, old.pitch, old.staff, old.voice, old.measure, old.position,
                    old.grace and event.grace, old.marks, old.id,
                )  # fmt: skip
            elif head.tied_from:
                raise InputError(f"measure {score.measures[index].number}: {head.pitch} is tied from nothing")
            else:
                place = len(notes)
                notes.append(
                    ScoreNote(onset, event.duration, head.pitch, event.staff, voice, index, position, event.grace, event.marks, head.id)
                )
            if head.tied_to:
                open_ties.setdefault((head.pitch.midi, onset + event.duration), []).append(place)
    loose = [key for key, waiting in open_ties.items() if waiting]
    if loose:
        raise InputError(f"the tie of MIDI pitch {loose[0][0]} to quarter {loose[0][1]} leads nowhere")
    return sorted(notes, key=lambda note: (note.onset, note.pitch.midi, not note.grace))


def unfold(score: Score) -> Score:
    """The score with its repeats written out, every measure where it is played."""
    order = played_order([measure.repeat for measure in score.measures])
    if order == list(range(len(score.measures))) and all(measure.repeat == NO_REPEAT for measure in score.measures):
        return score
    return replace(score, measures=cut_loose_ties(tuple(replace(score.measures[i], repeat=NO_REPEAT) for i in order)))


def cut_loose_ties(measures: tuple[Measure, ...]) -> tuple[Measure, ...]:
    """Keeps only the ties that lead from one head to the same pitch where it ends."""
    walked, starts = list(_events(measures)), _onsets(measures)
    arrivals: Counter[tuple[int, Fraction]] = Counter()
    departures: Counter[tuple[int, Fraction]] = Counter()
    for index, _, position, event in walked:
        at = starts[index] + position
        arrivals.update((head.pitch.midi, at) for head in event.heads if head.tied_from)
        departures.update((head.pitch.midi, at + event.duration) for head in event.heads if head.tied_to and not event.grace)
    keep = arrivals & departures
    into, onto = keep.copy(), keep.copy()
    renewed: dict[tuple[int, int], list[Event]] = {}
    for index, voice, position, event in walked:
        at = starts[index] + position
        heads = tuple(
            replace(
                head,
                tied_from=head.tied_from and _take(into, (head.pitch.midi, at)),
                tied_to=head.tied_to and not event.grace and _take(onto, (head.pitch.midi, at + event.duration)),
            )
            for head in event.heads
        )
        renewed.setdefault((index, voice), []).append(replace(event, heads=heads))
    return tuple(
        replace(measure, voices={voice: tuple(renewed.get((i, voice), ())) for voice in measure.voices})
        for i, measure in enumerate(measures)
    )


def _take(stock: Counter[tuple[int, Fraction]], key: tuple[int, Fraction]) -> bool:
    stock[key] -= 1
    return stock[key] >= 0
