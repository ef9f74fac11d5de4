"""The reliability diagram: what is believed against what is so, and how many notes stand where."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tecla.corpora.pictures import COLOURS, make_figure, plain, save_figure
from tecla.evaluation import calibration

_INK = "#26262a"


def draw_reliability(curves: Mapping[str, tuple[NDArray[np.float64], NDArray[np.bool_]]], path: Path, title: str) -> None:
    """Writes a PNG of named (confidence, right) arrays.

    Raises:
        MissingExtraError: matplotlib is not installed. OutputError: the target cannot be written.
    """
    figure = make_figure(8, 9)
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    top.plot([0, 1], [0, 1], color=_INK, linewidth=0.8)
    for (name, (believed, right)), colour in zip(curves.items(), (COLOURS[1], COLOURS[0], COLOURS[2]), strict=False):
        found = calibration.evaluate(believed, right)
        some = found.count >= 10
        share, n = found.right[some], found.count[some]
        half = 1.96 * np.sqrt(np.maximum(share * (1 - share), 1 / n) / n)
        label = f"{name}: expected calibration error {found.expected_error:.3f}"
        top.errorbar(found.believed[some], share, half, color=colour, marker="o", markersize=4, linewidth=1.6, capsize=0, label=label)
        bottom.hist(believed, np.linspace(0, 1, 61), histtype="step", color=colour, linewidth=1.4)
    plain(top, title, "", "share of notes that are right")
    plain(bottom, "Where the notes stand", "confidence", "notes")
    bottom.set_yscale("log")
    top.set(xlim=(0, 1), ylim=(0, 1.02))
    top.legend(frameon=False, fontsize=10, loc="upper left")
    save_figure(figure, path)
