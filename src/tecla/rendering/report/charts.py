"""Charts as SVG text. Colours are the page's own (classes c0..c5), so that a chart follows it from light to dark.

Every chart is 520 units wide and scales with its box; what a mark stands for is told by its <title>, which browsers show on hover.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

WIDTH: Final = 520
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 26, 38
_HEIGHT: Final = 300


def lines(
    series: Mapping[str, tuple[ArrayLike, ArrayLike]],
    x_label: str,
    y_label: str,
    x_range: tuple[float, float],
    y_range: tuple[float, float],
    dots: bool = False,
    diagonal: bool = False,
    percent: bool = True,
) -> str:
    """Named curves over one pair of axes; NaN breaks a line.

    Shape:
        series: name -> (x, y), (K,) each
    """
    body = _axes(x_range, y_range, x_label, y_label, percent)
    if diagonal:
        (x0, y0), (x1, y1) = _place(0, 0, x_range, y_range), _place(1, 1, x_range, y_range)
        body.append(f'<line class="rule" x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}"/>')
    for index, (name, (x, y)) in enumerate(series.items()):
        points = [(a, b) for a, b in zip(np.asarray(x, "f8"), np.asarray(y, "f8"), strict=True) if np.isfinite(a) and np.isfinite(b)]
        placed = [_place(a, b, x_range, y_range) for a, b in points]
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py in placed)
        body.append(f'<polyline class="line c{index}" points="{path}"><title>{escape(name)}</title></polyline>')
        if dots:
            body += [
                f'<circle class="dot c{index}" cx="{px:.1f}" cy="{py:.1f}" r="3.2"><title>{escape(name)}: {a:.3g}, {b:.3g}</title></circle>'
                for (px, py), (a, b) in zip(placed, points, strict=True)
            ]
    return _svg(body) + _key(list(series))


def heat(
    values: NDArray[np.float64],
    rows: Sequence[str],
    columns: Sequence[str],
    counts: NDArray[np.int64],
    x_label: str,
    y_label: str,
    wide: bool = False,
) -> str:
    """A table of shares 0..1 as shades; where nothing was counted a cell stays empty.

    Each cell says its share in per cent, in a chart over the whole page (`wide`) its count.

    Shape:
        values, counts: (R, C)
    """
    across = 2 * WIDTH if wide else WIDTH
    width = (across - 70 - RIGHT) / len(columns)
    height = min(34.0, 250 / len(rows))
    body = [f'<text class="label" x="70" y="12">{escape(y_label)} ↓ &#160; {escape(x_label)} →</text>']
    for r, row in enumerate(rows):
        y = 22 + r * height
        body.append(f'<text class="tick" text-anchor="end" x="64" y="{y + height / 2 + 4:.1f}">{escape(row)}</text>')
        for c, column in enumerate(columns):
            if counts[r, c] == 0 or not np.isfinite(values[r, c]):
                continue
            share = float(values[r, c])
            told = f"{row}, {column}: {counts[r, c]}" if wide else f"{row}, {column}: {share:.1%} of {counts[r, c]}"
            body.append(
                f'<rect class="cell" x="{70 + c * width:.1f}" y="{y:.1f}" width="{width - 2:.1f}" height="{height - 2:.1f}"'
                f' style="--share:{share:.3f}"><title>{escape(told)}</title></rect>'
            )
            shade = "on-dark" if share > 0.55 else "on-light"
            x, baseline, said = 70 + (c + 0.5) * width - 1, y + height / 2 + 4, counts[r, c] if wide else round(100 * share)
            body.append(f'<text class="cell-text {shade}" x="{x:.1f}" y="{baseline:.1f}">{said}</text>')
    bottom = 22 + len(rows) * height + 14
    for c, column in enumerate(columns):
        body.append(f'<text class="tick" text-anchor="middle" x="{70 + (c + 0.5) * width:.1f}" y="{bottom:.1f}">{escape(column)}</text>')
    return _svg(body, bottom + 8, across)


def scatter(points: NDArray[np.float64], kinds: NDArray[np.intp], names: Sequence[str]) -> str:
    """Points of a plane without scales, by kind; rare kinds lie on top.

    Shape:
        points: (N, 2); kinds: (N,) indices into `names`
    """
    low, high = np.percentile(points, [0.5, 99.5], axis=0)
    x_range, y_range = (float(low[0]), float(high[0])), (float(low[1]), float(high[1]))
    body = []
    for kind in np.argsort(-np.bincount(kinds, minlength=len(names))):
        for a, b in points[kinds == kind]:
            x, y = _place(float(np.clip(a, *x_range)), float(np.clip(b, *y_range)), x_range, y_range)
            body.append(f'<circle class="point c{kind}" cx="{x:.1f}" cy="{y:.1f}" r="2.4"/>')
    return _svg(body) + _key(list(names), "spot")


def histogram(values: ArrayLike, edges: Sequence[float], x_label: str, scale: float = 1.0) -> str:
    """How values are spread, in per cent of all."""
    found = np.histogram(np.asarray(values, "f8") * scale, edges)[0]
    shares = found / max(1, len(np.asarray(values)))
    top = max(float(shares.max()), 1e-9) * 1.1
    body = _axes((edges[0], edges[-1]), (0, top), x_label, "share of notes", True)
    for share, count, left, right in zip(shares, found, edges[:-1], edges[1:], strict=True):
        (x0, y0), (x1, y1) = _place(left, share, (edges[0], edges[-1]), (0, top)), _place(right, 0, (edges[0], edges[-1]), (0, top))
        told = f"{left:.3g} to {right:.3g}: {count} notes"
        body.append(
            f'<rect class="bar c0" x="{x0:.1f}" y="{y0:.1f}" width="{max(x1 - x0 - 1, 0.5):.1f}" height="{y1 - y0:.1f}">'
            f"<title>{told}</title></rect>"
        )
    return _svg(body)


def _place(x: float, y: float, x_range: tuple[float, float], y_range: tuple[float, float]) -> tuple[float, float]:
    across = (x - x_range[0]) / max(x_range[1] - x_range[0], 1e-12)
    up = (y - y_range[0]) / max(y_range[1] - y_range[0], 1e-12)
    return LEFT + across * (WIDTH - LEFT - RIGHT), _HEIGHT - BOTTOM - up * (_HEIGHT - BOTTOM - TOP)


def _axes(x_range: tuple[float, float], y_range: tuple[float, float], x_label: str, y_label: str, percent: bool) -> list[str]:
    body = []
    for value in _ticks(*y_range):
        _, y = _place(x_range[0], value, x_range, y_range)
        said = f"{100 * value:.3g} %" if percent else f"{value:.3g}"
        body.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        body.append(f'<text class="tick" text-anchor="end" x="{LEFT - 6}" y="{y + 4:.1f}">{said}</text>')
    for value in _ticks(*x_range):
        x, _ = _place(value, y_range[0], x_range, y_range)
        body.append(f'<text class="tick" text-anchor="middle" x="{x:.1f}" y="{_HEIGHT - BOTTOM + 16}">{value:.3g}</text>')
    body.append(f'<text class="label" text-anchor="end" x="{WIDTH - RIGHT}" y="{_HEIGHT - 6}">{escape(x_label)}</text>')
    body.append(f'<text class="label" x="{LEFT + 4}" y="{TOP - 13}">{escape(y_label)}</text>')
    return body


def _ticks(low: float, high: float) -> list[float]:
    """Round values within a range, five or so."""
    span = max(high - low, 1e-12)
    step = 10 ** np.floor(np.log10(span / 4))
    step *= next(factor for factor in (1, 2, 2.5, 5, 10) if span / (step * factor) <= 6)
    return [float(value) + 0.0 for value in np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1) * step]


def _key(names: Sequence[str], mark: str = "dash") -> str:
    items = "".join(f'<span><i class="{mark} c{index}"></i>{escape(name)}</span>' for index, name in enumerate(names))
    return f'<div class="key">{items}</div>'


def _svg(body: Sequence[str], height: float = _HEIGHT, width: float = WIDTH) -> str:
    return f'<svg viewBox="0 0 {width} {height:.0f}" role="img">{"".join(body)}</svg>'
