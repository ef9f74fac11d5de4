"""Originality: a copy is found in any key and at any tempo, new music is not."""

import numpy as np
import pytest

from tecla.errors import InputError
from tecla.evaluation.originality import Corpus, fingerprint, moves, window_hashes
from tecla.music import Performance


def piece(seed: int, count: int = 80) -> Performance:
    rng = np.random.default_rng(seed)
    onset = np.cumsum(rng.choice([0.25, 0.5, 1.0], count))
    return Performance.from_arrays(onset, onset + 0.2, rng.integers(40, 80, count))


def stretched(performance: Performance, factor: float) -> Performance:
    notes = performance.notes
    return Performance.from_arrays(notes["onset_sec"] * factor, notes["offset_sec"] * factor, notes["pitch"])


CORPUS = Corpus({"one": piece(1), "two": piece(2)})


def test_a_copy_is_found_in_any_key_and_tempo() -> None:
    found = CORPUS.compare(stretched(piece(2).transposed(5), 1.7))
    assert found.exact
    assert found.copied_share == 1.0
    assert (found.nearest_piece, found.longest_run) == ("two", 79)


def test_new_music_is_new() -> None:
    found = CORPUS.compare(piece(3))
    assert not found.exact
    assert found.copied_share == 0.0
    assert found.longest_run < 6


@pytest.mark.parametrize("seed", range(6))
def test_the_longest_run_is_the_naive_one(seed: int) -> None:
    """Three pitches and one pace: many runs in common, long and short, against a table of all pairs."""
    rng = np.random.default_rng(seed)

    def line(count: int) -> Performance:
        onset = np.arange(count) * 0.5
        return Performance.from_arrays(onset, onset + 0.3, 60 + rng.integers(0, 3, count))

    pieces, sample = {name: line(300) for name in ("a", "b")}, line(90)
    longest = 0
    for known in pieces.values():
        a, b = moves(sample), moves(known)
        table = np.zeros((len(a) + 1, len(b) + 1), int)
        for i in range(len(a)):
            table[i + 1, 1:] = np.where(a[i] == b, table[i, :-1] + 1, 0)
        longest = max(longest, int(table.max()))
    assert Corpus(pieces).compare(sample).longest_run == longest


def test_a_borrowed_passage_is_found_where_it_stands() -> None:
    borrowed = piece(1).notes[30:60]
    own = piece(9, 20).notes
    later = own["onset_sec"].max() + 2 - borrowed["onset_sec"][0]
    sample = Performance.from_arrays(
        np.concatenate([own["onset_sec"], borrowed["onset_sec"] + later]),
        np.concatenate([own["offset_sec"], borrowed["offset_sec"] + later]),
        np.concatenate([own["pitch"], borrowed["pitch"]]),
    )
    found = CORPUS.compare(sample)
    assert found.nearest_piece == "one"
    assert 27 <= found.longest_run <= 29  # 30 notes are 29 moves; the first pace depends on what came before
    assert found.nearest_sec == pytest.approx(piece(1).notes["onset_sec"][30], abs=2.1)


def test_runs_do_not_reach_across_pieces() -> None:
    first, second = piece(1, 20), piece(2, 20)
    joined = Performance.from_arrays(
        np.concatenate([first.notes["onset_sec"], second.notes["onset_sec"] + 100]),
        np.concatenate([first.notes["offset_sec"], second.notes["offset_sec"] + 100]),
        np.concatenate([first.notes["pitch"], second.notes["pitch"]]),
    )
    assert Corpus({"one": first, "two": second}).compare(joined).longest_run <= 20


def test_chords_are_read_from_low_to_high_whatever_their_spread() -> None:
    tight = Performance.from_arrays([0, 0, 0, 1], [1, 1, 1, 2], [60, 64, 67, 72])
    spread = Performance.from_arrays([0.02, 0.0, 0.01, 1], [1, 1, 1, 2], [60, 64, 67, 72])
    assert moves(tight).tolist() == moves(spread).tolist()
    assert fingerprint(tight) == fingerprint(spread)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 12])
def test_windows_hash_alike_exactly_when_alike(size: int) -> None:
    line = np.random.default_rng(0).integers(0, 3, 200)
    hashes = window_hashes(line, size).tolist()
    windows = [tuple(line[at : at + size]) for at in range(len(line) - size + 1)]
    assert len(set(zip(windows, hashes, strict=True))) == len(set(windows)) == len(set(hashes))


def test_too_little_music_is_refused() -> None:
    with pytest.raises(InputError, match="fewer than two notes"):
        CORPUS.compare(Performance.from_arrays([0], [1], [60]))
    with pytest.raises(InputError, match="no piece of two notes"):
        Corpus({})
