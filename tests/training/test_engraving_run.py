"""Trainings into one folder do not overwrite each other, and the tempo network obeys what is asked."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from tecla.training import engraving_run


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["engraving_run", *arguments])
    engraving_run.main()


@pytest.mark.parametrize(("members", "kept"), [("1", ["spelling"]), ("2", ["spelling/7", "spelling/8"])])
def test_what_is_best_is_kept_by_network_and_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, members: str, kept: list[str]) -> None:
    folders, reader = list[Path](), engraving_run.READERS["spelling"]

    def learn(*arguments: Any) -> Any:
        folders.append(arguments[-1])
        return arguments[0]()

    monkeypatch.setattr(engraving_run, "learn_to_read", learn)
    monkeypatch.setattr(engraving_run, "export_rows", lambda *_: None)
    monkeypatch.setattr(engraving_run, "halve", lambda _: None)
    monkeypatch.setitem(engraving_run.READERS, "spelling", replace(reader, load=lambda _: ([], [])))
    run(monkeypatch, "spelling", "ASAP", str(tmp_path), "--seed", "7", "--members", members)
    assert [str(folder.relative_to(tmp_path)) for folder in folders] == kept
    assert all(folder.is_dir() for folder in folders)


def test_the_tempo_network_obeys_steps_and_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipes: list[Any] = []
    monkeypatch.setattr(engraving_run, "load_beats", lambda _: ([], []))
    monkeypatch.setattr(engraving_run, "train_tempo", lambda _, recipe: recipes.append(recipe))
    monkeypatch.setattr(engraving_run, "export_tempo", lambda *_: None)
    run(monkeypatch, "tempo", "ASAP", str(tmp_path), "--steps", "30", "--seed", "4")
    run(monkeypatch, "tempo", "ASAP", str(tmp_path))
    assert [(recipe.steps, recipe.seed) for recipe in recipes] == [(30, 4), (1200, 0)]
