"""Swing: eighths that are played long and short, and written even under the word "Swing".

Only where it is stated: a swung four and a written 12/8 or a row of triplets sound the same, and what they are called is a matter of style,
which no note tells. How far it swings is found in the performance: where in the beat the second eighth lies (Friberg and Sundström, "Swing
ratios and ensemble timing in jazz performance", Music Perception 2002: 2:1 at medium tempi, nearer to even in fast ones).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.barwise import recount
from tecla.engraving.pulse import find_strokes
from tecla.music import Performance
from tecla.music.beatmap import BeatMap

_SECOND: Final = (0.56, 0.74)  # where in a beat a swung second eighth lies
_TRIPLET: Final = (0.25, 0.42)  # a stroke here besides makes a triplet of it
_EVEN: Final = (0.44, 0.55)  # and one here is not swung
_INSIDE: Final = (0.12, 0.88)  # strokes that are not the beat itself
_FEWEST: Final = 6  # strokes that lie where swung eighths do, without which there is no swing
_LEAST_SHARE: Final = 0.4  # half the beat of a row of triplets has a third
_LEVELS: Final = (1.0, 1 / 2, 2.0)  # the beat of the swing in beats as counted
_RATIOS: Final = ((1, 1), (3, 2), (5, 3), (2, 1), (5, 2), (3, 1))


@dataclass(frozen=True, eq=False)
class Swing:
    """How a performance swings: the long eighth to the short one, its beats, and the times of beats and second eighths.

    A swung eighth is one of a quarter, so that its beat is the quarter. `even_sec` is where they would lie if nothing swung.

    Shape:
        beats_sec (B,); played_sec, even_sec (K,); all strictly rising
    """

    ratio: tuple[int, int]
    beats_sec: NDArray[np.float64]
    played_sec: NDArray[np.float64]
    even_sec: NDArray[np.float64]

    def __str__(self) -> str:
        return f"{self.ratio[0]}:{self.ratio[1]}"


def find_swing(onset_sec: NDArray[np.float64], beats_sec: NDArray[np.float64]) -> Swing | None:
    """The swing of a performance whose beats are known; None where no eighths are swung.

    >>> swing = find_swing(np.concatenate([np.arange(12.0), np.arange(11) + 0.67]), np.arange(12.0))
    >>> swing.ratio, swing.played_sec[:3].tolist(), swing.even_sec[:3].tolist()
    ((2, 1), [0.0, 0.67, 1.0], [0.0, 0.5, 1.0])
    """
    if len(onset_sec) < _FEWEST or len(beats_sec) < 2:
        return None
    time = find_strokes(np.sort(onset_sec)).onset_sec
    levels = [beats for beats in (recount(beats_sec, time, level) for level in _LEVELS) if len(beats) > 1 and (np.diff(beats) > 0).all()]
    found = [(_share(time, beats), -k) for k, beats in enumerate(levels)]
    if not found or max(found)[0] == 0.0:
        return None
    beats = _around(levels[-max(found)[1]], time)
    place, beat = _places(time, beats)
    swung = _swung(place, beat, len(beats))
    second = np.array([np.median(place[(beat == k) & _within(place, _SECOND)]) for k in swung])
    usual = float(np.median(second))
    ratio = min(_RATIOS, key=lambda r: abs(r[0] / sum(r) - usual))
    length = np.diff(beats)[swung]
    order = np.argsort(np.concatenate([beats, beats[swung] + second * length]))
    played, even = (np.concatenate([beats, beats[swung] + share * length])[order] for share in (second, 0.5))
    return Swing(ratio, beats, played, even)


def straightened(performance: Performance, swing: Swing) -> Performance:
    """The same with even eighths: what is written."""
    notes, controls = performance.notes.copy(), performance.controls.copy()
    for name in ("onset_sec", "offset_sec"):
        notes[name] = _moved(notes[name], swing.played_sec, swing.even_sec)
    controls["time_sec"] = _moved(controls["time_sec"], swing.played_sec, swing.even_sec)
    return Performance(notes, controls)


def swung_map(bridge: BeatMap, swing: Swing) -> BeatMap:
    """From the quarters of a page to the seconds of the performance, from its bridge to the even seconds."""
    even = np.union1d(swing.even_sec, bridge.seconds)
    return BeatMap.through(bridge.quarters_at(even), _moved(even, swing.even_sec, swing.played_sec))


def _moved(time_sec: NDArray[np.float64], known: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Times along a broken line through known places; beyond its ends they stay."""
    return np.asarray(np.where((time_sec > known[0]) & (time_sec < known[-1]), np.interp(time_sec, known, values), time_sec))


def _around(beats: NDArray[np.float64], time: NDArray[np.float64]) -> NDArray[np.float64]:
    """Beats with one more at either end where strokes lie beyond: the last eighth swings too."""
    before = [2 * beats[0] - beats[1]] if time[0] < beats[0] else []
    after = [2 * beats[-1] - beats[-2]] if time[-1] > beats[-1] else []
    return np.concatenate([before, beats, after])


def _within(place: NDArray[np.float64], span: tuple[float, float]) -> NDArray[np.bool_]:
    return np.asarray((place > span[0]) & (place < span[1]))


def _places(time: NDArray[np.float64], beats: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Where in its beat each stroke between the first and the last beat lies, 0..1, and which beat it is."""
    inside = time[(time >= beats[0]) & (time < beats[-1])]
    position = np.interp(inside, beats, np.arange(len(beats), dtype=float))
    beat = position.astype(np.int64)
    return position - beat, beat


def _swung(place: NDArray[np.float64], beat: NDArray[np.int64], beats: int) -> NDArray[np.int64]:
    """Beats whose second eighth is late and that are no triplets, by index."""
    late, other = np.zeros(beats, bool), np.zeros(beats, bool)
    late[beat[_within(place, _SECOND)]] = True
    other[beat[_within(place, _TRIPLET) | _within(place, _EVEN)]] = True
    return np.flatnonzero(late & ~other)


def _share(time: NDArray[np.float64], beats: NDArray[np.float64]) -> float:
    """Share of swung eighths among strokes between beats and beats that nobody strikes; 0 where there are too few."""
    place, beat = _places(time, beats)
    swung = _swung(place, beat, len(beats))
    inside = _within(place, _INSIDE)
    struck = len(np.unique(np.rint(beat + place)[~inside]))
    share = len(swung) / (int(inside.sum()) + max(0, len(beats) - 1 - struck) + 1e-9)
    return share if len(swung) >= _FEWEST and share >= _LEAST_SHARE else 0.0
