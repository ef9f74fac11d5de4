"""A system's table: one piece, the means, another system beside it."""

import numpy as np
import pytest

from tecla.errors import OptionError
from tecla.evaluation import pieces
from tecla.music import Performance


def take(seed: int, pedal: bool = True) -> Performance:
    rng = np.random.default_rng(seed)
    onset = 1 + np.cumsum(rng.uniform(0.1, 0.4, 30))
    moves = [(2.0, 64, 127), (3.0, 64, 0)] if pedal else []
    return Performance.from_arrays(onset, onset + 0.3, rng.integers(40, 90, 30), rng.integers(20, 100, 30), controls=moves)


def with_holes(performance: Performance, every: int) -> Performance:
    return Performance(np.delete(performance.notes, np.s_[::every]), performance.controls)


def test_a_piece_is_read_raw_and_shifted() -> None:
    piece = pieces.evaluate("take", take(0), take(0).shifted(0.06))
    assert piece.raw.sounding.onset.f1 < 0.2
    assert piece.shifted.sounding.onset.f1 == 1.0
    assert piece.shift_sec == pytest.approx(0.01)
    assert piece.shifted.pedal.onset.f1 == 1.0


def test_means_and_gains() -> None:
    ours = [pieces.evaluate(str(seed), take(seed), with_holes(take(seed), 10)) for seed in range(5)]
    theirs = [pieces.evaluate(str(seed), take(seed), with_holes(take(seed), 3)) for seed in range(5)]
    summary = pieces.summarise(ours, theirs)
    assert set(summary.raw) == set(summary.gain_shifted) == set(pieces.FIGURES)
    assert summary.raw["onset precision"].mean == 1.0
    assert summary.raw["onset recall"].mean == pytest.approx(0.9)
    assert summary.gain_raw["onset recall"].mean == pytest.approx(0.9 - 2 / 3)
    assert summary.gain_raw["onset"].low > 0
    assert sum(share.hits for share in summary.mistakes.misses) == 15
    assert pieces.summarise(ours).gain_raw == {}


def test_a_piece_without_pedal_has_no_say_about_pedals() -> None:
    both = [pieces.evaluate("with", take(0), take(0)), pieces.evaluate("without", take(1, pedal=False), take(1, pedal=False))]
    summary = pieces.summarise(both, both)
    assert summary.raw["pedal onset"].n_pieces == summary.gain_raw["pedal onset"].n_pieces == 1
    assert "pedal onset" not in pieces.summarise(both[1:]).raw


def test_two_systems_hear_the_same_pieces() -> None:
    one, other = pieces.evaluate("a", take(0), take(0)), pieces.evaluate("b", take(0), take(0))
    with pytest.raises(OptionError, match="a is not in both"):
        pieces.summarise([one], [other])
    with pytest.raises(OptionError, match="no piece to judge"):
        pieces.summarise([])
