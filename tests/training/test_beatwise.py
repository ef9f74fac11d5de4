"""Counted performances, counted otherwise, joined and varied: what the rhythm network is told stays true."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch")

from tecla.corpora.asap import Annotations
from tecla.engraving.beatwise import LENGTHS, N_FEATURES, PLACES, STEPS
from tecla.music import Performance
from tecla.training.as_heard import lengths_as_heard
from tecla.training.beatwise import NOTES, join_hands, recounted, row, varied, windows
from tecla.training.beatwise_targets import Counted, part, tell
from tecla.training.pulse_targets import beaten


def song(beats: int = 80, beat_sec: float = 0.6, division: int = 2) -> Counted:
    """A bass note a beat, and above it a tune that divides the beat, played exactly; four beats to a bar."""
    at = np.concatenate([np.arange(beats * division) / division, np.arange(beats, dtype=float)])
    length = np.concatenate([np.full(beats * division, 1 / division), np.ones(beats)])
    pitch = np.concatenate([70 + np.arange(beats * division) % 7, 40 + np.arange(beats) % 5])
    order = np.lexsort((pitch, at))
    at, length, pitch = at[order], length[order], pitch[order]
    count = np.arange(beats + 1) * beat_sec
    performance = Performance.from_arrays(at * beat_sec, (at + 0.8 * length) * beat_sec, pitch, np.full(len(at), 60))
    piece = beaten(performance, Annotations(count, count[::4], ((0.0, "4/4"),), ((0.0, 0),)))
    return Counted(piece, at, length, (pitch < 60).astype(np.int64), np.zeros((len(at), 7), np.int64), np.where(pitch < 60, 4.0, -4.0))


def astray(piece: Counted) -> NDArray[np.float64]:
    """Beats from where each note is written to where it was played."""
    played = piece.pulse.at(piece.piece.performance.notes["onset_sec"])
    return np.asarray(np.abs(played - piece.onset))


def test_places_steps_and_lengths_are_told_as_written() -> None:
    told = tell(np.array([0.0, 0.5, 1.75, 2.0, np.nan]), np.array([0.5, 1.25, 0.25, 0.37, np.nan]))
    assert [PLACES[k] for k in told["place"][:4]] == [0, 0.5, 0.75, 0]
    assert [STEPS[k] for k in told["step"][[0, 2]]] == [0.5, 0.25]
    assert [float(LENGTHS[k]) for k in told["length"][:3]] == [0.5, 1.25, 0.25]
    assert told["step"][1] == -1  # five quarters of a beat are no step of the table
    assert told["length"][3] == told["place"][4] == told["step"][3] == -1


@pytest.mark.parametrize("seed", range(12))
def test_in_every_count_notes_are_written_where_they_were_played(seed: int) -> None:
    counted = recounted(song(), np.random.default_rng(seed))
    assert astray(counted)[8:-24].max() < 0.15  # beats move by 30 ms at most, and to strokes that are near
    assert len(counted.piece.place) == len(counted.piece.in_bar) == len(counted.piece.beats_sec)


def test_hands_of_two_pieces_meet_beat_on_beat() -> None:
    own, other = part(song(), 30, 200), song(beat_sec=0.9, division=3)
    joined = join_hands(own, other, np.random.default_rng(1))
    assert astray(joined).max() < 1e-3
    thirds = np.isclose(joined.onset * 3 % 1, 0.0, atol=1e-6) & ~np.isclose(joined.onset % 1, 0.0, atol=1e-6)
    halves = np.isclose(joined.onset % 1, 0.5)
    assert thirds.any() != halves.any()  # the tune is either ours or theirs
    assert set(np.sign(joined.left_odds)) == {-1.0, 1.0}


def test_variation_keeps_each_row_with_its_note() -> None:
    piece, rng = song(), np.random.default_rng(5)
    for _ in range(5):
        other = varied(piece, rng)
        assert len(other.onset) == len(other.left_odds) == len(other.piece.performance)
        assert (np.isclose(other.length, 1) == (other.second == 1)).all()
        assert np.median(astray(other)) < 0.03
        assert astray(other).max() < 0.1


def test_windows_hold_what_the_network_expects() -> None:
    seen, told = next(windows([[song(200)], [song(200, division=3)]], np.random.default_rng(0)))
    assert seen.shape[1] == N_FEATURES
    assert NOTES / 2 < len(seen) <= NOTES * 1.5
    assert {len(target) for target in told.values()} == {len(seen)}
    assert (told["place"] >= 0).mean() > 0.9
    whole, _ = row(replace(song(), left_odds=np.zeros(240)))
    assert np.isfinite(whole).all()


def test_keys_are_guessed_under_the_pedal_alone_and_no_later_than_the_string_falls_silent() -> None:
    onset = np.arange(40) / 4
    pedal = np.array([[0.0, 64, 127], [5.0, 64, 0]])
    performance = Performance.from_arrays(onset, onset + 0.1, 40 + np.arange(40), np.full(40, 60), controls=pedal)
    ring = performance.sounding_offset_sec() - onset
    heard = np.stack([lengths_as_heard(performance, np.random.default_rng(seed)) for seed in range(30)])
    under = ring > 0.12
    assert np.allclose(heard[:, ~under], 0.1)
    assert (heard > 0).all()
    assert (heard <= np.minimum(ring, 0.1 + 3.0) + 1e-9).all()
    assert heard[:, under].max() > 1.0
    assert heard[:, under].min() < 0.05
