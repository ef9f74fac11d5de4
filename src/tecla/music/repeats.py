"""Repeat signs: what stands once and is played twice or more often, with endings of its own each time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from tecla.errors import InputError

MOST_TURNS: Final = 16  # times a passage may be played: more is no music


@dataclass(frozen=True, slots=True)
class Repeat:
    """A bar's part in a repeat: whether a sign opens it or closes it, and in which `turns`, from 1 on, it is played; () for each."""

    begins: bool = False
    ends: bool = False
    turns: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if any(not 1 <= turn <= MOST_TURNS for turn in self.turns):
            raise InputError(f"an ending for the times {', '.join(map(str, self.turns))}: must be 1 to {MOST_TURNS}")


NO_REPEAT: Final = Repeat()


def played_order(repeats: Sequence[Repeat]) -> list[int]:
    """Indices of bars in the order in which they are played: each repeat twice, or as often as its endings say.

    >>> played_order([NO_REPEAT, Repeat(begins=True), Repeat(ends=True, turns=(1,)), Repeat(turns=(2,)), NO_REPEAT])
    [0, 1, 2, 1, 3, 4]
    """
    return _walk(repeats)[0]


def with_openings(repeats: Sequence[Repeat]) -> list[Repeat]:
    """The same with a sign at every bar that a repeat goes back to, but the first: not every program finds it without.

    >>> with_openings([Repeat(ends=True), NO_REPEAT, Repeat(ends=True)])[1].begins
    True
    """
    back = _walk(repeats)[1]
    return [replace(sign, begins=sign.begins or (at > 0 and at in back and not sign.turns)) for at, sign in enumerate(repeats)]


def _walk(repeats: Sequence[Repeat]) -> tuple[list[int], set[int]]:
    """The order of bars, and those to which repeats go back."""
    order: list[int] = []
    back: set[int] = set()
    turns = _turns(repeats)
    start, turn, at = 0, 1, 0
    while at < len(repeats):
        sign = repeats[at]
        if at > start and (sign.begins or _after_endings(repeats, at)):
            start, turn = at, 1
        if sign.turns and turn not in sign.turns:
            at += 1
            continue
        order.append(at)
        if sign.ends and turn < turns[start]:
            at, turn = start, turn + 1
            back.add(start)
        else:
            at += 1
            start, turn = (at, 1) if sign.ends else (start, turn)
    return order, back


def _turns(repeats: Sequence[Repeat]) -> list[int]:
    """How often what begins with each bar is played, if a sign closes it."""
    often = [2] * len(repeats)
    for at in range(len(repeats) - 1, -1, -1):
        goes_on = at + 1 < len(repeats) and not repeats[at + 1].begins and (repeats[at + 1].turns or not repeats[at].ends)
        goes_on = goes_on and not _after_endings(repeats, at + 1)
        often[at] = max(2, *repeats[at].turns, often[at + 1] if goes_on else 2)
    return often


def _after_endings(repeats: Sequence[Repeat], at: int) -> bool:
    return bool(repeats[at - 1].turns) and not repeats[at].turns
