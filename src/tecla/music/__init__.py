"""The ground: what was played (Performance) and its units. numpy and the standard library only."""

from tecla.music.performance import CONTROL, NOTE, SOFT, SOSTENUTO, SUSTAIN, Performance

__all__ = ["CONTROL", "NOTE", "SOFT", "SOSTENUTO", "SUSTAIN", "Performance"]
