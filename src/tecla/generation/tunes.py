"""Writing tunes in ABC, character by character or word by word, inside the grammar."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from typing import Final

import numpy as np

from tecla.errors import InputError, OptionError
from tecla.generation.engine import Engine
from tecla.generation.sampling import SamplingOptions, choose
from tecla.generation.tokenizers.abc_characters import AbcCharacters
from tecla.generation.tokenizers.abc_grammar import KEYS, KINDS, AbcGrammar, May
from tecla.generation.tokenizers.abc_tokens import AbcTokens

LONGEST: int = 2000  # characters; the longest human tune has 603
CODECS: Final = {codec.name: codec for codec in (AbcCharacters(), AbcTokens())}
# Of 804 human tunes none has a run of two to eight bars three times on end, a bar five times on end or ten in all, or 64 bars.
_MOST_ON_END: Final = 2
_MOST_OF_ONE_ON_END: Final = 4
_MOST_OF_ONE: Final = 9
_MOST_BARS: Final = 63
_ATTEMPTS: Final = 4  # at a section in which the tune is caught


def write_tune(
    engine: Engine,
    options: SamplingOptions,
    seed: int = 0,
    *,
    prompt: str = "",
    bars: int = 0,
    key: str = "",
    masked: bool = True,
    longest: int = LONGEST,
) -> str:
    """A tune that goes on from `prompt` (its beginning, head included) or begins by itself; ends with a newline.

    Args:
        bars: so many new bars, then the first chance to close; 0 lets the network end the tune.
        key: one of the grammar's keys, such as "D Major" or "A Dorian"; "" leaves it to the network.
        masked: without the grammar anything may come, and the tune may not parse.

    Raises:
        OptionError: an unknown key, or one beside a prompt that has its own. InputError: a prompt with characters beyond ASCII.
    """
    forced = _key_named(key) if key else ""
    if forced and "K:" in prompt:
        raise OptionError(f"key {key!r} was given, but the prompt has its own K: field; leave one of them away")
    rng, grammar, codec = np.random.default_rng(seed), AbcGrammar(), CODECS[engine.card["tokenizer"]]
    text = prompt
    for character in prompt:
        grammar.advance(character)
    enough = grammar.bars + bars
    engine.restart()
    if prompt:
        engine.feed(codec.encode(prompt)[:-1])
    begin, attempts = (text, copy.copy(grammar), engine.fork()), 1
    while len(text) < longest + len(prompt):
        long = len(text) > longest - 200 + len(prompt) or (not bars and grammar.bars >= _MOST_BARS)
        long = long or (masked and attempts == _ATTEMPTS and caught_in_a_loop(text))
        mask = codec.mask(grammar, _wishes(forced, enough, bounded=bars > 0, long=long)) if masked else None
        token = choose(engine.decide(np.zeros(1, np.int64))[0], options, rng, mask)
        if token == 0:
            break
        word = codec.decode(np.array([token]))
        text += word
        for character in word:
            grammar.advance(character)
        engine.feed(np.array([[token]]))
        if not masked:
            continue
        if "|" in word and attempts < _ATTEMPTS and caught_in_a_loop(text):
            text, grammar, engine, attempts = begin[0], copy.copy(begin[1]), begin[2].fork(), attempts + 1
        elif grammar.section_begins:
            begin, attempts = (text, copy.copy(grammar), engine.fork()), 1
    return text if text.endswith("\n") else text + "\n"


def _wishes(key: str, enough: int, bounded: bool, long: bool) -> May:
    """The grammar's characters, of those the ones that lead where the caller wants: to its key, past `enough` bars, then to an end."""

    def may(grammar: AbcGrammar) -> set[str]:
        allowed = grammar.allowed(finish=long or (bounded and grammar.bars >= enough - 1))
        if grammar.bars < enough:  # too early to end: where the tune might have, it goes on
            allowed = (grammar.allowed() if allowed == {""} else allowed) - {""}
        return _along(f"K:{key}", grammar.line, allowed) if key and grammar.in_key_field else allowed

    return may


def caught_in_a_loop(tune: str) -> bool:
    """Whether the tune repeats itself beyond what any human tune of the corpus does.

    >>> caught_in_a_loop("K:D\\nABc|def|ABc|def|"), caught_in_a_loop("K:D\\nABc|def|ABc|def|ABc|def|")
    (False, True)
    """
    return is_loop(complete_bars(tune))


def complete_bars(tune: str) -> list[str]:
    """The bars of a tune's body that have been closed, without the signs around them."""
    body = re.split(r"(?:^|\n)K:[^\n]*\n", tune)[-1]
    return [bar for bar in (re.sub(r"[\s!:\[\]]", "", part) for part in body.split("|")[:-1]) if bar]


def is_loop(bars: Sequence[str]) -> bool:
    """Whether the last of these bars repeat those before them beyond what any human tune of the corpus does."""
    if not bars:
        return False
    if bars.count(bars[-1]) > _MOST_OF_ONE:
        return True
    return any(_times_on_end(bars, size) > (_MOST_ON_END if size > 1 else _MOST_OF_ONE_ON_END) for size in range(1, 9))


def _times_on_end(bars: Sequence[str], size: int) -> int:
    """How often the last `size` bars have come one after the other."""
    times, last = 1, bars[-size:]
    while bars[-(times + 1) * size : -times * size] == last:
        times += 1
    return times


def with_its_kind(tune: str) -> str:
    """A tune as it is given to others: its kind in the field for that, R:, where the network has learned to write a transcriber's, Z:.

    >>> with_its_kind("X:1\\nT:A Tune\\nZ: id:dc-reel-7\\nM:C\\n")
    'X:1\\nT:A Tune\\nR: reel\\nM:C\\n'
    """
    return re.sub(r"^Z: id:dc-([a-z]+)-\d+$", r"R: \1", tune, count=1, flags=re.MULTILINE)


def opening(tune: str) -> str:
    """A tune cut to go on from: up to its last complete bar, without the sign that closes it; its kind as the network knows it.

    Raises:
        InputError: no K: field.
    """
    if "\nK:" not in tune:
        raise InputError("the prompt has no K: field, which ends the head of every ABC tune")
    head, field, body = re.sub(rf"^R: ?({'|'.join(KINDS)})$", r"Z: id:dc-\1-1", tune, count=1, flags=re.MULTILINE).partition("\nK:")
    key, _, music = body.partition("\n")
    lines = [line for line in music.rstrip().split("\n") if line.strip()]
    kept = "\n".join(lines).rstrip("!")
    if kept.endswith(("|]", "||")):
        kept = kept[:-1]
    cut = kept.rfind("|") + 1
    lead = kept[:cut].removesuffix(":|") + ("|" if kept[:cut].endswith(":|") else "")
    return f"{head}{field}{key}\n{lead}"


def _key_named(key: str) -> str:
    """The grammar's spelling of a key, read without regard to case: "d", "Em", "a dorian".

    Raises:
        OptionError: the grammar does not have it.
    """
    wanted = key.strip().lower()
    wanted = wanted[:-1] + " minor" if wanted.endswith("m") and len(wanted) < 4 else wanted
    wanted = wanted if " " in wanted else f"{wanted} major"
    for known in KEYS:
        if known.lower() == wanted:
            return known
    raise OptionError(f"key {key!r} is unknown to the tunes: choose one of {', '.join(KEYS)}")


def _along(whole: str, line: str, allowed: set[str]) -> set[str]:
    """The one next character that spells `whole`."""
    return {whole[len(line)]} if len(line) < len(whole) else allowed & {"\n"}
