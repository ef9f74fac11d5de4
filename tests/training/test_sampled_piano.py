"""The sound is where the labels are: onsets, key-ups, pedals, re-strikes, pitches."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tecla.errors import InputError
from tecla.music import SUSTAIN, Performance
from tecla.training.examples import note_table
from tecla.training.sampled_piano import load_banks, random_pianos, render

SAMPLE_RATE = 16000
SOUND_SEC = 2.0
PLAIN = [0.0, 0.0, 0.0, 30.0, 0.5, 0.0, 0.0, 0.0]  # in tune, even, nothing darkened

Sound = NDArray[np.float32]
Play = Callable[..., Sound]


@pytest.fixture
def play(banks_folder: Path) -> Play:
    """Renders performances as one batch; one row of sound each."""
    banks = load_banks(banks_folder)

    def play_(*performances: Performance) -> Sound:
        table, _ = note_table(performances, SOUND_SEC, np.random.default_rng(5))
        piano = torch.tensor([PLAIN] * len(performances))
        return render(table, banks, piano, int(SOUND_SEC * SAMPLE_RATE), torch.Generator().manual_seed(1)).numpy()

    return play_


def note(onset_sec: float, key_up_sec: float, pitch: int = 64, velocity: int = 100, pedal: float | None = None) -> Performance:
    """One note; `pedal` is the depth, 0..1, at which the pedal is held throughout."""
    controls = [] if pedal is None else [(0.0, SUSTAIN, round(127 * pedal))]
    return Performance.from_arrays([onset_sec], [key_up_sec], [pitch], [velocity], controls=controls)


def rms(sound: Sound, begin_sec: float, length_sec: float = 0.05) -> float:
    begin = round(begin_sec * SAMPLE_RATE)
    return float(np.sqrt(np.mean(sound[begin : begin + round(length_sec * SAMPLE_RATE)] ** 2)))


@pytest.mark.parametrize("onset_sec", [0.3, 0.5, 0.51237, 1.0])
@pytest.mark.parametrize("pitch", [28, 64, 90])
def test_a_note_begins_where_its_label_says(play: Play, onset_sec: float, pitch: int) -> None:
    sound = play(note(onset_sec, 1.9, pitch))[0]
    assert rms(sound, 0.0, onset_sec - 0.002) < 1e-3 * rms(sound, onset_sec)
    assert rms(sound, onset_sec, 0.02) > 0.5 * rms(sound, onset_sec + 0.02, 0.04)


def test_a_released_string_falls_silent_and_a_held_one_does_not(play: Play) -> None:
    released, held = play(note(0.2, 0.8), note(0.2, 1.9))
    assert np.allclose(released[: int(0.79 * SAMPLE_RATE)], held[: int(0.79 * SAMPLE_RATE)], atol=1e-6)
    assert rms(released, 0.8 + 0.7) < 0.02 * rms(held, 0.8 + 0.7)


def test_the_pedal_keeps_a_released_string_sounding(play: Play) -> None:
    pedalled, held = play(note(0.2, 0.8, pedal=1.0), note(0.2, 1.9))
    assert rms(pedalled, 1.6) == pytest.approx(rms(held, 1.6), rel=0.01)


def test_half_a_pedal_damps_by_half(play: Play) -> None:
    dry, half, full = (rms(play(note(0.2, 0.6, pedal=depth))[0], 0.75) for depth in (0.0, 0.5, 1.0))
    assert dry < half < full


def test_the_highest_strings_have_no_damper(play: Play) -> None:
    released, held = play(note(0.2, 0.5, pitch=100), note(0.2, 1.9, pitch=100))
    assert np.allclose(released, held, atol=1e-5)


def test_a_key_struck_again_ends_its_first_note(play: Play) -> None:
    again = Performance.from_arrays([0.2, 1.0], [0.9, 1.9], 64, 100, controls=[(0.0, SUSTAIN, 127)])
    both, second = play(again)[0], play(note(1.0, 1.9, pedal=1.0))[0]
    assert rms(both, 1.3) == pytest.approx(rms(second, 1.3), rel=0.02)


def test_a_note_struck_before_the_sound_began_still_sounds(play: Play) -> None:
    earlier, shifted = play(note(-0.5, 1.5))[0], play(note(0.0, 1.9))[0]
    assert rms(earlier, 0.2) == pytest.approx(rms(shifted, 0.7), rel=0.02)


@pytest.mark.parametrize("pitch", [36, 57, 69, 93])
def test_keys_between_the_samples_sound_at_their_pitch(play: Play, pitch: int) -> None:
    sound = play(note(0.0, 1.9, pitch))[0]
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 1 << 18))
    hz = np.argmax(spectrum) * SAMPLE_RATE / (1 << 18)
    assert 12 * np.log2(hz / 440) + 69 == pytest.approx(pitch, abs=0.05)


def test_harder_is_louder(play: Play) -> None:
    levels = [rms(play(note(0.2, 1.9, velocity=velocity))[0], 0.3) for velocity in (10, 40, 70, 100, 127)]
    assert levels == sorted(levels)
    assert levels[-1] > 8 * levels[0]


def test_the_pieces_of_a_batch_do_not_hear_each_other(play: Play) -> None:
    sound = play(note(0.2, 1.9), Performance(), note(1.0, 1.9))
    assert rms(sound[0], 0.5) > 0
    assert not sound[1].any()
    assert not sound[2, : int(0.99 * SAMPLE_RATE)].any()


def test_notes_outside_the_keyboard_are_not_played(play: Play) -> None:
    assert not play(note(0.2, 1.9, pitch=12))[0].any()


def test_pianos_are_a_function_of_the_generator() -> None:
    draw = [random_pianos(5, 3, torch.Generator().manual_seed(seed), torch.device("cpu")) for seed in (1, 1, 2)]
    assert torch.equal(draw[0], draw[1])
    assert not torch.equal(draw[0], draw[2])
    assert set(draw[0][:, 0].tolist()) <= {0.0, 1.0, 2.0}


def test_a_folder_without_pianos_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no sampled piano"):
        load_banks(tmp_path)
