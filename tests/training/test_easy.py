"""Easy music to learn counting from: tunes as written, and with a left hand."""

import numpy as np
import pytest

from tecla.engraving.pulse import find_strokes
from tecla.training.easy import copies, play_easily, read_tune
from tecla.training.pulse_targets import tell

JIG = "X:1\nT:Jig\nM:6/8\nL:1/8\nK:G\nD|GAB d2B|gfe dBA|GAB d2B|gfe dBA|GFG A2:|\nB|dBd gfe|dBd gfe|dBd gfe|GFG G2|]\n"
WALTZ = "X:2\nT:Waltz\nM:3/4\nL:1/4\nK:C\n" + "|".join(["CEG", "cGE", "DFA", "GBd"] * 3) + "|]\n"


def test_a_tune_is_read_in_its_beats() -> None:
    jig = read_tune(JIG)
    assert jig is not None
    assert (str(jig.time), jig.place[:4].tolist()) == ("6/8", [1, 0, 1, 0])  # a pickup ends its bar
    assert jig.onset[:4] == pytest.approx([2 / 3, 1, 4 / 3, 5 / 3])
    waltz = read_tune(WALTZ)
    assert waltz is not None
    assert (waltz.onset[:4].tolist(), waltz.place[:4].tolist()) == ([0, 1, 2, 3], [0, 1, 2, 0])
    assert copies(waltz) > copies(jig) == 1


@pytest.mark.parametrize("text", ["X:1\nM:4/4\nL:1/4\nK:C\nCDEF|CD|\n", "X:1\nM:none\nK:C\nCDEF|\n", "no tune"])
def test_what_keeps_to_no_metre_is_left_out(text: str) -> None:
    assert read_tune(text) is None


@pytest.mark.parametrize("seed", range(12))
def test_its_beats_lie_under_the_notes(seed: int) -> None:
    for text in (JIG, WALTZ):
        tune = read_tune(text)
        assert tune is not None
        piece = play_easily(tune, np.random.default_rng(seed))
        assert (np.diff(piece.beats_sec) > 0).all()
        assert len(piece.beats_sec) == len(piece.place) == len(piece.in_bar) == len(piece.metre)
        told = tell(find_strokes(piece.performance.notes["onset_sec"]), piece)
        struck = np.isin(np.arange(len(piece.beats_sec)), np.rint(tune.onset[np.abs(tune.onset % 1) < 1e-6]))
        assert (told.beat == 1).sum() >= 0.9 * struck.sum()
