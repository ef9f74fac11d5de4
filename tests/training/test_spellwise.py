"""What the spelling network is told: the editor's names, seen from the signature."""

from fractions import Fraction

import numpy as np
import pytest

pytest.importorskip("torch")

from tecla.engraving.spellwise import N_OUTPUTS, REACH
from tecla.models.dilated import SPELLING, DilatedNet
from tecla.music.notation import NoteValue, SpelledPitch, TimeSignature
from tecla.music.score import Event, Head, Measure, Score
from tecla.training.readers import costs, whole
from tecla.training.spellwise import HEADS, NOTES, WEIGHTS, of_score, row, varied, windows


def a_score(key: int = -2) -> Score:
    """Four quarters of G minor: G, C sharp, D, F sharp, sixteen times."""
    names = [SpelledPitch("G", 0, 4), SpelledPitch("C", 1, 5), SpelledPitch("D", 0, 5), SpelledPitch("F", 1, 5)]
    events = tuple(Event(Fraction(1), (Head(name),), value=NoteValue("quarter")) for name in names)
    bar = Measure(TimeSignature(4, 4), key, {1: events}, Fraction(4))
    return Score((bar,) * 16)


def test_names_are_told_from_the_signature() -> None:
    piece = of_score(a_score())
    seen, told = row(piece)
    assert piece.fifths[:4].tolist() == [1, 7, 2, 6]
    assert (told["name"][:4] - REACH).tolist() == [3, 9, 4, 8]
    assert len(seen) == 64


def test_a_stretch_in_another_signature_keeps_its_names_and_loses_some_notes() -> None:
    piece = of_score(a_score())
    rng = np.random.default_rng(1)
    seen = [varied(piece, slice(0, NOTES), rng) for _ in range(40)]
    assert all(set(part.fifths.tolist()) <= {1, 7, 2, 6} for part in seen)
    assert {int(part.page.key[0]) for part in seen} > {-2}
    assert all(abs(int(part.page.key[0]) + 2) <= 3 for part in seen)
    assert min(len(part.fifths) for part in seen) < 64 == max(len(part.fifths) for part in seen)
    assert all((7 * part.fifths % 12 == part.page.pitch % 12).all() for part in seen)


def test_the_network_answers_and_learns_from_windows() -> None:
    net = DilatedNet(SPELLING)
    batch = whole(row)(of_score(a_score()))
    assert net(batch.seen).shape == (1, 64, N_OUTPUTS)
    cost = costs(net, batch, HEADS)
    assert set(cost) == set(HEADS) == set(WEIGHTS)
    cost["name"].backward()
    assert float(net.enter.weight.grad.abs().sum()) > 0
    seen, told = next(windows([of_score(a_score())], np.random.default_rng(0)))
    assert len(seen) == len(told["name"]) <= NOTES
