"""Note metrics: by hand, by symmetry, and against mir_eval on random pieces."""

import mir_eval
import numpy as np
import pytest

from tecla.errors import OptionError
from tecla.evaluation.notes import evaluate, keep_velocities, match_onsets, match_onsets_and_offsets
from tecla.music import Performance

HZ_OF = mir_eval.util.midi_to_hz


def random_pair(seed: int, dense: bool) -> tuple[Performance, Performance]:
    """A piece and a faulty transcription of it, on a 2.5 ms grid, so that distances often equal their tolerance."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(3, 40))
    pitch = rng.integers(60, 63 if dense else 70, size)
    # Apart: notes of one pitch lie at least 0.2 s apart, so that only one maximum matching exists.
    onset = 1.0 + (rng.integers(0, 200, size) * 0.0025 if dense else np.arange(size) * 0.2)
    offset = onset + rng.integers(1, 300, size) * 0.0025
    velocity = rng.integers(1, 128, size)
    kept = rng.random(size) < 0.85
    heard_onset = onset + rng.integers(-24, 25, size) * 0.0025
    heard_offset = np.maximum(offset + rng.integers(-60, 61, size) * 0.0025, heard_onset + 0.0025)
    heard_velocity = np.clip(0.6 * velocity + 20 + rng.normal(0, 8, size), 1, 127).astype(int)
    heard_pitch = np.where(rng.random(size) < 0.1, pitch + 12, pitch)
    kept[0] = True
    return (
        Performance.from_arrays(onset, offset, pitch, velocity),
        Performance.from_arrays(heard_onset[kept], heard_offset[kept], heard_pitch[kept], heard_velocity[kept]),
    )


def columns(performance: Performance) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    notes = performance.notes
    return np.stack([notes["onset_sec"], notes["offset_sec"]], axis=1), HZ_OF(notes["pitch"]), notes["velocity"]


@pytest.mark.parametrize("seed", range(150))
@pytest.mark.parametrize("dense", [True, False])
def test_onset_and_offset_metrics_equal_mir_eval_s(seed: int, dense: bool) -> None:
    reference, estimate = random_pair(seed, dense)
    ours = evaluate(reference, estimate, offsets="key")
    (played, played_hz, _), (heard, heard_hz, _) = columns(reference), columns(estimate)
    for detection, ratio in ((ours.onset, None), (ours.onset_offset, 0.2)):
        theirs = mir_eval.transcription.precision_recall_f1_overlap(played, played_hz, heard, heard_hz, offset_ratio=ratio)
        assert (detection.precision, detection.recall, detection.f1) == pytest.approx(theirs[:3])
    if not dense:  # the overlap depends on which of several maximum matchings is taken
        assert ours.onset_offset_overlap == pytest.approx(theirs[3])


@pytest.mark.parametrize("seed", range(150))
def test_velocity_metrics_equal_mir_eval_s(seed: int) -> None:
    reference, estimate = random_pair(seed, dense=False)
    ours = evaluate(reference, estimate, offsets="key")
    for detection, ratio in ((ours.onset_velocity, None), (ours.onset_offset_velocity, 0.2)):
        theirs = mir_eval.transcription_velocity.precision_recall_f1_overlap(*columns(reference), *columns(estimate), offset_ratio=ratio)
        assert (detection.precision, detection.recall, detection.f1) == pytest.approx(theirs[:3])


def test_hand_worked() -> None:
    """Four notes: one exact; one 50 ms late (a hit); one 51 ms late (a miss); one a semitone off (a miss); and an invention."""
    reference = Performance.from_arrays([0.0, 1.0, 2.0, 3.0], [0.5, 1.5, 2.5, 3.5], [60, 62, 64, 65], [20, 60, 80, 100])
    estimate = Performance.from_arrays([0.0, 1.05, 2.051, 3.0, 9.0], [0.5, 1.7, 2.5, 3.5, 9.5], [60, 62, 64, 66, 40], 64)
    metrics = evaluate(reference, estimate, offsets="key")
    assert (metrics.onset.hits, metrics.onset.in_reference, metrics.onset.in_estimate) == (2, 4, 5)
    assert metrics.onset.f1 == pytest.approx(2 * 0.5 * 0.4 / 0.9)
    # The second note is half a second long, so 20 % is 0.1 s; its end is 0.2 s late.
    assert metrics.onset_offset.hits == 1
    assert metrics.onset_offset_overlap == pytest.approx(1.0)


def test_offset_tolerance_grows_with_the_reference_note_only() -> None:
    long, short = Performance.from_arrays([0.0], [2.0], [60]), Performance.from_arrays([0.0], [1.62], [60])
    assert evaluate(long, short, offsets="key").onset_offset.hits == 1  # 0.38 s of 0.4 s
    assert evaluate(short, long, offsets="key").onset_offset.hits == 0  # 0.38 s of 0.324 s


def test_offset_conventions_differ_by_the_pedal() -> None:
    pedalled = Performance.from_arrays([0.0], [0.5], [60], controls=[(0.1, 64, 127), (2.0, 64, 0)])
    extended = pedalled.with_sounding_offsets()
    assert evaluate(pedalled, extended, offsets="sounding").onset_offset.f1 == 1.0
    assert evaluate(pedalled, extended, offsets="key").onset_offset.f1 == 0.0


def test_velocities_agree_up_to_a_straight_line() -> None:
    velocity = np.array([20, 50, 80, 110])
    reference = Performance.from_arrays(np.arange(4), np.arange(4) + 0.5, 60, velocity)
    softer = Performance.from_arrays(np.arange(4), np.arange(4) + 0.5, 60, velocity // 2 + 10)
    assert evaluate(reference, softer).onset_velocity.f1 == 1.0
    shuffled = Performance.from_arrays(np.arange(4), np.arange(4) + 0.5, 60, velocity[[2, 0, 3, 1]])
    assert evaluate(reference, shuffled).onset_velocity.f1 < 1.0


def test_velocities_of_ambiguous_matches_follow_the_matching_given() -> None:
    reference, estimate = random_pair(3, dense=True)
    pairs = match_onsets(reference, estimate)
    kept = keep_velocities(reference, estimate, pairs)
    assert {tuple(pair) for pair in kept.tolist()} <= {tuple(pair) for pair in pairs.tolist()}


@pytest.mark.parametrize("seed", range(20))
def test_swapping_the_sides_swaps_precision_and_recall(seed: int) -> None:
    reference, estimate = random_pair(seed, dense=True)
    there, back = evaluate(reference, estimate).onset, evaluate(estimate, reference).onset
    assert (there.precision, there.recall) == (back.recall, back.precision)


@pytest.mark.parametrize("seed", range(20))
def test_moving_both_sides_changes_nothing(seed: int) -> None:
    reference, estimate = random_pair(seed, dense=True)
    still = evaluate(reference, estimate)
    for moved in (
        evaluate(reference.shifted(7.25), estimate.shifted(7.25)),
        evaluate(reference.transposed(-5), estimate.transposed(-5)),
    ):
        assert (moved.onset, moved.onset_offset, moved.onset_velocity) == (still.onset, still.onset_offset, still.onset_velocity)
        assert moved.onset_offset_overlap == pytest.approx(still.onset_offset_overlap)


def test_nothing_played_or_nothing_heard_is_zero() -> None:
    note, nothing = Performance.from_arrays([0.0], [1.0], [60]), Performance()
    for reference, estimate in ((note, nothing), (nothing, note), (nothing, nothing)):
        metrics = evaluate(reference, estimate)
        assert metrics.onset.f1 == metrics.onset_offset_velocity.f1 == metrics.onset_offset_overlap == 0.0


def test_a_note_of_no_duration_matches_itself() -> None:
    click = Performance.from_arrays([1.0], [1.0], [60])
    assert evaluate(click, click).onset_offset.f1 == 1.0


def test_matches_are_pairs_of_indices_in_reference_order() -> None:
    reference = Performance.from_arrays([0.0, 1.0, 2.0], [0.5, 1.5, 2.5], [60, 62, 64])
    estimate = Performance.from_arrays([1.01, 2.01], [1.5, 2.5], [62, 64])
    assert match_onsets(reference, estimate).tolist() == [[1, 0], [2, 1]]
    assert match_onsets_and_offsets(reference, estimate, "key").tolist() == [[1, 0], [2, 1]]


def test_an_offset_convention_that_does_not_exist_is_refused() -> None:
    with pytest.raises(OptionError, match="'key' or 'sounding'"):
        evaluate(Performance(), Performance(), offsets="pedal")  # type: ignore[arg-type]
