"""What an easy page keeps of a melody and of what accompanies it."""

import numpy as np

from tecla.engraving.counting import TICKS
from tecla.engraving.levels import arrange
from tecla.engraving.placed import Placed

EIGHTH = TICKS // 2


def easy(*rows: tuple[int, int, int]) -> list[tuple[int, int, int]]:
    """The right hand of the easy page of notes given by onset and end in eighths, and pitch."""
    notes = [Placed(begin * EIGHTH // 2, end * EIGHTH // 2, pitch, 1, k) for k, (begin, end, pitch) in enumerate(rows)]
    return [(n.onset * 2 // EIGHTH, n.end * 2 // EIGHTH, n.pitch) for n in arrange(notes, np.zeros(len(notes)), "easy")]


def test_of_sixteenths_those_on_the_eighths_are_kept_though_others_are_higher() -> None:
    assert easy((0, 1, 70), (1, 2, 72), (2, 3, 74), (3, 4, 75)) == [(0, 2, 70), (2, 4, 74)]


def test_a_dotted_note_goes_on_to_the_next_eighth() -> None:
    assert easy((0, 3, 77), (3, 4, 74), (4, 6, 70)) == [(0, 4, 77), (4, 6, 70)]


def test_an_inner_note_under_a_held_one_is_not_of_the_tune_and_a_step_down_is() -> None:
    assert easy((0, 6, 72), (4, 8, 60), (6, 8, 71)) == [(0, 6, 72), (6, 8, 71)]
    assert easy((0, 8, 72), (6, 8, 71)) == [(0, 6, 72), (6, 8, 71)]
