"""Parallel passages: music repeats itself, and what is the same to the ear should be the same on the page.

Two passages are parallel where the same keys are struck in the same order, but for ornaments and a few slips: local alignments of the
row of strokes with itself (Smith and Waterman 1981). What the networks say of a note, a stroke or a beat is then the mean of what they
say wherever it comes; so chance errors shrink, bar lines fall alike, and what is played twice is written alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.barwise import BarReadings
from tecla.engraving.beatwise import Rhythm
from tecla.engraving.markwise import Marks
from tecla.engraving.notewise import Readings
from tecla.engraving.pulse import PERIODS, Strokes
from tecla.engraving.tracking import Pulse, PulseReadings, even_bars, find_bars

_KEYS: Final = 88
_ALIKE: Final = 0.6  # share of common keys from which two strokes speak for a passage and not against it
_UNLIKE: Final = -1.5  # the most that one stroke speaks against it
_LEFT_OUT: Final = 0.5  # cost of a stroke that has no partner
_LEAST: Final = 12.0  # strokes, all alike, that make a passage
_APART_SEC: Final = 4.0  # nearer repetition is a figure, not a passage
_BACK: Final = 4096  # strokes back in which the same is sought
_BLOCK: Final = 2048
_MOST: Final = 8 * _BLOCK  # links of a block; the best passages come first, and a figure that never ends has no end of them
_AROUND: Final = 8  # strokes to either side by which the pace of both is compared
_LINES_ALIKE: Final = 3.0  # log-odds for a bar line where all parallel passages have one
_ROUNDS: Final = 3
_STEPS: Final = ((1, 1, 0.0), (2, 1, _LEFT_OUT), (1, 2, _LEFT_OUT))  # strokes on in the later passage, in the earlier one, cost


@dataclass(frozen=True, eq=False)
class Links:
    """Pairs of rows (strokes, notes or beats) that are the same in two passages.

    Shape:
        later, earlier (M,) indices; slower (M,) octaves by which the later one is played slower
    """

    later: NDArray[np.int64]
    earlier: NDArray[np.int64]
    slower: NDArray[np.float64]


def find_parallels(pitch: NDArray[np.int64], strokes: Strokes) -> Links:
    """Strokes that are the same in passages which come twice or more often; `pitch` (N,) is MIDI."""
    time = strokes.onset_sec
    keys = np.zeros((len(time), _KEYS), np.float32)
    keys[strokes.of_note, np.clip(pitch - 21, 0, _KEYS - 1)] = 1.0
    found = [passage for begin in range(0, len(time), _BLOCK) for passage in _passages(keys, time, begin)]
    if not found:
        return Links(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    later, earlier = (np.concatenate([passage[side] for passage in found]) for side in (0, 1))
    return Links(later, earlier, np.concatenate([_slower(time, *passage) for passage in found]))


def agree(values: NDArray[np.float64], links: Links) -> NDArray[np.float64]:
    """Each row's mean with the rows it is linked to; shape as given, (N, ...).

    >>> agree(np.array([1.0, 2.0, 5.0]), Links(np.array([2]), np.array([0]), np.zeros(1)))
    array([3., 2., 3.])
    """
    total, count = values.astype(np.float64), np.ones(len(values))
    for own, other in ((links.later, links.earlier), (links.earlier, links.later)):
        np.add.at(total, own, values[other])
        np.add.at(count, own, 1.0)
    return np.asarray(total / count.reshape(-1, *[1] * (values.ndim - 1)))


def strokes_agree(heard: PulseReadings, links: Links) -> PulseReadings:
    """Readings of strokes, those of parallel passages averaged; how long a beat is, each in its own pace."""
    names = ("beat", "downbeat", "log_metre", "log_beat_in_bar")
    means = {name: agree(getattr(heard, name), links) for name in names}
    bins = np.rint(links.slower / (PERIODS[1] - PERIODS[0])).astype(np.int64)
    total, count = heard.log_period.copy(), np.ones(len(heard.beat))
    columns = np.arange(len(PERIODS))
    for own, other, shift in ((links.later, links.earlier, bins), (links.earlier, links.later, -bins)):
        theirs = np.clip(columns - shift[:, None], 0, len(PERIODS) - 1)
        np.add.at(total, own, np.take_along_axis(heard.log_period[other], theirs, 1))
        np.add.at(count, own, 1.0)
    return replace(heard, log_period=total / count[:, None], **means)


def notes_agree(readings: Readings, rhythm: Rhythm, marks: Marks, same: Links) -> tuple[Readings, Rhythm, Marks]:
    """Readings of notes, averaged over those of the same key in parallel strokes (`note_links`): hands, letters, rhythm, marks."""
    of_note = {name: agree(getattr(readings, name), same) for name in ("left_odds", "log_alter")}
    in_beats, signs = ({name: agree(values, same) for name, values in vars(read).items()} for read in (rhythm, marks))
    return replace(readings, **of_note), Rhythm(**in_beats), Marks(**signs)


def find_bars_alike(beats: NDArray[np.float64], readings: PulseReadings, read: BarReadings, links: Links, bar: int | None = None) -> Pulse:
    """Bars as `find_bars` finds them, parallel passages having their lines in the same places where nothing speaks against it.

    All have `bar` beats if that is stated.
    """
    same = _beat_links(beats, len(readings.beat), links)
    read = replace(read, downbeat=agree(read.downbeat, same), log_beat_in_bar=agree(read.log_beat_in_bar, same))
    pulse = find_bars(beats, readings, read, bar=bar)
    for _ in range(_ROUNDS if len(same.later) else 0):
        theirs = _of_others(np.where(pulse.place == 0, 1.0, -1.0), same)
        pulse = find_bars(beats, readings, replace(read, downbeat=np.clip(read.downbeat, -6, 6) + _LINES_ALIKE * theirs), bar=bar)
    return even_bars(pulse, bar) if bar else pulse


def _of_others(values: NDArray[np.float64], links: Links) -> NDArray[np.float64]:
    """Mean of the rows that each is linked to, without itself; 0 where there are none."""
    total, count = np.zeros(len(values)), np.zeros(len(values))
    for own, other in ((links.later, links.earlier), (links.earlier, links.later)):
        np.add.at(total, own, values[other])
        np.add.at(count, own, 1.0)
    return np.asarray(total / np.maximum(count, 1.0))


def _beat_links(beats: NDArray[np.float64], strokes: int, links: Links) -> Links:
    """Pairs of beats that lie on parallel strokes; `beats` (2, K) as `find_beats` gives them."""
    beat_of = np.full(strokes, -1)
    struck = beats[1] >= 0
    beat_of[beats[1, struck].astype(np.int64)] = np.flatnonzero(struck)
    both = (beat_of[links.later] >= 0) & (beat_of[links.earlier] >= 0)
    return Links(beat_of[links.later[both]], beat_of[links.earlier[both]], links.slower[both])


def note_links(pitch: NDArray[np.int64], strokes: Strokes, links: Links) -> Links:
    """Pairs of notes of one key in parallel strokes."""
    later, earlier = [], []
    for own, other in zip(links.later.tolist(), links.earlier.tolist(), strict=True):
        theirs = {int(pitch[k]): k for k in range(strokes.first[other], strokes.first[other + 1])}
        for k in range(strokes.first[own], strokes.first[own + 1]):
            if int(pitch[k]) in theirs:
                later.append(k)
                earlier.append(theirs[int(pitch[k])])
    return Links(np.array(later, np.int64), np.array(earlier, np.int64), np.zeros(len(later)))


def _slower(time: NDArray[np.float64], later: NDArray[np.int64], earlier: NDArray[np.int64]) -> NDArray[np.float64]:
    """Octaves by which the later passage is slower around each of its strokes."""
    row = np.arange(len(later))
    begin, end = np.maximum(row - _AROUND, 0), np.minimum(row + _AROUND, len(later) - 1)
    lasts = [np.maximum(time[side[end]] - time[side[begin]], 0.05) for side in (later, earlier)]
    return np.asarray(np.clip(np.log2(lasts[0] / lasts[1]), -1.0, 1.0))


def _passages(keys: NDArray[np.float32], time: NDArray[np.float64], begin: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Later and earlier strokes of every passage whose later strokes lie in the block from `begin` on."""
    end, first = min(begin + _BLOCK, len(time)), max(0, begin - _BACK)
    merit = _merit(keys, time, begin, end, first)
    last = merit[2:, 2:] >= _LEAST
    for on, back, _ in _STEPS:  # ends of passages: nothing that follows is better
        ahead = np.zeros_like(last)
        ahead[: -on or None, : -back or None] = merit[2 + on :, 2 + back :] > merit[2:-on, 2:-back]
        last &= ~ahead
    rows, columns = np.nonzero(last)
    order = np.argsort(-merit[rows + 2, columns + 2], kind="stable")
    used, taken = np.zeros(merit.shape, bool), 0
    for i, j in zip((rows[order] + 2).tolist(), (columns[order] + 2).tolist(), strict=True):
        if not used[i, j] and taken < _MOST:
            passage, gained = _trace(merit, used, i, j)
            if gained >= _LEAST:
                taken += len(passage)
                yield passage[:, 0] + begin - 2, passage[:, 1] + first - 2


def _merit(keys: NDArray[np.float32], time: NDArray[np.float64], begin: int, end: int, first: int) -> NDArray[np.float32]:
    """What speaks for the best passage that ends with each pair of strokes, (end - begin + 2, end - first + 2).

    Two rows and two columns of nothing come before them.
    """
    merit = np.zeros((end - begin + 2, end - first + 2), np.float32)
    size = np.maximum(keys.sum(axis=1), 1.0)
    nearest = np.searchsorted(time, time - _APART_SEC)
    for i in range(begin, end):
        m, row = int(nearest[i]) - first, i - begin + 2
        if m < 1:
            continue
        common = 2 * (keys[first : first + m] @ keys[i]) / (size[first : first + m] + size[i])
        fits = np.maximum((common - _ALIKE) / (1 - _ALIKE), _UNLIKE)
        so_far = np.max([merit[row - on, 2 - back : m + 2 - back] - cost for on, back, cost in _STEPS], axis=0)
        merit[row, 2 : m + 2] = np.maximum(np.maximum(so_far, 0.0) + fits, 0.0)
    return merit


def _trace(merit: NDArray[np.float32], used: NDArray[np.bool_], i: int, j: int) -> tuple[NDArray[np.int64], float]:
    """The passage that ends at (i, j), in order, (L, 2), as far as no better one has taken it, and its own merit; marks what lies by it."""
    top, before = float(merit[i, j]), 0.0
    path: list[tuple[int, int]] = []
    while merit[i, j] > 0:
        if used[i, j]:
            before = float(merit[i, j])
            break
        path.append((i, j))
        ways = [(float(merit[i - on, j - back]) - cost, i - on, j - back) for on, back, cost in _STEPS]
        best = max(ways, key=lambda way: way[0])
        if best[0] <= 0:
            break
        i, j = best[1:]
    for row, column in path:
        used[row - 2 : row + 3, column] = True
        used[row, column - 2 : column + 3] = True
    return np.array(path[::-1], np.int64).reshape(-1, 2), top - before
