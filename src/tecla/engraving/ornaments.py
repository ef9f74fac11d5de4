"""What stands on the page of what is played: trills, mordents and turns are one note with a sign, grace notes take no time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.markwise import ARTICULATIONS, EXTRA, GRACE, Marks
from tecla.engraving.placed import Placed
from tecla.music import Performance

BODY: Final = -1
_LIKELY: Final = 0.5
_ENOUGH: Final = (0.8, 0.3)  # mean odds to be unwritten from which a figure is an ornament: where no sign is read, and where one surely is
_ROLLED_SEC: Final = 0.06  # least time a broken chord takes from its first to its last note
_GAP_SEC: Final = (0.03, 0.25)  # between two notes of an ornament
_LEAD_SEC: Final = 0.3  # most time from one grace note to the next, or to the note that they lead to
_STEP: Final = 2  # semitones from the written note to any note of its ornament
_LONGEST_LEAD: Final = 3  # notes of an ornament before the one that is written
_MOST: Final = 128  # and after it
_DOT: Final = ARTICULATIONS.index("staccato")
_SHARED: Final = 0.5  # how much the odds of the chords beside one count for its dot
_PACE: Final = 120  # ticks: at most a quarter from one to the next
_LEAST: Final = 0.1  # odds to be unwritten from which a note may belong to an ornament
_SIGNS: Final = (  # what is struck around the written note, as letters: m itself, u above it, l below
    ("turn", re.compile(r"um?l\.|\.umlm?|u\.lm?")),
    ("inverted-mordent", re.compile(r"\.um")),
    ("mordent", re.compile(r"\.lm")),
    ("trill-mark", re.compile(r"u?\.(um){2,}u?(l?m)?|u\.(um)+u?(l?m)?|\.(um)+u(lm)?|\.(lm){3,}l?")),
)


@dataclass(frozen=True, eq=False)
class Adorned:
    """What each played note is on the page.

    Shape:
        leads_to (N,) the note that a grace note stands before, BODY for all others; told (N,) whether the sign of another note tells it;
        signs N of MusicXML's names, "" where there is none; begins (N,) the note with which each one's ornament begins, itself without one
    """

    leads_to: NDArray[np.int64]
    told: NDArray[np.bool_]
    signs: tuple[str, ...]
    begins: NDArray[np.int64]

    @property
    def body(self) -> NDArray[np.int64]:
        """Notes that are written with a length, (B,)."""
        return np.flatnonzero((self.leads_to == BODY) & ~self.told)


def unadorned(count: int) -> Adorned:
    """Of notes none of which is an ornament's."""
    return Adorned(np.full(count, BODY), np.zeros(count, bool), ("",) * count, np.arange(count))


def find_ornaments(performance: Performance, staff: NDArray[np.int64], marks: Marks) -> Adorned:
    """Ornaments of a performance whose notes lie on `staff` (N,), 1 or 2."""
    onset, pitch = performance.notes["onset_sec"].astype(float), performance.notes["pitch"].astype(np.int64)
    extra, grace = marks.kind[:, EXTRA], marks.kind[:, GRACE] > _LIKELY
    told, leads_to = np.zeros(len(onset), bool), np.full(len(onset), BODY)
    signs, begins = [""] * len(onset), np.arange(len(onset))
    for one in (1, 2):
        line = np.flatnonzero(staff == one)
        for place, note in enumerate(line.tolist()):
            if told[note] or grace[note] or extra[note] > _LIKELY:
                continue
            before, after = (_run(line, place, step, onset, pitch, extra, told) for step in (-1, 1))
            enough = float(np.interp(marks.signed[note], (0, 1), _ENOUGH))
            signs[note], group = _ornament(int(pitch[note]), before[::-1], after, pitch, extra, enough)
            told[group] = True
            begins[note] = min([note, *group])
        _lead(line, onset, grace, told, leads_to)
    return Adorned(leads_to, told, tuple(signs), begins)


def _run(
    line: NDArray[np.int64],
    place: int,
    step: int,
    onset: NDArray[np.float64],
    pitch: NDArray[np.int64],
    extra: NDArray[np.float64],
    told: NDArray[np.bool_],
) -> list[int]:
    """Notes of a line, one after the other from the one at `place` on, that an ornament of it may have."""
    home = last = int(line[place])
    run: list[int] = []
    for k in range(place + step, len(line) if step > 0 else -1, step):
        note = int(line[k])
        gap = abs(onset[note] - onset[last])
        if gap > _GAP_SEC[1] or len(run) == (_MOST if step > 0 else _LONGEST_LEAD):
            break
        if abs(pitch[note] - pitch[home]) > _STEP:
            continue  # another voice
        if gap < _GAP_SEC[0] or told[note] or extra[note] < _LEAST:
            break
        run.append(note)
        last = note
    return run


def _ornament(
    home: int, before: list[int], after: list[int], pitch: NDArray[np.int64], extra: NDArray[np.float64], enough: float
) -> tuple[str, list[int]]:
    """The sign of a note of pitch `home` and the notes that it tells: the most that make a figure and are likely not to be written."""
    around = before + after
    letters = "".join("m" if k == home else "u" if k > home else "l" for k in pitch[around].tolist())
    odds = np.concatenate([[0.0], np.cumsum(extra[around])])
    spans = [(first, stop) for first in range(len(before) + 1) for stop in range(len(before), len(around) + 1)]
    for first, stop in sorted(spans, key=lambda span: span[0] - span[1]):
        if stop - first > 1 and odds[stop] - odds[first] >= enough * (stop - first):
            played = f"{letters[first : len(before)]}.{letters[len(before) : stop]}"
            sign = next((name for name, figure in _SIGNS if figure.fullmatch(played)), "")
            if sign:
                return sign, around[first:stop]
    return "", []


def _lead(
    line: NDArray[np.int64], onset: NDArray[np.float64], grace: NDArray[np.bool_], told: NDArray[np.bool_], leads_to: NDArray[np.int64]
) -> None:
    """Says of each grace note of a line which note it leads to: the next that is written, if it comes soon."""
    main, following = BODY, np.inf
    for note in line[::-1].tolist():
        if told[note]:
            continue
        if grace[note] and main != BODY and following - onset[note] <= _LEAD_SEC:
            leads_to[note] = main
        else:
            main = note
        following = onset[note]


def _dots_agree(odds: dict[tuple[int, int], NDArray[np.float64]]) -> dict[tuple[int, int], NDArray[np.float64]]:
    """Odds (7,) of each chord (onset, staff), those of a dot shared with neighbours that follow at one pace: dots come in rows."""
    out = {key: value.copy() for key, value in odds.items()}
    for staff in (1, 2):
        places = sorted(onset for onset, own in odds if own == staff)
        dot = np.array([odds[onset, staff][_DOT] for onset in places])
        if len(dot) < 3:
            continue
        step = np.diff(places)
        alike = (step[1:] == step[:-1]) & (step[1:] <= _PACE)
        weight = _SHARED * alike
        shared = (dot[1:-1] + weight * (dot[:-2] + dot[2:])) / (1 + 2 * weight)
        for onset, value in zip(places[1:-1], shared.tolist(), strict=True):
            out[onset, staff][_DOT] = value
    return out


def articulate(notes: Sequence[Placed], performance: Performance, marks: Marks) -> list[Placed]:
    """Notes with the marks that their chords are likely to have."""
    onset_sec = performance.notes["onset_sec"]
    chords: dict[tuple[int, int], list[Placed]] = {}
    for n in notes:
        if not n.grace:
            chords.setdefault((n.onset, n.staff), []).append(n)
    written: dict[tuple[int, int], list[str]] = {}
    odds = _dots_agree({key: marks.articulation[[n.source for n in chord]].mean(axis=0) for key, chord in chords.items()})
    for key, chord in chords.items():
        sources = [n.source for n in chord]
        likely = odds[key] > _LIKELY
        written[key] = [name for name, here in zip(ARTICULATIONS, likely.tolist(), strict=True) if here]
        if "arpeggiate" in written[key] and (len(chord) < 2 or np.ptp(onset_sec[sources]) <= _ROLLED_SEC):
            written[key].remove("arpeggiate")
    return [n if n.grace else replace(n, marks=(*n.marks, *written[n.onset, n.staff])) for n in notes]
