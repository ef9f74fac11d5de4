"""Going on from a passage: what came before it stays, and new music follows it."""

from __future__ import annotations

from typing import Any

import numpy as np

from tecla import workbench
from tecla.composition import Request
from tecla.errors import InputError
from tecla.generation.sampling import SamplingOptions
from tecla.music import Performance


def continued(performance: Performance, asked: dict[str, Any]) -> tuple[Performance, float]:
    """Everything up to `to_sec`, and new music that the stretch from `from_sec` to `to_sec` led to; and when the new begins.

    Raises:
        InputError: nothing is played in the stretch. OptionError: the request cannot be followed.
    """
    begin, end = asked["from_sec"], asked["to_sec"]
    passage = _between(performance, begin, end)
    if not len(passage):
        raise InputError(f"nothing is played from {begin:.1f} s to {end:.1f} s: choose a stretch with notes in it")
    request = Request(asked["model"], asked["seed"], SamplingOptions(asked["temperature"], top_p=asked["top_p"]), seconds=asked["seconds"])
    composition = workbench.generate(request, passage)
    step_sec = composition.provenance["made"].get("sixteenth_sec")
    if step_sec:  # the new music's times count from the passage's first onset: a grid has no pedals
        origin = float(passage.notes["onset_sec"].min())
        done = (composition.provenance["made"]["prompt_sixteenths"] - 0.5) * step_sec  # half a step: `step_sec` is rounded
    else:  # or from its first event
        origin, last = _span(passage)
        done = last - origin + 1e-3
    both = composition.performance
    new = Performance(both.notes[both.notes["onset_sec"] > done], both.controls[both.controls["time_sec"] > done - 2e-3])
    later = new.shifted(origin)
    before = _between(performance, -np.inf, end)
    new_from_sec = float(later.notes["onset_sec"].min()) if len(later) else end
    return Performance(np.concatenate([before.notes, later.notes]), np.concatenate([before.controls, later.controls])), new_from_sec


def _between(performance: Performance, begin: float, end: float) -> Performance:
    """Notes that begin in a stretch, and the pedal movements in it."""
    notes, moves = performance.notes, performance.controls
    inside = (notes["onset_sec"] >= begin) & (notes["onset_sec"] < end)
    return Performance(notes[inside], moves[(moves["time_sec"] >= begin) & (moves["time_sec"] < end)])


def _span(passage: Performance) -> tuple[float, float]:
    """The first and the last of its onsets and pedal movements, in seconds."""
    times = np.concatenate([passage.notes["onset_sec"], passage.pedal_intervals().ravel()])
    return float(times.min()), float(times.max())
