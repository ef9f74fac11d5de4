"""Single lines to learn from: someone sings, whistles or blows what was made up a moment ago, and the labels are exact.

A line is notes; between them the pitch glides, on them it strays and trembles, before them it scoops. Its sound is a row of harmonics
under moving formants (a voice), few harmonics (a whistle, a flute) or a fixed spectrum (a reed, a string), with breath and consonants.
Every habit draws its own strength for each line, often zero. Vibrato: 4 to 7.5 Hz, up to a semitone (Sundberg 1987, chapter 8).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.music import Performance
from tecla.transcription.features import SAMPLE_RATE
from tecla.transcription.monophonic.features import LOWEST_PITCH, N_PITCHES

CONTROL_RATE: Final = 200  # of pitch, loudness and formants
_MOST_HARMONICS: Final = 48
# Formants 1 to 4 in Hz of five vowels, a man's; a woman's and a child's lie up to a third higher (Peterson & Barney 1952).
_VOWELS: Final = np.array(
    [[730, 1090, 2440, 3400], [530, 1840, 2480, 3500], [270, 2290, 3010, 3600], [570, 840, 2410, 3300], [300, 870, 2240, 3200]], float
)
Curve = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """A line of notes and its sound.

    Shape:
        samples: (N,) float32 at 16 kHz; pitch: (G,) MIDI pitch with its fraction at CONTROL_RATE, meaningful where a note sounds
    """

    notes: Performance
    samples: NDArray[np.float32]
    pitch: Curve


def random_notes(rng: np.random.Generator, length_sec: float, lowest: int, highest: int) -> Performance:
    """A made-up melody within a range: steps more than leaps, legato more than rests."""
    pitch, time_sec = int(rng.integers(lowest, highest + 1)), rng.uniform(0, 0.8)
    legato, around_sec = rng.uniform(0.2, 0.95), np.exp(rng.normal(-1.1, 0.5))
    onsets, ends, pitches = list[float](), list[float](), list[int]()
    while time_sec < length_sec - 0.1:
        end_sec = min(time_sec + float(np.clip(around_sec * np.exp(rng.normal() * 0.5), 0.09, 3.0)), length_sec)
        onsets.append(time_sec)
        ends.append(end_sec)
        pitches.append(pitch)
        time_sec = end_sec + (0.0 if rng.random() < legato else float(np.exp(rng.normal(-1.8, 0.7))))
        step = int(rng.choice([0, 1, 2, 3, 4, 5, 7, 12], p=[0.16, 0.2, 0.28, 0.12, 0.1, 0.07, 0.05, 0.02])) * int(rng.choice([-1, 1]))
        pitch = pitch + step if lowest <= pitch + step <= highest else int(np.clip(pitch - step, lowest, highest))
    return Performance.from_arrays(onsets, ends, pitches, 80)


def random_line(rng: np.random.Generator, length_sec: float) -> Line:
    """A line by a voice (three in five), a whistle or flute, or another instrument."""
    kind = rng.choice(["voice", "whistle", "instrument"], p=[0.6, 0.17, 0.23])
    lowest = {"voice": int(rng.integers(40, 66)), "whistle": int(rng.integers(67, 88)), "instrument": int(rng.integers(38, 82))}[kind]
    notes = random_notes(rng, length_sec, lowest, min(lowest + int(rng.integers(5, 20)), LOWEST_PITCH + N_PITCHES - 1))
    pitch, loud = pitch_curve(rng, notes, length_sec), loudness_curve(rng, notes, length_sec, kind)
    samples = _sound(rng, kind, pitch, loud, notes)
    return Line(notes, samples, pitch)


def pitch_curve(rng: np.random.Generator, notes: Performance, length_sec: float) -> Curve:
    """MIDI pitch at CONTROL_RATE: each note's own, reached by a glide or a scoop, with vibrato and a little drift."""
    time_sec = np.arange(int(length_sec * CONTROL_RATE)) / CONTROL_RATE
    glide_sec, vibrato, wobble = rng.uniform(0.01, 0.11), rng.choice([0.0, rng.uniform(0.1, 1.0)]), rng.uniform(0.0, 0.3)
    scoops, rate = rng.choice([0.0, rng.uniform(0.1, 0.5)]), rng.uniform(4.0, 7.5)
    whole = np.zeros(len(time_sec))
    before = None
    for note in notes.notes:
        own = note["pitch"] + np.clip(rng.normal() * wobble, -0.4, 0.4)
        since = time_sec - note["onset_sec"]
        if before is None:
            whole[:] = own
        # A glide is half done where the next note begins: that is where the ear, and the label, puts it.
        whole += (own - whole) / (1 + np.exp(-np.clip(since / (glide_sec / 4), -40, 40))) if before is not None else 0
        alone = before is None or note["onset_sec"] - before > 0.02
        if alone and rng.random() < scoops:
            # From below, or beside the note: who sings without having learned it needs up to 0.2 s to find it.
            astray = rng.uniform(0.4, 2.0) * (1 if rng.random() < 0.7 else -1)
            whole -= astray * np.exp(-np.maximum(since, 0) / rng.uniform(0.02, 0.12)) * (since >= -0.05)
        swell = np.clip((since - rng.uniform(0.05, 0.3)) / 0.2, 0, 1) * (time_sec < note["offset_sec"])
        whole += vibrato * 0.5 * swell * np.sin(2 * np.pi * rate * since)
        before = note["offset_sec"]
    drift = np.cumsum(rng.normal(size=len(time_sec))) * rng.uniform(0.002, 0.012)
    return np.asarray(whole + np.clip(drift, -0.4, 0.4))


def loudness_curve(rng: np.random.Generator, notes: Performance, length_sec: float, kind: str) -> Curve:
    """Amplitude 0..1 at CONTROL_RATE: swells and fades, and a dip where a note follows without a rest."""
    time_sec = np.arange(int(length_sec * CONTROL_RATE)) / CONTROL_RATE
    attack, release = np.exp(rng.uniform(np.log(0.008), np.log(0.09))), np.exp(rng.uniform(np.log(0.015), np.log(0.12)))
    plucked = kind == "instrument" and rng.random() < 0.4
    decay_sec, slurred = rng.uniform(0.2, 1.5), rng.uniform(0, 0.7)
    loud, held_pitch, held_end = np.zeros(len(time_sec)), -1, -1.0
    for note in notes.notes:
        begin, end = note["onset_sec"], note["offset_sec"]
        rise = 1 / (1 + np.exp(-np.clip((time_sec - begin) / (attack / 4), -40, 40)))
        fall = 1 / (1 + np.exp(np.clip((time_sec - end) / (release / 4), -40, 40)))
        body = np.exp(-np.maximum(time_sec - begin, 0) / decay_sec) if plucked else 1 - 0.4 * rng.random() * np.abs(time_sec - begin) / 2
        shape = rise * fall * np.clip(body, 0.2 * (not plucked), 1) * 10 ** (rng.uniform(-14, 0) / 20)
        joined = begin - held_end < 0.02 and note["pitch"] != held_pitch and rng.random() < slurred
        if not joined and begin - held_end < 0.02:  # a consonant, or the tongue: without it a repeated note could not be told
            depth, width = rng.uniform(0.5, 1.0), rng.uniform(0.012, 0.04)
            loud *= 1 - depth * np.exp(-(((time_sec - begin + width / 2) / width) ** 2))
            shape *= 1 - depth * np.exp(-(((time_sec - begin + width / 2) / width) ** 2))
        loud = np.maximum(loud, shape)
        held_pitch, held_end = note["pitch"], end
    return loud


def _sound(rng: np.random.Generator, kind: str, pitch: Curve, loud: Curve, notes: Performance) -> NDArray[np.float32]:
    """Harmonics under an envelope, and noise under the same one, (N,)."""
    n_samples = len(pitch) * SAMPLE_RATE // CONTROL_RATE
    grid, at = np.arange(len(pitch)) * (SAMPLE_RATE // CONTROL_RATE), np.arange(n_samples)
    hz = 440 * 2 ** ((pitch - 69) / 12) * np.exp(rng.normal(size=len(pitch)) * 0.0008)  # with a voice's jitter
    phase = 2 * np.pi * np.cumsum(np.interp(at, grid, hz)) / SAMPLE_RATE
    turn = np.exp(1j * phase).astype(np.complex64)
    envelope = _envelope(rng, kind, notes, len(pitch))
    tone, wave = np.zeros(n_samples, np.float32), np.ones(n_samples, np.complex64)
    for number in range(1, _MOST_HARMONICS + 1):
        if number * hz.min() > 7800:
            break
        wave = wave * turn
        height = loud * envelope(number, number * hz) * (number * hz < 7800)
        tone += np.interp(at, grid, height).astype(np.float32) * wave.imag
    tone /= np.sqrt(np.square(tone).mean()) + 1e-9
    return tone + _breath(rng, kind, loud, notes, n_samples)


def _envelope(rng: np.random.Generator, kind: str, notes: Performance, n_steps: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
    """Strength of harmonic k at its frequency over time: (k, (G,) Hz) -> (G,)."""
    tilt = {"voice": rng.uniform(0.7, 1.8), "whistle": rng.uniform(2.5, 6.0), "instrument": rng.uniform(0.3, 2.2)}[kind]
    own = np.exp(rng.normal(size=_MOST_HARMONICS + 1) * (0.0 if kind == "voice" else 0.6))
    if kind == "instrument" and rng.random() < 0.3:
        own[2::2] *= rng.uniform(0, 0.3)  # a closed pipe
    if kind != "voice":
        return lambda number, hz: own[number] * number**-tilt * np.ones(len(hz))
    chosen = _VOWELS[rng.integers(0, len(_VOWELS), max(1, len(notes)))] * rng.uniform(0.95, 1.35)
    middle = (notes.notes["onset_sec"] + notes.notes["offset_sec"]) / 2 * CONTROL_RATE if len(notes) else np.zeros(1)
    formants = np.stack([np.interp(np.arange(n_steps), middle, column) for column in chosen.T])  # (4, G)
    width, floor = rng.uniform(60, 160), 10 ** (rng.uniform(-34, -14) / 20)

    def voice(number: int, hz: Curve) -> Curve:
        peaks = [weight / (1 + ((hz - formant) / width) ** 2) for formant, weight in zip(formants, (1, 0.6, 0.35, 0.25), strict=True)]
        return np.asarray(number**-tilt * (floor + np.sum(peaks, 0)))

    return voice


def _breath(rng: np.random.Generator, kind: str, loud: Curve, notes: Performance, n_samples: int) -> NDArray[np.float32]:
    """Air beside the tone, and now and then an s or a t before a note."""
    noise = rng.normal(size=n_samples)
    noise = noise - rng.uniform(0, 0.95) * np.roll(noise, 1)  # dull to bright
    grid, at = np.arange(len(loud)) * (SAMPLE_RATE // CONTROL_RATE), np.arange(n_samples)
    air = np.interp(at, grid, loud) * 10 ** (rng.uniform(-45, -14 if kind == "whistle" else -22) / 20)
    spoken = rng.choice([0.0, rng.uniform(0, 0.8)]) if kind == "voice" else 0.0
    for onset_sec in notes.notes["onset_sec"]:
        if rng.random() < spoken:
            begin = int((onset_sec - rng.uniform(0.02, 0.12)) * SAMPLE_RATE)
            stop = int(onset_sec * SAMPLE_RATE)
            air[max(0, begin) : max(0, stop)] += 10 ** (rng.uniform(-30, -8) / 20)
    return np.asarray(noise * air, np.float32)
