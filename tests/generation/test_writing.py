"""Generation with networks that know nothing: what comes out is valid whatever the weights say."""

from pathlib import Path

import numpy as np
import pytest

from tecla.errors import InputError, OptionError
from tecla.generation.chorales import VoiceLimits, harmonise, write_chorale
from tecla.generation.engine import Engine
from tecla.generation.performances import PlayingLimits, fill, play_on
from tecla.generation.sampling import SamplingOptions
from tecla.generation.tokenizers.continuous import END, EVENT, PEDAL_DOWN, PEDAL_UP, Continuous
from tecla.generation.tunes import caught_in_a_loop, opening, with_its_kind, write_tune
from tecla.io.abc import parse_tune
from tecla.io.abc_play import bars_that_add_up

PLAIN = SamplingOptions()
HEAD = "X:1\nT:Test\nZ: id:dc-reel-1\nM:C\nL:1/8\nK:D Major\n"


@pytest.fixture(params=["abc-characters", "abc-tokens"])
def tunes(tiny: dict[str, Path], request: pytest.FixtureRequest) -> Engine:
    return Engine.load(f"{tiny[request.param]}.json")


@pytest.fixture
def chorales(tiny: dict[str, Path]) -> Engine:
    return Engine.load(f"{tiny['jsb-grid']}.json")


@pytest.fixture
def piano(tiny: dict[str, Path]) -> Engine:
    return Engine.load(f"{tiny['continuous']}.json")


@pytest.mark.parametrize("seed", range(4))
def test_a_network_that_knows_nothing_still_writes_tunes(tunes: Engine, seed: int) -> None:
    tune = parse_tune(write_tune(tunes, PLAIN, seed, bars=4))
    good, bars = bars_that_add_up(tune)
    assert good == bars >= 4


def test_a_tune_goes_on_from_its_prompt(tunes: Engine) -> None:
    prompt = HEAD + "A2FA DAFA|"
    text = write_tune(tunes, PLAIN, 1, prompt=prompt, bars=3)
    assert text.startswith(prompt)
    assert len(parse_tune(text).bars) >= 3


def test_no_tune_is_caught_in_a_loop() -> None:
    bars = "ABcd efga|dddd gggg|"
    assert not caught_in_a_loop(HEAD + 2 * bars)
    assert caught_in_a_loop(HEAD + 2 * bars + "!\n" + bars)
    assert not caught_in_a_loop(HEAD + 3 * bars + "e8|")  # it has found its way out
    assert caught_in_a_loop(HEAD + 5 * "d8|")
    assert not caught_in_a_loop("X:1\nT:a|a|a|a|a|a\n")


@pytest.mark.parametrize("seed", range(2))
def test_a_network_that_only_repeats_comes_to_an_end(tunes: Engine, seed: int) -> None:
    text = write_tune(tunes, SamplingOptions(temperature=0.0), seed)  # the likeliest of one state for ever
    body = text.split("Major\n" if "Major" in text else "K:")[-1]
    assert body.count("|") <= 64 + 8


def test_a_key_is_kept(tunes: Engine) -> None:
    assert "\nK:E Minor\n" in write_tune(tunes, PLAIN, 0, bars=2, key="em")
    with pytest.raises(OptionError, match="'H' is unknown"):
        write_tune(tunes, PLAIN, 0, key="H")
    with pytest.raises(OptionError, match="its own K: field"):
        write_tune(tunes, PLAIN, 0, key="D", prompt=HEAD)


def test_the_same_seed_writes_the_same(tunes: Engine) -> None:
    assert write_tune(tunes, PLAIN, 5, bars=2) == write_tune(tunes, PLAIN, 5, bars=2) != write_tune(tunes, PLAIN, 6, bars=2)


def test_opening_cuts_at_the_last_bar() -> None:
    assert opening(HEAD + "A2FA DAFA|d8|AB") == HEAD + "A2FA DAFA|d8|"
    assert opening(HEAD + "A2FA DAFA|d8:|!\n") == HEAD + "A2FA DAFA|d8|"
    with pytest.raises(InputError, match="no K: field"):
        opening("abc|")


def test_a_chorale_keeps_prompt_length_key_and_range(chorales: Engine) -> None:
    prompt = np.array([[72, 67, 60, 48]] * 4, np.int16)
    limits = VoiceLimits(frozenset({0, 2, 4, 5, 7, 9, 11}), 40, 80)
    grid = write_chorale(chorales, PLAIN, 0, prompt=prompt, sixteenths=20, limits=limits)
    assert grid.shape == (24, 4)
    assert np.array_equal(grid[:4], prompt)
    sung = grid[grid >= 0]
    assert set((sung % 12).tolist()) <= limits.pitch_classes
    assert 40 <= sung.min() <= sung.max() <= 80


def test_a_harmonised_melody_is_left_as_it_was(chorales: Engine) -> None:
    melody = np.array([72, 72, 74, 76, -1, 77], np.int16)
    grid = harmonise(chorales, melody, PLAIN, 0, particles=3)
    assert np.array_equal(grid[:, 0], melody)
    assert grid.shape == (6, 4)
    with pytest.raises(InputError, match="melody is empty"):
        harmonise(chorales, melody[:0], PLAIN)


def playing() -> np.ndarray:
    events = np.zeros(5, EVENT)
    events["shift_sec"] = [0, 0.2, 0.3, 0.1, 0.4]
    events["what"] = [40, PEDAL_DOWN, 44, 47, 40]
    events["velocity"], events["duration_sec"] = [60, 0, 70, 80, 60], [0.5, 0, 0.4, 0.4, 0.3]
    return events


@pytest.mark.parametrize("seed", range(3))
def test_playing_on_is_playable(piano: Engine, seed: int) -> None:
    new = play_on(piano, PLAIN, seed, prompt=playing(), seconds=6.0)
    assert not (new["what"] == END).any()
    pedals = new["what"][np.isin(new["what"], [PEDAL_DOWN, PEDAL_UP])]
    # The prompt left the pedal down: it comes up first, moves in turn, and is up at the end.
    assert pedals.tolist() == [PEDAL_UP, PEDAL_DOWN] * (len(pedals) // 2) + [PEDAL_UP]
    notes = new[new["what"] < 88]
    assert ((notes["velocity"] >= 1) & (notes["velocity"] <= 127)).all()
    assert (new["shift_sec"] >= 0).all()
    whole = Continuous().decode(np.concatenate([playing(), new]))
    assert len(whole) > 3


def test_playing_keeps_to_its_limits(piano: Engine) -> None:
    new = play_on(piano, PLAIN, 0, seconds=8.0, limits=PlayingLimits(frozenset({0, 4, 7}), 48, 72))
    pitches = new["what"][new["what"] < 88] + 21
    assert len(pitches)
    assert set((pitches % 12).tolist()) <= {0, 4, 7}
    assert 48 <= pitches.min() <= pitches.max() <= 72
    with pytest.raises(OptionError, match="widen the range"):
        play_on(piano, PLAIN, 0, limits=PlayingLimits(frozenset({1}), 48, 48))


def test_density_is_followed(piano: Engine) -> None:
    slow, fast = (play_on(piano, PLAIN, 0, seconds=20.0, limits=PlayingLimits(density=density)) for density in (1.0, 12.0))
    assert (fast["what"] < 88).sum() > 2 * (slow["what"] < 88).sum()


def test_a_forced_ending_comes_in_time(piano: Engine) -> None:
    new = play_on(piano, PLAIN, 0, seconds=3.0, ending=True)
    assert new["shift_sec"].sum() <= 3.0 + 12.0 + 13.0  # at most 12 s of ending, and the last key's release


def test_a_fill_fits_its_gap(piano: Engine) -> None:
    new = fill(piano, playing(), playing(), 2.0, PLAIN, 0)
    onsets = np.cumsum(new["shift_sec"])[new["what"] < 88]
    assert len(onsets)
    assert onsets.max() <= 2.0


def test_a_kind_has_a_field_of_its_own_and_leads_on_as_the_network_knows_it() -> None:
    shown = with_its_kind(f"{HEAD}A2FA DAFA|\n")
    assert "\nR: reel\n" in shown
    assert "Z:" not in shown
    assert opening(shown).startswith(HEAD)
