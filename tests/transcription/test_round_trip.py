"""targets -> decode -> what was played: both ends of every note, velocities, pedals, pieces, repetitions."""

import numpy as np
import pytest

from tecla.music import SUSTAIN, Performance
from tecla.transcription import decode
from tecla.transcription.decode import DecodeConfig, decode_notes, decode_pedal
from tecla.transcription.targets import encode, encode_pedals

FRAME_SEC = 0.02


def played(seed: int, gap_sec: float = 0.12) -> Performance:
    """Notes that re-strike their keys no sooner than a hand does, with pedals."""
    rng = np.random.default_rng(seed)
    rows = []
    for pitch in rng.choice(np.arange(21, 109), 25, replace=False):
        onset = rng.uniform(0.1, 1)
        for _ in range(5):
            length = rng.uniform(0.08, 0.9)
            rows.append((onset, onset + length, pitch, rng.integers(1, 128)))
            onset += length + rng.uniform(gap_sec, 1)
    edges = np.cumsum(rng.uniform(0.15, 0.8, 12)) + 0.1
    pedal = [(time, SUSTAIN, 127 * (i % 2 == 0)) for i, time in enumerate(edges)]
    return Performance.from_arrays(*np.array(rows).T, controls=pedal)


def by_key(performance: Performance) -> np.ndarray:
    return np.lexsort((performance.notes["onset_sec"], performance.notes["pitch"]))


@pytest.mark.parametrize("seed", range(8))
def test_what_was_played_comes_back(seed: int) -> None:
    performance = played(seed)
    targets = encode(performance, 0.0, 500)
    found = decode_notes(targets.keys, DecodeConfig())
    wanted = performance.notes[by_key(performance)]
    assert (found.key_index + 21).tolist() == wanted["pitch"].tolist()
    assert np.abs(found.onset * FRAME_SEC - wanted["onset_sec"]).max() < 0.002
    assert np.abs(found.velocity * 127 - wanted["velocity"]).max() < 0.5
    assert found.confidence.min() > 0.8


@pytest.mark.parametrize("seed", range(8))
def test_both_ends_of_a_note_come_back(seed: int) -> None:
    performance = played(seed)
    found = decode_notes(encode(performance, 0.0, 500).keys, DecodeConfig())
    order = by_key(performance)
    assert np.abs(found.key_up * FRAME_SEC - performance.notes["offset_sec"][order]).max() < 0.002
    assert np.abs(found.sounding_end * FRAME_SEC - performance.sounding_offset_sec()[order]).max() < 0.02


@pytest.mark.parametrize("seed", range(8))
def test_pedals_come_back(seed: int) -> None:
    intervals_sec = played(seed).pedal_intervals()
    pedals = encode_pedals(intervals_sec, np.zeros((0, 2)), 0.0, 600)
    found = decode_pedal(pedals, DecodeConfig()) * FRAME_SEC
    assert found.shape == intervals_sec.shape
    assert np.abs(found - intervals_sec).max() < 0.02


@pytest.mark.parametrize("cut", [40, 77, 150])
def test_decoding_by_pieces_finds_each_note_once(cut: int) -> None:
    keys = encode(played(3), 0.0, 500).keys
    whole = decode_notes(keys, DecodeConfig())
    parts = [decode_notes(keys, DecodeConfig(), 0, cut), decode_notes(keys, DecodeConfig(), cut)]
    assert sorted(whole.onset) == sorted(np.concatenate([part.onset for part in parts]))


def test_transposed_in_transposed_out() -> None:
    low = Performance.from_arrays([0.3, 0.9], [0.6, 1.4], [40, 45], [50, 70])
    found, higher = (decode_notes(encode(p, 0.0, 100).keys, DecodeConfig()) for p in (low, low.transposed(12)))
    assert (found.key_index + 12).tolist() == higher.key_index.tolist()
    assert np.allclose(found.onset, higher.onset)


def test_fast_repetitions_stay_apart() -> None:
    onset = np.arange(0.2, 2.0, 0.08)
    found = decode_notes(encode(Performance.from_arrays(onset, onset + 0.05, 60), 0.0, 150).keys, DecodeConfig())
    assert np.abs(found.onset * FRAME_SEC - onset).max() < 0.015
    assert (found.key_up[:-1] < found.onset[1:]).all()


def test_nothing_believed_is_nothing_heard() -> None:
    found = decode_notes(np.zeros((50, 88, 6), np.float32), DecodeConfig())
    assert len(found.onset) == 0
    assert decode_pedal(np.zeros((50, 4), np.float32), DecodeConfig()).shape == (0, 2)
    assert decode.stack([]).keys.shape == (0, 88, 6)


def test_a_note_cut_off_by_the_end_still_ends() -> None:
    targets = encode(Performance.from_arrays([0.5], [9.0], [60]), 0.0, 40)
    found = decode_notes(targets.keys, DecodeConfig())
    assert found.key_up[0] == pytest.approx(39.5, abs=1.5)
