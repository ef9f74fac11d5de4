"""Tune -> Performance: repeats unfolded, ties joined; and how many bars add up."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import numpy as np

from tecla.errors import InputError
from tecla.io.abc import Bar, Tune
from tecla.music import NOTE, Performance
from tecla.music.repeats import Repeat, played_order

BEATS_PER_MINUTE: Final = 112.0  # where the tune has no Q: field; a beat is a quarter, or a dotted one in compound time
_DOWNBEAT, _INSIDE = 88, 76  # velocities
_ARTICULATION: Final = Fraction(15, 16)  # of a note's value is sounded, so that repeated notes are heard apart
_MOST_BARS: Final = 20_000


def tune_to_performance(tune: Tune) -> Performance:
    """How the tune sounds, all voices together, from 0 s.

    Raises:
        InputError: no notes, or more than 20,000 bars once repeats are unfolded.
    """
    quarter_sec = 60.0 / quarters_per_minute(tune)
    rows: list[tuple[float, float, int, int, float]] = []
    for bars in tune.voices.values():
        rows += _voice(unfolded(bars), quarter_sec)
    if not rows:
        raise InputError("the tune has no notes")
    notes = np.array(rows, NOTE)
    notes = notes[np.lexsort((-notes["offset_sec"], notes["onset_sec"], notes["pitch"]))]
    kept = np.append(True, (np.diff(notes["pitch"]) != 0) | (np.diff(notes["onset_sec"]) > 1e-9))
    notes = notes[kept]  # voices in unison are one key
    same = np.diff(notes["pitch"]) == 0
    notes["offset_sec"][:-1][same] = np.minimum(notes["offset_sec"][:-1], notes["onset_sec"][1:])[same]
    return Performance(notes)


def quarters_per_minute(tune: Tune) -> float:
    """The tune's own tempo, or 112 beats a minute."""
    if tune.tempo:
        return tune.tempo
    compound = tune.meter in ("6/8", "9/8", "12/8")
    return BEATS_PER_MINUTE * (1.5 if compound else 1.0)


def unfolded(bars: Sequence[Bar]) -> list[Bar]:
    """Bars in playing order: every repeat taken, numbered endings each in its turn.

    Raises:
        InputError: more than 20,000 bars, or an ending for more than the sixteenth time.
    """
    order = played_order(repeats_of(bars))
    if len(order) > _MOST_BARS:
        raise InputError(f"the tune unfolds to more than {_MOST_BARS:,} bars")
    return [bars[at] for at in order]


def repeats_of(bars: Sequence[Bar]) -> list[Repeat]:
    """Each bar's part in a repeat; a numbered ending lasts until the next one, or to where its section ends."""
    repeats: list[Repeat] = []
    turns: tuple[int, ...] = ()
    for at, bar in enumerate(bars):
        over = at > 0 and bars[at - 1].ends_section
        turns = bar.endings or (() if over else turns)
        repeats.append(Repeat(bar.begins_repeat, bar.ends_repeat, turns))
    return repeats


def _voice(bars: Sequence[Bar], quarter_sec: float) -> list[tuple[float, float, int, int, float]]:
    rows: list[tuple[float, float, int, int, float]] = []
    held: dict[int, tuple[int, Fraction]] = {}  # tied pitches: which row they began, when they must go on
    begin = Fraction(0)
    for bar in bars:
        for note in bar.notes:
            onset = begin + note.onset
            for pitch in note.pitches:
                at, until = held.pop(pitch, (0, None))
                end_sec = float(onset + note.duration * _ARTICULATION) * quarter_sec
                if until == onset:
                    rows[at] = (rows[at][0], end_sec, *rows[at][2:])
                else:
                    at = len(rows)
                    rows.append((float(onset) * quarter_sec, end_sec, pitch, _INSIDE if note.onset else _DOWNBEAT, 1.0))
                if pitch in note.tied:
                    held[pitch] = (at, onset + note.duration)
        begin += bar.duration
    return rows


def bars_that_add_up(tune: Tune) -> tuple[int, int]:
    """How many bars of the first voice have the length that the meter asks for, and how many bars there are.

    A section's first bar may be a pickup; a bar that ends a section or stands before a numbered ending may lack what a pickup beside it
    or at the section's, the ending's or the tune's beginning brings.

    >>> from tecla.io.abc import parse_tune
    >>> bars_that_add_up(parse_tune("X:1\\nM:3/4\\nL:1/4\\nK:C\\nC|DEF|GA:|\\nB|ccc|dddd|e2|]\\n"))
    (6, 7)
    """
    bars = tune.bars
    good, pickup, ending_pickup, tune_pickup = 0, Fraction(0), Fraction(0), Fraction(0)
    for at, bar in enumerate(bars):
        full = bar.meter if bar.meter is not None else bar.duration
        opens = at == 0 or bars[at - 1].ends_section or bar.begins_repeat or bool(bar.endings)
        if opens:
            begun = bar.duration if bar.duration < full else Fraction(0)
            pickup, ending_pickup = (pickup, begun) if bar.endings else (begun, Fraction(0))
        tune_pickup = pickup if at == 0 else tune_pickup
        following = bars[at + 1].duration if at + 1 < len(bars) else Fraction(0)
        closes = bar.ends_section or at + 1 == len(bars) or bool(bars[at + 1].endings)
        made_good = closes and full - bar.duration in {pickup, ending_pickup, tune_pickup, following} - {Fraction(0)}
        good += bar.duration == full or (opens and bar.duration < full) or made_good
    return good, len(bars)
