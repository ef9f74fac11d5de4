"""Corpora are found in every layout they are published in, split as their authors split them."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from tecla.corpora import LOADERS, check_splits, load_corpus, maestro, music21_scores, shared_compositions
from tecla.corpora.corpus import Recording
from tecla.errors import InputError, InputWarning, OptionError
from tecla.io.musicxml import save_musicxml
from tecla.music.notation import TimeSignature
from tecla.music.score import Event, Measure, Score

ROWS = [
    ("Alban Berg", "Sonata Op. 1", "train", "2018/a.midi"),
    ("Alban Berg", "Sonata op.1", "train", "2008/b.midi"),
    ("Joseph Haydn", "Sonata in D Major, Hob. XVI:24", "test", "2004/c.midi"),
    ("Joseph Haydn", "Sonata in D Major, Hob. XVI:24", "validation", "2004/d.midi"),
]
COLUMNS = ("canonical_composer", "canonical_title", "split", "midi_filename")


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def write_maestro(folder: Path, suffix: str) -> None:
    rows = [dict(zip(COLUMNS, row, strict=True), audio_filename=row[3].replace(".midi", ".wav")) for row in ROWS]
    table = folder / f"maestro-v3.0.0.{suffix}"
    touch(table, *(folder / row[3] for row in ROWS))
    if suffix == "json":
        table.write_text(json.dumps({name: {str(i): row[name] for i, row in enumerate(rows)} for name in rows[0]}))
    else:
        lines = [",".join(rows[0]), *(",".join(f'"{value}"' for value in row.values()) for row in rows)]
        table.write_text("\n".join(lines))


@pytest.mark.parametrize("layout", ["{bank}/MUS/MAPS_MUS-{piece}_{bank}", "{piece}_{bank}"])
def test_maps_splits_by_piano_and_drops_pieces_that_the_test_has(tmp_path: Path, layout: str) -> None:
    takes = [("chpn_op25_e4", "AkPnBcht"), ("chpn_op25_e4", "ENSTDkCl"), ("alb_esp2", "SptkBGAm"), ("mz_1", "ENSTDkAm")]
    for piece, bank in takes:
        stem = tmp_path / layout.format(piece=piece, bank=bank)
        touch(Path(f"{stem}.mid"), Path(f"{stem}.flac"))
    touch(tmp_path / "notes.mid", tmp_path / "AkPnBcht" / "ISOL" / "MAPS_ISOL_NO_F_S0_M23_AkPnBcht.txt")
    corpus = load_corpus(f"maps:{tmp_path}")
    assert [(one.name, one.split) for one in corpus.recordings] == [
        ("alb_esp2_SptkBGAm", "train"),
        ("chpn_op25_e4_ENSTDkCl", "test"),
        ("mz_1_ENSTDkAm", "test"),
    ]
    assert all(one.audio is not None and one.audio.suffix == ".flac" for one in corpus.recordings)
    check_splits(corpus.recordings)
    assert [(one.composition, one.group) for one in corpus.of_split("train").recordings] == [("maps:alb_esp2", "SptkBGAm")]


@pytest.mark.parametrize("suffix", ["csv", "json"])
def test_maestro_follows_its_table(tmp_path: Path, suffix: str) -> None:
    write_maestro(tmp_path, suffix)
    (tmp_path / "2008" / "b.midi").rename(tmp_path / "2008" / "b.mid")
    touch(tmp_path / "2018" / "a.wav")
    found = {one.name: one for one in load_corpus(f"maestro:{tmp_path}").recordings}
    assert {name: one.split for name, one in found.items()} == {
        "2004/c": "test",
        "2004/d": "validation",
        "2008/b": "train",
        "2018/a": "train",
    }
    assert found["2008/b"].composition == found["2018/a"].composition
    assert found["2018/a"].audio == tmp_path / "2018" / "a.wav"
    assert found["2008/b"].audio is None


def test_maestro_movements_under_one_title_are_no_leak(tmp_path: Path) -> None:
    write_maestro(tmp_path, "csv")
    corpus = load_corpus(f"maestro:{tmp_path}")
    check_splits(corpus.recordings)
    assert len({one.composition for one in corpus.recordings}) == 3
    assert corpus.version == "maestro-v3.0.0, not 3.0.0 as published"


def test_maestro_without_a_sound_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no maestro-v\*\.csv"):
        maestro.load(tmp_path)
    (tmp_path / "maestro-v3.0.0.csv").write_text("composer,split\nBerg,train\n")
    with pytest.raises(InputError, match="has no canonical_composer"):
        maestro.load(tmp_path)
    (tmp_path / "maestro-v3.0.0.csv").unlink()
    (tmp_path / "maestro-v3.0.0.json").write_text("[1, 2]")
    with pytest.raises(InputError, match="is no MAESTRO table"):
        maestro.load(tmp_path)


def test_smd_names_the_composition_not_the_pianist(tmp_path: Path) -> None:
    stems = ["Beethoven_Op027No1-01_003_20090916-SMD", "Beethoven_Op027No1-01_004_20110315-SMD", "Liszt_Annes-Dante_002_20090916-SMD"]
    touch(*(tmp_path / "midi" / f"{stem}.mid" for stem in stems), tmp_path / "midi" / "odd-SMD.mid")
    touch(tmp_path / "wav_44100_stereo" / f"{stems[0]}.wav")
    first, second, third = load_corpus(f"smd:{tmp_path}").recordings
    assert first.composition == second.composition != third.composition
    assert first.audio == tmp_path / "wav_44100_stereo" / f"{stems[0]}.wav"
    assert second.audio is None


def test_a_folder_pairs_by_name_and_says_what_is_left_over(tmp_path: Path) -> None:
    touch(tmp_path / "a.wav", tmp_path / "a.mid", tmp_path / "b" / "c.mp3", tmp_path / "b" / "c.midi", tmp_path / "alone.flac")
    with pytest.warns(InputWarning, match="such as alone"):
        corpus = load_corpus(f"folder:{tmp_path}")
    assert [one.name for one in corpus.recordings] == ["a", "b/c"]
    touch(tmp_path / "a.flac")
    with pytest.raises(InputError, match="have one name"):
        load_corpus(f"folder:{tmp_path}")


@pytest.mark.parametrize("name", ["maps", "smd", "folder"])
def test_a_folder_without_the_corpus_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="holds no recordings: it should hold"):
        load_corpus(f"{name}:{tmp_path}")
    with pytest.raises(InputError, match="there is no such folder"):
        load_corpus(f"{name}:{tmp_path / 'nowhere'}")


@pytest.mark.parametrize("spec", ["maps", "maps:", "mapz:/data", ""])
def test_a_spec_names_a_corpus_and_a_folder(spec: str) -> None:
    with pytest.raises(OptionError, match="names no corpus"):
        load_corpus(spec)


def test_every_corpus_has_a_conscience(tmp_path: Path) -> None:
    touch(tmp_path / "a_ENSTDkCl.mid", tmp_path / "Bach_BWV1_001_20090916-SMD.mid", tmp_path / "x.mid", tmp_path / "x.wav")
    write_maestro(tmp_path, "csv")
    for name in LOADERS.keys() - {"folder", "voice"}:
        corpus = load_corpus(f"{name}:{tmp_path}")
        assert corpus.name == name
        assert "NC" in corpus.licence
        assert "20" in corpus.citation
        assert corpus.url.startswith("https://")


def test_a_piece_in_two_splits_is_a_leak() -> None:
    one = Recording("a", Path("a.mid"), None, "train", "etude")
    other = Recording("b", Path("b.mid"), None, "test", "etude")
    check_splits([one, one])
    assert shared_compositions([one, other]) == {"etude": {"train", "test"}}
    with pytest.raises(InputError, match="etude is in test and train"):
        check_splits([one, other])


def test_a_split_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    touch(tmp_path / "a_ENSTDkCl.mid")
    with pytest.raises(OptionError, match="no recordings in split 'train': it has test"):
        load_corpus(f"maps:{tmp_path}").of_split("train")


def test_scores_of_music21_are_found_and_what_is_none_is_passed_over(tmp_path: Path) -> None:
    for folder in ("haydn/opus1", "bach", "palestrina"):
        (tmp_path / folder).mkdir(parents=True)
    whole = Score((Measure(TimeSignature(3, 4), 0, {1: (Event(Fraction(3)),)}, Fraction(3)),))
    save_musicxml(whole, tmp_path / "haydn/opus1/movement1.mxl")
    for number in range(7):
        save_musicxml(whole, tmp_path / f"bach/bwv{number}.mxl")
    save_musicxml(whole, tmp_path / "palestrina/mass.mxl")
    (tmp_path / "haydn/opus1/movement2.xml").write_text("<score-partwise/>")
    assert [name for name, _ in music21_scores.scores(tmp_path)] == ["haydn/opus1/movement1.mxl", "bach/bwv0.mxl", "bach/bwv6.mxl"]
    with pytest.raises(InputError, match="installed package"):
        music21_scores.score_files(tmp_path / "bach")
