"""Passages that come twice: found where they are, nowhere else, and read alike."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tecla.engraving.barwise import HEADS, BarReadings
from tecla.engraving.beatwise import LENGTHS, PLACES, STEPS, Rhythm
from tecla.engraving.engraver import engrave_with_grid
from tecla.engraving.markwise import ARTICULATIONS, KINDS, Marks
from tecla.engraving.network import read_notes
from tecla.engraving.parallels import Links, _merit, agree, find_bars_alike, find_parallels, note_links, notes_agree, strokes_agree
from tecla.engraving.pulse import METRES, PERIODS, Strokes, find_strokes
from tecla.engraving.tracking import PulseReadings
from tecla.music import Performance


def melody(seed: int, length: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(48, 80, length)


def row(pitch: NDArray[np.int64], step_sec: float = 0.3) -> Strokes:
    """One stroke a note, evenly."""
    return find_strokes(np.arange(len(pitch)) * step_sec)


def test_a_passage_that_returns_is_linked_stroke_by_stroke() -> None:
    once, between = melody(0, 40), melody(1, 25)
    pitch = np.concatenate([once, between, once])
    links = find_parallels(pitch, row(pitch))
    assert links.later.tolist() == list(range(65, 105))
    assert links.earlier.tolist() == list(range(40))
    assert np.allclose(links.slower, 0.0)


def test_an_ornament_and_a_slip_do_not_end_a_passage() -> None:
    once = melody(0, 40)
    again = np.insert(once, 12, once[12] + 2)
    again[30] += 1
    pitch = np.concatenate([once, melody(1, 25), again])
    links = find_parallels(pitch, row(pitch))
    pairs = dict(zip(links.later.tolist(), links.earlier.tolist(), strict=True))
    assert pairs[65] == 0
    assert pairs[65 + 40] == 39


def test_music_that_does_not_return_has_no_links() -> None:
    pitch = melody(2, 300)
    assert len(find_parallels(pitch, row(pitch)).later) == 0


def test_a_figure_that_comes_at_once_again_is_no_passage() -> None:
    pitch = np.tile(melody(3, 8), 2)
    assert len(find_parallels(pitch, row(pitch, 0.2)).later) == 0


@pytest.mark.parametrize("semitones", [-7, 5])
def test_links_are_the_same_in_every_key(semitones: int) -> None:
    pitch = np.concatenate([melody(0, 30), melody(1, 20), melody(0, 30)])
    here, there = find_parallels(pitch, row(pitch)), find_parallels(pitch + semitones, row(pitch))
    assert (here.later == there.later).all()
    assert (here.earlier == there.earlier).all()


def test_a_slower_return_is_known_to_be_slower() -> None:
    pitch = np.concatenate([melody(0, 40), melody(0, 40)])
    strokes = find_strokes(np.concatenate([np.arange(40) * 0.25, 10.0 + np.arange(40) * 0.5]))
    links = find_parallels(pitch, strokes)
    assert len(links.later) == 40
    assert np.allclose(links.slower, 1.0)


def test_passages_are_found_across_blocks() -> None:
    once = melody(0, 2100)
    pitch = np.concatenate([once, melody(1, 60), once[:500]])
    links = find_parallels(pitch, row(pitch))
    assert (links.later - links.earlier == 2160).all()
    assert len(links.later) == 500


def test_merits_are_those_of_the_plain_recursion() -> None:
    rng = np.random.default_rng(4)
    keys = (rng.random((40, 88)) < 0.04).astype(np.float32)
    keys[20:32] = keys[2:14]
    time = np.arange(40) * 0.5
    merit = np.zeros((42, 42))
    for i in range(40):
        for j in range(40):
            if time[j] < time[i] - 4.0:
                common = 2 * float(keys[i] @ keys[j]) / (max(keys[i].sum(), 1) + max(keys[j].sum(), 1))
                before = max(0.0, merit[i + 1, j + 1], merit[i, j + 1] - 0.5, merit[i + 1, j] - 0.5)
                merit[i + 2, j + 2] = max(0.0, before + max((common - 0.6) / 0.4, -1.5))
    assert np.allclose(_merit(keys, time, 0, 40, 0), merit, atol=1e-5)


def heard(beat: NDArray[np.float64], period: int) -> PulseReadings:
    """Readings that know beats and one period bin, nothing else."""
    n = len(beat)
    log_period = np.full((n, len(PERIODS)), -5.0)
    log_period[:, period] = 0.0
    return PulseReadings(beat, np.zeros(n), log_period, np.zeros((n, len(METRES))), np.zeros((n, 4)))


def test_periods_agree_each_in_its_own_pace() -> None:
    readings = heard(np.array([1.0, 3.0]), 10)
    told = strokes_agree(readings, Links(np.array([1]), np.array([0]), np.array([0.25])))  # the second is two bins slower
    assert told.beat.tolist() == [2.0, 2.0]
    assert told.log_period[1, [10, 12]].tolist() == [-2.5, -2.5]
    assert told.log_period[0, [8, 10]].tolist() == [-2.5, -2.5]


def test_no_links_leave_all_as_it_is() -> None:
    nothing = Links(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    values = np.random.default_rng(0).random((5, 3))
    assert (agree(values, nothing) == values).all()


def test_bar_lines_fall_alike() -> None:
    """The first time the readings know the bar line, the second time they are a beat off, less surely: the first one wins in both."""
    n, half = 48, 24
    lines = np.where(np.arange(n) % 4 == 0, 3.0, -3.0)
    lines[half:] = np.where(np.arange(half) % 4 == 1, 1.0, -1.0)
    flat = {f"log_{name}": np.full((n, HEADS[name]), -np.log(HEADS[name])) for name in ("level", "beat_in_bar", "metre")}
    beats = np.stack([np.arange(n) * 0.5, np.arange(n)])
    readings = heard(np.ones(n), 10)
    links = Links(np.arange(half, n), np.arange(half), np.zeros(half))
    pulse = find_bars_alike(beats, readings, BarReadings(downbeat=lines, **flat), links, bar=None)
    assert (pulse.place[:half] == pulse.place[half:]).all()
    assert (pulse.place[:half] == 0).sum() == 6


def played_twice(seed: int) -> Performance:
    """A tune over broken chords, twice, eight seconds between, each time with its own small unevenness."""
    rng = np.random.default_rng(seed)
    tune = [(k * 0.5, 72 + int(p)) for k, p in enumerate(rng.integers(-5, 8, 32))]
    bass = [(k * 0.25, 48 + (0, 7, 4, 7)[k % 4] + 5 * (k // 16 % 2)) for k in range(64)]
    notes = sorted([*tune, *bass])
    onset = np.array([time for time, _ in notes])
    pitch = np.tile([p for _, p in notes], 2)
    onset = np.concatenate([onset, onset + 24.0]) + rng.normal(0, 0.004, 2 * len(notes))
    return Performance.from_arrays(onset, onset + 0.24, pitch, np.full(len(pitch), 64))


def written_alike(performance: Performance) -> float:
    """Share of steps from note to note that the page of the second half writes as that of the first."""
    onset = engrave_with_grid(performance).grid.onset
    half = len(onset) // 2
    first, second = (np.lexsort((performance.notes["pitch"][part], onset[part])) for part in (slice(half), slice(half, None)))
    return float(np.mean(np.diff(onset[:half][first]) == np.diff(onset[half:][second])))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_what_is_played_twice_is_written_alike(seed: int) -> None:
    assert written_alike(played_twice(seed)) > 0.95


def test_notes_of_parallel_strokes_read_alike() -> None:
    performance = played_twice(0)
    pitch = performance.notes["pitch"].astype(np.int64)
    strokes = find_strokes(performance.notes["onset_sec"].astype(float))
    read = read_notes(performance)
    rhythm = Rhythm(*(np.zeros((len(pitch), len(table))) for table in (PLACES, STEPS, LENGTHS)), np.zeros(len(pitch)))
    unmarked = Marks(np.zeros((len(pitch), len(KINDS))), np.zeros(len(pitch)), np.zeros((len(pitch), len(ARTICULATIONS))))
    told, *_ = notes_agree(read, rhythm, unmarked, note_links(pitch, strokes, find_parallels(pitch, strokes)))
    half = len(pitch) // 2
    first, second = (
        np.lexsort((pitch[:half], performance.notes["onset_sec"][:half].round(1))),
        half + np.lexsort((pitch[half:], performance.notes["onset_sec"][half:].round(1))),
    )
    assert (pitch[first] == pitch[second]).all()
    before, after = (np.abs(r.left_odds[first] - r.left_odds[second]).mean() for r in (read, told))
    assert after < 0.2 * before
