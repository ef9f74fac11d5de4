"""Beats and bars from readings that leave no doubt, and from those that leave gaps."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tecla.engraving.barwise import HEADS, BarReadings
from tecla.engraving.pulse import METRES, PERIODS
from tecla.engraving.tracking import PulseReadings, count_twice, even_bars, find_bars, find_beats, reach


def heard(beat: NDArray[np.bool_], downbeat: NDArray[np.bool_], period_sec: NDArray[np.float64]) -> PulseReadings:
    """Readings that are sure of beats, of bar lines and of the tempo, and know nothing else."""
    n = len(beat)
    off = (PERIODS - np.log2(period_sec)[:, None]) / 0.2
    return PulseReadings(
        np.where(beat, 3.0, -3.0), np.where(downbeat, 3.0, -3.0), -0.5 * off**2,
        np.full((n, len(METRES)), -np.log(len(METRES))), np.full((n, 4), -np.log(4)),
    )  # fmt: skip


def unread(n: int) -> BarReadings:
    """A bar network that knows nothing."""
    flat = {f"log_{name}": np.full((n, HEADS[name]), -np.log(HEADS[name])) for name in ("level", "beat_in_bar", "metre")}
    return BarReadings(downbeat=np.zeros(n), **flat)


def eighths(beats_sec: NDArray[np.float64]) -> NDArray[np.float64]:
    """A stroke on every beat and one half way to the next."""
    return np.sort(np.concatenate([beats_sec, (beats_sec[1:] + beats_sec[:-1]) / 2]))


@pytest.mark.parametrize("pace", [1.0, 0.6, 1.7])
def test_beats_are_found_through_a_ritardando(pace: float) -> None:
    beats = np.cumsum(pace * np.concatenate([np.full(20, 0.5), 0.5 * 1.06 ** np.arange(12)]))
    time = eighths(beats)
    on = np.isin(time, beats)
    found = find_beats(time, heard(on, on, np.interp(time, beats[1:], np.diff(beats))))
    assert np.allclose(found[0], beats)
    assert (found[1] == np.flatnonzero(on)).all()


def test_a_beat_that_nobody_strikes_is_counted() -> None:
    beats = np.arange(24) * 0.6
    time = eighths(beats)
    time = time[(np.abs(time - 6.0) > 0.31) & (np.abs(time - 9.6) > 0.31)]
    on = np.isin(time, beats)
    found = find_beats(time, heard(on, on, np.full(len(time), 0.6)))
    assert np.allclose(found[0], beats)
    assert (found[1] < 0).sum() == 2


def test_after_a_long_silence_counting_goes_on() -> None:
    beats = np.concatenate([np.arange(12) * 0.5, 100.0 + np.arange(12) * 0.5])
    on = np.ones(len(beats), bool)
    found = find_beats(beats, heard(on, on, np.full(len(beats), 0.5)))[0]
    assert np.isin(beats, found).all()
    assert np.diff(found).max() < 1.0


def test_a_passage_that_sounds_like_half_the_tempo_is_counted_in_the_tempo_of_the_rest() -> None:
    beats = np.arange(72) * 0.5
    every_second = (beats > 11.9) & (beats < 22.1) & (np.arange(72) % 2 == 1)
    sure = heard(~every_second, np.zeros(72, bool), np.where((beats > 11.9) & (beats < 22.1), 1.0, 0.5))
    readings = replace(sure, beat=np.where(every_second, -0.4, sure.beat), log_period=0.2 * sure.log_period)
    assert len(find_beats(beats, readings)[0]) < 64
    assert np.allclose(count_twice(beats, readings)[0], beats)


def test_a_tempo_that_is_surely_new_is_not_held_back() -> None:
    beats = np.concatenate([np.arange(48) * 0.5, 24.0 + np.arange(36)])
    readings = heard(np.ones(84, bool), np.zeros(84, bool), np.where(np.arange(84) < 48, 0.5, 1.0))
    sure = replace(readings, log_period=20 * readings.log_period)
    assert np.allclose(count_twice(beats, sure)[0], beats)


def test_the_bars_of_a_slow_waltz_are_not_taken_for_beats() -> None:
    bars = np.cumsum(np.concatenate([[0.0], np.full(14, 1.8), [2.0, 2.3]]))
    beats = np.interp(np.arange(3 * len(bars) - 2) / 3, np.arange(len(bars)), bars)
    on = np.isin(beats, bars)
    readings = heard(on, on, np.interp(beats, bars[1:], np.diff(bars)))
    assert np.allclose(find_beats(beats, readings)[0], bars)
    found = count_twice(beats, readings)
    assert np.allclose(found[0], beats)
    assert found[1].tolist() == list(range(len(beats)))


def test_bars_change_their_metre_where_the_music_does() -> None:
    lines = np.concatenate([np.arange(0, 36, 3), np.arange(36, 84, 4)])
    beats = np.stack([np.arange(84) * 0.5, np.arange(84.0)])
    down = np.isin(np.arange(84), lines)
    pulse = find_bars(beats, heard(np.ones(84, bool), down, np.full(84, 0.5)), unread(84))
    assert (np.flatnonzero(pulse.place == 0) == lines).all()
    assert pulse.in_bar[:36].tolist() == [3] * 36
    assert pulse.in_bar[36:].tolist() == [4] * 48


def test_the_bar_network_is_heard_where_the_beat_network_knows_nothing() -> None:
    beats = np.stack([np.arange(40) * 0.5, np.arange(40.0)])
    silent = replace(heard(np.ones(40, bool), np.zeros(40, bool), np.full(40, 0.5)), downbeat=np.zeros(40))
    read = replace(unread(40), downbeat=np.where(np.arange(40) % 3 == 2, 4.0, -4.0))
    pulse = find_bars(beats, silent, read)
    assert np.flatnonzero(pulse.place == 0).tolist() == list(range(2, 40, 3))


def test_the_stated_bar_is_kept() -> None:
    beats = np.stack([np.arange(30) * 0.5, np.arange(30.0)])
    pulse = even_bars(find_bars(beats, heard(np.ones(30, bool), np.arange(30) % 4 == 1, np.full(30, 0.5)), unread(30), bar=3), 3)
    assert set(np.diff(np.flatnonzero(pulse.place == 0)).tolist()) == {3}


@pytest.mark.parametrize("lost", [13, 14])
def test_a_beat_too_few_costs_one_stated_bar_and_not_all_that_follow(lost: int) -> None:
    kept = np.delete(np.arange(40), lost)
    beats = np.stack([kept * 0.5, np.arange(39.0)])
    pulse = even_bars(find_bars(beats, heard(np.ones(39, bool), kept % 4 == 0, np.full(39, 0.5)), unread(39), bar=4), 4)
    assert np.allclose(pulse.beats_sec[pulse.place == 0], np.arange(0, 40, 4) * 0.5)
    assert set(np.diff(np.flatnonzero(pulse.place == 0)).tolist()) == {4}


def test_beats_reach_beyond_the_music() -> None:
    beats = np.stack([1.0 + np.arange(8) * 0.5, np.arange(8.0)])
    found = even_bars(find_bars(beats, heard(np.ones(8, bool), np.arange(8) % 4 == 1, np.full(8, 0.5)), unread(8), bar=4), 4)
    pulse = reach(found, 0.2, 5.0)
    assert pulse.beats_sec[0] <= 0.2
    assert pulse.beats_sec[-1] >= 5.5
    assert np.allclose(np.diff(pulse.beats_sec), 0.5)
    assert ((np.diff(pulse.place) % 4) == 1).all()
