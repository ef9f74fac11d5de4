"""Dampers and the pedal: one integral for all strings."""

import numpy as np
import pytest

from tecla.music import SOSTENUTO, SUSTAIN, Performance
from tecla.rendering.dampers import SILENCE_NEPERS, Dampers, damping_rate, grip, released_sec


def dampers(*moves: tuple[float, int]) -> Dampers:
    return Dampers(Performance.from_arrays([], [], [], controls=[(t, SUSTAIN, v) for t, v in moves]))


def test_without_a_pedal_the_dampers_grip_all_the_time() -> None:
    assert np.diff(dampers().gripped_sec([1.0, 3.5])) == pytest.approx(2.5)


def test_a_pedal_stops_the_integral_and_lets_it_go_on() -> None:
    d = dampers((1.0, 127), (3.0, 0))
    assert np.diff(d.gripped_sec([0.5, 1.0, 2.0, 3.0, 4.0])) == pytest.approx([0.5, 0, 0, 1.0])


def test_half_a_pedal_grips_a_little() -> None:
    d = dampers((1.0, 60))
    assert np.diff(d.gripped_sec([1.0, 2.0])) == pytest.approx(float(grip(60)))
    assert 0 < grip(60) < 0.3


def test_a_string_is_silent_when_it_has_lost_its_share() -> None:
    d, rate = dampers((1.0, 127), (3.0, 0)), 10.0
    end = d.silent_sec([0.9], [rate])
    assert rate * np.diff(d.gripped_sec([0.9, end[0]])) == pytest.approx(SILENCE_NEPERS)
    assert end[0] > 3.0


def test_a_pedal_that_never_lifts_and_a_string_without_damper_ring_on() -> None:
    assert dampers((1.0, 127)).silent_sec([0.99, 2.0], [5.0, 5.0]).tolist() == [np.inf, np.inf]
    assert dampers().silent_sec([1.0], [0.0])[0] == np.inf


def test_dampers_end_at_f6_and_take_the_treble_sooner() -> None:
    rates = damping_rate([21, 60, 89, 90, 108])
    assert rates[0] < rates[1] < rates[2]
    assert rates[3:].tolist() == [0, 0]


def test_the_sostenuto_pedal_frees_the_dampers_of_keys_that_were_down() -> None:
    p = Performance.from_arrays([0.0, 1.5], [1.2, 1.6], [60, 64], controls=[(1.0, SOSTENUTO, 127), (3.0, SOSTENUTO, 0)])
    assert released_sec(p).tolist() == [3.0, 1.6]
