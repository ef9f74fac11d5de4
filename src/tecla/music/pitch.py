"""Piano keys and MIDI pitches: `pitch` is MIDI 21..108, `key_index` is 0..87."""

from __future__ import annotations

from typing import Final

LOWEST_PITCH: Final = 21
HIGHEST_PITCH: Final = 108
N_KEYS: Final = 88

_NAMES: Final = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


def pitch_to_hz(pitch: float) -> float:
    """Equal-tempered frequency in Hz of a MIDI pitch, A4 = 440 Hz.

    >>> pitch_to_hz(69)
    440.0
    """
    return float(440.0 * 2.0 ** ((pitch - 69) / 12))


def pitch_to_name(pitch: int) -> str:
    """Scientific name of a MIDI pitch, middle C = C4.

    >>> pitch_to_name(60), pitch_to_name(21)
    ('C4', 'A0')
    """
    return f"{_NAMES[pitch % 12]}{pitch // 12 - 1}"
