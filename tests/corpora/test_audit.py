"""What is wrong with a corpus is found, and what is not is left in peace."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tecla.corpora.audit import SAME_PIECE, audit, runs_of, shared_music
from tecla.corpora.pieces import Piece, load_pieces
from tecla.io.audio import save_audio
from tecla.io.midi import save_midi
from tecla.music import Performance


def walk(seed: int, n: int = 400) -> Performance:
    """A melody that no other seed plays."""
    rng = np.random.default_rng(seed)
    onset = np.cumsum(rng.choice([0.1, 0.2, 0.4], n))
    return Performance.from_arrays(onset, onset + 0.1, 60 + rng.integers(-12, 13, n), rng.integers(30, 90, n))


def write_pair(folder: Path, name: str, performance: Performance, level: float = 0.3, length_sec: float | None = None) -> None:
    save_midi(performance, folder / f"{name}.mid")
    n = int(16000 * (performance.duration_sec + 1 if length_sec is None else length_sec))
    save_audio(folder / f"{name}.wav", (level * np.sin(np.arange(n) / 8)).clip(-1, 1).astype(np.float32), 16000)


def kinds(folder: Path) -> set[tuple[str, str]]:
    return {(one.kind, one.name) for one in audit(load_pieces(f"folder:{folder}"), folder)}


def test_a_sound_corpus_has_no_findings(tmp_path: Path) -> None:
    write_pair(tmp_path, "a", walk(1, 30))
    write_pair(tmp_path, "b", walk(2, 30))
    assert kinds(tmp_path) == set()


@pytest.mark.filterwarnings("ignore:.*without a partner")
def test_each_fault_is_called_by_its_name(tmp_path: Path) -> None:
    write_pair(tmp_path, "silent", walk(1, 30), level=1e-4)
    write_pair(tmp_path, "clipped", walk(2, 30), level=3.0)
    write_pair(tmp_path, "short", walk(3, 30), length_sec=2.0)
    write_pair(tmp_path, "long", walk(4, 30), length_sec=60.0)
    write_pair(tmp_path, "empty", Performance(), length_sec=2.0)
    write_pair(tmp_path, "damaged", walk(5, 30))
    (tmp_path / "damaged.mid").write_bytes(b"nothing")
    save_midi(walk(6), tmp_path / "alone.mid")
    assert kinds(tmp_path) == {
        ("silent", "silent"),
        ("clipped", "clipped"),
        ("wrong length", "short"),
        ("wrong length", "long"),
        ("empty", "empty"),
        ("unreadable notes", "damaged"),
        ("missing half", "alone.mid"),
    }


def test_pieces_that_are_not_opened_still_have_their_halves(tmp_path: Path) -> None:
    write_pair(tmp_path, "a", walk(1, 30))
    write_pair(tmp_path, "b", walk(2, 30), level=1e-4)
    pieces = load_pieces(f"folder:{tmp_path}")
    assert audit(pieces, tmp_path, chosen=pieces[:1]) == []
    assert [one.kind for one in audit(pieces, tmp_path)] == ["silent"]


def test_few_pieces_are_judged_alone(tmp_path: Path) -> None:
    write_pair(tmp_path, "a", walk(1, 30))
    write_pair(tmp_path, "b", walk(2, 30))
    (tmp_path / "b.wav").unlink()
    save_midi(walk(3, 30), tmp_path / "c.mid")
    pieces = [Piece(name, "train", name, "", lambda: walk(1, 30), midi=tmp_path / f"{name}.mid") for name in "ab"]
    pieces[0] = replace(pieces[0], audio=tmp_path / "a.wav")
    assert [one.name for one in audit(pieces, tmp_path, chosen=pieces[:1])] == []
    assert [one.name for one in audit(pieces, tmp_path, chosen=pieces[1:])] == ["b"]
    assert [one.name for one in audit(pieces, tmp_path)] == ["c.mid", "b"]


def test_the_scores_of_asap_are_no_halves(tmp_path: Path) -> None:
    """midi_score.mid is the score as MIDI: nobody played it, and it belongs to all performances of its piece."""
    folder = tmp_path / "Bach" / "Fugue" / "bwv_846"
    folder.mkdir(parents=True)
    for number, name in enumerate(("Shi05M", "midi_score", "stray")):
        save_midi(walk(number, 30), folder / f"{name}.mid")
    (folder / "Shi05M_note_alignment.tsv").write_text("xml_id\tmidi_id\n")
    at = folder.relative_to(tmp_path).as_posix()
    row = {
        "composer": "Bach", "title": "Fugue_bwv_846", "xml_score": f"{at}/xml_score.musicxml", "midi_score": f"{at}/midi_score.mid",
        "midi_performance": f"{at}/Shi05M.mid", "performance_annotations": f"{at}/Shi05M_annotations.txt", "robust_note_alignment": "1.0",
    }  # fmt: skip
    (tmp_path / "metadata.csv").write_text(f"{','.join(row)}\n{','.join(row.values())}\n")
    found = audit(load_pieces(f"asap:{tmp_path}"), tmp_path)
    assert [(one.kind, one.name) for one in found] == [("missing half", f"{at}/stray.mid")]


def test_one_piece_under_two_names_in_two_splits_is_a_leak() -> None:
    again = walk(1).transposed(2)
    faster = Performance.from_arrays(again.notes["onset_sec"] / 1.3, again.notes["offset_sec"] / 1.3, again.notes["pitch"])
    played = {"a": ("train", walk(1)), "b": ("test", faster), "c": ("test", walk(2)), "d": ("train", walk(1))}
    pieces = [Piece(name, split, name, "", Performance) for name, (split, _) in played.items()]
    found = list(shared_music(pieces, {name: runs_of(performance) for name, (_, performance) in played.items()}))
    assert sorted(one.name for one in found) == ["a", "b"]  # a with b, and b with d; a and d share a split
    assert all("100%" in one.what for one in found)
    assert SAME_PIECE < 1


def test_a_composition_in_two_splits_is_a_leak() -> None:
    pieces = [Piece(name, split, "etude", "", lambda: walk(3)) for name, split in (("a", "train"), ("b", "test"))]
    assert [one.kind for one in audit(pieces, Path("nowhere"))] == ["leak"]


def test_one_velocity_is_a_fault_of_what_was_played_not_of_what_is_written() -> None:
    flat = Performance.from_arrays(np.arange(30) / 4, np.arange(30) / 4 + 0.2, 60 + np.arange(30) % 7, 72)
    written = Piece("chorale", "train", "chorale", "", lambda: flat)
    played = replace(written, midi=Path("nowhere/chorale.mid"))
    assert audit([written], Path("nowhere")) == []
    assert [one.kind for one in audit([played], Path("nowhere"))] == ["flat"]


def test_a_short_piece_within_another_is_a_leak_and_a_large_corpus_is_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, long = walk(7, 60), [walk(8, 400), walk(9, 400)]
    part = Performance(whole.notes[20:52])
    pieces = [Piece(name, split, name, "", Performance) for name, split in (("part", "validation"), ("whole", "train"))]
    (found,) = shared_music(pieces, {"part": runs_of(part), "whole": runs_of(whole)})
    assert "100%" in found.what
    monkeypatch.setattr("tecla.corpora.audit._MOST_RUNS", 100)
    pieces = [Piece(name, split, name, "", Performance) for name, split in (("a", "train"), ("b", "test"), ("c", "test"))]
    (found,) = shared_music(pieces, {"a": runs_of(long[0]), "b": runs_of(long[0].transposed(1)), "c": runs_of(long[1])})
    assert found.what.startswith("(train) plays what b (test) plays: 100%")


def test_the_exit_code_says_so(tecla_exits: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_pair(tmp_path, "a", walk(1, 30))
    assert tecla_exits("corpora", "audit", f"folder:{tmp_path}") == 0
    write_pair(tmp_path, "b", walk(2, 30), level=1e-4)
    assert tecla_exits("corpora", "audit", f"folder:{tmp_path}") == 1
    assert "silent: b is at" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["audit", "eda"])
def test_no_piece_is_too_few(tecla_exits: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    write_pair(tmp_path, "a", walk(1, 30))
    assert tecla_exits("corpora", command, f"folder:{tmp_path}", "--pieces", "0") == 2
    assert "--pieces" in capsys.readouterr().err
