"""tecla evaluate: pairs, folders and corpora; what fails is said and left out."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tecla import workbench
from tecla.music import Performance

CommandLine = Callable[..., int]
Capture = pytest.CaptureFixture[str]


def take(seed: int) -> Performance:
    rng = np.random.default_rng(seed)
    onset = 1 + np.cumsum(rng.uniform(0.1, 0.4, 30))
    pitch, velocity = rng.integers(40, 90, 30), rng.integers(20, 100, 30)
    return Performance.from_arrays(onset, onset + 0.3, pitch, velocity, controls=[(2.0, 64, 127), (3.0, 64, 0)])


def save_takes(folder: str, shift_sec: float = 0.0, holes: int = 0, names: str = "abc") -> None:
    for seed, name in enumerate(names):
        played = take(seed)
        kept = Performance(np.delete(played.notes, np.s_[:holes]), played.controls).shifted(shift_sec)
        workbench.save(kept, Path(folder, f"{name}.mid"))


def test_a_pair_of_files(here: Path, tecla_exits: CommandLine, capsys: Capture) -> None:
    save_takes("played", names="a")
    assert tecla_exits("evaluate", "notes", "played/a.mid", "played/a.mid") == 0
    printed = capsys.readouterr().out
    assert "30/30" in printed
    assert "1.000" in printed
    assert "recall by velocity" in printed


def test_folders_with_another_system_beside_them(here: Path, tecla_exits: CommandLine, capsys: Capture) -> None:
    save_takes("played")
    save_takes("ours", shift_sec=0.058)
    save_takes("theirs", holes=6)
    arguments = ["evaluate", "notes", "played", "ours", "--versus", "theirs", "--json", "out/figures.json", "--png", "rolls"]
    assert tecla_exits(*arguments) == 0
    assert "gain shifted" in capsys.readouterr().out
    figures = json.loads(Path("out/figures.json").read_text())
    assert [piece["name"] for piece in figures["pieces"]] == ["a", "b", "c"]
    assert [piece["shift_sec"] for piece in figures["pieces"]] == [pytest.approx(0.01)] * 3
    summary = figures["summary"]["all"]
    assert summary["shifted"]["onset"]["mean"] == 1.0
    assert summary["raw"]["onset"]["mean"] < 0.2
    assert summary["gain_shifted"]["onset recall"]["mean"] == pytest.approx(0.2)
    for name in "abc":
        with Image.open(f"rolls/{name}.png") as roll:
            assert roll.width > 1000
    assert tecla_exits(*arguments) == 2
    assert "exists already" in capsys.readouterr().err
    assert tecla_exits("evaluate", "notes", "played", "ours", "--png", "rolls") == 2
    assert "rolls holds files already" in capsys.readouterr().err
    assert tecla_exits(*arguments, "--force") == 0


def test_one_piece_has_no_interval_and_json_says_null(here: Path, tecla_exits: CommandLine) -> None:
    save_takes("played", names="a")
    assert tecla_exits("evaluate", "notes", "played", "played", "--json", "figures.json") == 0
    assert json.loads(Path("figures.json").read_text())["summary"]["all"]["raw"]["onset"]["low"] is None


def test_a_missing_estimate_is_named_and_the_rest_judged(here: Path, tecla_exits: CommandLine, capsys: Capture) -> None:
    save_takes("played")
    save_takes("heard", names="ab")
    assert tecla_exits("evaluate", "notes", "played", "heard") == 1
    printed = capsys.readouterr()
    assert "all pieces (2)" in printed.out
    assert "1 of 3 failed" in printed.err
    assert "heard holds no c.mid" in printed.err


def test_nothing_to_judge_is_refused(here: Path, tecla_exits: CommandLine, capsys: Capture) -> None:
    save_takes("played")
    Path("empty").mkdir()
    save_takes("twice", names="a")
    workbench.save(take(0), "twice/a.csv")
    for arguments, message in [
        (("played", "empty"), "empty holds no a.mid"),
        (("empty", "played"), "empty holds no note files"),
        (("played", "played/a.mid"), "give two files or two folders"),
        (("played/a.mid", "played"), "give two files or two folders"),
        (("played/a.mid", "gone.mid"), "gone.mid"),
        (("twice", "played"), "a in two formats"),
        (("played", "played", "--png", "played/a.mid"), "is a file: name a folder"),
    ]:
        assert tecla_exits("evaluate", "notes", *arguments) == 2
        assert message in capsys.readouterr().err


def test_a_corpus_judged_by_a_folder_of_estimates(here: Path, tecla_exits: CommandLine, capsys: Capture) -> None:
    for bank in ("ENSTDkCl", "ENSTDkAm", "AkPnBcht"):
        workbench.save(take(len(bank)), Path("corpus", f"etude-{bank}_{bank}.mid"))
    assert tecla_exits("evaluate", "transcriber", "--corpus", "maps:corpus", "--estimates", "corpus", "--json", "figures.json") == 0
    printed = capsys.readouterr().out
    assert "ENSTDkAm (1)" in printed
    assert "AkPnBcht" not in printed
    figures = json.loads(Path("figures.json").read_text())
    assert set(figures["summary"]) == {"all", "ENSTDkAm", "ENSTDkCl"}
    assert tecla_exits("evaluate", "transcriber", "--corpus", "maps:corpus", "--estimates", "corpus", "--split", "train") == 0
    assert "AkPnBcht" in capsys.readouterr().out


@pytest.mark.usefixtures("stand_in")
def test_a_transcriber_hears_a_corpus(here: Path, record: Callable[..., Path], tecla_exits: CommandLine, capsys: Capture) -> None:
    record("takes/a.wav", seconds=3.0)
    played = Performance.from_arrays([0.0, 1.0, 2.0], [0.7, 1.7, 2.7], 60)
    workbench.save(played, Path("takes/a.mid"))
    assert tecla_exits("evaluate", "transcriber", "--corpus", "folder:takes", "--keep", "heard") == 0
    assert "3/3" in capsys.readouterr().out
    assert len(workbench.load("heard/a.mid")) == 3


def test_a_recording_without_sound_cannot_be_heard(here: Path, tecla_exits: CommandLine, capsys: Capture) -> None:
    workbench.save(take(0), Path("corpus/etude_ENSTDkCl.mid"))
    assert tecla_exits("evaluate", "transcriber", "--corpus", "maps:corpus") == 2
    assert "has no sound beside it" in capsys.readouterr().err
    assert tecla_exits("evaluate", "transcriber", "--corpus", "mops:corpus") == 2
    assert "names no corpus" in capsys.readouterr().err
