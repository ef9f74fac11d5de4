"""Whatever was played: ids stay in the vocabulary and inside the grammar, and what one round trip kept the next one keeps."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tecla.generation.tokenizers.continuous import Continuous
from tecla.generation.tokenizers.craykh import CrayKH
from tecla.generation.tokenizers.jsb_grid import JsbGrid
from tecla.generation.tokenizers.miditok_remi import MidiTokRemi
from tecla.generation.tokenizers.protocol import Tokenizer
from tecla.generation.tokenizers.remi import Remi
from tecla.music import Performance

NOTES = st.tuples(st.floats(0, 30), st.floats(0.001, 8), st.integers(21, 108), st.integers(1, 127))
PEDALS = st.tuples(st.floats(0, 40), st.sampled_from([64, 66, 67]), st.integers(0, 127))


def played(notes: list[tuple[Any, ...]], pedals: list[tuple[Any, ...]]) -> Performance:
    onset, duration, pitch, velocity = (np.array(column) for column in zip(*notes, strict=True))
    return Performance.from_arrays(onset, onset + duration, pitch, velocity, controls=sorted(pedals))


PLAYING = st.builds(played, st.lists(NOTES, min_size=1, max_size=25), st.lists(PEDALS, max_size=10))


@pytest.mark.parametrize("tokenizer", [CrayKH(0.05), CrayKH(0.032), Remi(), MidiTokRemi(), JsbGrid()], ids=lambda tokenizer: tokenizer.name)
def test_any_performance_is_spelt_inside_the_grammar(tokenizer: Tokenizer[Performance]) -> None:
    @settings(max_examples=40, deadline=None, derandomize=True)
    @given(PLAYING)
    def holds(playing: Performance) -> None:
        ids = tokenizer.encode(playing)
        assert (ids[:-1] > 0).all()
        assert ids.max() < tokenizer.vocabulary
        assert ids[-1, 0] == 0
        flat = ids.ravel()[: ids.size - ids.shape[1] + 1]  # up to the first END
        assert all(tokenizer.allowed(flat[:at])[flat[at]] for at in range(0, len(flat), 1 + len(flat) // 40))
        again = tokenizer.encode(tokenizer.decode(ids))
        assert np.array_equal(tokenizer.encode(tokenizer.decode(again)), again)

    holds()


@settings(max_examples=100, deadline=None, derandomize=True)
@given(PLAYING)
def test_events_keep_every_key_that_one_finger_could_play(playing: Performance) -> None:
    codec = Continuous()
    once = codec.decode(codec.encode(playing))  # of two notes of a key at one moment one stays, and none overlaps the next
    twice = codec.decode(codec.encode(once))
    assert np.array_equal(twice.notes[["pitch", "velocity"]], once.notes[["pitch", "velocity"]])
    assert twice.notes["onset_sec"] == pytest.approx(once.notes["onset_sec"] - twice_begins(once), abs=1e-9)


def twice_begins(once: Performance) -> float:
    """A decoded performance begins with its first event, pedal or note."""
    return float(min([once.notes["onset_sec"].min(), *once.pedal_intervals()[:, 0]]))
