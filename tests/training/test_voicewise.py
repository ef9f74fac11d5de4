"""What the voice network is told stays with its notes."""

import numpy as np
import pytest

pytest.importorskip("torch")

from tecla.corpora.asap import Annotations
from tecla.engraving.voicewise import N_FEATURES
from tecla.models.pulse import VOICES, PulseNet
from tecla.music import Performance
from tecla.training.beatwise import NOTES
from tecla.training.beatwise_targets import Counted
from tecla.training.pulse_targets import beaten
from tecla.training.voicewise import HEADS, WEIGHTS, costs, row, whole, windows


def two_lines(beats: int = 80) -> Counted:
    """In the right hand a tune in eighths over a held note a beat, which is the second voice; a bass in the left."""
    at = np.concatenate([np.arange(2 * beats) / 2, np.arange(beats, dtype=float), np.arange(beats, dtype=float)])
    pitch = np.concatenate([76 + np.arange(2 * beats) % 5, np.full(beats, 67), np.full(beats, 43)])
    length = np.concatenate([np.full(2 * beats, 0.5), np.ones(2 * beats)])
    order = np.lexsort((pitch, at))
    at, pitch, length = at[order], pitch[order], length[order]
    count = np.arange(beats + 1) * 0.6
    performance = Performance.from_arrays(at * 0.6, (at + 0.9 * length) * 0.6, pitch, np.full(len(at), 60))
    piece = beaten(performance, Annotations(count, count[::4], ((0.0, "4/4"),), ((0.0, 0),)))
    return Counted(piece, at, length, (pitch == 67).astype(np.int64), np.where(pitch < 60, 4.0, -4.0))


def test_every_note_is_told_its_voice() -> None:
    piece = two_lines()
    seen, told = row(piece)
    assert seen.shape == (len(piece.onset), N_FEATURES)
    assert np.isfinite(seen).all()
    assert told["second"].tolist() == (piece.piece.performance.notes["pitch"] == 67).tolist()


def test_in_windows_the_voice_is_still_that_of_its_note() -> None:
    drawn = windows([[two_lines(200)]], np.random.default_rng(0))
    n_above = N_FEATURES - 1 - 18 - 4  # how many keys above the hand strikes while it holds the note
    for _ in range(4):
        seen, told = next(drawn)
        assert NOTES / 2 < len(seen) == len(told["second"])
        assert 0.15 < (told["second"] == 1).mean() < 0.35
        upright = seen[told["second"] == 1, n_above].mean() > seen[told["second"] == 0, n_above].mean()
        assert upright


def test_the_network_answers_and_learns() -> None:
    net = PulseNet(VOICES)
    cost = costs(net, whole(two_lines()))
    assert set(cost) == set(HEADS) == set(WEIGHTS)
    cost["second"].backward()
    assert float(net.enter.weight.grad.abs().sum()) > 0
