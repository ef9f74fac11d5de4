"""A melody is found wherever it is played, in any key, and nowhere else."""

import os
from pathlib import Path

import numpy as np
import pytest

from tecla.archive import index
from tecla.archive.catalogue import Catalogue
from tecla.archive.find import find_phrase, parse_phrase, phrase_of
from tecla.archive.index import Shard, refresh
from tecla.archive.lines import Lines, find_lines
from tecla.archive.listening import Heard
from tecla.archive.places import Found, Place
from tecla.errors import OptionError
from tecla.music import Performance

MELODY = [64, 63, 64, 63, 64, 59, 62, 60, 57]


def played(pitches: list[int], begin_sec: float = 0.0, step_sec: float = 0.25) -> Performance:
    onset_sec = begin_sec + step_sec * np.arange(len(pitches))
    return Performance.from_arrays(onset_sec, onset_sec + step_sec, pitches)


def together(*parts: Performance) -> Performance:
    return Performance(np.concatenate([part.notes for part in parts]))


def indexed(tmp_path: Path, *performances: Performance) -> list[Shard]:
    with Catalogue(tmp_path / "catalogue.sqlite", write=True) as catalogue:
        edition, name = catalogue.edition("default", "0" * 64)
        for i, performance in enumerate(performances):
            found = Found(f"{i}.wav", 1, "")
            with catalogue.change():
                row = catalogue.row_of(edition, Place(str(tmp_path)), found)
            catalogue.record(row.id, found, Heard("done", sha256=f"{i}", lines=find_lines(performance).to_bytes()), ["mid"])
        return refresh(catalogue, tmp_path, name)


def test_in_any_transposition_and_with_the_best_first(tmp_path: Path) -> None:
    accompaniment = played([36, 43, 40, 43] * 3, 0, 0.25)
    shards = indexed(
        tmp_path, played([60, 62, 64, 65, 67]), together(accompaniment, played([p + 3 for p in MELODY], 0.5)), played(MELODY, 7)
    )
    matches = find_phrase(shards, phrase_of(played(MELODY, step_sec=0.5)))
    assert [(match.file, round(match.begin_sec, 2), match.transposition) for match in matches.best] == [(3, 7.0, 0), (2, 0.5, 3)]
    assert {match.line for match in matches.best} == {"top voice"}
    assert (matches.n_places, matches.n_recordings) == (2, 2)


def test_in_the_bass_and_between_other_voices(tmp_path: Path) -> None:
    above, below = played([84, 86, 84, 86, 84, 86, 84, 86, 84]), played([36, 35, 36, 35, 36, 35, 36, 35, 36])
    shards = indexed(tmp_path, together(above, played([p - 24 for p in MELODY])), together(above, played(MELODY), below))
    assert {match.file: match.line for match in find_phrase(shards, parse_phrase("E5 D# E D# E B D C A")).best} == {
        1: "bass",
        2: "inner voice",
    }


def test_every_window_of_every_line_is_found(tmp_path: Path) -> None:
    """Against a search by hand over the same lines."""
    rng = np.random.default_rng(0)
    performances = [played(rng.integers(55, 60, 40).tolist()) for _ in range(3)]
    shards = indexed(tmp_path, *performances)
    for length in (3, 9, 12):
        for performance in performances:
            phrase = performance.notes["pitch"][5 : 5 + length].astype(np.int64)
            by_hand = 0
            for other in performances:
                pitch = other.notes["pitch"].astype(np.int64)
                windows = np.lib.stride_tricks.sliding_window_view(np.diff(pitch), length - 1)
                by_hand += int((windows == np.diff(phrase)).all(1).sum())
            matches = find_phrase(
                shards, parse_phrase(" ".join(f"{'C C# D D# E F F# G G# A A# B'.split()[p % 12]}{p // 12 - 1}" for p in phrase))
            )
            assert matches.n_places == by_hand > 0


def test_only_shards_that_changed_are_built_again(tmp_path: Path) -> None:
    first = indexed(tmp_path, played(MELODY))[0].folder
    built = first.stat().st_mtime_ns
    assert indexed(tmp_path, played(MELODY))[0].folder == first
    assert first.stat().st_mtime_ns == built
    second = indexed(tmp_path, played(MELODY), played([60, 64, 67]))[0].folder
    assert second != first
    assert not first.exists()


def test_refreshes_at_once_leave_each_other_alone(tmp_path: Path) -> None:
    shard = indexed(tmp_path, played(MELODY))[0].folder
    young, old = shard.parent / ".young", shard.parent / ".old"
    for unfinished in (young, old):
        unfinished.mkdir()
    os.utime(old, (0, 0))
    with Catalogue(tmp_path / "catalogue.sqlite") as catalogue:
        index._build(catalogue, [1], shard.parent, shard.name)  # the other was first
        refresh(catalogue, tmp_path, shard.parent.name)
    assert {path.name for path in shard.parent.iterdir()} == {shard.name, ".young"}


def test_lines_survive_the_catalogue() -> None:
    lines = find_lines(together(played(MELODY), played([40, 45, 40, 45], 0.1)))
    again = Lines.from_bytes(lines.to_bytes())
    assert all(np.array_equal(getattr(lines, name), getattr(again, name)) for name in vars(lines))
    assert lines.length.sum() == len(lines.pitch)


def test_an_empty_archive_has_no_melody(tmp_path: Path) -> None:
    matches = find_phrase(indexed(tmp_path, Performance()), parse_phrase("C4 E4 G4"))
    assert (matches.best, matches.n_places) == ([], 0)


@pytest.mark.parametrize("words", ["C4 E4", "C4 X4 G4", "", "60 64 67"])
def test_what_is_no_phrase(words: str) -> None:
    with pytest.raises(OptionError, match="note"):
        parse_phrase(words)


def test_of_places_without_number_a_sample_is_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shards = indexed(tmp_path, played([60, 62] * 500))
    everything = find_phrase(shards, parse_phrase("C4 D4 C4 D4"))
    monkeypatch.setattr("tecla.archive.find._MOST_EXAMINED", 50)
    sampled = find_phrase(shards, parse_phrase("C4 D4 C4 D4"))
    assert everything.all_seen
    assert not sampled.all_seen
    assert len(sampled.best) == len(everything.best)
