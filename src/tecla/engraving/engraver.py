"""Performance -> Score: each stage callable alone, chained here.

notes -> network readings -> grid (beats, bars, onsets) -> hands -> written lengths -> voices -> keys and spelling ->
measures -> what the player reads besides notes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.engraving.bars import build_measures
from tecla.engraving.beatwise import Rhythm
from tecla.engraving.clefs import choose_clefs
from tecla.engraving.counting import (
    TICKS,
    Bar,
    Count,
    Grid,
    beat_quarters,
    beats_a_bar,
    beats_in_one,
    count_bars,
    stated_beat,
    without_empty_start,
)
from tecla.engraving.hands import obey_hands, split_hands
from tecla.engraving.levels import arrange
from tecla.engraving.marks import directions
from tecla.engraving.markwise import EXTRA, PLAIN
from tecla.engraving.network import read_beats, read_counted, read_notes, read_spelling, read_strokes
from tecla.engraving.notewise import Readings
from tecla.engraving.ornaments import BODY, Adorned, articulate, find_ornaments, unadorned
from tecla.engraving.ottava import add_octave_lines
from tecla.engraving.parallels import Links, find_bars_alike, find_parallels, note_links, notes_agree, strokes_agree
from tecla.engraving.placed import Placed
from tecla.engraving.pulse import Strokes, find_strokes
from tecla.engraving.quantize import place_onsets
from tecla.engraving.repeats import fold_repeats
from tecla.engraving.ruled import count_ruled, ruled_keys, ruled_lengths, ruled_onsets, ruled_quarters
from tecla.engraving.spelling import find_keys, one_name_a_bar
from tecla.engraving.spellwise import Page
from tecla.engraving.swing import find_swing, straightened, swung_map
from tecla.engraving.tracking import PulseReadings, count_at, count_twice, join_readings, move_bar_lines, reach, struck_beats
from tecla.engraving.transposition import transpose
from tecla.engraving.values import in_quarters, surely, written_ends
from tecla.engraving.voices import split_voices
from tecla.errors import OptionError
from tecla.music import Performance
from tecla.music.beatmap import BeatMap
from tecla.music.notation import TimeSignature
from tecla.music.ruled import Ruled
from tecla.music.score import LEFT, RIGHT, Direction, Score

LEVELS: Final = ("faithful", "clean", "easy")
_PICKUP: Final = TICKS // 4
_SHORTEST_UNIT: Final = 16
MOST_NOTES: Final = 200_000
_SAME_TEMPO: Final = 0.35  # octaves between the stated and the played tempo that rubato explains


@dataclass(frozen=True)
class Wishes:
    """What the user states and is obeyed; None is inferred. `tempo_bpm` is quarters a minute, `key_fifths` -7..7.

    `barline_shift_beats` moves all bar lines so many beats later (earlier if negative) than they are found. `hands` says "L" or "R"
    for each note of the performance, "." where it is inferred; "" infers all. `swing` says that eighths are played long and short
    and written even. `transposed_to` is the signature, -7..7, that the usual one of the piece becomes. `repeats` says that what is played
    twice in a row is written once, between repeat signs; beat map and grid are still those of all that was played.
    """

    title: str = ""
    composer: str = ""
    time: TimeSignature | None = None
    key_fifths: int | None = None
    tempo_bpm: float | None = None
    level: str = "faithful"
    barline_shift_beats: int = 0
    hands: str = ""
    swing: bool = False
    transposed_to: int | None = None
    repeats: bool = False

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise OptionError(f"level {self.level!r} is unknown: choose {', '.join(LEVELS)}")
        if self.time is not None and self.time.unit > _SHORTEST_UNIT:
            raise OptionError(f"a time signature of {self.time}: tecla counts 16ths and longer, state it in these")
        for fifths in (self.key_fifths, self.transposed_to):
            if fifths is not None and not -7 <= fifths <= 7:
                raise OptionError(f"a key of {fifths} fifths: must be -7 (seven flats) to 7 (seven sharps)")
        if self.tempo_bpm is not None and not 10 <= self.tempo_bpm <= 400:
            raise OptionError(f"a tempo of {self.tempo_bpm}: must be 10 to 400 quarters a minute")


@dataclass(frozen=True, eq=False)
class Engraving:
    """The page and the way to it: the score, the bridge from its quarters to the performance's seconds, and its grid.

    `beats_sec` and `downbeats_sec` are felt beats and bar lines in the performance. The page stands `transposed_by` semitones above it.
    """

    score: Score
    beat_map: BeatMap
    grid: Grid
    transposed_by: int = 0

    @property
    def beats_sec(self) -> NDArray[np.float64]:
        """Felt beats in seconds, (K,)."""
        return self.beat_map.seconds_at(self.grid.beat_ticks / TICKS)

    @property
    def downbeats_sec(self) -> NDArray[np.float64]:
        """Bar lines in seconds, (D,)."""
        return self.beat_map.seconds_at(np.array([bar.start for bar in self.grid.bars]) / TICKS)


def engrave(performance: Performance, wishes: Wishes = Wishes(), ruled: Ruled | None = None) -> Score:
    """The page of a performance; of what a program wrote in the time that its file has `ruled`.

    Raises:
        OptionError: more than 200,000 notes.
    """
    return engrave_with_grid(performance, wishes, ruled).score


def engrave_with_grid(performance: Performance, wishes: Wishes = Wishes(), ruled: Ruled | None = None) -> Engraving:
    """The page of a performance with its beat map, for whoever wants to know when a bar was played."""
    if len(performance) > MOST_NOTES:
        raise OptionError(f"{len(performance)} notes are too many for one score: cut the performance below {MOST_NOTES}")
    if wishes.swing:
        return _engrave_swing(performance, replace(wishes, swing=False), ruled)
    return _engrave_counted(performance, wishes, ruled=ruled if len(performance) else None)


def _engrave_counted(
    performance: Performance, wishes: Wishes, quarters_sec: NDArray[np.float64] | None = None, ruled: Ruled | None = None
) -> Engraving:
    """The page of a performance, its beats told, each a quarter, or ruled, or found."""
    strokes = find_strokes(performance.notes["onset_sec"].astype(float))
    heard = read_strokes(performance, strokes)
    return engrave_readings(performance, read_notes(performance), strokes, heard, wishes, quarters_sec, ruled)


def _engrave_swing(performance: Performance, wishes: Wishes, ruled: Ruled | None) -> Engraving:
    """The page of a performance with its eighths made even, under the mark that says how they are played."""
    found = engrave_with_grid(performance, wishes, ruled)
    swing = find_swing(performance.notes["onset_sec"].astype(float), found.beats_sec)
    if swing is not None:
        even = _engrave_counted(straightened(performance, swing), wishes, None if ruled else swing.beats_sec, ruled)
        found = replace(even, beat_map=swung_map(even.beat_map, swing))
    first, *others = found.score.measures
    mark = Direction(Fraction(0), "swing", str(swing or "2:1"))
    return replace(found, score=replace(found.score, measures=(replace(first, directions=(*first.directions, mark)), *others)))


def engrave_readings(
    performance: Performance,
    readings: Readings,
    strokes: Strokes,
    heard: PulseReadings,
    wishes: Wishes = Wishes(),
    quarters_sec: NDArray[np.float64] | None = None,
    ruled: Ruled | None = None,
) -> Engraving:
    """The page from a performance and what the networks read in it: `readings` of notes, `heard` of strokes.

    `quarters_sec` (K,) are beats, each a quarter, where they are known already; `ruled` is what a file says besides.
    """
    onset_sec = performance.notes["onset_sec"].astype(float)
    pitch = performance.notes["pitch"].astype(np.int64)
    links = find_parallels(pitch, strokes)
    heard = strokes_agree(join_readings(heard, readings.beat, readings.downbeat, strokes), links)
    wishes, ruled = _with_hands(wishes, ruled), _obeying(ruled, wishes)
    if ruled is not None and ruled.metres:
        count = count_ruled(ruled, float(onset_sec.min()), float(onset_sec.max()), wishes.barline_shift_beats)
    else:
        count = count_beats(performance, strokes, heard, wishes, links, quarters_sec if ruled is None else ruled_quarters(ruled, onset_sec))
    rhythm, marks = read_counted(performance, count.pulse, readings.left_odds)
    readings, rhythm, marks = notes_agree(readings, rhythm, marks, note_links(pitch, strokes, links))
    log_value = in_quarters(rhythm.log_length, count.unit(onset_sec))
    hands = obey_hands(np.where(readings.left_odds > 0, LEFT, RIGHT), wishes.hands)
    adorned = find_ornaments(performance, hands, marks) if ruled is None else unadorned(len(performance))
    loose = 1 - marks.kind[:, PLAIN]
    onset = _place_all(onset_sec, count, rhythm, loose, adorned) if ruled is None else ruled_onsets(onset_sec, count)
    lasts = None if ruled is None else ruled_lengths(performance, count, onset)
    grid = without_empty_start(Grid(onset, count.beat_ticks, count.bars))
    bridge = BeatMap(grid.beat_ticks / TICKS, count.beats_sec)
    staff = obey_hands(split_hands(readings.left_odds, grid.onset, pitch), wishes.hands)
    notes = place_notes(performance, staff, adorned, log_value, grid, lasts)
    notes = arrange(articulate(notes, performance, marks), marks.kind[:, EXTRA], wishes.level)
    notes = _without_doubles(notes)
    grid = _reach(grid, max((n.end for n in notes), default=0))
    starts = [bar.start for bar in grid.bars]
    played_sec = np.stack([onset_sec, performance.sounding_offset_sec()], 1)
    notes = split_voices(notes, rhythm.second, log_value, starts, played_sec, None if lasts is None else surely(lasts))
    keys = _keys(pitch, readings, grid, bridge, wishes.key_fifths, ruled)
    transposed_by = 0
    if wishes.transposed_to is not None:
        bar_of_note = _bar_of(np.array([n.onset for n in notes], np.int64), grid)
        notes, keys, transposed_by = transpose(notes, keys, bar_of_note, wishes.transposed_to)
        notes = _without_doubles(notes)
    notes = spell(notes, grid, keys)
    told = directions(performance, notes, grid, bridge, wishes.tempo_bpm)
    pickup = _pickup(notes, grid)
    measures = build_measures(notes, grid.bars, keys.tolist(), told, pickup)
    measures = add_octave_lines(choose_clefs(fold_repeats(measures) if wishes.repeats else measures))
    tempo = wishes.tempo_bpm or (float(bridge.tempo_bpm(0.0, 8.0)) if len(performance) else None)
    return Engraving(Score(measures, wishes.title, wishes.composer, tempo), bridge, grid, transposed_by)


def _with_hands(wishes: Wishes, ruled: Ruled | None) -> Wishes:
    """The wishes with the hands of a file's tracks where the user states none."""
    return replace(wishes, hands=ruled.hands) if ruled is not None and not wishes.hands else wishes


def _obeying(ruled: Ruled | None, wishes: Wishes) -> Ruled | None:
    """What a file has ruled, in the stated metre; None where the user states another tempo than the file's."""
    if ruled is None:
        return None
    if wishes.tempo_bpm is not None and abs(np.log2(float(ruled.beat_map.tempo_bpm(0.0)) / wishes.tempo_bpm)) > _SAME_TEMPO:
        return None
    return ruled if wishes.time is None else replace(ruled, metres=((Fraction(0), wishes.time),))


def _place_all(
    onset_sec: NDArray[np.float64], count: Count, rhythm: Rhythm, loose: NDArray[np.float64], adorned: Adorned
) -> NDArray[np.int64]:
    """Written onset of each note in ticks, (N,): grace notes stand with the note they lead to, what a sign tells with the note before."""
    body = adorned.body
    begins = adorned.begins[body]  # an ornament stands where its first note is struck
    order = np.argsort(onset_sec[begins], kind="stable")
    placed = np.zeros(len(body), np.int64)
    placed[order] = place_onsets(onset_sec[begins[order]], count, rhythm.among(begins[order]), loose[body[order]])
    owner = np.where(adorned.leads_to == BODY, np.arange(len(onset_sec)), adorned.leads_to)
    return placed[np.maximum(np.searchsorted(body, owner, side="right") - 1, 0)]


def place_notes(
    performance: Performance,
    staff: NDArray[np.int64],
    adorned: Adorned,
    log_value: NDArray[np.float64],
    grid: Grid,
    lasts: NDArray[np.int64] | None = None,
) -> list[Placed]:
    """Notes of the page on their `staff` (N,), with onset and written end, in order of performance; `lasts` (N,) is obeyed, in ticks."""
    played, body = performance.notes, adorned.body
    pitch = played["pitch"].astype(np.int64)
    lines = np.array([bar.start for bar in grid.bars] + [grid.bars[-1].start + grid.bars[-1].length])
    onset = grid.onset
    end = onset.copy()  # of grace notes: they last nothing
    if lasts is None:
        end[body] = written_ends(onset[body], staff[body], pitch[body], log_value[body], lines)
    else:
        end[body] += lasts[body]
    return [
        Placed(
            int(onset[i]), int(end[i]), int(pitch[i]), int(staff[i]), i, int(played["velocity"][i]),
            grace=bool(adorned.leads_to[i] != BODY), marks=(adorned.signs[i],) if adorned.signs[i] else (),
        )
        for i in np.flatnonzero(~adorned.told).tolist()
    ]  # fmt: skip


def count_beats(
    performance: Performance,
    strokes: Strokes,
    heard: PulseReadings,
    wishes: Wishes,
    links: Links,
    quarters_sec: NDArray[np.float64] | None = None,
) -> Count:
    """Beats and bars of a performance, the stated metre and tempo obeyed, parallel passages alike."""
    metre, quarter_sec = wishes.time, None if wishes.tempo_bpm is None else 60.0 / wishes.tempo_bpm
    time = strokes.onset_sec if len(strokes.onset_sec) else np.zeros(1)
    if quarters_sec is not None:
        beats, quarter_sec = struck_beats(quarters_sec, strokes.onset_sec), float(np.median(np.diff(quarters_sec)))
    else:
        beats = count_twice(strokes.onset_sec, heard)
    read = read_beats(performance, beats[0])
    if metre is not None and quarter_sec is None:
        parts = beats_in_one(metre, find_bars_alike(beats, heard, read, links), time)
        quarter_sec = float(np.median(np.diff(beats[0])) / parts / beat_quarters(metre)) if parts != 1 else None
    if quarters_sec is None and quarter_sec is not None:
        found, beat = beats, beat_quarters(metre) if metre else stated_beat(quarter_sec, beats[0], time)
        beats = count_at(strokes.onset_sec, heard, found, beat * quarter_sec)
        read = read if beats is found else read_beats(performance, beats[0])
    pulse = find_bars_alike(beats, heard, read, links, beats_a_bar(metre) if metre else None)
    pulse = move_bar_lines(reach(pulse, float(time[0]), float(time[-1]), quarter_sec or 0.6), wishes.barline_shift_beats)
    return count_bars(pulse, heard, strokes, metre, quarter_sec)


def _without_doubles(notes: list[Placed]) -> list[Placed]:
    """One head for a key struck twice at one place of the page: a chord cannot hold it twice."""
    return list({(n.onset, n.staff, n.pitch, n.grace and n.source): n for n in reversed(notes)}.values())[::-1]


def _reach(grid: Grid, end: int) -> Grid:
    """The grid with just enough bars for the last note to begin and end in, and no beat after its onset."""
    last_onset = int(grid.onset.max()) if len(grid.onset) else 0
    bars = [bar for bar in grid.bars if bar.start < max(end, last_onset + 1)] or list(grid.bars[:1])
    last, count = bars[-1], len(bars)
    while bars[-1].start + bars[-1].length < end and len(bars) < count + 8:
        bars.append(Bar(bars[-1].start + bars[-1].length, last.length, last.time))
    return replace(grid, beat_ticks=grid.beat_ticks[(grid.beat_ticks >= 0) & (grid.beat_ticks <= last_onset)], bars=tuple(bars))


def _bar_of(onset: NDArray[np.int64], grid: Grid) -> NDArray[np.int64]:
    starts = np.array([bar.start for bar in grid.bars])
    return np.clip(np.searchsorted(starts, onset, side="right") - 1, 0, len(starts) - 1)


def _keys(
    pitch: NDArray[np.int64], readings: Readings, grid: Grid, bridge: BeatMap, stated: int | None, ruled: Ruled | None
) -> NDArray[np.int64]:
    """Key signature of each bar: as stated, as the file has it, or as found."""
    if stated is not None:
        return np.full(len(grid.bars), stated)
    if ruled is not None and ruled.keys:
        middles = bridge.seconds_at(np.array([bar.start + bar.length / 2 for bar in grid.bars]) / TICKS)
        return ruled_keys(ruled, middles)
    return find_keys(readings.log_alter, pitch, _bar_of(grid.onset, grid), len(grid.bars))


def spell(notes: list[Placed], grid: Grid, keys: NDArray[np.int64]) -> list[Placed]:
    """Notes with their names, `keys` being the signature of each bar."""
    order = sorted(range(len(notes)), key=lambda i: (notes[i].onset, notes[i].pitch))
    onset, end, pitch = np.array([(notes[i].onset, notes[i].end, notes[i].pitch) for i in order], np.int64).reshape(-1, 3).T
    bar = _bar_of(onset, grid)
    names = one_name_a_bar(read_spelling(Page(onset / TICKS, end / TICKS, pitch, keys[bar])), bar, pitch)
    of_note = dict(zip(order, names.tolist(), strict=True))
    return [replace(note, fifths=of_note[i]) for i, note in enumerate(notes)]


def _pickup(notes: list[Placed], grid: Grid) -> int:
    """Ticks that the first bar lacks, in 16ths: what comes before the first note, if that is not its bar line."""
    first = min((n.onset for n in notes), default=0)
    return first // _PICKUP * _PICKUP if grid.bars[0].length > first else 0
