"""What the rhythm network sees of a counted performance, and what becomes of its readings."""

import numpy as np
import pytest

from tecla.engraving import Wishes, engrave
from tecla.engraving.beatwise import LENGTHS, N_FEATURES, PLACES, STEPS, Rhythm, rhythm_features
from tecla.engraving.counting import TICKS, Bar, Count
from tecla.engraving.network import read_counted, read_hands
from tecla.engraving.quantize import place_onsets
from tecla.engraving.tracking import Pulse
from tecla.engraving.values import VALUES, in_quarters
from tecla.music import Performance
from tecla.music.notation import TimeSignature


def accompanied(beat_sec: float = 0.5, beats: int = 32, semitones: int = 0) -> tuple[Performance, Pulse]:
    """Eighths over a bass note on every beat, four beats to a bar."""
    at = np.arange(2 * beats) / 2
    onset = np.concatenate([at, np.arange(beats)])
    pitch = np.concatenate([72 + np.arange(2 * beats) % 5, np.full(beats, 45)]) + semitones
    order = np.lexsort((pitch, onset))
    onset, pitch, held = onset[order], pitch[order], np.concatenate([np.full(2 * beats, 0.4), np.full(beats, 0.9)])[order]
    performance = Performance.from_arrays(onset * beat_sec, (onset + held) * beat_sec, pitch, np.full(len(pitch), 64))
    return performance, Pulse(np.arange(beats + 1) * beat_sec, np.arange(beats + 1) % 4, np.full(beats + 1, 4))


def differing(a: tuple[Performance, Pulse], b: tuple[Performance, Pulse]) -> int:
    """How many features differ between two performances whose hands are known."""
    left = np.where(a[0].notes["pitch"] < 60, 3.0, -3.0)
    seen, other = rhythm_features(*a, left), rhythm_features(*b, left)
    assert seen.shape == (len(a[0]), N_FEATURES)
    assert np.isfinite(seen).all()
    return int((np.abs(seen - other).max(axis=0) > 1e-4).sum())


def test_rhythm_looks_the_same_at_every_tempo_but_for_how_long_beats_and_keys_take() -> None:
    assert differing(accompanied(0.5), accompanied(0.75)) == 4  # and for two means over the two seconds around


def test_rhythm_looks_the_same_in_every_key_but_for_its_height() -> None:
    assert differing(accompanied(), accompanied(semitones=5)) == 1


def test_beats_on_one_another_and_a_count_of_two_are_seen_too() -> None:
    performance, _ = accompanied()
    pulse = Pulse(np.array([1.0, 1.0]), np.zeros(2, int), np.full(2, 2))
    assert np.isfinite(rhythm_features(performance, pulse, np.zeros(len(performance)))).all()
    assert rhythm_features(Performance(), pulse, np.zeros(0)).shape == (0, N_FEATURES)


def test_the_shipped_network_reads_eighths_over_quarters() -> None:
    performance, pulse = accompanied()
    rhythm, _ = read_counted(performance, pulse, read_hands(performance))
    inner = slice(12, -12)
    upper = performance.notes["pitch"][inner] > 60
    on_beat = np.isclose(performance.notes["onset_sec"][inner] % 0.5, 0.0)
    place = rhythm.log_place[inner].argmax(axis=1)
    assert (place[on_beat] == PLACES.index(0)).all()
    assert (place[~on_beat] == PLACES.index(min(PLACES, key=lambda p: abs(p - 0.5)))).all()
    length = np.array([float(value) for value in LENGTHS])[rhythm.log_length[inner].argmax(axis=1)]
    assert np.mean(length[upper] == 0.5) > 0.9
    assert np.mean(length[~upper] == 1.0) > 0.9


def unread(n: int) -> Rhythm:
    """Readings that know nothing."""
    return Rhythm(*(np.full((n, len(table)), -np.log(len(table))) for table in (PLACES, STEPS, LENGTHS)), np.zeros(n))


@pytest.mark.parametrize(("division", "unit"), [(2, TICKS), (3, TICKS), (4, TICKS), (3, 3 * TICKS // 2), (6, 3 * TICKS // 2)])
def test_evenly_divided_beats_are_placed_evenly_even_where_nothing_is_read(division: int, unit: int) -> None:
    beats, rng = 8, np.random.default_rng(division)
    written = np.arange(beats * division) * unit // division
    onset_sec = written / unit * 0.6 + rng.normal(0, 0.008, len(written))
    time = TimeSignature(12, 8) if unit > TICKS else TimeSignature(4, 4)
    bars = tuple(Bar(4 * unit * k, 4 * unit, time) for k in range(3))
    pulse = Pulse(0.6 * np.arange(beats + 2), np.arange(beats + 2) % 4, np.full(beats + 2, 4))
    count = Count(pulse, np.arange(beats + 2) * unit, bars)
    assert place_onsets(onset_sec, count, unread(len(written)), np.zeros(len(written))).tolist() == written.tolist()
    assert count.unit(onset_sec).tolist() == [unit] * len(written)


def test_what_is_read_outweighs_where_a_note_was_played() -> None:
    pulse = Pulse(0.5 * np.arange(4), np.arange(4), np.full(4, 4))
    count = Count(pulse, np.arange(4) * TICKS, (Bar(0, 4 * TICKS, TimeSignature(4, 4)),))
    onset_sec = np.array([0.0, 0.38, 0.5])  # the second one just after two thirds of the beat
    rhythm = unread(3)
    rhythm.log_place[1] = np.where(np.array([float(p) for p in PLACES]) == 0.75, 0.0, -8.0)
    assert place_onsets(onset_sec, count, rhythm, np.zeros(3)).tolist() == [0, 90, TICKS]


def test_lengths_in_dotted_quarters_are_those_of_the_page() -> None:
    sure = np.full((2, len(LENGTHS)), -7.0)
    sure[0, LENGTHS.index(min(LENGTHS, key=lambda v: abs(float(v) - 1 / 3)))] = 0.0
    sure[1, LENGTHS.index(1)] = 0.0
    told = in_quarters(sure, np.array([3 * TICKS // 2, 3 * TICKS // 2]))
    assert [float(VALUES[k]) for k in told.argmax(axis=1)] == [0.5, 1.5]


@pytest.mark.parametrize("against", [1, 2])
def test_five_notes_to_a_beat_are_quintuplets_against_one_and_two(against: int) -> None:
    rng, beats = np.random.default_rng(3), np.arange(32)
    chords = np.array([(43, 50, 55, 59, 55), (48, 55, 60, 64, 60), (45, 52, 57, 60, 57), (38, 45, 50, 54, 50)])
    low, high = (beats[:, None] + np.arange(5) / 5).ravel(), (beats[:, None] + np.arange(against) / against).ravel()
    pitch = np.concatenate([chords[beats // 4 % 4].ravel(), 72 + np.arange(len(high)) % 6])
    onset = 0.8 * np.concatenate([low, high]) + rng.normal(0, 0.008, len(pitch)) + 0.1
    lasts = np.concatenate([np.full(len(low), 0.15), np.full(len(high), 0.7 / against)])
    page = engrave(Performance.from_arrays(onset, onset + lasts, pitch, 64), Wishes(time=TimeSignature(4, 4), tempo_bpm=75))
    left = [note for note in page.notes() if note.pitch.midi < 70]
    assert np.mean([5 * note.position % 1 == 0 for note in left]) > 0.75
