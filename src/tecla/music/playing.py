"""Score -> Performance: the page played exactly as it is written, at its tempi, ornaments played out; swung where it says so."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.music.beatmap import BeatMap
from tecla.music.notation import SpelledPitch, TimeSignature, alter_in_key
from tecla.music.performance import Performance
from tecla.music.ruled import Ruled
from tecla.music.score import LEFT, RIGHT, Score, ScoreNote, unfold

_TEMPO_BPM: Final = 100.0
_GRACE_SEC: Final = 0.06
_ORNAMENT_SEC: Final = 0.08  # of a note of a trill, a mordent or a turn; less where the written note is short
_MOST_SHAKES: Final = 500  # of a trill, however long it is written
_VELOCITY: Final = 72
_LETTERS: Final = "CDEFGAB"
_FIGURES: Final = {"inverted-mordent": (0, 1, 0), "mordent": (0, -1, 0), "turn": (1, 0, -1, 0), "inverted-turn": (-1, 0, 1, 0)}  # in steps

_Place = tuple[int, int, Fraction, int]  # measure, voice, position, MIDI pitch


def play_score(score: Score) -> Performance:
    """Every note at its written place; grace notes 60 ms each before the note they lead to; trills, mordents and turns played out.

    Repeats are taken. Up to its first tempo mark the tempo is the score's own, in quarters a minute, or 100. Under a swing mark the first
    eighth of a quarter is the longer one.
    """
    score = unfold(score)
    notes, tempi = score.notes(), _tempi(score)
    begin, end = (tempi.seconds_at(_swung(score, np.array(quarters, float))) for quarters in _begins_and_ends(notes))
    ahead, highest = _graces_ahead(score), {(n.measure, n.voice, n.position): n for n in notes}  # notes come from low to high
    played: list[tuple[float, float, int]] = []
    for note, since, until in zip(notes, begin.tolist(), end.tolist(), strict=True):
        if note.grace:
            since = max(0.0, since - _GRACE_SEC * ahead[note.measure, note.voice, note.position, note.pitch.midi])
            played.append((since, since + _GRACE_SEC, note.pitch.midi))
        else:
            figure = _figure(note, until - since) if highest[note.measure, note.voice, note.position] is note else ()
            played += _played_out(note, figure, score.measures[note.measure].key_fifths, since, until)
    onset, offset, pitch = np.array(played, float).reshape(-1, 3).T
    return Performance.from_arrays(onset, offset, pitch.astype(int), _VELOCITY)


def ruled_by(score: Score, performance: Performance) -> Ruled:
    """The time that a page rules for how it is played: its quarters, bars and keys, and of each note the hand on whose staff it stands."""
    score = unfold(score)
    tempi = _tempi(score)
    metres: dict[Fraction, TimeSignature] = {}
    keys: dict[Fraction, int] = {}
    expected, before = Fraction(-1), None
    for index, (at, measure) in enumerate(zip(score.measure_onsets(), score.measures, strict=False)):
        lacks = measure.time.bar_quarters - measure.length if index == 0 else Fraction(0)  # a pickup ends on its bar line
        if measure.time != before or at != expected:
            metres[at - max(lacks, Fraction(0))] = measure.time
        keys[at] = measure.key_fifths
        expected, before = at + measure.length if lacks > 0 else at + measure.time.bar_quarters, measure.time
    notes = [note for note in score.notes() if not note.grace]
    staff = {
        (round(sec, 4), note.pitch.midi): note.staff
        for sec, note in zip(tempi.seconds_at([float(n.onset) for n in notes]).tolist(), notes, strict=True)
    }
    played = zip(performance.notes["onset_sec"].tolist(), performance.notes["pitch"].tolist(), strict=True)
    hands = "".join({RIGHT: "R", LEFT: "L"}.get(staff.get((round(sec, 4), pitch), 0), ".") for sec, pitch in played)
    return Ruled(tempi, tuple(sorted(metres.items())), tuple(keys.items()), hands if "L" in hands else "")


def _tempi(score: Score) -> BeatMap:
    """Seconds of quarters, by the tempo marks of the page."""
    marks = {
        float(line + told.position): float(told.value)
        for line, measure in zip(score.measure_onsets(), score.measures, strict=False)
        for told in measure.directions
        if told.kind == "tempo"
    }
    marks = {0.0: score.tempo_bpm or _TEMPO_BPM} | marks
    places = sorted(marks)
    places.append(places[-1] + 1.0)
    lasting = np.diff(places) * 60.0 / np.array([marks[place] for place in places[:-1]])
    return BeatMap(np.array(places), np.concatenate([[0.0], np.cumsum(lasting)]))


def _begins_and_ends(notes: list[ScoreNote]) -> tuple[list[float], list[float]]:
    return [float(n.onset) for n in notes], [float(n.onset + n.duration) for n in notes]


def _graces_ahead(score: Score) -> dict[_Place, int]:
    """For every grace note how many, itself among them, are played before the note that it leads to."""
    rows: dict[tuple[int, int, Fraction], list[tuple[int, ...]]] = {}
    for measure, voice, position, event in score.events():
        if event.grace:
            rows.setdefault((measure, voice, position), []).append(tuple(head.pitch.midi for head in event.heads))
    return {(*place, pitch): len(row) - k for place, row in rows.items() for k, chord in enumerate(row) for pitch in chord}


def _figure(note: ScoreNote, lasting_sec: float) -> tuple[int, ...]:
    """The ornament of a written note in steps of the scale from it; () where it has none."""
    if "trill-mark" in note.marks:
        return (0, 1) * max(1, int(min(lasting_sec / _ORNAMENT_SEC / 2, _MOST_SHAKES))) + (0,)
    return next((steps for sign, steps in _FIGURES.items() if sign in note.marks), ())


def _played_out(note: ScoreNote, figure: tuple[int, ...], fifths: int, since: float, until: float) -> Iterator[tuple[float, float, int]]:
    """Onset, end and MIDI pitch of a written note, or of the notes of its ornament in a key of so many fifths."""
    each = min(_ORNAMENT_SEC, (until - since) / (len(figure) + 1))
    for place, steps in enumerate(figure):
        begins = since + place * each
        yield begins, until if place + 1 == len(figure) else begins + each, neighbour(note.pitch, fifths, steps)
    if not figure:
        yield since, until, note.pitch.midi


def neighbour(pitch: SpelledPitch, fifths: int, steps: int) -> int:
    """MIDI pitch of the note so many steps of the scale above `pitch` in a key of so many fifths; itself for 0.

    >>> neighbour(SpelledPitch("E", 0, 4), 0, 1), neighbour(SpelledPitch("E", 0, 4), 1, 1), neighbour(SpelledPitch("C", 0, 4), -3, -1)
    (65, 66, 58)
    """
    if not steps:
        return pitch.midi
    octave, place = divmod(pitch.diatonic + steps, len(_LETTERS))
    return SpelledPitch(_LETTERS[place], alter_in_key(_LETTERS[place], fifths), octave).midi


def _swung(score: Score, quarters: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quarters with the middle of each, counted from its bar line, moved to where the score's swing mark puts it."""
    ratio = next((d.value for measure in score.measures for d in measure.directions if d.kind == "swing"), "1:1")
    long, short = (int(part) for part in ratio.split(":"))
    if long == short or not score.measures:
        return quarters
    lines = np.array([float(onset) for onset in score.measure_onsets()])
    lines[0] -= -lines[1] % 1.0  # a pickup is counted from its end
    line = lines[np.clip(np.searchsorted(lines, quarters, side="right") - 1, 0, len(lines) - 2)]
    whole = np.floor(quarters - line)
    return np.asarray(line + whole + np.interp(quarters - line - whole, (0.0, 0.5, 1.0), (0.0, long / (long + short), 1.0)))
