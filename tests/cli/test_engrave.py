from pathlib import Path

import mido
import pytest

from tecla.cli import main
from tecla.io.midi import save_midi
from tecla.io.musicxml import load_musicxml
from tecla.music import Performance


@pytest.fixture
def take(tmp_path: Path) -> Path:
    path = tmp_path / "take.mid"
    onsets = [0.5 * k for k in range(12)]
    save_midi(Performance.from_arrays(onsets, [t + 0.4 for t in onsets], [60 + k for k in range(12)], 70), path)
    return path


def run(*arguments: object) -> int:
    try:
        main([str(a) for a in arguments])
    except SystemExit as done:
        return int(done.code or 0)
    return 0


def test_beside_the_input(take: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("engrave", take) == 0
    assert "12 notes" in capsys.readouterr().out
    assert load_musicxml(take.with_suffix(".musicxml")).title == "take"


def test_a_folder_is_no_performance(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("engrave", ".") == run("render", ".") == 2
    assert capsys.readouterr().err.count(". is a folder: name a file in it") == 2


def test_a_folder_that_is_missing_is_made(take: Path, tmp_path: Path) -> None:
    assert run("engrave", take, "-o", tmp_path / "new" / "page.mxl", "-o", tmp_path / "other" / "page.mid") == 0
    assert (tmp_path / "new" / "page.mxl").exists()
    assert (tmp_path / "other" / "page.mid").exists()


def test_what_is_stated_is_obeyed(take: Path, tmp_path: Path) -> None:
    out = tmp_path / "page.mxl"
    assert run("engrave", take, "-o", out, "--time", "3/4", "--key", "Eb", "--title", "Waltz", "--composer", "N. N.", "--tempo", "120") == 0
    score = load_musicxml(out)
    assert {str(m.time) for m in score.measures} == {"3/4"}
    assert {m.key_fifths for m in score.measures} == {-3}
    assert (score.title, score.composer) == ("Waltz", "N. N.")


def written(path: Path, bars: list[list[int]]) -> Path:
    """What a program writes: bars of four quarters at 96 a minute."""
    notes = [
        message
        for bar in bars
        for key in bar
        for message in (mido.Message("note_on", note=key, velocity=70), mido.Message("note_off", note=key, time=480))
    ]
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=625_000), mido.MetaMessage("time_signature"), *notes]))
    file.save(path)
    return path


BARS = [
    [60, 64, 67, 72],
    [62, 65, 69, 74],
    [59, 62, 67, 71],
    [60, 67, 64, 60],
    [65, 69, 72, 77],
    [64, 67, 72, 76],
    [62, 67, 71, 74],
    [60] * 4,
]


def test_a_file_on_its_own_grid_is_believed_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    take = written(tmp_path / "take.mid", BARS)
    assert run("engrave", take) == 0
    assert "32 notes in 8 bars, as the file has them;" in capsys.readouterr().out
    assert {float(note.duration) for note in load_musicxml(take.with_suffix(".musicxml")).notes()} == {1.0}
    assert run("engrave", take, "-o", tmp_path / "slow.musicxml", "--tempo", "48") == 0
    assert "as the file has them" not in capsys.readouterr().out


def test_what_comes_twice_is_written_once(tmp_path: Path) -> None:
    assert run("engrave", written(tmp_path / "twice.mid", [*BARS, *BARS]), "-o", tmp_path / "page.mxl", "--repeats") == 0
    score = load_musicxml(tmp_path / "page.mxl")
    assert [measure.repeat.ends for measure in score.measures] == [False] * 7 + [True]
    assert len(score.notes()) == 32


def test_swing_is_marked_when_it_is_stated(take: Path, tmp_path: Path) -> None:
    assert run("engrave", take, "-o", tmp_path / "page.musicxml", "--swing") == 0
    marks = [d.value for m in load_musicxml(tmp_path / "page.musicxml").measures for d in m.directions if d.kind == "swing"]
    assert marks == ["2:1"]


def test_the_page_as_midi(take: Path, tmp_path: Path) -> None:
    from tecla.io.midi import load_midi

    assert run("engrave", take, "-o", tmp_path / "written.mid") == 0
    assert len(load_midi(tmp_path / "written.mid")) == 12


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--time", "3/5"), "time signature"),
        (("--key", "H"), "key"),
        (("--tempo", "2"), "tempo"),
        (("-o", "page.doc"), "page.doc"),
    ],
)
def test_refusals_are_one_line(take: Path, options: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("engrave", take, *options) == 2
    told = capsys.readouterr().err
    assert why in told
    assert told.count("\n") == 1


def test_nothing_is_replaced_unasked(take: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("engrave", take) == 0
    assert run("engrave", take) == 2
    assert "--force" in capsys.readouterr().err
    assert run("engrave", take, "--force") == 0


def test_no_page_replaces_a_file_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second page is likely, and refused before the work; a third is seen when the pages are counted, and none is written."""
    take = written(tmp_path / "take.mid", BARS * 30)
    for number in (2, 3):
        mine = tmp_path / f"page-{number}.svg"
        mine.write_text("mine")
        assert run("engrave", take, "-o", tmp_path / "page.svg") == 2
        assert f"page-{number}.svg exists already: give --force" in capsys.readouterr().err
        assert mine.read_text() == "mine"
        mine.unlink()
        assert not list(tmp_path.glob("page*"))


def test_the_extra_is_missed_before_the_work(
    take: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    take.write_bytes(b"never read")
    monkeypatch.setattr("tecla.pages.find_spec", lambda name: None)
    for command in ("engrave", "render"):
        assert run(command, take, "-o", tmp_path / "page.pdf") == 2
        assert "setting pages needs verovio: pip install 'tecla[score]'" in capsys.readouterr().err


def test_the_input_stays(take: Path) -> None:
    assert run("engrave", take, "-o", take, "--force") == 2


def test_a_page_is_judged_against_another(take: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("engrave", take) == 0
    page = take.with_suffix(".musicxml")
    assert run("evaluate", "score", page, page, "--json", tmp_path / "new" / "figures.json") == 0
    assert "muster" in capsys.readouterr().out
    assert '"muster": 0.0' in (tmp_path / "new" / "figures.json").read_text()
