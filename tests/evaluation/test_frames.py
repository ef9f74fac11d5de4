"""Frames by hand, and against mir_eval.multipitch on its own grid."""

import mir_eval
import numpy as np
import pytest

from tecla.errors import OptionError
from tecla.evaluation import frames
from tecla.music import Performance


def random_piece(seed: int) -> Performance:
    rng = np.random.default_rng(seed)
    onset = rng.uniform(0, 3, 40)
    return Performance.from_arrays(onset, onset + rng.uniform(0, 1, 40), rng.integers(50, 60, 40))


def grid(performance: Performance, n_frames: int) -> list[np.ndarray]:
    """Frequencies sounding at each frame's centre, found note by note."""
    centres = (np.arange(n_frames) + 0.5) * frames.FRAME_SEC
    rows = performance.notes
    sounding = [rows["pitch"][(rows["onset_sec"] <= centre) & (centre < rows["offset_sec"])] for centre in centres]
    return [mir_eval.util.midi_to_hz(np.unique(pitches).astype(float)) for pitches in sounding]


@pytest.mark.parametrize("seed", range(10))
def test_equals_mir_eval_multipitch(seed: int) -> None:
    played, heard = random_piece(seed), random_piece(seed + 1000)
    ours = frames.evaluate(played, heard, offsets="key")
    times = np.arange(410) * frames.FRAME_SEC
    theirs = mir_eval.multipitch.metrics(times, grid(played, 410), times, grid(heard, 410))
    assert (ours.precision, ours.recall) == pytest.approx(theirs[:2])


def test_overlapping_notes_of_a_key_count_once() -> None:
    once = Performance.from_arrays([0.0], [1.0], [60])
    twice = Performance.from_arrays([0.0, 0.25], [0.75, 1.0], [60, 60])
    assert frames.evaluate(once, twice, offsets="key") == frames.Detection(100, 100, 100)


def test_the_pedal_extends_frames_only_when_asked() -> None:
    held = Performance.from_arrays([0.0], [0.5], [60], controls=[(0.2, 64, 127), (1.0, 64, 0)])
    full = Performance.from_arrays([0.0], [1.0], [60])
    assert frames.evaluate(full, held, offsets="sounding").recall == 1.0
    assert frames.evaluate(full, held, offsets="key").recall == 0.5


def test_swapping_swaps_and_silence_is_zero() -> None:
    played, heard = random_piece(1), random_piece(2)
    there, back = frames.evaluate(played, heard), frames.evaluate(heard, played)
    assert (there.precision, there.recall) == (back.recall, back.precision)
    assert frames.evaluate(Performance(), Performance()).f1 == 0.0


def test_a_frame_has_a_length() -> None:
    with pytest.raises(OptionError, match=r"a frame of 0\.0 s"):
        frames.evaluate(Performance(), Performance(), frame_sec=0.0)
