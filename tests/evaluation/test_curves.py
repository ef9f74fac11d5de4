"""Curves, confusions and passages of performances small enough to count by hand."""

import numpy as np
import pytest

from tecla.errors import OptionError
from tecla.evaluation import confusion, curves, notes, passages
from tecla.evaluation.curves import Judged
from tecla.music import Performance


def judged(reference: Performance, estimate: Performance) -> Judged:
    return Judged("a", reference, estimate, notes.match_onsets(reference, estimate))


PLAYED = Performance.from_arrays([1.0, 2.0, 3.0, 4.0], [1.5, 2.5, 3.5, 4.5], [60, 64, 67, 40], [80, 20, 80, 50])
# One hit 10 ms late, one hit exact, one heard an octave higher, one missed, and one out of nowhere.
HEARD = Performance.from_arrays([1.01, 2.0, 3.0, 9.0], [1.5, 2.6, 3.5, 9.5], [60, 64, 79, 30], [90, 20, 70, 60], [0.9, 0.8, 0.7, 0.6])


def test_errors_and_operating_points_by_hand() -> None:
    found = curves.evaluate([judged(PLAYED, HEARD)])
    assert found.onset_error_sec == pytest.approx([0.01, 0.0])
    assert found.end_error_sec == pytest.approx([0.0, 0.1])
    assert found.velocity_error.tolist() == [10, 0]
    assert found.confidence == pytest.approx([0.9, 0.8, 0.7, 0.6])
    assert found.precision == pytest.approx([1, 1, 2 / 3, 1 / 2])
    assert found.recall == pytest.approx([1 / 4, 1 / 2, 1 / 2, 1 / 2])
    by_tolerance = dict(zip(curves.TOLERANCES_SEC, found.f1, strict=True))
    assert by_tolerance[0.005] == pytest.approx(0.25)
    assert by_tolerance[0.01] == by_tolerance[0.15] == pytest.approx(0.5)


def test_a_key_is_confused_with_its_octave() -> None:
    found = confusion.evaluate([judged(PLAYED, HEARD)])
    assert found.intervals.sum() == 3
    assert found.intervals[3, confusion.OCTAVE] == 2  # C4 and E4 are hits
    assert found.intervals[3, confusion.OCTAVE + 12] == 1  # G4 was heard as G5
    assert found.missed.tolist() == [0, 1, 0, 0, 0, 0]
    assert found.played.sum() == 4
    assert found.recall[3, 0] == 1.0  # the one soft note of the fourth octave
    assert found.recall_count.sum() == found.precision_count.sum() == 4
    assert found.precision[0, 1] == 0.0


def test_a_perfect_ear_confuses_nothing() -> None:
    found = confusion.evaluate([judged(PLAYED, PLAYED)])
    assert found.intervals.sum() == found.intervals[:, confusion.OCTAVE].sum() == 4
    assert np.nanmin(found.recall) == 1


def test_the_worst_passage_comes_first_and_none_overlap() -> None:
    onset = np.arange(40.0)
    reference = Performance.from_arrays(onset, onset + 0.5, 60)
    estimate = Performance(reference.notes[(onset < 20) | (onset >= 26)])
    found = passages.evaluate([judged(reference, reference), judged(reference, estimate)], 5)
    assert (found[0].piece, found[0].misses, found[0].inventions) == (1, 6, 0)
    assert found[0].begin_sec <= 20
    assert found[0].begin_sec + passages.PASSAGE_SEC >= 25
    begins = sorted(one.begin_sec for one in found)
    assert all(np.diff(begins) >= passages.PASSAGE_SEC)


def test_the_course_shows_where_errors_gather() -> None:
    onset = np.arange(50.0)
    reference = Performance.from_arrays(onset, onset + 0.5, 60)
    course = passages.course([judged(reference, Performance(reference.notes[:25]))])
    assert np.nanmax(course.missed[:12]) == 0
    assert np.nanmin(course.missed[13:]) == 1
    assert np.nanmean(course.confidence) == 1


def test_nothing_has_no_curves() -> None:
    with pytest.raises(OptionError, match="no piece"):
        curves.evaluate([])
