"""Which inputs become which outputs."""

from pathlib import Path

import pytest

from tecla.cli.batch import plan_jobs


@pytest.mark.parametrize(
    ("output", "target"),
    [
        ("x.mid", "x.mid"),
        ("sub/x.json", "sub/x.json"),
        ("results", "results/take.mid"),
        ("results/", "results/take.mid"),
        (".csv", "in/take.csv"),
        ("*.json", "take.json"),
        ("out/*-v2.mid", "out/take-v2.mid"),
    ],
)
def test_one_file_goes_where_the_output_points(output: str, target: str) -> None:
    batch = plan_jobs([Path("in/take.wav")], [output])
    assert batch.single
    assert [str(path) for path in batch.jobs[0].targets] == [target]


def test_names_with_dots_keep_them() -> None:
    assert plan_jobs([Path("op. 9 no. 2.wav")], []).jobs[0].targets == [Path("op. 9 no. 2.mid")]
    assert plan_jobs([Path("op. 9 no. 2.wav")], ["*.csv"]).jobs[0].targets == [Path("op. 9 no. 2.csv")]


def test_a_folder_without_sound_is_the_commands_failure_only_when_alone(tmp_path: Path) -> None:
    assert plan_jobs([tmp_path], []).single
    assert not plan_jobs([tmp_path, Path("a.wav")], []).single
