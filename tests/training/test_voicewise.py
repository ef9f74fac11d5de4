"""What the voice network and the marks network are told stays with its notes."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

pytest.importorskip("torch")

from tecla.corpora.asap import Annotations
from tecla.engraving.markwise import EXTRA, GRACE, PLAIN, SIGNS
from tecla.engraving.markwise import HEADS as MARK_HEADS
from tecla.engraving.markwise import N_FEATURES as N_MARK_FEATURES
from tecla.engraving.voicewise import N_FEATURES
from tecla.models.dilated import MARKS, VOICES, DilatedNet
from tecla.music import Performance
from tecla.music.notation import SpelledPitch
from tecla.music.score import ScoreNote
from tecla.training import markwise
from tecla.training.beatwise import NOTES
from tecla.training.beatwise_targets import Counted, marks_of
from tecla.training.pulse_targets import beaten
from tecla.training.readers import costs, whole
from tecla.training.voicewise import HEADS, WEIGHTS, row, windows

KIND, STACCATO = list(MARK_HEADS).index("kind"), list(MARK_HEADS).index("staccato")


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
    return Counted(piece, at, length, (pitch == 67).astype(np.int64), np.zeros((len(at), 7), np.int64), np.where(pitch < 60, 4.0, -4.0))


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
    net = DilatedNet(VOICES)
    cost = costs(net, whole(row)(two_lines()), HEADS)
    assert set(cost) == set(HEADS) == set(WEIGHTS)
    cost["second"].backward()
    assert float(net.enter.weight.grad.abs().sum()) > 0


def dotted(beats: int = 80) -> Counted:
    """A tune over held notes: the bass has dots, the held notes are grace notes."""
    piece = two_lines(beats)
    pitch, marks = piece.piece.performance.notes["pitch"], np.zeros((len(piece.onset), len(MARK_HEADS)), np.int64)
    marks[:, KIND] = np.where(pitch == 67, GRACE, PLAIN)
    marks[:, STACCATO] = pitch == 43
    return replace(piece, marks=marks)


def test_in_windows_marks_are_still_those_of_their_notes() -> None:
    drawn = markwise.windows([[dotted(200)]], np.random.default_rng(0))
    for _ in range(4):
        seen, told = next(drawn)
        assert seen.shape[1] == N_MARK_FEATURES
        assert set(told) == set(MARK_HEADS)
        assert not ((told["staccato"] == 1) & (told["kind"] == GRACE)).any()
        assert 0.15 < (told["staccato"] == 1).mean() < 0.35


def test_the_marks_network_answers_and_learns() -> None:
    net = DilatedNet(MARKS)
    seen, told = markwise.row(dotted())
    assert len(seen) == len(told["kind"])
    cost = costs(net, whole(markwise.row)(dotted()), MARK_HEADS)
    assert set(cost) == set(MARK_HEADS) == set(markwise.WEIGHTS)
    cost["kind"].backward()
    assert float(net.enter.weight.grad.abs().sum()) > 0


def test_marks_of_a_note_are_classes_of_the_heads() -> None:
    note = ScoreNote(Fraction(0), Fraction(1), SpelledPitch("C", 0, 4), 1, 1, 0, Fraction(0), marks=("staccatissimo", "wavy-line"))
    assert dict(zip(MARK_HEADS, marks_of(note, extra=False), strict=True)) == {
        "kind": PLAIN, "sign": SIGNS.index("trill-mark"), "staccato": 1, "accent": 0, "tenuto": 0, "fermata": 0, "arpeggiate": 0,
    }  # fmt: skip
    assert marks_of(replace(note, grace=True, duration=Fraction(0)), extra=False)[KIND] == GRACE
    assert marks_of(None, extra=True) == [EXTRA, 0, -1, -1, -1, -1, -1]
    assert set(marks_of(None, extra=False)) == {-1}
