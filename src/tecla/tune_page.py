"""A tune in ABC -> a page: bars and voices stand as they are written, nothing is guessed.

Repeats stand as they are written; a bar keeps the length it has, be it a pickup or a bar too long. One voice stands on one staff;
of several, the upper half stands on the right hand's staff and the lower half on the left hand's.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Final

from tecla.engraving.bars import build_measures
from tecla.engraving.clefs import choose_clefs
from tecla.engraving.counting import Bar, ticks
from tecla.engraving.placed import Placed
from tecla.engraving.spelling import spell
from tecla.engraving.voices import FIRST_VOICE
from tecla.errors import InputError
from tecla.io import abc
from tecla.io.abc_key import sharps_of
from tecla.io.abc_play import quarters_per_minute, repeats_of, unfolded
from tecla.music.notation import TimeSignature
from tecla.music.repeats import NO_REPEAT, Repeat, with_openings
from tecla.music.score import LEFT, RIGHT, Measure, Score

_COMMON: Final = TimeSignature(4, 4)
_MOST_VOICES: Final = 2 * (FIRST_VOICE[LEFT] - FIRST_VOICE[RIGHT])


def tune_to_score(text: str) -> Score:
    """The page of the tune that a text spells.

    Raises:
        InputError: the text is no tune in ABC, has no notes, or more than eight voices.

    >>> score = tune_to_score("X:1\\nT:Two bars\\nM:2/4\\nL:1/8\\nK:D\\nABcd|e2f2|]\\n")
    >>> [str(note.pitch) for note in score.notes()], score.measures[0].key_fifths
    (['A4', 'B4', 'C#5', 'D5', 'E5', 'F#5'], 2)
    """
    tune = abc.parse_tune(text)
    if not tune.voices:
        raise InputError("the tune has no notes: there is nothing to write on a page")
    voices, repeats = _with_repeats(list(tune.voices.values()))
    if len(voices) > _MOST_VOICES:
        raise InputError(f"the tune has {len(voices)} voices, more than the {_MOST_VOICES} that two staves can hold: write it as .mid")
    fifths = (sharps_of(tune.key) + 7) % 12 - 7 if abs(sharps_of(tune.key)) > 7 else sharps_of(tune.key)
    bars = _bars(max(voices, key=len), _signature(tune.meter))
    notes: list[Placed] = []
    for rank, voice in enumerate(voices):
        staff = LEFT if len(voices) > 1 and 2 * rank >= len(voices) else RIGHT
        first = (len(voices) + 1) // 2 if staff == LEFT else 0
        notes += _placed(voice, bars, staff, FIRST_VOICE[staff] + rank - first, fifths, len(notes))
    measures = build_measures(notes, bars, [fifths] * len(bars))
    measures = tuple(replace(measure, repeat=repeat) for measure, repeat in zip(measures, repeats, strict=True))
    if len(voices) == 1:
        measures = tuple(_one_staff(measure) for measure in measures)
    return Score(choose_clefs(measures), tune.title, tempo_bpm=quarters_per_minute(tune))


def _with_repeats(voices: list[list[abc.Bar]]) -> tuple[list[list[abc.Bar]], list[Repeat]]:
    """The voices and the repeats of their bars; written out where not all have the same, as a page has one sign for all."""
    repeats = [repeats_of(bars) for bars in voices]
    if all(signs == repeats[0] for signs in repeats):
        return voices, with_openings(repeats[0])
    voices = [unfolded(bars) for bars in voices]
    return voices, [NO_REPEAT] * max(map(len, voices))


def _bars(written: list[abc.Bar], signature: TimeSignature) -> list[Bar]:
    start, bars = 0, []
    for bar in written:
        length = max(1, ticks(bar.duration))
        bars.append(Bar(start, length, signature if bar.meter in (None, signature.bar_quarters) else _signature_of(bar.meter)))
        start += length
    return bars


def _signature(meter: str) -> TimeSignature:
    if meter in ("none", "C|"):
        return TimeSignature(2, 2) if meter == "C|" else _COMMON
    above, _, below = meter.replace("(", "").replace(")", "").partition("/")
    return TimeSignature.parse(f"{sum(map(int, above.split('+')))}/{below}") if below else _COMMON


def _signature_of(quarters: Fraction | None) -> TimeSignature:
    """A metre of which only the length of its bar is known."""
    eighths = Fraction(2 if quarters is None else 2 * quarters)
    if quarters is None or eighths.denominator > 1 or eighths.numerator > 64:
        return _COMMON
    return TimeSignature(eighths.numerator // 2, 4) if eighths.numerator % 2 == 0 else TimeSignature(eighths.numerator, 8)


def _placed(written: list[abc.Bar], bars: list[Bar], staff: int, voice: int, fifths: int, source: int) -> list[Placed]:
    """Notes of one voice, ties joined."""
    notes: list[Placed] = []
    open_at: dict[int, int] = {}  # tied pitches: index of the note that goes on
    for bar, page in zip(written, bars, strict=False):
        for note in bar.notes:
            begin, end = page.start + ticks(note.onset), page.start + ticks(note.onset + note.duration)
            for pitch in note.pitches:
                held = open_at.pop(pitch, None)
                if held is not None and notes[held].end == begin:
                    notes[held] = replace(notes[held], end=end)
                else:
                    held = len(notes)
                    notes.append(Placed(begin, end, pitch, staff, source + held, voice=voice, fifths=spell(pitch, fifths)))
                if pitch in note.tied:
                    open_at[pitch] = held
    return notes


def _one_staff(measure: Measure) -> Measure:
    voices = {voice: events for voice, events in measure.voices.items() if events[0].staff == RIGHT}
    return replace(measure, voices=voices)
