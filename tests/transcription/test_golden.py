"""Five short clips with what they must be heard as, and the same answer every time: what a release must not lose.

The clips are played here on the project's own sampled piano (Salamander Grand, CC-BY 3.0, see its ATTRIBUTION.md), so their notes are known
exactly. The floors stand a note or two below what the shipped weights reach; bytes may differ from machine to machine.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from tecla.evaluation.notes import evaluate
from tecla.io.audio import array_source
from tecla.music import Performance
from tecla.rendering import SAMPLE_RATE, render
from tecla.transcription import Transcriber

Sound = NDArray[np.float32]


def scale() -> Performance:
    pitch = np.array([48, 50, 52, 53, 55, 57, 59, 60, 62, 64, 65, 67])
    onset_sec = 0.3 + 0.25 * np.arange(12)
    return Performance.from_arrays(onset_sec, onset_sec + 0.24, pitch, 50 + 4 * np.arange(12))


def chords() -> Performance:
    rows = [(0.3 + i, pitch) for i, chord in enumerate(((48, 60, 64, 67), (53, 60, 65, 69), (43, 59, 62, 67))) for pitch in chord]
    onset_sec, pitch = np.array(rows).T
    pedal = [(at + shift, 64, value) for at in (0.3, 1.3, 2.3) for shift, value in ((0.15, 127), (0.95, 0))]
    return Performance.from_arrays(onset_sec, onset_sec + 0.8, pitch, 72, controls=pedal)


def repeated() -> Performance:
    onset_sec = 0.3 + 0.16 * np.arange(18)
    return Performance.from_arrays(onset_sec, onset_sec + 0.1, np.where(np.arange(18) % 3, 72, 67), 80)


def far_apart() -> Performance:
    return Performance.from_arrays(
        [0.3, 0.3, 1.0, 1.4, 1.8, 2.2], [0.9, 2.6, 1.3, 1.7, 2.1, 2.6], [29, 88, 96, 33, 101, 36], [90, 60, 70, 85, 75, 80]
    )


def soft_under_loud() -> Performance:
    onset_sec = np.array([0.3, 0.55, 0.8, 1.05, 1.3, 1.55, 1.8, 2.05])
    return Performance.from_arrays(onset_sec, onset_sec + 0.4, [76, 55, 60, 64, 77, 55, 59, 62], [100, 40, 40, 40, 100, 40, 40, 40])


CLIPS: dict[str, tuple[Callable[[], Performance], float, float]] = {  # floors: onset F1, F1 of onset and key-up
    "scale": (scale, 0.95, 0.9),
    "chords": (chords, 0.95, 0.4),  # their keys come up under the pedal, where nobody hears it
    "repeated": (repeated, 0.95, 0.85),
    "far apart": (far_apart, 0.9, 0.5),
    "soft under loud": (soft_under_loud, 0.9, 0.75),
}


def hear(sound: Sound, threads: int = 1) -> Performance:
    source = array_source(sound, SAMPLE_RATE)
    return Transcriber.load(threads=threads).transcribe(source.blocks)


@pytest.mark.parametrize("clip", CLIPS)
def test_a_clip_is_heard_as_it_was_played(clip: str) -> None:
    play, onset_floor, key_floor = CLIPS[clip]
    metrics = evaluate(play(), hear(render(play())[: 4 * SAMPLE_RATE]), offsets="key")
    assert metrics.onset.f1 >= onset_floor
    assert metrics.onset_offset.f1 >= key_floor


def test_the_same_sound_gives_the_same_notes_bit_for_bit() -> None:
    sound = np.tile(render(chords())[: 4 * SAMPLE_RATE], (3, 1))  # two windows, so that threads have something to share
    once = hear(sound)
    assert once == hear(sound)
    for threads in (2, 4):
        other = hear(sound, threads)
        assert np.array_equal(other.notes["pitch"], once.notes["pitch"])
        for name, tolerance in (("onset_sec", 0.001), ("offset_sec", 0.001), ("velocity", 1)):
            assert np.abs(other.notes[name] - once.notes[name]).max() <= tolerance
