"""Piano pieces made up on the spot: harmony, hands, phrasing and pedal of a player, and nobody's music.

What a network learns from them may be used by anyone. They are not good music; they sound as a piano does when it is
played: a tune above an accompaniment, chords struck nearly together, a bass that rings, a pedal that changes with the harmony.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from tecla.music.performance import SUSTAIN, Performance
from tecla.training.textures import Rows, playable

# Degrees of roots, in steps of the scale, that lead to one another: cadences, circles of fifths, plagal turns.
_PROGRESSIONS: Final = (
    (0, 3, 4, 0),
    (0, 5, 3, 4),
    (0, 4, 5, 3),
    (0, 3, 6, 2, 5, 1, 4, 0),
    (0, 1, 4, 0),
    (0, 5, 1, 4),
    (0, 2, 3, 4),
    (0, 3, 0, 4),
    (5, 3, 0, 4),
    (0, 6, 5, 4),
)
_SCALES: Final = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 3, 5, 7, 9, 10))
_EVEN: Final = (0.25,) * 4
_RHYTHMS: Final = (  # of one beat
    (1.0,),
    (0.5, 0.5),
    (0.75, 0.25),
    _EVEN,
    (1 / 3,) * 3,
    (0.5, 0.25, 0.25),
    (1 / 6,) * 6,
    (0.125,) * 8,
    (0.25, 0.5, 0.25),
)
_RHYTHM_ODDS: Final = np.array([6, 6, 2, 4, 2, 2, 1, 1, 1]) / 25
_LEFT: Final = ("alberti", "waltz", "arpeggio", "blocks", "octaves", "walking", "held", "tremolo")
_RIGHT: Final = ("tune", "tune", "octaves", "chords", "runs", "broken", "thirds")


@dataclass(frozen=True)
class _Section:
    """What stays as it is for some bars: key, tempo, figures, registers, loudness, touch and pedalling."""

    tonic: int
    scale: tuple[int, ...]
    seventh: bool
    beats: int  # of a bar
    beat_sec: float
    left: str
    right: str
    bass: int  # pitch about which the left hand moves
    top: int  # and the right one
    loudness: float
    voicing: float  # steps of velocity by which the tune is above the rest
    legato: float  # length of a key press, in parts of its step
    touch: float  # s.d. of a velocity
    jitter_sec: float
    pedal: str

    def pitch(self, degree: int, near: int) -> int:
        """The pitch of a degree of the scale that lies nearest to `near`."""
        chroma = self.tonic + self.scale[degree % 7]
        return near + (chroma - near + 6) % 12 - 6

    def chord(self, root: int, near: int) -> list[int]:
        """Three or four pitches upwards from the root next to `near`."""
        pitches = [self.pitch(root, near)]
        for step in (2, 4, 6)[: 3 if self.seventh else 2]:
            pitches.append(pitches[-1] + (self.tonic + self.scale[(root + step) % 7] - pitches[-1]) % 12)
        return pitches


def improvised(rng: np.random.Generator, duration_sec: float) -> Performance:
    """A Performance of `duration_sec` (a bar more or less) in sections of 4 to 16 bars, pedal included."""
    rows: Rows = []
    pedal: list[tuple[float, float]] = []  # time in s, depth
    now_sec = float(rng.uniform(0, 0.5))
    while now_sec < duration_sec:
        section, roots = _section(rng), _PROGRESSIONS[int(rng.integers(len(_PROGRESSIONS)))]
        n_bars, slow = int(rng.choice([4, 8, 8, 16])), 1.0
        degree = int(rng.integers(0, 7))
        for bar in range(n_bars):
            if now_sec >= duration_sec:
                break
            arch = np.sin(np.pi * (bar + 0.5) / n_bars)  # phrases swell, hurry and come to rest
            slow = 1.12 - 0.12 * arch + rng.normal() * 0.03 + (0.25 if bar == n_bars - 1 and rng.random() < 0.5 else 0)
            root, beat_sec = roots[bar % len(roots)], section.beat_sec * slow
            rows += _left_hand(rng, section, root, now_sec, beat_sec, 14 * arch)
            played, degree = _right_hand(rng, section, root, degree, now_sec, beat_sec, 14 * arch)
            rows += played
            pedal += _pedal(rng, section, now_sec, section.beats * beat_sec)
            now_sec += section.beats * beat_sec
        pedal.append((now_sec, 0.0))
        now_sec += float(rng.choice([0.0, 0.0, rng.uniform(0, 2)]))
    controls = np.array([(at_sec, SUSTAIN, depth) for at_sec, depth in sorted(pedal)], np.float64).reshape(-1, 3)
    return playable(rows, controls)


def _section(rng: np.random.Generator) -> _Section:
    right = str(rng.choice(_RIGHT))
    return _Section(
        tonic=int(rng.integers(12)),
        scale=_SCALES[int(rng.choice([0, 0, 1, 2, 3]))],
        seventh=bool(rng.random() < 0.3),
        beats=int(rng.choice([2, 3, 4, 4])),
        beat_sec=float(np.exp(rng.uniform(np.log(0.32), np.log(1.3)))),
        left=str(rng.choice(_LEFT)),
        right=right,
        bass=int(rng.integers(30, 56)),
        top=int(rng.integers(60, 92)),
        loudness=float(rng.uniform(15, 95)),
        voicing=float(rng.uniform(0, 34)),
        legato=float(rng.choice([0.3, 0.6, 0.9, 1.0, 1.05, 1.2])),
        touch=float(rng.uniform(2, 12)),
        jitter_sec=float(rng.uniform(0.002, 0.016)),
        pedal=str(rng.choice(["none", "harmony", "harmony", "half", "long", "beats"])),
    )


def _strike(
    rng: np.random.Generator,
    section: _Section,
    at_sec: float,
    length_sec: float,
    pitches: list[int],
    velocity: float,
    lead_sec: float = 0.0,
) -> Rows:
    """Keys meant to go down together: a little apart, each with its own weight, some held a little longer than others."""
    roll_sec = rng.exponential(0.03) if rng.random() < 0.04 else 0.0
    return [
        (
            max(0.0, at_sec + index * roll_sec + rng.normal() * section.jitter_sec),
            max(0.03, length_sec * section.legato * float(np.exp(rng.normal() * 0.1))),
            pitch,
            round(velocity + rng.normal() * section.touch),
        )
        for index, pitch in enumerate(pitches)
    ]


def _left_hand(rng: np.random.Generator, section: _Section, root: int, begin_sec: float, beat_sec: float, swell: float) -> Rows:
    """One bar of accompaniment on the chord of `root`."""
    chord, beats = section.chord(root, section.bass), section.beats
    loud = section.loudness + swell
    wide = [chord[0] - 12, chord[0], *chord[1:], chord[0] + 12, chord[1] + 12]
    figures: dict[str, list[tuple[float, float, list[int]]]] = {  # begin and length in beats, pitches
        "alberti": [(i / 2, 0.5, [chord[(0, 2, 1, 2)[i % 4]]]) for i in range(2 * beats)],
        "waltz": [(0.0, 1.0, [chord[0] - 12])] + [(float(i), 0.8, chord) for i in range(1, beats)],
        "arpeggio": [(i / 4, 1.0, [wide[(i % 8) if i % 8 < 5 else 8 - i % 8]]) for i in range(4 * beats)],
        "blocks": [(float(i), 1.0, chord) for i in range(beats)],
        "octaves": [(i / 2, 0.5, [chord[i % len(chord)] - 12, chord[i % len(chord)]]) for i in range(2 * beats)],
        "walking": [(float(i), 1.0, [section.pitch(root + i, section.bass)]) for i in range(beats)],
        "held": [(0.0, float(beats), [chord[0] - 12, *chord])],
        "tremolo": [(i / 8, 0.125, [chord[0]] if i % 2 else chord[1:]) for i in range(8 * beats)],
    }
    rows: Rows = []
    for begin, length, pitches in figures[section.left]:
        if rng.random() < 0.03:
            continue
        accent = 6 if begin == 0 else 0
        rows += _strike(rng, section, begin_sec + begin * beat_sec, length * beat_sec, pitches, loud - section.voicing / 2 + accent)
    return rows


def _right_hand(
    rng: np.random.Generator, section: _Section, root: int, degree: int, begin_sec: float, beat_sec: float, swell: float
) -> tuple[Rows, int]:
    """One bar of a tune, and the degree of the scale that it came to."""
    loud = section.loudness + swell + section.voicing / 2
    lead_sec = section.voicing / 34 * 0.025  # a player's tune comes a little before the rest
    rows: Rows = []
    octave = section.top
    for beat in range(section.beats):
        if rng.random() < 0.06:
            continue
        rhythm = _EVEN if section.right in ("runs", "broken") else _RHYTHMS[int(rng.choice(len(_RHYTHMS), p=_RHYTHM_ODDS))]
        at, direction = float(beat), int(rng.choice([-1, 1]))
        for index, length in enumerate(rhythm):
            if section.right == "runs":
                degree += direction
            elif section.right == "broken":
                degree = root + (0, 2, 4, 7)[(index * direction) % 4]
            elif index == 0 and rng.random() < 0.6:
                degree = root + int(rng.choice([0, 2, 4]))
            else:
                degree += int(rng.choice([-2, -1, -1, 0, 1, 1, 2]))
            pitch = section.pitch(degree, octave)
            octave += int(np.clip(pitch - octave, -4, 4)) if section.right == "runs" else 0
            octave = int(np.clip(octave, section.top - 14, section.top + 14))
            pitches = {
                "octaves": [pitch - 12, pitch],
                "chords": [*[p - 12 for p in section.chord(root, pitch - 6)[1:]], pitch],
                "thirds": [section.pitch(degree - 2, pitch - 4), pitch],
            }.get(section.right, [pitch])
            accent = 5 if at == 0 else 0
            rows += _strike(rng, section, begin_sec + at * beat_sec - lead_sec, length * beat_sec, pitches, loud + accent)
            at += length
    return rows, degree % 7


def _pedal(rng: np.random.Generator, section: _Section, begin_sec: float, bar_sec: float) -> list[tuple[float, float]]:
    """Sustain pedal of one bar: up as the harmony changes, down again a moment later, as players are taught."""
    if section.pedal == "none" or (section.pedal == "long" and rng.random() < 0.7):
        return []
    n_changes = section.beats if section.pedal == "beats" else 1
    depth = float(rng.integers(45, 100)) if section.pedal == "half" else 127.0
    rows = []
    for begin in begin_sec + np.arange(n_changes) * bar_sec / n_changes:
        up_sec = max(0.0, begin + rng.normal() * 0.03)
        down_sec = up_sec + 0.06 + rng.exponential(0.08)
        rows += [(up_sec, 0.0), (down_sec, depth)]
        if rng.random() < 0.2:  # and up before the bar is over
            rows.append((max(down_sec + 0.06, begin + rng.uniform(0.5, 0.95) * bar_sec / n_changes), 0.0))
    return rows
