"""What is counted in a corpus, by hand."""

from pathlib import Path

import numpy as np
import pytest

from tecla.corpora import pictures, spectra
from tecla.corpora.pieces import Piece, load_pieces
from tecla.corpora.statistics import find_outliers, sounding_together, study
from tecla.errors import InputError
from tecla.music import SUSTAIN, Performance

TWO = Performance.from_arrays([0.0, 1.0], [2.0, 2.0], [60, 64], [50, 90])


def piece(performance: Performance, name: str = "a", split: str = "train") -> Piece:
    return Piece(name, split, f"work of {name}", "Clara Schumann", lambda: performance)


def broken() -> Performance:
    raise InputError("no MIDI")


def test_notes_that_sound_at_once_are_weighed_by_time() -> None:
    assert sounding_together(TWO)[:3].tolist() == [0.0, 1.0, 1.0]
    pedalled = Performance.from_arrays([0.0, 1.0], [0.5, 2.0], [60, 64], controls=[(0.0, SUSTAIN, 127), (3.0, SUSTAIN, 0)])
    assert sounding_together(pedalled)[:3].tolist() == [0.0, 1.0, 2.0]


def test_a_corpus_is_counted() -> None:
    facts = study("c", [piece(TWO), piece(TWO, "b", "test"), Piece("bad", "test", "x", "", broken)])
    assert (facts.n_notes, facts.n_works, facts.splits) == (4, 3, {"test": 2, "train": 1})
    assert facts.composers == {"Clara Schumann": 2}
    assert facts.pitch[[60, 64]].tolist() == [2, 2]
    assert facts.velocity[[50, 90]].tolist() == [2, 2]
    assert facts.hours == pytest.approx(4 / 3600)
    assert facts.unreadable == ("bad: no MIDI",)
    first = facts.pieces[0]
    assert (first.notes_per_sec, first.mean_voices, first.mean_velocity) == (1.0, 1.5, 70.0)


def test_an_odd_piece_stands_out() -> None:
    rng = np.random.default_rng(0)
    ordinary = [piece(Performance.from_arrays([0.0], [rng.uniform(50, 80)], [60]), f"p{i}") for i in range(30)]
    facts = study("c", [*ordinary, piece(Performance.from_arrays([0.0], [5000.0], [60]), "endless"), piece(Performance(), "mute")])
    assert any(said.startswith("endless: unusually long") for said in facts.outliers)
    assert "mute: no notes" in facts.outliers
    assert not find_outliers([])


def test_every_kind_of_corpus_becomes_pieces(tmp_path: Path) -> None:
    (tmp_path / "irish" / "mitdeeplearning" / "data").mkdir(parents=True)
    tune = "X:1\nT:The Test\nM:4/4\nL:1/8\nK:D\nDEFG ABcd|d8|\n"
    (tmp_path / "irish" / "mitdeeplearning" / "data" / "irish.abc").write_text(tune)
    (tmp_path / "jsb").mkdir()
    grid = [[60, 55, 52, 48]] * 4
    (tmp_path / "jsb" / "Jsb16thSeparated.json").write_text(str({"train": [grid], "valid": [grid], "test": [grid]}).replace("'", '"'))
    (only,) = load_pieces(f"irish_abc:{tmp_path / 'irish'}")
    assert only.load().notes["pitch"][:3].tolist() == [62, 64, 66]
    chorales = load_pieces(f"jsb:{tmp_path / 'jsb'}")
    assert [(one.name, len(one.load())) for one in chorales] == [("train/0", 4), ("validation/0", 4), ("test/0", 4)]


def test_a_tone_stands_where_its_pitch_is_in_every_spectrum() -> None:
    """440 Hz is A4, bin 192 of a transform with 48 bins an octave from A0."""
    tone = np.sin(2 * np.pi * 440 * np.arange(16000) / 16000).astype(np.float32)
    middle = 25
    assert spectra.constant_q(tone)[:, middle].argmax() == 192
    assert spectra.constant_q(tone)[192, middle] == pytest.approx(0, abs=0.1)  # a full-scale sine is 0 dB
    harmonics = spectra.harmonic_constant_q(tone)[:, :, middle].argmax(1)
    assert harmonics[1:4].tolist() == [192, 144, 192 - round(48 * np.log2(3))]
    assert abs(spectra.mel_hz(spectra.N_MELS + 2)[1:-1][spectra.mel(tone)[:, middle].argmax()] - 440) < 20
    assert abs(spectra.own_hz()[spectra.own(tone)[:, middle].argmax()] - 440) < 5


def test_pictures_are_drawn(tmp_path: Path) -> None:
    pictures.draw_distributions([study("c", [piece(TWO)]), study("empty", [piece(Performance())])], tmp_path / "new" / "a.png")
    tone = np.sin(np.arange(16000) / 10).astype(np.float32)
    pictures.draw_spectra(tone, TWO, tmp_path / "b.png", "a tone")
    for name in ("new/a.png", "b.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
