"""Swung eighths: found, written even under the mark, played swung again."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tecla.engraving import Wishes, engrave, engrave_with_grid
from tecla.engraving.swing import find_swing, straightened
from tecla.io.musicxml import load_musicxml, save_musicxml
from tecla.music import Performance
from tecla.music.notation import TimeSignature
from tecla.music.playing import play_score

FOUR = TimeSignature(4, 4)


def swung(long: float = 2 / 3, bars: int = 12, quarter_sec: float = 0.4) -> tuple[Performance, NDArray[np.float64]]:
    """A walking bass under a tune in swung eighths, and where its notes belong, in quarters."""
    rng = np.random.default_rng(0)
    beats = np.arange(4 * bars)
    rows = [(float(beat), 36 + (0, 4, 7, 9)[beat % 4], 0.9) for beat in beats]
    rows += [(beat + half, 60 + int(rng.choice([0, 3, 5, 7, 10])), 0.4) for beat in beats for half in (0.0, 0.5) if rng.random() < 0.8]
    at, pitch, length = np.array(sorted(rows)).T
    onset = (np.floor(at) + np.where(at % 1 == 0.5, long, 0.0)) * quarter_sec + 0.5
    return Performance.from_arrays(onset, onset + length * quarter_sec, pitch.astype(int), np.full(len(at), 70)), at


@pytest.mark.parametrize(("long", "ratio"), [(0.6, (3, 2)), (2 / 3, (2, 1)), (0.72, (5, 2))])
def test_the_ratio_is_found(long: float, ratio: tuple[int, int]) -> None:
    performance, _ = swung(long)
    found = find_swing(performance.notes["onset_sec"].astype(float), 0.5 + 0.4 * np.arange(48))
    assert found is not None
    assert found.ratio == ratio


@pytest.mark.parametrize("level", [0.5, 2.0])
def test_it_is_found_at_another_level_of_the_beat(level: float) -> None:
    performance, _ = swung()
    found = find_swing(performance.notes["onset_sec"].astype(float), 0.5 + 0.4 * np.arange(0, 47.5, level))
    assert found is not None
    assert np.median(np.diff(found.beats_sec)) == pytest.approx(0.4, abs=0.01)


def test_even_eighths_and_triplets_are_no_swing() -> None:
    beats = np.arange(24.0)
    assert find_swing(np.sort(np.concatenate([beats, beats + 0.5])), beats) is None
    assert find_swing(np.sort(np.concatenate([beats, beats + 1 / 3, beats + 2 / 3])), beats) is None


def test_straightened_is_what_it_would_have_been_without_swing() -> None:
    performance, _ = swung()
    even, _ = swung(0.5)
    found = find_swing(performance.notes["onset_sec"].astype(float), 0.5 + 0.4 * np.arange(48))
    assert found is not None
    last = performance.notes["onset_sec"] < found.beats_sec[-1]
    assert np.allclose(straightened(performance, found).notes["onset_sec"][last], even.notes["onset_sec"][last], atol=1e-6)


def test_it_is_written_even_under_the_mark() -> None:
    performance, at = swung()
    page = engrave_with_grid(performance, Wishes(time=FOUR, swing=True))
    assert np.mean(page.grid.onset / 120 == at) > 0.97
    assert all(event.value is None or event.value.tuplet is None for _, _, _, event in page.score.events())
    assert [(d.kind, d.value) for d in page.score.measures[0].directions if d.kind == "swing"] == [("swing", "2:1")]
    without = engrave(performance, Wishes(time=FOUR))
    assert not [d for measure in without.measures for d in measure.directions if d.kind == "swing"]


def test_the_page_knows_when_its_second_eighths_were_played() -> None:
    performance, _ = swung()
    page = engrave_with_grid(performance, Wishes(time=FOUR, swing=True))
    played = page.beat_map.seconds_at(page.grid.onset / 120)
    assert np.abs(played - performance.notes["onset_sec"])[:-4].max() < 0.03


def test_the_mark_is_kept_in_the_file_and_played(tmp_path: Path) -> None:
    performance, _ = swung()
    score = engrave(performance, Wishes(time=FOUR, swing=True))
    path = tmp_path / "swing.musicxml"
    save_musicxml(score, path)
    read = load_musicxml(path)
    assert [d.value for m in read.measures for d in m.directions if d.kind == "swing"] == ["2:1"]
    assert "<first>2</first>" in path.read_text("utf-8")
    notes, played = read.notes(), play_score(read).notes["onset_sec"]
    second = [k for k, note in enumerate(notes) if note.position % 1 == Fraction(1, 2)]
    beat_sec = 60.0 / (read.tempo_bpm or 0.0)
    assert len(second) > 20
    assert np.allclose((played[second] / beat_sec) % 1.0, 2 / 3, atol=1e-3)


def test_a_pickup_swings_as_the_bars_do() -> None:
    performance, _ = swung()
    later = Performance(performance.notes[performance.notes["onset_sec"] > 0.7])
    score = engrave(later, Wishes(time=FOUR, swing=True))
    onset = play_score(score).notes["onset_sec"] * (score.tempo_bpm or 0.0) / 60.0
    lines = float(score.measures[0].length) % 1.0
    assert set(np.round((onset - lines) % 1.0, 2)) <= {0.0, 0.67, 1.0}


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_too_little_to_swing_is_a_page_all_the_same(count: int) -> None:
    performance = Performance(swung()[0].notes[:count])
    page = engrave(performance, Wishes(swing=True))
    assert len(page.notes()) == count
