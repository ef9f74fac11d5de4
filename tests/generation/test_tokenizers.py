"""Tokenizers: round trips with their stated losses, closed vocabularies, nothing that the grammar allows fails to decode."""

import numpy as np
import pytest

from tecla.errors import InputError
from tecla.generation.tokenizers.abc_characters import AbcCharacters
from tecla.generation.tokenizers.abc_tokens import AbcTokens
from tecla.generation.tokenizers.abc_transpose import transposed_to
from tecla.generation.tokenizers.continuous import Continuous
from tecla.generation.tokenizers.craykh import CrayKH
from tecla.generation.tokenizers.grid_fit import estimate_sixteenth_sec, from_grid, to_grid
from tecla.generation.tokenizers.jsb_grid import JsbGrid, transpose, transpositions
from tecla.generation.tokenizers.protocol import Tokenizer, note_f1, round_trip_f1
from tecla.generation.tokenizers.remi import Remi
from tecla.io.abc import parse_tune
from tecla.io.abc_play import bars_that_add_up, tune_to_performance
from tecla.music import Performance

PLAYING = [CrayKH(0.05), CrayKH(0.032), Remi(), JsbGrid()]


def random_playing(seed: int, count: int = 60) -> Performance:
    """Notes and pedals anywhere, no key twice at once."""
    rng = np.random.default_rng(seed)
    onset = np.sort(rng.uniform(0, 20, count))
    pedal_times = np.sort(rng.uniform(0, 20, 8))
    pedals = [(time, 64, 127 * (1 - index % 2)) for index, time in enumerate(pedal_times)]
    notes = Performance.from_arrays(onset, onset + rng.uniform(0.05, 1, count), rng.integers(21, 109, count), rng.integers(1, 128, count))
    codec = Continuous()
    return codec.decode(codec.encode(Performance(notes.notes, Performance.from_arrays([], [], [], controls=pedals).controls)))


@pytest.mark.parametrize("seed", range(10))
def test_continuous_loses_nothing_of_notes_and_pedal_times(seed: int) -> None:
    playing = random_playing(seed)
    again = Continuous().decode(Continuous().encode(playing))
    for name in ("pitch", "velocity"):
        assert np.array_equal(again.notes[name], playing.notes[name])
    shift = playing.notes["onset_sec"][0] - again.notes["onset_sec"][0]
    assert again.notes["onset_sec"] + shift == pytest.approx(playing.notes["onset_sec"])
    assert again.notes["offset_sec"] + shift == pytest.approx(playing.notes["offset_sec"])
    assert again.pedal_intervals() + shift == pytest.approx(playing.pedal_intervals())


@pytest.mark.parametrize(("tokenizer", "floor"), [(CrayKH(0.05), 0.9), (CrayKH(0.032), 0.93), (Remi(), 0.93)], ids=str)
def test_round_trips_keep_their_stated_share_of_notes(tokenizer: Tokenizer[Performance], floor: float) -> None:
    figures = [round_trip_f1(tokenizer, random_playing(seed)) for seed in range(8)]
    assert np.mean(figures) >= floor


def test_remi_keeps_velocity_to_four_steps_and_the_pedal() -> None:
    playing = Performance.from_arrays([0, 0.5, 1], [0.4, 0.9, 2], [60, 64, 67], [1, 64, 127], controls=[(0.25, 64, 127), (1.5, 64, 0)])
    again = Remi().decode(Remi().encode(playing))
    assert np.abs(again.notes["velocity"] - playing.notes["velocity"]).max() <= 2
    assert again.pedal_intervals() == pytest.approx(playing.pedal_intervals(), abs=0.0625)


def test_craykh_worked_by_hand() -> None:
    playing = Performance.from_arrays([0, 0.1], [0.2, 0.2], [60, 64])
    keys = CrayKH(0.1).encode(playing).ravel().tolist()
    assert keys == [2 + 39, 1, 2 + 39, 2 + 43, 1, 0]


def test_grid_round_trip_is_exact() -> None:
    rng = np.random.default_rng(0)
    grid = np.sort(rng.integers(40, 80, (50, 4)), axis=1)[:, ::-1].astype(np.int16)
    grid[7] = -1
    tokenizer = JsbGrid()
    assert np.array_equal(tokenizer.decode_grid(tokenizer.encode_grid(grid)), grid)


def test_grid_refuses_what_is_no_key() -> None:
    with pytest.raises(InputError, match="pitch 12 is no piano key"):
        JsbGrid().encode_grid(np.array([[12, 50, 40, 30]]))


def test_a_grid_played_is_found_again() -> None:
    voices = np.array([[72, 67, 60, 48]] * 4 + [[74, 67, 59, 43]] * 4 + [[72, 64, 60, 48]] * 6 + [[71, 62, 55, 43]] * 2)
    played = from_grid(voices, 0.2)
    step = estimate_sixteenth_sec(played)
    assert step == pytest.approx(0.4, rel=0.01) or step == pytest.approx(0.2, rel=0.01)
    assert np.array_equal(to_grid(played, 0.2), voices)


@pytest.mark.parametrize("tokenizer", PLAYING, ids=lambda tokenizer: tokenizer.name)
@pytest.mark.parametrize("seed", range(6))
def test_whatever_the_grammar_allows_decodes(tokenizer: Tokenizer[Performance], seed: int) -> None:
    rng, ids = np.random.default_rng(seed), []
    for _ in range(240):
        allowed = np.flatnonzero(tokenizer.allowed(np.array(ids, int)))
        assert len(allowed)
        ids.append(int(rng.choice(allowed[allowed > 0])))
    performance = tokenizer.decode(np.array(ids))
    assert (performance.notes["offset_sec"] > performance.notes["onset_sec"]).all()


@pytest.mark.parametrize("tokenizer", PLAYING, ids=lambda tokenizer: tokenizer.name)
def test_vocabularies_are_closed_and_pieces_end_with_end(tokenizer: Tokenizer[Performance]) -> None:
    ids = tokenizer.encode(random_playing(3))
    assert ids.min() == 0
    assert ids.max() < tokenizer.vocabulary
    assert ids[-1, 0] == 0
    assert not (ids[:-1, 0] == 0).any()


def test_note_f1_worked_by_hand() -> None:
    reference = Performance.from_arrays([0, 1, 2], [1, 2, 3], [60, 62, 64])
    estimate = Performance.from_arrays([0, 1.04, 2.2], [1, 2, 3], [60, 62, 64])
    assert note_f1(reference, estimate) == pytest.approx(2 / 3)


HEAD = "X:1\nT:Test\nZ: id:dc-reel-1\nM:C\nL:1/8\nK:D Major\n"
TUNE = "X:1\nT:Test\nM:C\nL:1/8\nK:D Major\nA2 =cd ^G,4|fg a2 b4:|!\n"


def test_characters_are_lossless() -> None:
    tokenizer = AbcCharacters()
    assert tokenizer.decode(tokenizer.encode(TUNE)) == TUNE
    with pytest.raises(InputError, match="'é'"):
        tokenizer.encode("T:é")


def test_words_of_abc_are_lossless_and_fewer() -> None:
    tokenizer = AbcTokens()
    ids = tokenizer.encode(TUNE)
    assert tokenizer.decode(ids) == TUNE
    assert [tokenizer.decode(ids[at : at + 1]) for at in range(len(ids) - 1)][-5:] == ["a", "2", " ", "b", "4", ":|!\n"][-5:]
    assert len(ids) < 0.65 * len(TUNE)
    odd = "".join(map(chr, range(32, 127))) + "\n"
    assert tokenizer.decode(tokenizer.encode(odd)) == odd
    with pytest.raises(InputError, match="'é'"):
        tokenizer.encode("T:é")


@pytest.mark.parametrize("seed", range(3))
def test_words_that_the_grammar_allows_make_a_tune_that_adds_up(seed: int) -> None:
    tokenizer, rng, ids = AbcTokens(), np.random.default_rng(seed), [int(number) for number in AbcTokens().encode(HEAD).ravel()[:-1]]
    while len(ids) < 120 or not tokenizer.allowed(np.array(ids))[0]:
        ids.append(int(rng.choice(np.flatnonzero(tokenizer.allowed(np.array(ids))[1:]) + 1)))
    good, bars = bars_that_add_up(parse_tune(tokenizer.decode(np.array(ids))))
    assert good == bars > 0


@pytest.mark.parametrize(("tonic", "semitones"), [("G", 5), ("A", 7), ("E", 2), ("C", -2 + 12)])
def test_a_transposed_tune_sounds_transposed(tonic: str, semitones: int) -> None:
    moved = transposed_to(TUNE, tonic)
    assert moved is not None
    heard, expected = (tune_to_performance(parse_tune(text)) for text in (moved, TUNE))
    assert np.array_equal(heard.notes["pitch"], expected.notes["pitch"] + semitones)
    assert np.array_equal(heard.notes["onset_sec"], expected.notes["onset_sec"])


def test_chorales_move_within_their_voices() -> None:
    ids = np.array([[40, 35, 30, 20], [42, 1, 30, 22], [0, 0, 0, 0]])
    found = transpositions(ids, np.array([38, 30, 20, 18]), np.array([44, 40, 40, 40]))
    assert found.tolist() == [-2, -1, 0, 1, 2]
    assert transpose(ids, 2).tolist() == [[42, 37, 32, 22], [44, 1, 32, 24], [0, 0, 0, 0]]
