"""Writes the demo: a miniature for piano, composed and performed in code, as evening-waltz.mid and evening-waltz.ogg.

    python demo/compose.py

The piece (tecla's own, CC0) is written as a score, in quarters, and played as a pianist would: a tempo that breathes with the phrase,
the melody louder than the accompaniment and a little ahead of it, legato, a new pedal for every harmony, half of it where the line moves
by steps, the soft pedal at the end. The MIDI file keeps both: bars and beats in its ticks and tempo map, seconds in what they add up to.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import mido
import numpy as np

from tecla.io.audio import save_audio
from tecla.io.midi import load_midi
from tecla.music import SOFT, SUSTAIN
from tecla.rendering import SALON, SAMPLE_RATE, render_blocks

NAME = "evening-waltz"
TITLE = "Evening Waltz"
BEATS_PER_BAR = 3
TICKS = 960
TEMPO_BPM = 104
LEAD_IN_SEC = 0.6  # a breath before the first note, so that nothing begins with the file

# Right hand, a line per bar: pitches joined by + sound together, then the length in quarters.
MELODY = """
B4 2  D5 1
C5 1.5  B4 .5  A4 1
A4 2  C5 1
B4 1.5  A4 .5  G4 1
C5+E5 2  G5 1
F#5 1  E5 .5  D5 .5  B4 1
A4 1  C5 .5  B4 .5  A4 1
G4 2  D5 1
G4+E5 1.5  F#5 .5  G5 1
B4+B5 2  A5 .5  G5 .5
C5+A5 1.5  G5 .5  F#5 1
A4+F#5 1  G4+E5 1  F#4+D#5 1
G4+E5 1.5  D5 .5  C5 1
B4 1  C5 .5  D5 .5  E5 1
D5 1  F#4+C5 1  A4 1
G4+B4 2  D5 1
C5+G5 1.5  F#5 .5  E5 1
B4+D5 1  C5 .5  B4 .5  F#4+A4 1
G4+B4 3
B4+D5+G5 3
"""
# Left hand: a waltz, then broken chords when the music begins to move.
ACCOMPANIMENT = """
G2 1  B3+D4 1  B3+D4 1
A2 1  A3+C4 1  A3+C4 1
D3 1  F#3+C4 1  F#3+C4 1
G2 1  B3+D4 1  B3+D4 1
C3 1  G3+C4 1  G3+C4 1
B2 1  G3+D4 1  G3+D4 1
D3 1  F#3+C4 1  F#3+C4 1
G2 1  B3+D4 1  F3+B3 1
E2 .5  B2 .5  E3 .5  G3 .5  B3 .5  G3 .5
E2 .5  B2 .5  G3 .5  B3 .5  E4 .5  B3 .5
A2 .5  E3 .5  A3 .5  C4 .5  E4 .5  C4 .5
B2 .5  F#3 .5  A3 .5  B3 .5  D#4 .5  B3 .5
C3 .5  G3 .5  C4 .5  E4 .5  C4 .5  G3 .5
G2 .5  D3 .5  G3 .5  B3 .5  D4 .5  B3 .5
D2 .5  A2 .5  F#3 .5  A3 .5  C4 .5  A3 .5
G2 1  B3+D4 1  B3+D4 1
C3 1  G3+C4 1  G3+C4 1
D3 1  G3 1  D3+C4 1
G2 .5  D3 .5  G3 .5  B3 .5  D4 .5  B3 .5
G1+G2 3
"""
# Loudness of the melody at the start of every bar and, last, at the end.
DYNAMICS = (54, 58, 60, 56, 66, 68, 62, 54, 68, 84, 92, 86, 78, 70, 62, 54, 68, 58, 46, 40, 36)
# Tempo of every bar as a share of TEMPO_BPM: phrases of four bars that lean forward and come to rest.
BREATH = (0.93, 1.02, 1.04, 0.94, 0.99, 1.05, 1.0, 0.86, 1.0, 1.06, 1.06, 0.92, 0.97, 1.02, 0.88, 0.9, 0.98, 0.84, 0.74, 0.62)
KEY_RETURN_SEC = 0.06
HALF_PEDAL_BARS = (11, 14)
SOFT_PEDAL_FROM_BAR = 18


class Note(NamedTuple):
    """A written note: onset and length in quarters."""

    onset: float
    length: float
    pitch: int
    right: bool
    top: bool


def main() -> None:
    """Writes the score as performed, and its sound in a small room."""
    folder = Path(__file__).parent
    perform(written(MELODY, right=True) + written(ACCOMPANIMENT, right=False)).save(folder / f"{NAME}.mid")
    performance = load_midi(folder / f"{NAME}.mid")
    save_audio(folder / f"{NAME}.ogg", render_blocks(performance, SALON), SAMPLE_RATE)
    print(f"{len(performance)} notes, {performance.duration_sec:.1f} s")


def written(bars: str, right: bool) -> list[Note]:
    """Reads a hand and makes sure that every bar is full."""
    notes = []
    for bar, line in enumerate(bars.split("\n")[1:-1]):
        onset, words = float(bar * BEATS_PER_BAR), line.split()
        for chord, length in zip(words[::2], words[1::2], strict=True):
            pitches = sorted(pitch_of(name) for name in chord.split("+"))
            notes += [Note(onset, float(length), pitch, right, right and pitch == pitches[-1]) for pitch in pitches]
            onset += float(length)
        assert onset == (bar + 1) * BEATS_PER_BAR, f"bar {bar + 1} is not full: {line}"
    return notes


def pitch_of(name: str) -> int:
    """MIDI pitch of a name such as F#4."""
    step = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[name[0]]
    return 12 * (int(name[-1]) + 1) + step + name.count("#")


def perform(notes: list[Note], seed: int = 5) -> mido.MidiFile:
    """Plays the score: three tracks, tempo map with pedals, right hand, left hand."""
    rng = np.random.default_rng(seed)
    clock = Clock()
    hands: dict[bool, list[tuple[float, mido.Message]]] = {True: [], False: []}
    again_sec: dict[int, float] = {}
    for note in sorted(notes, reverse=True):  # backwards, since a key must come up before its next stroke
        onset_sec, key_up_sec = played_sec(note, clock, rng)
        key_up_sec = min(key_up_sec, again_sec.get(note.pitch, np.inf) - KEY_RETURN_SEC)
        again_sec[note.pitch] = onset_sec
        hands[note.right] += [
            (onset_sec, mido.Message("note_on", note=note.pitch, velocity=played_velocity(note, rng))),
            (key_up_sec, mido.Message("note_off", note=note.pitch, velocity=64)),
        ]
    pedal_moves = [(sec, mido.Message("control_change", control=number, value=value)) for sec, number, value in pedals(clock)]
    midi = mido.MidiFile(type=1, ticks_per_beat=TICKS)
    midi.tracks.append(track(TITLE, pedal_moves, clock, clock.messages()))
    midi.tracks.append(track("Right hand", hands[True], clock))
    midi.tracks.append(track("Left hand", hands[False], clock))
    return midi


class Clock:
    """Quarters to seconds and to ticks: one tempo to a quarter, between bars in a straight line."""

    def __init__(self) -> None:
        n_beats = len(BREATH) * BEATS_PER_BAR
        share = np.interp(np.arange(n_beats), np.arange(len(BREATH)) * BEATS_PER_BAR + 1, BREATH)
        lead_in = [round(1e6 * LEAD_IN_SEC / BEATS_PER_BAR)] * BEATS_PER_BAR  # an empty first bar, quickly passed
        self.micros = np.array([*lead_in, *np.round(60e6 / (TEMPO_BPM * share)), 1e6, 1e6, 1e6]).astype(int)
        self.beats = np.arange(len(self.micros) + 1) - BEATS_PER_BAR
        self.seconds = np.concatenate([[0], np.cumsum(self.micros)]) / 1e6

    def sec(self, quarters: float) -> float:
        """When a place in the score is reached."""
        return float(np.interp(quarters, self.beats, self.seconds))

    def tick(self, sec: float) -> int:
        """The MIDI tick of a time."""
        return round(TICKS * (float(np.interp(sec, self.seconds, self.beats)) + BEATS_PER_BAR))

    def messages(self) -> list[tuple[float, mido.MetaMessage]]:
        """Metre, key and all tempi, with their times."""
        signature = [
            (0.0, mido.MetaMessage("time_signature", numerator=BEATS_PER_BAR, denominator=4)),
            (0.0, mido.MetaMessage("key_signature", key="G")),
        ]
        changes = np.flatnonzero(np.diff(self.micros, prepend=0))
        return signature + [(self.seconds[i], mido.MetaMessage("set_tempo", tempo=int(self.micros[i]))) for i in changes]


def played_sec(note: Note, clock: Clock, rng: np.random.Generator) -> tuple[float, float]:
    """Onset and key-up: the melody first, chords slightly spread, legato on top, lighter below."""
    hand = -0.006 if note.top else 0.010
    spread = 0.0 if note.top else 0.004 * (1 - note.pitch / 127)
    onset = clock.sec(note.onset) + hand + spread + rng.normal(0, 0.003)
    key_up = clock.sec(note.onset + note.length)
    held = 0.015 if note.top else -0.10 * (key_up - clock.sec(note.onset)) if note.right else -0.18 * (key_up - clock.sec(note.onset))
    return onset, max(key_up + held + rng.normal(0, 0.004), onset + 0.08)


def played_velocity(note: Note, rng: np.random.Generator) -> int:
    """The melody carries the dynamics, the bass supports it, the rest stays behind."""
    loud = float(np.interp(note.onset, np.arange(len(DYNAMICS)) * BEATS_PER_BAR, DYNAMICS))
    downbeat = note.onset % BEATS_PER_BAR == 0
    role = 1.0 if note.top else 0.78 if note.right else 0.80 if downbeat else 0.64
    return int(np.clip(round(loud * role + 2 * downbeat + rng.normal(0, 1.5)), 12, 120))


def pedals(clock: Clock) -> list[tuple[float, int, int]]:
    """Sustain: up with each bar's bass, down again behind it, over some 60 ms each; soft for the last bars."""
    moves: list[tuple[float, int, int]] = []
    for bar in range(len(BREATH)):
        onset, depth = clock.sec(bar * BEATS_PER_BAR), 66 if bar in HALF_PEDAL_BARS else 118
        if bar:
            moves += [(onset - 0.02 + 0.015 * i, SUSTAIN, value) for i, value in enumerate((80, 45, 15, 0))]
        moves += [(onset + 0.11 + 0.02 * i, SUSTAIN, round(depth * share)) for i, share in enumerate((0.3, 0.75, 1.0))]
    end = clock.sec(len(BREATH) * BEATS_PER_BAR)
    moves += [(end + 0.04 * i, SUSTAIN, value) for i, value in enumerate((90, 60, 35, 15, 0))]
    soft = clock.sec(SOFT_PEDAL_FROM_BAR * BEATS_PER_BAR) - 0.15
    moves += [(soft, SOFT, 60), (soft + 0.04, SOFT, 127), (end + 0.2, SOFT, 0)]
    return sorted(moves)


def track(
    name: str, events: list[tuple[float, mido.Message]], clock: Clock, meta: list[tuple[float, mido.MetaMessage]] | None = None
) -> mido.MidiTrack:
    """A named track of messages at their ticks; what ends comes before what begins."""
    timed = sorted([*(meta or []), *events], key=lambda event: (clock.tick(event[0]), event[1].type == "note_on"))
    written_track, now = mido.MidiTrack([mido.MetaMessage("track_name", name=name)]), 0
    for sec, message in timed:
        tick = clock.tick(sec)
        written_track.append(message.copy(time=tick - now))
        now = tick
    written_track.append(mido.MetaMessage("end_of_track", time=0))
    return written_track


if __name__ == "__main__":
    main()
