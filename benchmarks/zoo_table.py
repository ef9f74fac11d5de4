"""What benchmarks/zoo.py prints and draws of the results that lie in its folder."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from tecla.corpora.pictures import COLOURS, make_figure, plain, save_figure
from tecla.evaluation import uncertainty

OWN = "tecla (small)"
RULES = ("onset", "onset_offset", "onset_offset_velocity")
GROUPS = ("renders", "real")


def table(folder: Path) -> str:
    """Markdown: a row a network, the best on renders first."""
    results = [json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")]
    speeds = json.loads((folder / "speed.table").read_text("utf-8")) if (folder / "speed.table").exists() else {}
    head = ["network", "parameters", "steps", "times real time", "MB", *(f"{group}: {rule}" for group in GROUPS for rule in RULES)]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for result in sorted(results, key=lambda result: -float(np.mean(result["renders"]["onset"]))):
        speed = speeds.get(result["name"])
        cells = [result["name"], f"{result['parameters']:,}", f"{result['steps']:,}"]
        cells += [f"{speed['times_real_time']:.0f}", f"{speed['mb']:.0f}"] if speed else ["", ""]
        cells += [interval(result[group][rule]) for group in GROUPS if group in result for rule in RULES]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", *_differences(results)])


def _differences(results: list[dict[str, Any]]) -> list[str]:
    """Each against tecla's own on the same takes."""
    own = next((result for result in results if result["name"] == OWN), None)
    others = [result for result in results if own is not None and result is not own]
    lines = [
        f"{other['name']} - {OWN}: " + "; ".join(
            f"{group} onset {interval(uncertainty.paired_difference(other[group]['onset'], own[group]['onset']))}"
            for group in GROUPS if own is not None and group in own
        ) for other in others
    ]  # fmt: skip
    return sorted(lines)


def interval(values: list[float] | uncertainty.Interval) -> str:
    """In percent."""
    found = values if isinstance(values, uncertainty.Interval) else uncertainty.evaluate(values)
    return f"{100 * found.mean:.1f} [{100 * found.low:.1f}, {100 * found.high:.1f}]"


def draw_curves(folder: Path) -> None:
    """Loss on held-out lessons against processor time, a line a network: the zoo, and tecla's own with its ablations."""
    results = [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))]
    results = sorted((result for result in results if result["curve"]), key=lambda result: -result["curve"][-1][1])
    figure = make_figure(12, 5)
    zoo = [result for result in results if not result["name"].startswith(f"{OWN},")]
    own = [result for result in results if result["name"].startswith(OWN)]
    panels = figure.subplots(1, 2, sharey=True)
    for panel, rows, title in zip(panels, (zoo, own), ("The zoo", "tecla's own network, and without parts of it"), strict=True):
        for number, result in enumerate(rows):
            style, colour = ("-", "--")[number // len(COLOURS) % 2], COLOURS[number % len(COLOURS)]
            panel.plot(*np.array(result["curve"]).T, style, color=colour, marker="o", markersize=3, label=result["name"])
        plain(panel, title, "processor seconds", "loss on held-out lessons")
        panel.set_yscale("log")
        if rows:
            panel.legend(fontsize=8, frameon=False)
    save_figure(figure, folder / "curves.png")
