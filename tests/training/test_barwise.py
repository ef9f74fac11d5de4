"""Counts right and wrong, scores that are played, hands that are joined: what the networks of bars and hands are told stays true."""

from fractions import Fraction

import numpy as np
import pytest

pytest.importorskip("torch")

from tecla.corpora.asap import Annotations
from tecla.engraving.barwise import LEVELS, N_FEATURES, OTHER, RIGHT, SHIFTED, beat_features
from tecla.engraving.handwise import N_FEATURES as N_HAND_FEATURES
from tecla.engraving.handwise import hand_features
from tecla.engraving.pulse import METRES, find_strokes
from tecla.music import Performance
from tecla.music.notation import SpelledPitch, TimeSignature
from tecla.music.score import Event, Head, Measure, Score
from tecla.training.barwise import Proposal, propose, tell_beats
from tecla.training.handwise import Handed, joined, varied
from tecla.training.playing import play, write_out
from tecla.training.pulse_targets import Beaten, beaten


def waltz(bars: int = 40, beat_sec: float = 0.5) -> Beaten:
    """A bass note on the bar line, a chord note on the other beats, a tune in eighths."""
    beats = np.arange(3 * bars) * beat_sec
    rows = [(t, 48 if k % 3 == 0 else 60, 80) for k, t in enumerate(beats)]
    rows += [(t + half * beat_sec, 76 + (k * 3 + half * 2) % 7, 70) for k, t in enumerate(beats) for half in (0.0, 0.5)]
    onset, pitch, velocity = np.array(sorted(rows)).T
    performance = Performance.from_arrays(onset, onset + 0.4 * beat_sec, np.round(pitch), velocity)
    return beaten(performance, Annotations(beats, beats[::3], ((0.0, "3/4"),), ((0.0, 0),)))


@pytest.mark.parametrize("level", range(OTHER))
def test_a_count_at_another_pace_is_as_much_slower_or_faster(level: int) -> None:
    piece = waltz()
    onset_sec = find_strokes(piece.performance.notes["onset_sec"]).onset_sec
    count = propose(piece.beats_sec, onset_sec, level, np.random.default_rng(level))
    ratio = 1.0 if level == SHIFTED else LEVELS[level]
    assert np.median(np.diff(count.beats_sec)) == pytest.approx(0.5 * ratio, abs=1e-6)
    assert np.isin(count.beats_sec.round(6), piece.beats_sec.round(6)).any() == (level != SHIFTED)


def test_bars_are_told_where_the_count_is_right_and_nowhere_else() -> None:
    piece = waltz(8)
    told = tell_beats(piece, Proposal(piece.beats_sec, np.full(24, RIGHT)))
    assert told["downbeat"].tolist() == [1, 0, 0] * 8
    assert told["beat_in_bar"].tolist() == [0, 1, 2] * 8
    assert set(told["metre"].tolist()) == {METRES.index("3/4")}
    wrong = tell_beats(piece, Proposal(piece.beats_sec[::2], np.full(12, LEVELS.index(2.0))))
    assert set(wrong["downbeat"].tolist()) == {-1}
    assert set(wrong["level"].tolist()) == {LEVELS.index(2.0)}


def test_beats_look_the_same_in_every_key_and_tempo() -> None:
    piece, slow = waltz(20, 0.5), waltz(20, 1.0)
    seen = beat_features(piece.performance, piece.beats_sec)
    assert seen.shape == (60, N_FEATURES)
    assert np.allclose(seen, beat_features(piece.performance.transposed(5), piece.beats_sec), atol=1e-6)
    differs = np.abs(seen - beat_features(slow.performance, slow.beats_sec))[8:-8].max(axis=0) > 1e-3
    rows = 12 * 6  # what is measured against the mean of some seconds may differ, and the length of a beat
    assert differs[rows:].sum() == 1


def test_a_waltz_repeats_itself_every_three_beats() -> None:
    piece = waltz(20)
    bass_later_by_two, bass_later_by_three = (
        beat_features(piece.performance, piece.beats_sec)[:50, 12 * 6 + 4 + 9 * k + 2] for k in (1, 2)
    )
    assert bass_later_by_three.mean() == 1.0
    assert bass_later_by_two.mean() < 0.5


def page(bars: int = 20) -> Score:
    """Bars of 6/8 in eighths, one voice."""
    eighths = tuple(Event(Fraction(1, 2), (Head(SpelledPitch("CDEFGA"[k], 0, 4)),)) for k in range(6))
    return Score(tuple(Measure(TimeSignature(6, 8), 0, {1: eighths}, Fraction(3)) for _ in range(bars)))


def test_a_score_is_played_on_its_beats() -> None:
    (written,) = write_out(page())
    assert written.place.tolist() == [0, 1] * 20
    assert np.allclose(written.onset, np.arange(120) / 3)
    played = play(written, [waltz(30), waltz(30, 0.8)], np.random.default_rng(0))
    assert METRES[played.metre[0]] == "6/8"
    assert len(played.performance) == 120
    place = np.interp(np.sort(played.performance.notes["onset_sec"]), played.beats_sec, np.arange(len(played.beats_sec)))
    assert np.abs(place - written.onset)[:-6].max() < 0.15


def test_a_short_score_teaches_nothing() -> None:
    assert write_out(page(8)) == []


def hands(n: int = 96) -> Handed:
    """The left hand below, the right hand above, in turn."""
    left = np.arange(n) % 2 == 0
    onset = np.arange(n) * 0.2
    return Handed(Performance.from_arrays(onset, onset + 0.3, np.where(left, 45, 70) + np.arange(n) % 5, 60), left.astype(np.int64))


@pytest.mark.parametrize("seed", range(8))
def test_hands_keep_their_notes_when_they_are_played_differently(seed: int) -> None:
    rng = np.random.default_rng(seed)
    told = varied(joined(hands(), hands(), rng), rng)
    pitch = told.performance.notes["pitch"].astype(int)
    assert len(pitch) == len(told.left)
    assert pitch[told.left == 1].max() < pitch[told.left == 0].min()


def test_hand_features_know_intervals_and_one_height() -> None:
    performance = hands().performance
    seen, moved = hand_features(performance), hand_features(performance.transposed(3))
    assert seen.shape == (96, N_HAND_FEATURES)
    assert (np.abs(seen - moved).max(axis=0) > 1e-6).sum() == 1
    assert hand_features(Performance()).shape == (0, N_HAND_FEATURES)
