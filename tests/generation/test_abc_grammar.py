"""The grammar of tunes: whatever it lets through parses, and its bars add up."""

import random

import pytest

from tecla.generation.tokenizers.abc_grammar import AbcGrammar
from tecla.io.abc import parse_tune
from tecla.io.abc_play import bars_that_add_up, tune_to_performance

HEAD = "X:7\nT:The Founders' Reel\nZ: id:dc-reel-1\nM:C\nL:1/8\nK:D Major\n"


def walked(text: str) -> AbcGrammar:
    grammar = AbcGrammar()
    for character in text:
        grammar.advance(character)
    return grammar


@pytest.mark.parametrize("seed", range(40))
def test_a_random_walk_inside_the_grammar_is_a_tune(seed: int) -> None:
    rng, grammar, text = random.Random(seed), AbcGrammar(), ""
    while True:
        character = rng.choice(sorted(grammar.allowed(finish=len(text) > 300)))
        if not character:
            break
        text += character
        grammar.advance(character)
        assert len(text) < 1500
    tune = parse_tune(text)
    good, bars = bars_that_add_up(tune)
    assert good == bars > 0
    assert len(tune_to_performance(tune)) > 0


@pytest.mark.parametrize(
    "body",
    [
        "A2FA DAFA|defe dcBA|d8:|!\n",
        "AG|FAdA FAdA|GBdB GBdB|d2f2 d2:|!\n",
        "(3ABc d2 (3efg a2|f>e d4 (3A/B/c/d|d8|]!\n",
        "FAdA FAdA|!\n[1 AG FAdA FA:|!\n[2 d8|]!\n",
        "^c=c_B,c' d3/2e/ f2|z8|]!\n",
    ],
)
def test_tunes_as_people_write_them_are_inside(body: str) -> None:
    grammar = AbcGrammar()
    for at, character in enumerate(HEAD + body):
        assert character in grammar.allowed(), (HEAD + body)[max(0, at - 20) : at + 1]
        grammar.advance(character)
    assert "" in grammar.allowed()


def test_a_bar_cannot_close_early_nor_run_over() -> None:
    grammar = walked(HEAD + "d8|d4 d2 d")
    assert "|" not in grammar.allowed()
    grammar = walked(HEAD + "d8|d4 d4")
    assert grammar.allowed() & set("ABCDEFGabcdefgz(^") == set()
    assert {"|", ":"} <= grammar.allowed()


def test_a_tune_may_not_end_within_a_bar_or_a_line() -> None:
    assert "" not in walked(HEAD + "d8|d4").allowed()
    assert "" not in walked(HEAD + "d8:|").allowed()
    assert "" in walked(HEAD + "d8:|!\n").allowed()


def test_finish_closes_at_the_next_bar() -> None:
    grammar = walked(HEAD + "d8|d8")
    closing = ""
    while character := grammar.allowed(finish=True).copy().pop():
        closing += character
        grammar.advance(character)
    assert closing == ":|!\n"


def test_six_eighths_hold_six() -> None:
    grammar = walked(HEAD.replace("M:C\n", "M:6/8\n") + "def gab|d6")
    assert "|" in grammar.allowed()
