"""Targets, losses, features and luck: one network after the same number of lessons, one choice changed at a time.

    python benchmarks/zoo_choices.py --out runs/choices --steps 60 --rate 5e-3 --lessons 60 [and the corpora, as zoo.py]
    python benchmarks/zoo_choices.py --out runs/choices --only loss --only features      some rows, by how they begin
    python benchmarks/zoo_choices.py --out runs/choices --table                          what there is so far, with choices.png
    python benchmarks/zoo_choices.py --out runs/choices --speed                          how fast each picture is made and heard

Everything is as benchmarks/zoo.py has it, lessons, takes, threshold and judge; only the budget is a number of lessons, since what
changes costs nothing, or little. Each row is tecla's own network, 16 channels wide, two blocks deep and without its memory (for
features, also a U-Net, which takes any picture as it is), and differs from the first in one thing:

- targets: triangles around exact times, around the nearest frame, that frame alone; ends extended by the pedal, as most of the field
  teaches them, at key-up (the pedal is heard beside them), or both, as tecla ships;
- loss: cross-entropy weighted by channel, unweighted, positives four times, focal, with Dice's overlap;
- features: log-frequency through three windows, constant Q, its harmonics stacked, mel;
- luck: the first row from other beginnings, which says how large a difference must be to mean anything.

A row is a folder with its weights, overlays and result, so a run that was stopped goes on.
"""

import argparse
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from zoo import FEATURES, SMALLEST, make_network, run, set_up, trained
from zoo_speed import measure_speed, ten_seconds
from zoo_table import GROUPS, RULES, interval

from tecla.corpora.pictures import COLOURS, make_figure, plain, save_figure
from tecla.evaluation import uncertainty

FIRST = "as tecla has it"
U_NET: dict[str, Any] = {"network": "U-Net", "lengthened": 2}  # its lessons cost half
CHOICES: dict[str, dict[str, Any]] = {
    FIRST: {},
    "targets: soft, around the nearest frame": {"targets": "soft"},
    "targets: on the grid": {"targets": "grid"},
    "targets: ends extended by the pedal": {"ends": "pedal-extended"},
    "targets: ends at key-up": {"ends": "key"},
    "loss: unweighted": {"loss": "plain"},
    "loss: positives four times": {"loss": "pos_weight"},
    "loss: focal": {"loss": "focal"},
    "loss: with Dice": {"loss": "dice"},
    "features: constant Q": {"features": "cqt"},
    "features: HCQT, six harmonics": {"features": "hcqt"},
    "features: mel, read by key": {"features": "mel-by-key"},
    "luck: beginning 1": {"seed": 1},
    "luck: beginning 2": {"seed": 2},
    "luck: beginning 3": {"seed": 3},
    "features, U-Net: log-frequency": U_NET,
    "features, U-Net: constant Q": U_NET | {"features": "cqt"},
    "features, U-Net: HCQT, six harmonics": U_NET | {"features": "hcqt"},
    "features, U-Net: mel": U_NET | {"features": "mel"},
}


def try_choice(choice: str, options: argparse.Namespace) -> None:
    """Trains and judges one row, unless its result is there."""
    folder = options.out / "".join(letter if letter.isalnum() else "-" for letter in choice.lower())
    if (folder / "result.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    changes = CHOICES[choice]
    own = argparse.Namespace(**(vars(options) | changes | {"out": folder, "steps": options.steps * changes.get("lengthened", 1)}))
    name, picture = changes.get("network", SMALLEST), FEATURES[own.features]()
    if options.train_only:
        trained(name, own, picture)
        print(choice, "has learned", flush=True)
        return
    result = run(name, own, picture) | {"choice": choice}
    (folder / "result.json").write_text(json.dumps(result), "utf-8")
    print(choice, {group: round(float(np.mean(result[group]["onset"])), 3) for group in GROUPS if group in result}, flush=True)


def table(results: list[dict[str, Any]]) -> str:
    """Markdown: a row a choice, and how far it is from the row it was changed from, paired over takes."""
    head = ["choice", "parameters", *(f"{group}: {rule}" for group in GROUPS for rule in RULES), *(f"{g}: change in onset" for g in GROUPS)]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    named = {result["choice"]: result for result in results}
    for result in results:
        before = named.get("features, U-Net: log-frequency" if "U-Net" in result["choice"] else FIRST)
        cells = [result["choice"], f"{result['parameters']:,}", *(interval(result[group][rule]) for group in GROUPS for rule in RULES)]
        for group in GROUPS:
            same = before is None or before is result
            cells.append("" if same else interval(uncertainty.paired_difference(result[group]["onset"], before[group]["onset"])))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", *_luck(results)])


def _luck(results: list[dict[str, Any]]) -> list[str]:
    """How far one beginning is from another."""
    same = [result for result in results if result["choice"] == FIRST or result["choice"].startswith("luck")]
    if len(same) < 2:
        return []
    spread = {(g, rule): 100 * float(np.std([np.mean(result[g][rule]) for result in same], ddof=1)) for g in GROUPS for rule in RULES}
    return [f"standard deviation between {len(same)} beginnings: " + ", ".join(f"{g} {rule} {s:.1f}" for (g, rule), s in spread.items())]


def draw(results: list[dict[str, Any]], path: Path) -> None:
    """Onset F1, and with ends, of each choice with its interval."""
    figure = make_figure(13, 0.36 * len(results) + 1.7)
    panels = figure.subplots(1, 2, sharey=True)
    for panel, group in zip(panels, GROUPS, strict=True):
        for rule, colour in zip(RULES, COLOURS, strict=False):
            found = [uncertainty.evaluate(result[group][rule]) for result in results]
            mean = np.array([100 * f.mean for f in found])
            ends = np.abs(np.array([[100 * f.low, 100 * f.high] for f in found]).T - mean)
            panel.errorbar(
                mean, range(len(results)), xerr=ends, fmt="o", color=colour, markersize=4, linewidth=1.2, label=rule.replace("_", " + ")
            )
        plain(panel, {"renders": "Held-out renders", "real": "Real piano"}[group], "F1 %")
    panels[0].set_yticks(range(len(results)), [result["choice"] for result in results])
    panels[0].invert_yaxis()
    figure.legend(*panels[1].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    save_figure(figure, path)


def listeners(choices: list[str]) -> dict[str, Callable[[], Any]]:
    """What is timed: a network behind its picture. Targets, losses and luck change nothing about that."""
    timed = [c for c in choices if c == FIRST or c.startswith("features")]
    made = {c: (FEATURES[CHOICES[c].get("features", "log-frequency")](), CHOICES[c].get("network", SMALLEST)) for c in timed}
    samples = ten_seconds()[None]
    return {c: partial(lambda picture, network: network(picture(samples)), p, make_network(n, p).eval()) for c, (p, n) in made.items()}


def main() -> None:
    options = set_up(__doc__)
    chosen = [choice for choice in CHOICES if not options.only or any(choice.startswith(name) for name in options.only)]
    if options.speed:
        measure_speed(listeners(chosen), options.out)
    elif not options.table:
        for choice in chosen:
            try_choice(choice, options)
    found = [json.loads(path.read_text("utf-8")) for path in options.out.glob("*/result.json")]
    results = sorted(found, key=lambda result: list(CHOICES).index(result["choice"]))
    if not results:
        return
    draw(results, options.out / "choices.png")
    print(table(results))


if __name__ == "__main__":
    main()
