"""The beat network's readings -> beats and bars: two searches, one after the other, that leave no gap.

Beats: of all chains of strokes the likeliest, where the time from beat to beat changes little (semi-Markov Viterbi over
strokes and log period, after Dixon 2001 and Raphael 2001); then once more, held to the tempo that it had most of the time. A beat
that nobody strikes lies evenly between its neighbours. Each stroke votes for the period that spans it, whichever way the beats go,
so that fast and slow counting are judged alike. Bars: Viterbi over places in bars of two, three or four beats, where a change of
metre costs much and must stay; the bar network, which reads the beats that were found, speaks there besides the beat network.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.barwise import BarReadings, recount
from tecla.engraving.pulse import METRES, PERIODS, Strokes
from tecla.engraving.viterbi import likeliest_path

_FAR: Final = -1e9
_BIN: Final = float(PERIODS[1] - PERIODS[0])
_MOST_SILENT: Final = 8  # intervals from one struck beat to the next
_SILENCE_SEC: Final = 4.0
_EDGE_SEC: Final = 1.5  # the first beat lies this near the first stroke, the last this near the last
_REACH: Final = 48  # strokes back in which the beat before is sought
_BEYOND: Final = 8
_BARS: Final = (2, 3, 4)
_TEMPI: Final = np.arange(PERIODS[0], PERIODS[-1] + 0.05, 0.05)  # log2 seconds a beat among which a count's usual one is sought
_TEMPO_SPREAD: Final = 0.15  # octaves
_HELD: Final = 8.0  # what each octave that a beat strays beyond the reach of rubato costs a stroke, in units of a vote
_RUBATO: Final = 0.3  # octaves
_SLOW_SEC: Final = 1.5  # a beat as slow as that is a bar if it falls into thirds and nothing else: a waltz, no very slow 6/8
_NEAR_BEATS: Final = 0.04
_ON_SEC: Final = 0.005
_FARTHEST: Final = 0.5  # octaves beyond that: farther away costs no more, so that a new tempo can win
_PARTS: Final = np.array([1, 2, 3, 4, 6])  # of a beat that was found, which a stated tempo makes beats
_ROUGHLY: Final = 0.35  # octaves by which a stated tempo may be off
_STATED: Final = 40.0  # what an octave that a beat strays beyond the reach of rubato from a stated tempo costs a stroke, in units of a vote
_BEATS_OF: Final = {"2/4": 2, "6/8": 2, "2/2": 2, "6/4": 2, "3/4": 3, "3/8": 3, "9/8": 3, "3/2": 3, "4/4": 4, "12/8": 4, "4/2": 4}


@dataclass(frozen=True, eq=False)
class PulseReadings:
    """What the beat network says of each stroke.

    Shape:
        beat, downbeat (E,) log-odds; log_period (E, PERIODS), log_metre (E, 12), log_beat_in_bar (E, 4)
    """

    beat: NDArray[np.float64]
    downbeat: NDArray[np.float64]
    log_period: NDArray[np.float64]
    log_metre: NDArray[np.float64]
    log_beat_in_bar: NDArray[np.float64]


def join_readings(heard: PulseReadings, beat: NDArray[np.float64], downbeat: NDArray[np.float64], strokes: Strokes) -> PulseReadings:
    """Readings of strokes with those of notes added: `beat` and `downbeat` (N,) are odds that the note-wise network gives."""
    if not len(strokes.onset_sec):
        return heard
    count = np.diff(strokes.first)

    def mean_log_odds(odds: NDArray[np.float64]) -> NDArray[np.float64]:
        bounded = np.clip(odds, 1e-3, 1 - 1e-3)
        return np.asarray(np.add.reduceat(np.log(bounded / (1 - bounded)), strokes.first[:-1]) / count)

    return replace(heard, beat=heard.beat + mean_log_odds(beat), downbeat=heard.downbeat + 0.5 * mean_log_odds(downbeat))


@dataclass(frozen=True)
class TrackingWeights:
    """How much each reading counts; chosen on the development pieces."""

    beat: float = 1.0
    period: float = 0.12
    steady: float = 2.5  # cost of an octave of tempo change from beat to beat
    silent: float = 3.0  # cost of a beat that nobody strikes
    downbeat: float = 1.0
    in_bar: float = 0.5
    metre: float = 0.6
    bar_downbeat: float = 1.0  # the same of the bar network
    bar_in_bar: float = 0.5
    change: float = 20.0
    odd: float = 12.0  # cost of a bar that is cut short
    stated_odd: float = 20.0  # the same where the metre is stated


@dataclass(frozen=True, eq=False)
class Pulse:
    """Beats in seconds, (K,), the place of each in its bar, (K,), and how many beats that bar has, (K,)."""

    beats_sec: NDArray[np.float64]
    place: NDArray[np.int64]
    in_bar: NDArray[np.int64]

    def at(self, time_sec: NDArray[np.float64]) -> NDArray[np.float64]:
        """Seconds -> beats since the first, counted on evenly for some beats beyond both ends; of at least two beats.

        >>> Pulse(np.array([1.0, 2.0]), np.zeros(2, int), np.full(2, 2)).at(np.array([0.0, 1.5, 4.0])).round(3).tolist()
        [-1.0, 0.5, 3.0]
        """
        times, steps = np.maximum.accumulate(self.beats_sec), np.arange(1, _BEYOND + 1)
        times = times + 1e-9 * np.arange(len(times))  # strictly rising, whatever they are
        edges = [times[0] - (times[1] - times[0]) * steps[::-1], times, times[-1] + (times[-1] - times[-2]) * steps]
        return np.asarray(np.interp(time_sec, np.concatenate(edges), np.arange(-_BEYOND, len(times) + _BEYOND)))


def find_beats(
    onset_sec: NDArray[np.float64], readings: PulseReadings, weights: TrackingWeights = TrackingWeights()
) -> NDArray[np.float64]:
    """Times of beats in order; index of the stroke on each, -1 where there is none, in the second row. Shape: (2, K)."""
    n, bins = len(onset_sec), len(PERIODS)
    if n < 2:
        return np.stack([onset_sec, np.arange(n, dtype=float)])
    votes = np.concatenate([np.zeros((1, bins)), np.cumsum(weights.period * np.maximum(readings.log_period, -100.0), axis=0)])
    drag = -weights.steady * _BIN * np.abs(np.subtract.outer(np.arange(bins), np.arange(bins)))  # (to, from)
    odds = weights.beat * np.clip(readings.beat, -6.0, 6.0)
    value = np.full((n, bins), _FAR)  # best chain that ends with a beat on stroke i after an interval of bin v
    carried = np.full((n, bins), _FAR)  # the same, once the next interval is of bin v
    source, parts = np.full((n, bins), -1, np.int32), np.ones((n, bins), np.int32)
    start = votes[:n].max(axis=1)  # strokes before the first beat vote freely
    for i in range(n):
        if onset_sec[i] - onset_sec[0] < _EDGE_SEC:
            value[i] = start[i] + odds[i]
        if i:
            back, v, count = _ways(onset_sec[max(0, i - _REACH) : i + 1])
            j = i - back
            merit = carried[j, v] + votes[i, v] - votes[j, v] - weights.silent * (np.minimum(count, _MOST_SILENT) - 1) + odds[i]
            order = np.argsort(merit, kind="stable")  # of several ways to one interval the last, the best, is kept
            order = order[merit[order] > value[i, v[order]]]
            value[i, v[order]], source[i, v[order]], parts[i, v[order]] = merit[order], j[order], count[order]
        carried[i] = (value[i] + drag).max(axis=1)
    return _chain(onset_sec, value, source, parts, drag, votes)


def count_twice(onset_sec: NDArray[np.float64], readings: PulseReadings) -> NDArray[np.float64]:
    """Beats as `find_beats` gives them, counted once freely and once more in the tempo that the first count has in most places.

    Seen from a few seconds, a beat and its half are alike; over a piece a pianist seldom goes over from one to the other. Where the first
    count has slow beats that fall into thirds and nothing else, these are bars, and their thirds are the beats. Shape: (2, K)
    """
    beats = find_beats(onset_sec, readings)
    if len(beats[0]) < 3:
        return beats
    usual = _usual_tempo(beats[0], onset_sec)
    far = np.clip(np.abs(PERIODS - usual) - _RUBATO, 0.0, _FARTHEST)
    held = find_beats(onset_sec, replace(readings, log_period=np.maximum(readings.log_period, -100.0) - _HELD * far))
    if usual < np.log2(_SLOW_SEC) or not _are_bars_of_three(held[0], onset_sec):
        return held
    return struck_beats(recount(held[0], onset_sec, 1 / 3), onset_sec)


def count_at(onset_sec: NDArray[np.float64], readings: PulseReadings, found: NDArray[np.float64], beat_sec: float) -> NDArray[np.float64]:
    """Beats as `find_beats` gives them, about as long as stated: those `found` before, divided if need be, or others. Shape: (2, K)"""
    if len(found[0]) < 3:
        return found
    slower = _usual_tempo(found[0], onset_sec) - np.log2(beat_sec)
    parts = float(_PARTS[np.abs(slower - np.log2(_PARTS)).argmin()])
    if abs(slower - np.log2(parts)) > _ROUGHLY:
        usual = _usual_tempo(found[0], onset_sec, np.log2(beat_sec * parts))
        off = np.maximum(np.abs(PERIODS - usual) - _RUBATO, 0.0)
        found = find_beats(onset_sec, replace(readings, log_period=np.maximum(readings.log_period, -100.0) - _STATED * off))
    return found if parts == 1 else struck_beats(recount(found[0], onset_sec, 1 / parts), onset_sec)


def struck_beats(beats_sec: NDArray[np.float64], onset_sec: NDArray[np.float64]) -> NDArray[np.float64]:
    """Beats as `find_beats` gives them, from their times: a stroke is on a beat if it lies within 5 ms. Shape: (2, K)"""
    after = np.clip(np.searchsorted(onset_sec, beats_sec), 1, max(len(onset_sec) - 1, 1))
    at = np.where(np.abs(onset_sec[after - 1] - beats_sec) < np.abs(onset_sec[after] - beats_sec), after - 1, after)
    return np.stack([beats_sec, np.where(np.abs(onset_sec[at] - beats_sec) < _ON_SEC, at, -1)])


def _usual_tempo(beats_sec: NDArray[np.float64], onset_sec: NDArray[np.float64], about: float | None = None) -> float:
    """Log2 seconds of the beat that is counted most, of those near `about` if that is given; a beat weighs the root of its strokes."""
    strokes = np.histogram(onset_sec, beats_sec)[0] + 1.0
    near = np.exp(-0.5 * (np.subtract.outer(_TEMPI, np.log2(np.diff(beats_sec))) / _TEMPO_SPREAD) ** 2)
    merit = near @ np.sqrt(strokes)
    if about is not None:
        merit = np.where(np.abs(_TEMPI - about) < _ROUGHLY, merit - 1e-6 * np.abs(_TEMPI - about), -1.0)
    return float(_TEMPI[int(merit.argmax())])


def _are_bars_of_three(beats_sec: NDArray[np.float64], onset_sec: NDArray[np.float64]) -> bool:
    """Whether slow beats are bars: their thirds are struck, their halves and quarters seldom."""
    from_middle = np.abs(np.interp(onset_sec, beats_sec, np.arange(len(beats_sec))) % 1.0 - 0.5)
    thirds, halves, quarters = ((np.abs(from_middle - off) < _NEAR_BEATS).sum() for off in (1 / 6, 0.0, 1 / 4))
    return bool(thirds > 2 * (halves + quarters))


def _ways(time: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Ways to the last stroke of `time` from those before: how many strokes back, the bin of the interval, how many intervals.

    After a silence too long for that, the beat before counts on in any tempo.
    """
    gap = time[-1] - time[:-1]
    count = np.arange(1, _MOST_SILENT + 1)
    bins = np.rint((np.log2(np.maximum(gap, 1e-3))[:, None] - np.log2(count) - PERIODS[0]) / _BIN).astype(np.int64)
    which, k = np.nonzero((bins >= 0) & (bins < len(PERIODS)))
    back, v, parts = len(gap) - which, bins[which, k], count[k]
    if gap[-1] > _SILENCE_SEC:
        every = np.arange(len(PERIODS))
        back, v = np.append(back, np.ones_like(every)), np.append(v, every)
        parts = np.append(parts, np.maximum(1, np.rint(gap[-1] / 2.0**PERIODS)).astype(np.int64))
    return back, v, parts


def _chain(
    onset_sec: NDArray[np.float64],
    value: NDArray[np.float64],
    source: NDArray[np.int32],
    parts: NDArray[np.int32],
    drag: NDArray[np.float64],
    votes: NDArray[np.float64],
) -> NDArray[np.float64]:
    rest = (votes[-1] - votes[1:]).max(axis=1)  # strokes after the last beat vote freely
    ends = np.where(onset_sec[-1] - onset_sec < _EDGE_SEC, value.max(axis=1) + rest, 2 * _FAR)
    i = int(ends.argmax())
    v = int(value[i].argmax())
    times, strokes = [float(onset_sec[i])], [float(i)]
    while source[i, v] >= 0:
        j, count = int(source[i, v]), int(parts[i, v])
        for k in range(1, count):
            times.append(float(onset_sec[i] + (onset_sec[j] - onset_sec[i]) * k / count))
            strokes.append(-1.0)
        times.append(float(onset_sec[j]))
        strokes.append(float(j))
        i, v = j, int((value[j] + drag[v]).argmax())
    return np.array([times[::-1], strokes[::-1]])


def find_bars(
    beats: NDArray[np.float64],
    readings: PulseReadings,
    read: BarReadings,
    weights: TrackingWeights = TrackingWeights(),
    bar: int | None = None,
) -> Pulse:
    """Bars over beats as `find_beats` gives them and as the bar network has `read` them; of `bar` beats if that is stated."""
    times, struck = beats[0], beats[1].astype(np.int64)
    if len(times) < 2:
        return Pulse(times, np.zeros(len(times), np.int64), np.full(len(times), bar or 4))
    lengths = (bar,) if bar else _BARS
    states = [(length, place) for length in lengths for place in range(length)]
    on, at = struck >= 0, np.maximum(struck, 0)
    down = weights.downbeat * np.where(on, np.clip(readings.downbeat[at], -6, 6), -1.0)
    down += weights.bar_downbeat * np.clip(read.downbeat, -6, 6)
    metres = weights.metre * _metre_merit(readings.log_metre[np.maximum.accumulate(at * on)])
    merit = np.zeros((len(times), len(states)))
    for s, (length, place) in enumerate(states):
        merit[:, s] = (0.5 if place == 0 else -0.5) * down
        merit[:, s] += weights.in_bar * np.where(on, np.maximum(readings.log_beat_in_bar[at, min(place, 3)], -6.0), 0.0)
        merit[:, s] += weights.bar_in_bar * np.maximum(read.log_beat_in_bar[:, min(place, 3)], -6.0)
        if bar is None:
            merit[:, s] += metres[:, _BARS.index(length)]
    path = likeliest_path(merit, _bar_moves(states, replace(weights, odd=weights.stated_odd) if bar else weights))
    return Pulse(times, np.array([states[s][1] for s in path]), np.array([states[s][0] for s in path]))


def even_bars(pulse: Pulse, bar: int) -> Pulse:
    """Bars that were cut short, filled: `bar` beats evenly over the time between their lines, since somebody said that all have so many.

    Half a bar and less is taken together with the next one. So a beat that was lost or found too many costs one bar, not all that follow.

    >>> found = Pulse(np.arange(7.0), np.array([0, 1, 2, 0, 1, 0, 1]), np.full(7, 3))
    >>> even_bars(found, 3).beats_sec.round(2).tolist()
    [0.0, 1.0, 2.0, 3.0, 3.67, 4.33, 5.0, 6.0]
    """
    lines = np.flatnonzero(pulse.place == 0)
    if len(lines) < 2:
        return pulse
    kept = [int(lines[0])]
    for line in lines[1:].tolist():
        if 2 * (line - kept[-1]) > bar:
            kept.append(line)
    places = [np.arange(kept[0], dtype=float)]
    for begin, end in pairwise(kept):
        count = bar * max(1, round((end - begin) / bar))
        places.append(begin + np.arange(count) * (end - begin) / count)
    places.append(np.arange(kept[-1], len(pulse.place), dtype=float))
    times = np.interp(np.concatenate(places), np.arange(len(pulse.place)), pulse.beats_sec)
    return Pulse(times, (np.arange(len(times)) - kept[0]) % bar, np.full(len(times), bar))


def _bar_moves(states: list[tuple[int, int]], weights: TrackingWeights) -> NDArray[np.float64]:
    """What it costs to go from each place of a bar to each, (from, to): on to the next is free, a new metre or a cut bar is not."""
    moves = np.full((len(states), len(states)), _FAR)
    for s, (length, place) in enumerate(states):
        for t, (other, begin) in enumerate(states):
            if other == length and begin == (place + 1) % length:
                moves[s, t] = 0.0
            elif begin == 0:
                moves[s, t] = -weights.change * (other != length) - weights.odd * (place != length - 1)
    return moves


def _metre_merit(log_metre: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-probability, at each beat, that bars have two, three or four beats, (K, 3)."""
    odds = np.exp(log_metre)
    beats_of = np.array([_BEATS_OF.get(name, 0) for name in METRES])
    return np.stack([np.log(odds[:, beats_of == length].sum(axis=1) + 1e-3) for length in _BARS], axis=1)


def move_bar_lines(pulse: Pulse, beats: int) -> Pulse:
    """The same beats with every bar line so many of them later (earlier if negative); a new bar at an edge is as long as the one beside it.

    >>> move_bar_lines(Pulse(np.arange(4.0), np.array([0, 1, 2, 0]), np.full(4, 3)), 1).place.tolist()
    [2, 0, 1, 2]
    """
    if not beats or not len(pulse.place):
        return pulse
    moved = np.arange(len(pulse.place)) - beats
    inside = np.clip(moved, 0, len(pulse.place) - 1)
    in_bar = pulse.in_bar[inside]
    return replace(pulse, place=(pulse.place[inside] + moved - inside) % np.maximum(in_bar, 1), in_bar=in_bar)


def reach(pulse: Pulse, first_sec: float, last_sec: float, usual_sec: float = 0.6) -> Pulse:
    """The pulse with beats added evenly, so that one lies at or before `first_sec` and two after `last_sec`.

    Where fewer than two beats were found, they are `usual_sec` apart, four to a bar.
    """
    if len(pulse.beats_sec) < 2:
        bar = int(pulse.in_bar[0]) if len(pulse.in_bar) else 4
        pulse = Pulse(np.array([first_sec, first_sec + usual_sec]), np.array([0, 1 % bar]), np.array([bar, bar]))
    times, place, in_bar = pulse.beats_sec.tolist(), pulse.place.tolist(), pulse.in_bar.tolist()
    early, late = (float(np.median(np.diff(part))) for part in (times[:6], times[-6:]))
    front = max(0, int(np.ceil((times[0] - first_sec) / early - 1e-6)))
    rear = max(0, int(np.ceil((last_sec - times[-1]) / late)) + 2)
    times = [times[0] - early * k for k in range(front, 0, -1)] + times + [times[-1] + late * k for k in range(1, rear + 1)]
    place = [(place[0] - k) % in_bar[0] for k in range(front, 0, -1)] + place + [(place[-1] + k) % in_bar[-1] for k in range(1, rear + 1)]
    return Pulse(np.array(times), np.array(place), np.array(in_bar[:1] * front + in_bar + in_bar[-1:] * rear))
