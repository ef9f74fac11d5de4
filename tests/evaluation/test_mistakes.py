"""Each kind of error lands where it belongs."""

import numpy as np
import pytest

from tecla.errors import OptionError
from tecla.evaluation import mistakes
from tecla.music import Performance

PLAYED = Performance.from_arrays([1.0, 2.0, 3.0, 4.0], [1.9, 2.9, 3.9, 4.9], [48, 60, 64, 67], [20, 50, 90, 100])


def heard_with(*extra: tuple[float, int]) -> Performance:
    onset = np.append(PLAYED.notes["onset_sec"], [time for time, _ in extra])
    return Performance.from_arrays(onset, onset + 0.2, np.append(PLAYED.notes["pitch"], [pitch for _, pitch in extra]))


def causes(shares: tuple[mistakes.Share, ...]) -> dict[str, int]:
    return {share.name: share.hits for share in shares if share.hits}


@pytest.mark.parametrize(
    ("invention", "cause"),
    [
        ((1.0, 60), "octave"),
        ((2.01, 79), "other harmonic"),
        ((3.0, 52), "below a note by a harmonic"),
        ((3.5, 64), "re-strike"),
        ((2.03, 60), "re-strike"),
        ((1.98, 60), "re-strike"),
        ((4.0, 68), "other"),
        ((9.0, 60), "other"),
    ],
)
def test_an_invention_has_a_cause(invention: tuple[float, int], cause: str) -> None:
    assert causes(mistakes.evaluate(PLAYED, heard_with(invention)).inventions) == {cause: 1}


def test_a_note_heard_late_is_one_miss_and_one_invention_off_time() -> None:
    late = Performance.from_arrays([1.1], [2.0], [60])
    found = mistakes.evaluate(Performance.from_arrays([1.0], [2.0], [60]), late)
    assert causes(found.misses) == causes(found.inventions) == {"off time": 1}


def test_misses_have_causes() -> None:
    struck_twice = Performance.from_arrays(
        [1.0, 1.5, 1.5, 5.0], [1.4, 2.0, 2.0, 6.0], [60, 60, 40, 50], controls=[(0.0, 64, 127), (2.5, 64, 0)]
    )
    heard = Performance.from_arrays([1.0, 1.5], [1.4, 2.0], [60, 40])
    assert causes(mistakes.evaluate(struck_twice, heard).misses) == {"re-strike": 1, "other": 1}
    octaves = Performance.from_arrays([1.0, 1.0], [2.0, 2.0], [48, 60])
    assert causes(mistakes.evaluate(octaves, Performance.from_arrays([1.0], [2.0], [48])).misses) == {"hidden in a harmonic": 1}


def test_recall_by_band_of_velocity_and_pitch() -> None:
    half = Performance.from_arrays([2.0, 3.0], [2.5, 3.5], [60, 64])
    found = mistakes.evaluate(PLAYED, half)
    assert {share.name: (share.hits, share.total) for share in found.recall_by_velocity if share.total} == {
        "1-29": (0, 1),
        "45-59": (1, 1),
        "80-127": (1, 2),
    }
    assert {share.name: share.ratio for share in found.recall_by_pitch if share.total} == {"48-59": 0.0, "60-71": pytest.approx(2 / 3)}
    assert sum(share.total for share in found.precision_by_pitch) == 2


def test_pieces_add_up_note_by_note() -> None:
    one, two = mistakes.evaluate(PLAYED, PLAYED), mistakes.evaluate(PLAYED, Performance())
    both = mistakes.total([one, two])
    assert [share.ratio for share in both.recall_by_velocity if share.total] == [0.5] * 3
    assert sum(share.hits for share in both.misses) == 4


def test_an_empty_band_has_no_ratio_and_a_wrong_pair_is_refused() -> None:
    assert np.isnan(mistakes.evaluate(Performance(), Performance()).recall_by_pitch[0].ratio)
    with pytest.raises(OptionError, match="outside 4 reference"):
        mistakes.evaluate(PLAYED, PLAYED, np.array([[0, 4]]))
