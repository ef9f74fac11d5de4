"""Pedal metrics: by hand, and as notes of one pitch by mir_eval."""

import mir_eval
import numpy as np
import pytest

from tecla.errors import OptionError
from tecla.evaluation import pedals
from tecla.music import Performance


def pressed(*presses: tuple[float, float], number: int = 64) -> Performance:
    moves = [move for down, up in presses for move in ((down, number, 127), (up, number, 0))]
    return Performance.from_arrays([0.0], [20.0], [60], controls=moves)


def random_presses(seed: int) -> Performance:
    rng = np.random.default_rng(seed)
    edges = 0.5 + np.cumsum(rng.integers(2, 60, 30) * 0.0125)
    return pressed(*edges.reshape(-1, 2).tolist())


@pytest.mark.parametrize("seed", range(40))
def test_presses_are_judged_as_mir_eval_judges_notes_of_one_pitch(seed: int) -> None:
    played = random_presses(seed)
    rng = np.random.default_rng(seed + 1)
    moved = played.pedal_intervals() + rng.integers(-5, 6, (15, 2)) * 0.0125
    moved[:, 1] = np.maximum(moved[:, 1], moved[:, 0] + 0.0125)
    heard = pressed(*moved[(rng.random(15) < 0.9) & (np.diff(moved[:, 0], prepend=0) > 0)].tolist())
    left, right = played.pedal_intervals(), heard.pedal_intervals()
    ours = pedals.evaluate(played, heard)
    for detection, ratio in ((ours.onset, None), (ours.onset_offset, 0.2)):
        theirs = mir_eval.transcription.precision_recall_f1_overlap(
            left, np.full(len(left), 440.0), right, np.full(len(right), 440.0), offset_ratio=ratio
        )
        assert (detection.precision, detection.recall, detection.f1) == pytest.approx(theirs[:3])


def test_hand_worked() -> None:
    """The first press agrees, the second is released late, the third is missed."""
    metrics = pedals.evaluate(pressed((1, 2), (3, 4), (5, 6)), pressed((1.05, 2.0), (3.0, 4.5)))
    assert (metrics.onset.hits, metrics.onset_offset.hits) == (2, 1)
    assert metrics.activation.hits == 195
    assert (metrics.activation.in_reference, metrics.activation.in_estimate) == (300, 245)


def test_half_pressed_is_down_from_64_on() -> None:
    played = Performance.from_arrays([0.0], [2.0], [60], controls=[(0.5, 64, 64), (1.5, 64, 63)])
    assert pedals.evaluate(played, pressed((0.5, 1.5))).onset_offset.f1 == 1.0


def test_each_pedal_is_judged_alone() -> None:
    soft = pressed((1, 2), number=67)
    assert pedals.evaluate(soft, soft, number=67).onset.f1 == 1.0
    assert pedals.evaluate(soft, soft).onset.in_reference == 0
    with pytest.raises(OptionError, match="controller 1 is no pedal"):
        pedals.evaluate(soft, soft, number=1)
