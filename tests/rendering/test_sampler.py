"""What the sampled piano must sound like, measured in its samples."""

import itertools

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from tecla.errors import OptionError
from tecla.music import SOFT, SOSTENUTO, SUSTAIN, Performance
from tecla.music.pitch import pitch_to_hz
from tecla.rendering import HALL, SALON, SAMPLE_RATE, Room, render, render_blocks

Spectrum = NDArray[np.float64]
PITCHES = (21, 34, 47, 60, 73, 86)


def note(pitch: int = 60, velocity: int = 80, onset: float = 0.0, offset: float = 1.0, controls: ArrayLike = ()) -> Performance:
    return Performance.from_arrays([onset], [offset], [pitch], [velocity], controls=controls)


def level_db(sound: NDArray[np.float32], begin_sec: float, end_sec: float) -> float:
    part = sound[int(begin_sec * SAMPLE_RATE) : int(end_sec * SAMPLE_RATE)]
    return 10 * np.log10(np.sum(part.astype("f8") ** 2) / (end_sec - begin_sec) / SAMPLE_RATE + 1e-12)  # silent after its end


def spectrum(sound: NDArray[np.float32], begin_sec: float = 0.05, end_sec: float = 0.55) -> tuple[Spectrum, Spectrum]:
    """Frequencies, and the magnitudes of both channels together."""
    part = sound[int(begin_sec * SAMPLE_RATE) : int(end_sec * SAMPLE_RATE)].T
    magnitudes = np.abs(np.fft.rfft(part * np.hanning(part.shape[1]), 1 << 18))
    return np.fft.rfftfreq(1 << 18, 1 / SAMPLE_RATE), np.sqrt((magnitudes**2).sum(0))


def centroid_hz(sound: NDArray[np.float32]) -> float:
    hz, magnitude = spectrum(sound)
    heard = hz < 10_000
    return np.average(hz[heard], weights=magnitude[heard])


@pytest.mark.parametrize("pitch", range(45, 97, 1))
def test_every_key_sounds_at_its_frequency(pitch: int) -> None:
    hz, magnitude = spectrum(render(note(pitch)))
    near = np.abs(np.log2(hz[1:] / pitch_to_hz(pitch))) < 0.5
    found = hz[1:][near][np.argmax(magnitude[1:][near])]
    assert abs(12 * np.log2(found / pitch_to_hz(pitch))) < 0.35


def test_transposed_music_sounds_transposed() -> None:
    performance = Performance.from_arrays([0.0, 0.0], [1.0, 1.0], [60, 67], [80, 80])
    hz, low = spectrum(render(performance))
    _, high = spectrum(render(performance.transposed(2)))
    semitones = np.arange(-36, 37) / 12  # compare the two spectra on an axis on which a transposition is a shift
    axis = 200 * 2 ** (np.arange(0, 4, 1 / 120))
    match = [np.dot(np.interp(axis, hz, low), np.interp(axis * 2 ** (shift / 12), hz, high)) for shift in semitones]
    assert semitones[np.argmax(match)] == pytest.approx(2, abs=0.1)


def test_the_sound_begins_with_the_note() -> None:
    sound = np.abs(render(note(onset=0.5))).max(1)
    first = np.flatnonzero(sound > 0.01)[0] / SAMPLE_RATE
    assert 0.5 <= first < 0.515
    assert sound[: int(0.49 * SAMPLE_RATE)].max() == 0


@pytest.mark.parametrize("pitch", PITCHES)
def test_a_string_dies_after_its_key_is_up_and_lives_on_with_the_pedal(pitch: int) -> None:
    damped = render(note(pitch, offset=0.3))
    pedalled = render(note(pitch, offset=0.3, controls=[(0.1, SUSTAIN, 127), (2.0, SUSTAIN, 0)]))
    assert level_db(damped, 1.3, 1.6) < level_db(pedalled, 1.3, 1.6) - 30
    assert level_db(pedalled, 3.3, 3.5) < -90


def test_the_bass_resists_its_damper_longer() -> None:
    fall = [level_db(sound, 0.30, 0.35) - level_db(sound, 0.5, 0.55) for sound in (render(note(pitch, offset=0.3)) for pitch in PITCHES)]
    assert all(lower < higher for lower, higher in itertools.pairwise(fall))


def test_the_highest_strings_have_no_damper() -> None:
    short, held = (render(note(96, offset=offset)) for offset in (0.05, 1.5))
    np.testing.assert_allclose(short[: SAMPLE_RATE // 2], held[: SAMPLE_RATE // 2], atol=1e-6)


def test_the_pedal_damps_by_degrees() -> None:
    levels = [
        level_db(render(note(48, offset=0.2, controls=[(0.0, SUSTAIN, value), (3.0, SUSTAIN, 0)])), 1.0, 1.2)
        for value in (0, 40, 50, 60, 70, 80, 127)
    ]
    assert all(less < more for less, more in itertools.pairwise(levels))


def test_a_late_pedal_catches_what_is_left() -> None:
    caught = render(note(36, offset=0.5, controls=[(0.6, SUSTAIN, 127), (3.0, SUSTAIN, 0)]))
    lost = render(note(36, offset=0.5))
    pedalled = render(note(36, offset=0.5, controls=[(0.4, SUSTAIN, 127), (3.0, SUSTAIN, 0)]))
    assert level_db(lost, 1.2, 1.4) + 10 < level_db(caught, 1.2, 1.4) < level_db(pedalled, 1.2, 1.4) - 3


def test_the_sostenuto_pedal_holds_only_what_was_down() -> None:
    moves = [(0.2, SOSTENUTO, 127), (2.0, SOSTENUTO, 0)]
    both = Performance.from_arrays([0.0, 0.4], [0.3, 0.6], [48, 79], [80, 80], controls=moves)
    np.testing.assert_allclose(
        render(both)[SAMPLE_RATE : 2 * SAMPLE_RATE], render(note(48, offset=2.0))[SAMPLE_RATE : 2 * SAMPLE_RATE], atol=1e-3
    )


def test_louder_strokes_are_louder_and_brighter() -> None:
    sounds = [render(note(60, velocity)) for velocity in (8, 25, 45, 64, 80, 100, 120)]
    levels, brightness = [level_db(sound, 0, 0.3) for sound in sounds], [centroid_hz(sound) for sound in sounds]
    assert all(less < more for less, more in itertools.pairwise(levels))
    assert all(less < more for less, more in itertools.pairwise(brightness))
    assert 25 < levels[-1] - levels[0] < 40


@pytest.mark.parametrize("pitch", [33, 61, 92])
def test_loudness_has_no_steps_between_layers(pitch: int) -> None:
    levels = [level_db(render(note(pitch, velocity, offset=0.3)), 0, 0.3) for velocity in range(20, 128, 2)]
    steps = np.diff(levels)
    assert steps.min() > 0
    assert steps.max() < 1.8


def test_the_soft_pedal_softens_and_darkens() -> None:
    plain, soft = render(note(64, 90)), render(note(64, 90, controls=[(0.0, SOFT, 127)]))
    assert level_db(soft, 0, 0.3) < level_db(plain, 0, 0.3) - 1.5
    assert centroid_hz(soft) < 0.95 * centroid_hz(plain)


def test_a_restrike_does_not_click() -> None:
    """No jump between two samples larger than a single stroke makes."""
    onsets = np.arange(0, 2, 0.11)
    again = Performance.from_arrays(onsets, onsets + 0.1, 48, 70, controls=[(0.0, SUSTAIN, 127)])
    jump_once = np.abs(np.diff(render(note(48, 70, offset=2.0)), axis=0)).max()
    sound = render(again)
    assert np.abs(np.diff(sound, axis=0)).max() < 2 * jump_once
    assert np.abs(sound).max() < 3 * np.abs(render(note(48, 70))).max()


def test_neither_end_of_a_file_clicks() -> None:
    sound = render(note(28, 120, offset=0.2), SALON)
    assert np.abs(sound[:2]).max() < 1e-3
    assert np.abs(sound[-100:]).max() < 1e-4


def test_three_hundred_notes_at_once_stay_below_full_scale() -> None:
    pitch = np.arange(300) % 88 + 21
    crash = Performance.from_arrays(np.arange(300) * 1e-4, 1.0, pitch, 127)
    assert 0.9 < np.abs(render(crash)).max() <= 0.95


@pytest.mark.parametrize("room", [None, SALON])
def test_blocks_of_any_size_make_the_same_sound(room: Room | None) -> None:
    rng = np.random.default_rng(3)
    onset = rng.uniform(0, 3, 60)
    moves = [(0.5, SUSTAIN, 127), (1.5, SUSTAIN, 50), (1.8, SUSTAIN, 127), (2.5, SUSTAIN, 0)]
    performance = Performance.from_arrays(onset, onset + 0.3, rng.integers(21, 109, 60), rng.integers(1, 128, 60), controls=moves)
    whole = np.concatenate(list(render_blocks(performance, room, block_samples=1 << 18)))
    parts = np.concatenate(list(render_blocks(performance, room, block_samples=1984)))
    n = min(len(whole), len(parts))
    np.testing.assert_allclose(parts[:n], whole[:n], atol=2e-5)
    assert np.abs(whole[n:]).max(initial=0) < 2e-5


def test_an_empty_performance_is_silence() -> None:
    sound = render(Performance(), HALL)
    assert sound.shape[1] == 2
    assert len(sound) > 0
    assert not sound.any()


def test_time_before_zero_is_not_heard() -> None:
    early = render(note(onset=-0.5, offset=0.5))
    full = render(note(onset=0.0, offset=1.0))
    n = SAMPLE_RATE // 4
    np.testing.assert_allclose(early[:n], full[SAMPLE_RATE // 2 : SAMPLE_RATE // 2 + n], atol=1e-6)


def test_pitches_beyond_the_keyboard_are_played_too() -> None:
    assert np.abs(render(Performance.from_arrays([0.0, 0.5], [0.4, 0.9], [5, 125], [90, 90]))).max() > 0.01


def test_the_lead_out_is_reached_although_the_pedal_stays_down() -> None:
    assert len(render(note(60, offset=0.2, controls=[(0.0, SUSTAIN, 127)]))) < 14 * SAMPLE_RATE


def test_a_block_size_off_the_grid_is_refused() -> None:
    with pytest.raises(OptionError, match="block_samples is 1000"):
        next(render_blocks(note(), block_samples=1000))
