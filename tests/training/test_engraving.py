"""What the engraving network is told, and that a window keeps its truth when it is played differently."""

import numpy as np
import pytest

pytest.importorskip("torch")

from tecla.engraving.notewise import FLAGS, N_FEATURES, N_OUTPUTS, SHIFTS, VALUES
from tecla.music import Performance
from tecla.training.engraving import Batch, losses, stack, vary
from tecla.training.engraving_targets import COLUMNS, Example, nearest


def example(n: int = 60) -> Example:
    """A C major scale in quarters, all in the right hand, key of C."""
    degrees = np.array([0, 2, 4, 5, 7, 9, 11])[np.arange(n) % 7]
    performance = Performance.from_arrays(np.arange(n) * 0.5, np.arange(n) * 0.5 + 0.4, 60 + degrees, 70)
    fifths = np.array([0, 2, 4, -1, 1, 3, 5])[np.arange(n) % 7].astype(np.int16)
    classes = np.zeros((n, len(COLUMNS)), np.int16)
    classes[:, COLUMNS.index("shift")] = nearest(SHIFTS, SHIFTS[12])
    classes[:, COLUMNS.index("key")], classes[:, COLUMNS.index("alter")] = 7, 2
    return Example(performance, classes, np.zeros((n, len(FLAGS)), np.int8), np.full(n, 0.5, np.float32), fifths, np.arange(n, dtype=float))


@pytest.mark.parametrize("seed", range(12))
def test_a_transposed_scale_is_spelt_in_its_new_key(seed: int) -> None:
    seen, told = vary(example(), 0, 60, np.random.default_rng(seed))
    assert seen.shape == (len(told.performance), N_FEATURES)
    key = told.classes[0, COLUMNS.index("key")] - 7
    assert -7 <= key <= 7
    assert set((told.fifths - key).tolist()) <= set(range(-1, 6))
    assert ((7 * told.fifths) % 12 == told.performance.notes["pitch"] % 12).all()


def test_a_note_left_out_makes_the_step_before_it_longer() -> None:
    steps = set()
    for seed in range(40):
        _, told = vary(example(), 0, 60, np.random.default_rng(seed))
        steps |= set(told.classes[:, COLUMNS.index("shift")].tolist())
    assert {12, 16} <= steps  # one quarter, two quarters


def test_a_target_outside_the_table_is_not_known() -> None:
    assert nearest(VALUES, VALUES[3]) == 3
    assert nearest(VALUES, VALUES[-1] * 3) == -1


def test_unknown_targets_cost_nothing() -> None:
    import torch

    batch = stack([vary(example(), 0, 64, np.random.default_rng(seed)) for seed in range(2)], 64)
    logits = torch.zeros(2, 64, N_OUTPUTS)
    costs = losses(logits, batch)
    wild = logits.clone()
    wild[batch.classes[..., 0] < 0] = 50.0
    known = Batch(batch.notes, batch.classes, batch.flags, batch.log_quarter)
    assert costs["shift"] == pytest.approx(float(losses(wild, known)["shift"]))
    assert costs["shift"] == pytest.approx(np.log(len(SHIFTS)), rel=1e-3)
