"""What the network should say: hand-worked frames, and slices that agree with the whole."""

import numpy as np
import pytest

from tecla.music import SOFT, SUSTAIN, Performance
from tecla.transcription.targets import KEY_CHANNELS, PEDAL_CHANNELS, Targets, encode

FRAME_SEC = 0.02
ONSET, VELOCITY, SOUNDING, SOUNDING_END, KEY, KEY_UP = range(len(KEY_CHANNELS))


def of_key(targets: Targets, pitch: int, channel: int) -> np.ndarray:
    return targets.keys[:, pitch - 21, channel]


def test_an_onset_on_a_frame_is_a_triangle_of_three_frames() -> None:
    targets = encode(Performance.from_arrays([0.2], [0.4], [60], [100]), 0.0, 40)
    assert np.allclose(of_key(targets, 60, ONSET)[7:14], [0, 1 / 3, 2 / 3, 1, 2 / 3, 1 / 3, 0])
    assert np.allclose(of_key(targets, 60, VELOCITY)[8:13], 100 / 127)
    assert targets.keys[..., ONSET].sum() == pytest.approx(3)


@pytest.mark.parametrize("shift_frames", [-0.49, -0.2, 0.1, 0.37, 0.5])
def test_between_frames_the_triangle_still_points_at_the_onset(shift_frames: float) -> None:
    onset_sec = (10 + shift_frames) * FRAME_SEC
    triangle = of_key(encode(Performance.from_arrays([onset_sec], [0.5], [60]), 0.0, 40), 60, ONSET)
    centroid = float((triangle * np.arange(40)).sum() / triangle.sum())
    assert centroid == pytest.approx(10 + shift_frames, abs=0.06)
    assert triangle.max() >= 1 - 0.5 / 3 - 1e-6


def test_key_and_string_end_apart_under_the_pedal() -> None:
    performance = Performance.from_arrays([0.2], [0.4], [60], controls=[(0.3, SUSTAIN, 127), (0.6, SUSTAIN, 0)])
    targets = encode(performance, 0.0, 40)
    assert np.flatnonzero(of_key(targets, 60, KEY)).tolist() == list(range(10, 20))
    assert np.flatnonzero(of_key(targets, 60, SOUNDING)).tolist() == list(range(10, 30))
    assert of_key(targets, 60, KEY_UP).argmax() == 20
    assert of_key(targets, 60, SOUNDING_END).argmax() == 30
    sustain, down, up, soft = targets.pedals.T
    assert np.flatnonzero(sustain).tolist() == list(range(15, 30))
    assert (down.argmax(), up.argmax()) == (15, 30)
    assert not soft.any()


def test_the_soft_pedal_has_its_channel() -> None:
    performance = Performance.from_arrays([0.0], [1.0], [60], controls=[(0.2, SOFT, 127), (0.4, SOFT, 0)])
    pedals = encode(performance, 0.0, 40).pedals
    assert np.flatnonzero(pedals[:, PEDAL_CHANNELS.index("soft")]).tolist() == list(range(10, 20))
    assert not pedals[:, 0].any()


def test_of_two_strikes_close_together_each_frame_follows_the_nearer() -> None:
    targets = encode(Performance.from_arrays([0.2, 0.26], [0.25, 0.4], [60, 60], [40, 120]), 0.0, 40)
    velocity = of_key(targets, 60, VELOCITY) * 127
    assert velocity[10] == pytest.approx(40)
    assert velocity[13] == pytest.approx(120)


@pytest.mark.parametrize("start_sec", [0.0, 0.137, 3.0, 5.5])
def test_a_slice_says_what_the_whole_says_there(start_sec: float) -> None:
    rng = np.random.default_rng(4)
    onset = np.sort(rng.uniform(0, 9, 120))
    pedal = [(time, SUSTAIN, value) for time, value in zip(np.arange(0, 9, 0.5), [127, 0] * 9, strict=True)]
    performance = Performance.from_arrays(
        onset, onset + rng.uniform(0.02, 2, 120), rng.integers(21, 109, 120), rng.integers(1, 128, 120), controls=pedal
    )
    shifted = performance.shifted(-start_sec)
    part, whole = encode(performance, start_sec, 100), encode(shifted, 0.0, 400)
    assert np.allclose(part.keys, whole.keys[:100], atol=1e-5)
    assert np.allclose(part.pedals, whole.pedals[:100], atol=1e-5)


def test_notes_off_the_keyboard_are_left_out() -> None:
    assert not encode(Performance.from_arrays([0.1, 0.1], [0.3, 0.3], [20, 109]), 0.0, 30).keys.any()


def test_nothing_played_is_nothing_wanted() -> None:
    targets = encode(Performance(), 0.0, 12)
    assert targets.keys.shape == (12, 88, len(KEY_CHANNELS))
    assert targets.pedals.shape == (12, len(PEDAL_CHANNELS))
    assert not targets.keys.any()
    assert not targets.pedals.any()


def test_styles_of_targets() -> None:
    note = Performance.from_arrays([0.104], [0.5], [60], [100])  # 5.2 frames
    onset = {style: encode(note, 0.0, 12, style).keys[:, 39, 0] for style in ("sub-frame", "soft", "grid")}
    assert onset["sub-frame"][4:8] == pytest.approx([0.6, 1 - 0.2 / 3, 1 - 0.8 / 3, 0.4], abs=1e-6)
    assert onset["soft"][3:8] == pytest.approx([1 / 3, 2 / 3, 1, 2 / 3, 1 / 3], abs=1e-6)
    assert np.flatnonzero(onset["grid"]).tolist() == [5]
    assert encode(note, 0.0, 12, "grid").keys[5, 39, 1] == pytest.approx(100 / 127)
