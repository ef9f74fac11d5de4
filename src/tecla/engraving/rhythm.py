"""How a stretch of a bar is written: note values that show the beat, tuplets, rests.

Positions are ticks from the bar line (120 to a quarter). A bar of one voice is cut into cells: plain ones, where 32nds
are the finest places, and tuplet cells of one or two quarters. A note that leaves a cell of another kind is tied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final

from tecla.engraving.counting import TICKS, ticks
from tecla.music.notation import PLAIN_VALUES, NoteValue, TimeSignature

PLAIN_GRID: Final = TICKS // 8
_KINDS: Final = (  # ways to divide a quarter: tuplet, grid in ticks, and how many ticks of displacement it must save
    (None, TICKS // 4, 0),
    (None, PLAIN_GRID, 6),
    ((3, 2), TICKS // 6, 2),
    ((3, 2), TICKS // 12, 14),
    ((5, 4), TICKS // 5, 8),
)
_LOST: Final = 8  # ticks of displacement that it costs where two places become one
_DOTTED: Final = 1


@dataclass(frozen=True, slots=True)
class Cell:
    """A stretch of one voice's bar in one subdivision; `tuplet` is None where it is plain."""

    start: int
    stop: int
    tuplet: tuple[int, int] | None
    grid: int = PLAIN_GRID


@dataclass(frozen=True, slots=True)
class Piece:
    """A written value from `start` to `stop`, in the tuplet of its cell if it has one."""

    start: int
    stop: int
    value: NoteValue
    cell: Cell


def cut_cells(boundaries: Sequence[int], bar: int, time: TimeSignature, snapped: bool = False) -> list[Cell]:
    """Cells of a bar that hold all `boundaries` (onsets and ends) best; those that do not fit have to be snapped, unless they are."""
    cells: list[Cell] = []
    at = 0
    while at < bar:
        inside = sorted({b - at for b in boundaries if at < b < at + 2 * TICKS})
        pair = _pairs_allowed(at, bar, time) and inside and TICKS not in inside and all(b % (2 * TICKS // 3) == 0 for b in inside)
        stop = min(bar, at + (2 * TICKS if pair else TICKS))
        own = [b for b in inside if b < stop - at]
        kind, grid = ((3, 2), TICKS // 3) if pair else _kind(own, snapped) if stop - at == TICKS else (None, PLAIN_GRID)
        cells.append(Cell(at, stop, kind, grid))
        at = stop
    return cells


def _pairs_allowed(at: int, bar: int, time: TimeSignature) -> bool:
    return not time.compound and at + 2 * TICKS <= bar and (at % (2 * TICKS) == 0 or bar == 3 * TICKS)


def _kind(inside: Sequence[int], snapped: bool) -> tuple[tuple[int, int] | None, int]:
    """The subdivision, as tuplet and grid, that moves the boundaries least for what it costs to read; plain where it is as good."""

    def cost(kind: tuple[tuple[int, int] | None, int, int]) -> float:
        _, grid, price = kind
        moved = [snap_to(b, grid) for b in inside]
        lost = len(inside) + 1 - len({*moved, 0} - {TICKS})
        off = sum(abs(b - m) for b, m in zip(inside, moved, strict=True))
        return off if snapped else off + price + _LOST * lost

    return min(_KINDS, key=cost)[:2]


def snap_to(position: int, grid: int) -> int:
    """The multiple of `grid` nearest to `position`."""
    return (2 * position + grid) // (2 * grid) * grid


def snap(position: int, cells: Sequence[Cell]) -> int:
    """A position moved to the grid of its cell; bar lines stay."""
    for cell in cells:
        if cell.start <= position < cell.stop:
            return min(cell.stop, cell.start + snap_to(position - cell.start, cell.grid))
    return position


def write(start: int, stop: int, cells: Sequence[Cell], bar: int, time: TimeSignature, rest: bool = False) -> list[Piece]:
    """Pieces that write the stretch from `start` to `stop`, both on the grid of their cells."""
    pieces: list[Piece] = []
    at = start
    while at < stop:
        cell = next(c for c in cells if c.start <= at < c.stop)
        if cell.tuplet and not (at == cell.start and stop >= cell.stop):
            end = min(stop, cell.stop)
            pieces += [Piece(a, b, value, cell) for a, b, value in _tuplet_pieces(at, end, cell)]
        else:
            end = _plain_end(cell, cells, stop)
            plain = Cell(at, end, None)
            pieces += [Piece(a, b, PLAIN_VALUES[Fraction(b - a, TICKS)], plain) for a, b in _plain_pieces(at, end, bar, time, rest)]
        at = end
    return pieces


def _plain_end(cell: Cell, cells: Sequence[Cell], stop: int) -> int:
    """How far a plain stretch may run: on through plain cells and tuplet cells that it fills."""
    end = cell.stop
    for other in cells:
        if other.start == end and end < stop and (other.tuplet is None or stop >= other.stop):
            end = other.stop
    return min(end, stop)


def _tuplet_pieces(start: int, stop: int, cell: Cell) -> list[tuple[int, int, NoteValue]]:
    assert cell.tuplet is not None
    actual, normal = cell.tuplet
    out = []
    while start < stop:
        length = stop - start
        while (written := Fraction(length * actual, normal * TICKS)) not in PLAIN_VALUES or PLAIN_VALUES[written].dots > _DOTTED:
            length -= 1
        plain = PLAIN_VALUES[written]
        out.append((start, start + length, NoteValue(plain.type, plain.dots, cell.tuplet)))
        start += length
    return out


def _plain_pieces(start: int, stop: int, bar: int, time: TimeSignature, rest: bool) -> list[tuple[int, int]]:
    if _readable(start, stop, bar, time, rest):
        return [(start, stop)]
    cut = min(_inner(start, stop), key=lambda p: (level(p, bar, time), abs(2 * p - start - stop)))
    return _plain_pieces(start, cut, bar, time, rest) + _plain_pieces(cut, stop, bar, time, rest)


def _inner(start: int, stop: int) -> range:
    first = (start // PLAIN_GRID + 1) * PLAIN_GRID
    return range(first, stop, PLAIN_GRID)


def _readable(start: int, stop: int, bar: int, time: TimeSignature, rest: bool) -> bool:
    """Whether one value may cover the stretch without hiding the beat."""
    value = PLAIN_VALUES.get(Fraction(stop - start, TICKS))
    if value is None or value.dots > _DOTTED:
        return False
    inner = [level(p, bar, time) for p in _inner(start, stop)]
    if not inner or (start, stop) == (0, bar):
        return True
    strongest, first, last = min(inner), level(start, bar, time), level(stop, bar, time)
    beat = ticks(time.beat_quarters)
    hides_beat = any(p % beat == 0 for p in _inner(start, stop))
    if time.compound and hides_beat:
        return start % beat == 0 and stop % beat == 0
    if rest:
        return first < strongest and (value.dots == 0 or time.compound)
    return first <= strongest or last <= strongest or (first == last == strongest + 1)


@lru_cache(maxsize=65536)
def level(position: int, bar: int, time: TimeSignature) -> int:
    """Metrical weight of a place: 0 a bar line, 1 the half of a bar that has one, then beats, eighths, 16ths, 32nds."""
    if position % bar == 0:
        return 0
    beat = ticks(time.beat_quarters)
    beats = bar // beat
    if beats % 2 == 0 and beats > 2 and position % (2 * beat) == 0:
        return 1
    if position % beat == 0:
        return 2
    unit = beat // 3 if time.beat_quarters.numerator % 3 == 0 else beat // 2  # a dotted beat falls into thirds
    depth = 3
    while position % unit and unit > PLAIN_GRID:
        unit //= 2
        depth += 1
    return depth
