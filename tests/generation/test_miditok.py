"""REMI through MidiTok: round trips with their stated loss, pairs that change nothing but the number of ids, a grammar that decodes."""

import numpy as np
import pytest

from tecla.errors import OptionError
from tecla.generation.tokenizers.miditok_remi import MidiTokRemi
from tecla.generation.tokenizers.protocol import round_trip_f1
from tecla.io.midi import save_midi
from tecla.music import Performance


def random_playing(seed: int) -> Performance:
    rng = np.random.default_rng(seed)
    onset = np.sort(rng.uniform(0, 20, 60))
    pedals = [(time, 64, 127 * (1 - index % 2)) for index, time in enumerate(np.linspace(0.5, 19, 8))]
    pitches = rng.permuted(np.arange(21, 109))[:60]  # no key twice
    return Performance.from_arrays(onset, onset + rng.uniform(0.1, 1, 60), pitches, rng.integers(1, 128, 60), controls=pedals)


@pytest.fixture(scope="module")
def paired(tmp_path_factory: pytest.TempPathFactory) -> MidiTokRemi:
    folder = tmp_path_factory.mktemp("midi")
    files = [folder / f"{seed}.mid" for seed in range(6)]
    for seed, path in enumerate(files):
        save_midi(random_playing(seed), path)
    tokenizer = MidiTokRemi()
    tokenizer.learn_pairs(files, tokenizer.vocabulary + 40)
    return tokenizer


def test_round_trips_keep_notes_velocities_and_the_pedal() -> None:
    tokenizer, playing = MidiTokRemi(), random_playing(7)
    again = tokenizer.decode(tokenizer.encode(playing))
    assert round_trip_f1(tokenizer, playing) > 0.98
    assert len(again) == len(playing)
    assert len(again.pedal_intervals()) == len(playing.pedal_intervals())
    by_pitch = [np.sort(each.notes, order="pitch")["velocity"] for each in (playing, again)]
    assert np.abs(by_pitch[0] - by_pitch[1]).max() <= 4


def test_pairs_say_the_same_in_fewer_ids(paired: MidiTokRemi) -> None:
    plain, playing = MidiTokRemi(), random_playing(8)
    assert len(paired.encode(playing)) < len(plain.encode(playing))
    assert paired.decode(paired.encode(playing)) == plain.decode(plain.encode(playing))
    assert paired.encode(playing).max() < paired.vocabulary
    assert paired.name == f"miditok-remi-bpe-{paired.vocabulary}"


@pytest.mark.parametrize("with_pairs", [False, True])
def test_whatever_the_grammar_allows_decodes(paired: MidiTokRemi, with_pairs: bool) -> None:
    tokenizer, rng, ids = (paired if with_pairs else MidiTokRemi()), np.random.default_rng(0), []
    for _ in range(120):
        allowed = np.flatnonzero(tokenizer.allowed(np.array(ids, int)))
        ids.append(int(rng.choice(allowed[allowed > 0])))
    performance = tokenizer.decode(np.array(ids))
    assert (performance.notes["offset_sec"] > performance.notes["onset_sec"]).all()


def test_a_piece_ends_between_notes() -> None:
    tokenizer = MidiTokRemi()
    ids = tokenizer.encode(Performance.from_arrays([0, 1], [0.5, 2], [60, 64], [50, 70])).ravel()
    assert ids[-1] == 0
    assert not (ids[:-1] == 0).any()
    assert tokenizer.allowed(ids[:-1])[0]
    assert not tokenizer.allowed(ids[:3])[0]  # bar, position, pitch: a velocity must come


def test_too_small_a_vocabulary_is_refused() -> None:
    with pytest.raises(OptionError, match="leaves no room for pairs"):
        MidiTokRemi().learn_pairs([], 10)
