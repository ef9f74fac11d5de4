"""The recipes of tunes, from a folder of ABC to a network that writes: split, audit, one step, card."""

import json
import random
from pathlib import Path

import pytest

from tecla.composition import Request, compose
from tecla.corpora import irish_abc
from tecla.errors import InputError
from tecla.generation.tokenizers.abc_grammar import AbcGrammar
from tecla.io.abc import parse_tune
from tecla.io.abc_play import bars_that_add_up
from tecla.training import compose as recipes


def tune(seed: int) -> str:
    rng, grammar, text = random.Random(seed), AbcGrammar(), ""
    while character := rng.choice(sorted(grammar.allowed(finish=len(text) > 200))):
        text += character
        grammar.advance(character)
    return text


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    (folder / irish_abc.FILE).parent.mkdir(parents=True)
    (folder / irish_abc.FILE).write_text("\n\n\n".join(map(tune, range(60))), encoding="ascii")
    return folder


@pytest.mark.parametrize(("recipe", "kind", "tokenizer"), [("tunes", "lstm", "abc-characters"), ("words", "gpt", "abc-tokens")])
def test_a_recipe_ships_what_writes_tunes(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: str, kind: str, tokenizer: str
) -> None:
    options = ["--corpus", str(corpus), "--runs", str(tmp_path / "runs"), "--steps", "1", "--batch", "2", "--device", "cpu"]
    monkeypatch.setattr("sys.argv", ["compose", recipe, *options, "--ship", str(tmp_path / "mine")])
    recipes.main()
    card = json.loads((tmp_path / "mine.json").read_text())
    assert (card["kind"], card["tokenizer"]) == (kind, tokenizer)
    assert card["made"]["command"].startswith(f"python -m tecla.training.compose {recipe} --corpus {corpus.name} ")
    assert card["data"] == {f"Irish tunes ({irish_abc.CITATION})": "MIT"}
    assert card["training"]["held_out_bits_per_character"] > 0
    assert json.loads((tmp_path / "runs" / "audit.json").read_text())["held_out_pieces"] > 0
    good, bars = bars_that_add_up(parse_tune(compose(Request(str(tmp_path / "mine.json"), bars=2, key="G")).abc))
    assert good == bars >= 2


def test_a_corpus_without_tunes_to_judge_by_is_refused(tmp_path: Path) -> None:
    (tmp_path / irish_abc.FILE).parent.mkdir(parents=True)
    (tmp_path / irish_abc.FILE).write_text(tune(0), encoding="ascii")
    with pytest.raises(InputError, match=r"holds [01] tunes to learn from and [01] to judge by"):
        recipes.train_words(tmp_path, tmp_path / "runs", recipes.RECIPES["words"][1], None)


def test_a_run_that_begins_from_another_says_which(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = ["--corpus", str(corpus), "--steps", "1", "--batch", "2", "--device", "cpu"]
    monkeypatch.setattr("sys.argv", ["compose", "words", *options, "--runs", str(tmp_path / "first")])
    recipes.main()
    begin = ["--begin", str(tmp_path / "first" / "best.safetensors"), "--ship", str(tmp_path / "mine")]
    monkeypatch.setattr("sys.argv", ["compose", "words", *options, "--runs", str(tmp_path / "second"), *begin])
    recipes.main()
    assert json.loads((tmp_path / "mine.json").read_text())["made"]["begun_from"]["step"] == 1
