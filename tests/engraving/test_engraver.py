"""From a performance to a page: hand-made takes whose notation nobody would dispute, and takes nobody would play."""

from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tecla.engraving import Wishes, engrave, engrave_with_grid, network
from tecla.engraving.counting import stated_beat
from tecla.errors import OptionError
from tecla.io.midi import load_midi
from tecla.io.musicxml import load_musicxml, save_musicxml
from tecla.music import Performance
from tecla.music.notation import TimeSignature

THREE = TimeSignature(3, 4)


def waltz(bars: int = 16, quarter_sec: float = 0.5, semitones: int = 0) -> Performance:
    """A bass note and two chords a bar under a melody in C, as a steady player plays it."""
    rows = []
    tune = [76, 79, 77, 74, 77, 76, 72, 76, 74, 71, 74, 72]
    for bar in range(bars):
        at = 3 * bar * quarter_sec
        root = (48, 43, 48, 43)[bar % 4]
        rows += [(at, 0.95, root, 70)]
        rows += [(at + k * quarter_sec, 0.8, root + shift, 50) for k in (1, 2) for shift in (12, 16)]
        rows += [(at + k * quarter_sec, 0.95, tune[(3 * bar + k) % 12], 80) for k in range(3)]
    onset, share, pitch, velocity = np.array(rows).T
    return Performance.from_arrays(onset, onset + share * quarter_sec, pitch + semitones, velocity)


def test_a_waltz_is_written_as_played() -> None:
    page = engrave(waltz(), Wishes(time=THREE, key_fifths=0, tempo_bpm=120))
    notes = page.notes()
    assert len(notes) == len(waltz())
    assert {n.position for n in notes} == {0, 1, 2}
    assert {n.duration for n in notes} == {Fraction(1)}
    assert len(page.measures) == 16
    assert all(n.staff == 1 for n in notes if n.pitch.midi > 70)
    assert all(n.staff == 2 for n in notes if n.pitch.midi < 50)


def test_a_stated_tempo_settles_what_a_quarter_is_without_a_metre() -> None:
    tune = [60, 62, 64, 65, 67, 65, 64, 62, 60, 64, 67, 72, 71, 67, 65, 62, 60, 60, 64, 64, 67, 67, 72, 72, 71, 69, 67, 65, 64, 62, 60, 60]
    rows = [(k, pitch) for k, pitch in enumerate(2 * tune)] + [(4 * bar, (48, 43, 48, 43, 45, 41, 43, 48)[bar % 8]) for bar in range(16)]
    onset, pitch = np.array(sorted(rows)).T
    take = Performance.from_arrays(onset / 2, onset / 2 + 0.45, pitch, 70)  # half a second from note to note
    for bpm, lasts in ((120, 1), (60, Fraction(1, 2))):
        page = engrave(take, Wishes(tempo_bpm=bpm))
        assert (bpm, Counter(n.duration for n in page.notes()).most_common(1)[0][0]) == (bpm, lasts)
        assert Counter(str(m.time) for m in page.measures).most_common(1)[0][0] == "4/4"


def test_a_bar_counted_as_a_beat_is_three_beats_at_three_times_its_tempo() -> None:
    beats, struck = np.arange(0.0, 40.0, 1.0), np.arange(0.0, 40.0, 1 / 3)
    assert [stated_beat(quarter, beats, struck) for quarter in (1 / 3, 2 / 3, 4 / 3)] == [1.0, 1.5, 1.5]
    halves = np.arange(0.0, 40.0, 1 / 4)
    assert {stated_beat(quarter, beats, halves) for quarter in (0.25, 0.5, 0.55, 1.0, 2.0, 3.0)} == {1.0}


@pytest.mark.parametrize("time", ["1/1", "1/4", "2/4", "3/4", "4/4", "6/8", "12/8", "3/16"])
def test_a_short_take_is_written_in_whatever_metre_is_stated(time: str) -> None:
    for count in (1, 2, 4, 5, 7):
        onset = 0.5 + 0.6 * np.arange(count)
        page = engrave(Performance.from_arrays(onset, onset + 0.4, 60 + np.arange(count)), Wishes(time=TimeSignature.parse(time)))
        assert len(page.notes()) == count
        assert {str(m.time) for m in page.measures} == {time}


def test_a_stated_metre_is_kept_where_passages_come_again() -> None:
    onset = np.concatenate([part + 0.5 * np.arange(31) for part in (0.0, 15.7, 31.2)])  # three times the same, a beat too few between
    take = Performance.from_arrays(onset, onset + 0.4, np.tile(60 + np.arange(31) * 5 % 12, 3), 70)
    for time in ("3/4", "4/4", "5/4", "6/8"):
        page = engrave(take, Wishes(time=TimeSignature.parse(time)))
        assert {str(m.time) for m in page.measures} == {time}
        assert len(page.notes()) == len(take)


def test_bars_that_were_taken_for_beats_are_beaten_in_three_if_that_is_stated() -> None:
    fast = waltz(32, quarter_sec=0.22)
    page = engrave(fast, Wishes(time=THREE))
    assert {n.duration for n in page.notes()} == {Fraction(1)}
    assert len(page.measures) == 32


def test_beats_fall_where_they_were_played() -> None:
    take = waltz()
    found = engrave_with_grid(take, Wishes(time=THREE, tempo_bpm=120))
    assert np.allclose(found.downbeats_sec[:16], 1.5 * np.arange(16), atol=0.02)
    assert np.allclose(found.beats_sec[:48], 0.5 * np.arange(48), atol=0.02)


def test_later_is_the_same_page() -> None:
    wishes = Wishes(time=THREE)
    assert engrave(waltz().shifted(7.0), wishes) == engrave(waltz(), wishes)


def test_the_stated_key_spells() -> None:
    pages = [engrave(waltz(semitones=1), Wishes(time=THREE, key_fifths=k)) for k in (7, -5)]
    assert {m.key_fifths for m in pages[0].measures} == {7}
    assert {n.pitch.alter for n in pages[0].notes()} <= {0, 1, 2}
    assert {n.pitch.alter for n in pages[1].notes()} <= {0, -1, -2}


def test_a_pickup_begins_on_its_note_and_the_last_bar_is_as_long_as_the_others() -> None:
    early = Performance.from_arrays([0.25], [0.45], [67], 80)
    later = waltz().shifted(0.5)
    rows = np.concatenate([early.notes, later.notes])
    page = engrave(Performance(rows), Wishes(time=THREE, tempo_bpm=120))
    assert page.measures[0].length == Fraction(1, 2)
    assert page.notes()[0].onset == 0
    free = engrave(waltz())
    assert {str(m.time) for m in free.measures} == {"3/4"}


def test_easy_is_easier() -> None:
    wishes = {
        level: len(engrave(waltz(), Wishes(time=THREE, tempo_bpm=120, level=level)).notes()) for level in ("faithful", "clean", "easy")
    }
    assert wishes["faithful"] >= wishes["clean"] >= wishes["easy"] > 16


def test_networks_stay_open_from_one_page_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    page = engrave(waltz())
    monkeypatch.setattr(network, "open_network", lambda path: pytest.fail(f"{path} was opened again"))
    assert engrave(waltz()) == page


def test_options_are_bounded() -> None:
    for wrong in ({"level": "hard"}, {"key_fifths": 8}, {"tempo_bpm": 1.0}, {"time": TimeSignature(3, 64)}):
        with pytest.raises(OptionError):
            Wishes(**wrong)


def test_silence_is_a_bar_of_rest() -> None:
    page = engrave(Performance())
    assert len(page.measures) == 1
    assert not page.notes()


@pytest.mark.parametrize("seed", range(40))
def test_any_take_becomes_a_valid_page(seed: int, tmp_path: Path) -> None:
    """A Score cannot hold an invalid bar; what is written is read back the same."""
    page = engrave(hostile(seed), Wishes(level=("faithful", "clean", "easy")[seed % 3], title="Odd & <odd>"))
    save_musicxml(page, tmp_path / "page.mxl")
    ours, theirs = (
        [(n.onset, n.duration, n.pitch, n.staff, n.voice) for n in s.notes()] for s in (page, load_musicxml(tmp_path / "page.mxl"))
    )
    assert ours == theirs


def hostile(seed: int) -> Performance:
    """Chords of a hundred keys, trills of one key, silences of a minute, notes that last nothing or for ever."""
    rng = np.random.default_rng(seed)
    n = int(rng.choice([1, 3, 60, 150]))
    onset = (np.zeros(n), np.arange(n) * 0.01, np.cumsum(rng.exponential(9.0, n)), np.sort(rng.uniform(0, n / 8, n)) + 3000.0)[seed % 4]
    lasting = (np.zeros(n), np.full(n, 60.0), rng.exponential(0.3, n))[seed // 4 % 3]
    pitch = (np.full(n, 60), rng.integers(0, 128, n), rng.integers(21, 109, n))[seed // 12 % 3]
    pedals = [(float(t), 64, int(v)) for t, v in zip(rng.uniform(0, onset.max() + 1, 9), rng.integers(0, 128, 9), strict=True)]
    return Performance.from_arrays(onset, onset + lasting, pitch, rng.integers(1, 128, n), controls=pedals)


def test_the_demo_is_a_waltz_to_its_last_bar() -> None:
    """Its beats are taken for bars until somebody says 3/4; it ends in a ritardando."""
    take = load_midi(Path(__file__).parents[2] / "demo" / "evening-waltz.mid")
    page = engrave_with_grid(take, Wishes(time=THREE))
    assert len(page.score.measures) in (20, 21)  # the last chord may be held into another
    assert page.downbeats_sec[[0, 19]] == pytest.approx([take.notes["onset_sec"][0], take.notes["onset_sec"][-1]], abs=0.07)
