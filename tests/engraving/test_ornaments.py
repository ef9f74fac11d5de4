"""What is played as an ornament stands on the page as a sign, and nothing else is left out."""

import numpy as np
import pytest

from tecla.engraving.markwise import ARTICULATIONS, EXTRA, GRACE, N_FEATURES, PLAIN, Marks, mark_features
from tecla.engraving.ornaments import BODY, articulate, find_ornaments
from tecla.engraving.placed import Placed
from tecla.engraving.tracking import Pulse
from tecla.music import Performance

WRITTEN = 74


def heard(pitches: list[int], kinds: list[int], gap_sec: float = 0.1) -> tuple[Performance, Marks]:
    """Keys one after the other, and what a network that is sure says of them."""
    onset = gap_sec * np.arange(len(pitches))
    kind = np.full((len(pitches), 3), 0.05)
    kind[np.arange(len(pitches)), kinds] = 0.9
    marks = Marks(kind, np.ones(len(pitches)), np.zeros((len(pitches), len(ARTICULATIONS))))
    return Performance.from_arrays(onset, onset + 0.9 * gap_sec, pitches, np.full(len(pitches), 70)), marks


def on_page(intervals: list[int], written: int, gap_sec: float = 0.1, sure: bool = True) -> tuple[str, list[int]]:
    """The sign of the one note of a figure that is written, and which others it tells; the network, if sure, would write none of them."""
    kinds = [PLAIN if place == written or not sure else EXTRA for place in range(len(intervals))]
    performance, marks = heard([WRITTEN + k for k in intervals], kinds, gap_sec)
    adorned = find_ornaments(performance, np.ones(len(intervals), np.int64), marks)
    return adorned.signs[written], np.flatnonzero(adorned.told).tolist()


@pytest.mark.parametrize(
    ("intervals", "written", "sign"),
    [
        ([0, 2, 0, 2, 0, 2, 0], 0, "trill-mark"),
        ([2, 0, 2, 0, 2, 0, -1, 0], 1, "trill-mark"),  # from above, and with its last turn
        ([0, 2, 0], 0, "inverted-mordent"),
        ([0, -1, 0], 0, "mordent"),
        ([0, 2, 0, -1, 0], 0, "turn"),
        ([2, 0, -1, 0], 3, "turn"),  # before the note
    ],
)
def test_a_figure_around_a_note_is_its_sign(intervals: list[int], written: int, sign: str) -> None:
    assert on_page(intervals, written) == (sign, [k for k in range(len(intervals)) if k != written])


@pytest.mark.parametrize("intervals", [[0, 2], [0, 5, 0], [0, 0, 0], [0, 2, 4, 5, 7]])
def test_what_is_no_figure_is_written_out(intervals: list[int]) -> None:
    assert on_page(intervals, 0) == ("", [])


def test_an_ornament_begins_where_its_first_note_is_struck() -> None:
    performance, marks = heard([76, 74, 73, 74], [EXTRA, EXTRA, EXTRA, PLAIN])
    assert find_ornaments(performance, np.ones(4, np.int64), marks).begins.tolist() == [0, 1, 2, 0]


def test_dots_come_in_rows() -> None:
    performance, marks = heard([60] * 5, [PLAIN] * 5, 0.25)
    notes = [Placed(60 * k, 60 * k + 30, 60, 1, k) for k in range(5)]
    marks.articulation[:, ARTICULATIONS.index("staccato")] = [0.9, 0.9, 0.4, 0.9, 0.9]
    assert [bool(n.marks) for n in articulate(notes, performance, marks)] == [True] * 5
    marks.articulation[:, ARTICULATIONS.index("staccato")] = [0.1, 0.1, 0.6, 0.1, 0.1]
    assert [bool(n.marks) for n in articulate(notes, performance, marks)] == [False] * 5


def test_a_slow_figure_or_one_that_the_network_would_write_is_written_out() -> None:
    trill = [0, 2, 0, 2, 0, 2, 0]
    assert on_page(trill, 0, gap_sec=0.3) == ("", [])
    assert on_page(trill, 0, sure=False) == ("", [])
    assert on_page(trill, 0, gap_sec=0.01) == ("", [])  # a cluster


def test_another_voice_in_between_does_not_end_a_trill() -> None:
    performance, marks = heard([74, 60, 76, 74, 60, 76, 74], [PLAIN, PLAIN, EXTRA, EXTRA, PLAIN, EXTRA, EXTRA], 0.06)
    adorned = find_ornaments(performance, np.ones(7, np.int64), marks)
    assert adorned.signs[0] == "trill-mark"
    assert adorned.body.tolist() == [0, 1, 4]


def test_grace_notes_lead_to_the_next_written_note_if_it_comes_soon() -> None:
    performance, marks = heard([70, 72, 74, 76], [GRACE, GRACE, PLAIN, GRACE])
    adorned = find_ornaments(performance, np.ones(4, np.int64), marks)
    assert adorned.leads_to.tolist() == [2, 2, BODY, BODY]  # nothing follows the last one
    assert find_ornaments(performance, np.array([2, 1, 1, 1]), marks).leads_to.tolist() == [BODY, 2, BODY, BODY]  # each hand for itself
    slow, marks = heard([70, 72], [GRACE, PLAIN], 0.4)
    assert find_ornaments(slow, np.ones(2, np.int64), marks).leads_to.tolist() == [BODY, BODY]


def test_a_chord_has_the_marks_that_its_notes_share() -> None:
    performance, marks = heard([60, 64, 67, 72], [PLAIN] * 4, 0.05)
    marks.articulation[:, ARTICULATIONS.index("staccato")] = [0.9, 0.4, 0.4, 0.3]
    marks.articulation[:, ARTICULATIONS.index("arpeggiate")] = [0.9, 0.9, 0.9, 0.9]
    chord = [Placed(0, 120, 60 + k, 1, k) for k in range(3)]
    single = Placed(120, 240, 72, 1, 3)
    marked = articulate([*chord, single], performance, marks)
    assert [n.marks for n in marked] == [("staccato", "arpeggiate")] * 3 + [()]  # one note is not rolled


def test_the_network_sees_exact_intervals_of_its_own_hand() -> None:
    performance, _ = heard([60, 62, 40, 60, 64], [PLAIN] * 5)
    pulse = Pulse(np.arange(3) * 0.5, np.arange(3) % 4, np.full(3, 4))
    left = np.where(performance.notes["pitch"] < 50, 4.0, -4.0)
    seen = mark_features(performance, pulse, left)
    assert seen.shape == (5, N_FEATURES)
    assert np.isfinite(seen).all()
    following = seen[:, -61:-52]  # -4 to 4 semitones to the next key near by
    assert following.argmax(axis=1)[[0, 1, 3]].tolist() == [6, 2, 8]
    assert not following[[2, 4]].any()
    assert mark_features(Performance(), pulse, np.zeros(0)).shape == (0, N_FEATURES)
