"""One passage as SVG: keys upwards, time to the right; hits, misses and inventions told apart by shape, lightness and colour."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.music import Performance
from tecla.music.pitch import pitch_to_name

WIDTH: Final = 1060
_LEFT: Final = 40
_KEY: Final = 9
_BLACK: Final = frozenset({1, 3, 6, 8, 10})
_LEAST_KEYS: Final = 24


def draw_passage(
    reference: Performance, estimate: Performance, found: NDArray[np.bool_], right: NDArray[np.bool_], begin_sec: float, length_sec: float
) -> str:
    """The stretch from begin_sec on; its playhead is the line of class "head", to be moved from x = 40 to x = 1060.

    Shape:
        found: (N,) which notes of the reference were heard; right: (M,) which of the estimate were played
    """
    played, heard = (_near(side, begin_sec, length_sec) for side in (reference, estimate))
    pitches = np.concatenate([reference.notes["pitch"][played], estimate.notes["pitch"][heard]])
    low, high = (int(pitches.min()) - 2, int(pitches.max()) + 2) if len(pitches) else (48, 72)
    low, high = low - max(0, (_LEAST_KEYS - (high - low)) // 2), high + max(0, (_LEAST_KEYS - (high - low)) // 2)
    height = (high - low + 1) * _KEY
    body = [_lane(pitch, high) for pitch in range(low, high + 1)]
    for second in range(int(length_sec) + 1):
        x = _LEFT + second / length_sec * (WIDTH - _LEFT)
        body.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height}"/>')
        body.append(f'<text class="tick" x="{x + 3:.1f}" y="{height + 13}">{begin_sec + second:.0f} s</text>')
    for kind, notes, chosen in (
        ("hit", estimate.notes, heard & right),
        ("outline", reference.notes, played & found),
        ("miss", reference.notes, played & ~found),
        ("invention", estimate.notes, heard & ~right),
    ):
        body += [_box(note, kind, begin_sec, length_sec, high) for note in notes[chosen]]
    body.append(f'<line class="head" x1="{_LEFT}" x2="{_LEFT}" y1="0" y2="{height}"/>')
    return f'<svg class="passage" viewBox="0 0 {WIDTH} {height + 18}">{"".join(body)}</svg>'


def _near(performance: Performance, begin_sec: float, length_sec: float) -> NDArray[np.bool_]:
    notes = performance.notes
    return np.asarray((notes["onset_sec"] < begin_sec + length_sec) & (notes["offset_sec"] > begin_sec))


def _lane(pitch: int, high: int) -> str:
    y = (high - pitch) * _KEY
    kind = "black" if pitch % 12 in _BLACK else "white"
    name = f'<text class="tick" x="2" y="{y + 8}">{pitch_to_name(pitch)}</text>' if pitch % 12 == 0 else ""
    return f'<rect class="lane {kind}" x="{_LEFT}" y="{y}" width="{WIDTH - _LEFT}" height="{_KEY}"/>{name}'


def _box(note: np.void, kind: str, begin_sec: float, length_sec: float, high: int) -> str:
    scale = (WIDTH - _LEFT) / length_sec
    left = _LEFT + max(0.0, float(note["onset_sec"]) - begin_sec) * scale
    stop = _LEFT + min(length_sec, float(note["offset_sec"]) - begin_sec) * scale
    told = f"{pitch_to_name(int(note['pitch']))}, {note['onset_sec']:.2f} s, velocity {note['velocity']}"
    told += "" if kind in ("miss", "outline") else f", confidence {note['confidence']:.2f}"
    return (
        f'<rect class="{kind}" x="{left:.1f}" y="{(high - note["pitch"]) * _KEY + 0.8:.1f}" width="{max(stop - left, 2.5):.1f}"'
        f' height="{_KEY - 1.6:.1f}" rx="1.5"><title>{kind}: {told}</title></rect>'
    )
