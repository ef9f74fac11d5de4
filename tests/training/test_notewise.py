"""What the note-wise network is told, and that a window keeps its truth when it is played differently."""

import numpy as np
import pytest

pytest.importorskip("torch")

from tecla.engraving.notewise import HEADS, N_FEATURES
from tecla.models.notewise import Notewise, NotewiseConfig
from tecla.music import Performance
from tecla.training.aligned import NO_NAME, Aligned
from tecla.training.notewise import WEIGHTS, row, varied
from tecla.training.readers import UNKNOWN, costs, whole


def scale(n: int = 60) -> Aligned:
    """A C major scale in quarters, 7/4, all in the right hand; its last note is not in the score."""
    place = np.arange(n) % 7
    performance = Performance.from_arrays(np.arange(n) * 0.5, np.arange(n) * 0.5 + 0.4, 60 + np.array([0, 2, 4, 5, 7, 9, 11])[place], 70)
    fifths = np.array([0, 2, 4, -1, 1, 3, 5])[place]
    fifths[-1] = NO_NAME
    return Aligned(performance, (place == 0).astype(np.int64), np.ones(n, np.int64), np.zeros(n, np.int64), fifths)


@pytest.mark.parametrize("seed", range(12))
def test_a_transposed_scale_is_spelt_in_its_new_key(seed: int) -> None:
    told = varied(scale(), 0, 60, np.random.default_rng(seed))
    fifths = told.fifths[told.fifths != NO_NAME]
    assert np.ptp(fifths) <= 6
    assert -6 <= np.median(fifths) - 2 <= 6  # at most six sharps or flats
    named = told.fifths != NO_NAME
    assert ((7 * fifths) % 12 == told.performance.notes["pitch"][named] % 12).all()


def test_what_is_told_stays_with_its_notes() -> None:
    told = varied(scale(), 0, 60, np.random.default_rng(5))
    degree = told.performance.notes["pitch"] - told.performance.notes["pitch"].min()
    assert ((degree == 0) == (told.downbeat == 1)).all()


def test_a_name_is_told_as_its_accidental() -> None:
    seen, said = row(scale())
    assert seen.shape == (60, N_FEATURES)
    assert set(said) == set(HEADS) == set(WEIGHTS)
    assert set(said["alter"][:-1].tolist()) == {2}  # no sharp, no flat
    assert said["alter"][-1] == UNKNOWN


def test_the_network_answers_and_learns() -> None:
    net = Notewise(NotewiseConfig())
    cost = costs(net, whole(row)(scale()), HEADS)
    assert set(cost) == set(HEADS)
    cost["beat"].backward()
    assert float(net.heads.weight.grad.abs().sum()) > 0
