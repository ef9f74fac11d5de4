"""A study in pictures: how it went, what mattered, where the good values lie."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tecla.corpora.pictures import COLOURS, make_figure, plain, save_figure

if TYPE_CHECKING:
    import optuna

_LEAST_FOR_IMPORTANCE = 4


def draw_study(study: optuna.Study, folder: Path, measure: str = "onset F1") -> list[Path]:
    """Writes history.png, slices.png and, from four complete trials on, importance.png; gives what it wrote. `measure` names the values.

    Raises:
        OutputError: a target cannot be written. MissingExtraError: matplotlib is not installed.
    """
    from optuna.trial import TrialState  # noqa: PLC0415

    complete = [trial for trial in study.trials if trial.state == TrialState.COMPLETE]
    pruned = [trial for trial in study.trials if trial.state == TrialState.PRUNED and trial.intermediate_values]
    paths = [folder / "history.png", folder / "slices.png"]
    _draw_history(complete, pruned, (study.study_name, measure), paths[0])
    _draw_slices(complete, pruned, measure, paths[1])
    if len(complete) >= _LEAST_FOR_IMPORTANCE and np.ptp([trial.value for trial in complete]) > 0:
        paths.append(folder / "importance.png")
        _draw_importance(study, paths[-1])
    return paths


def _last(trial: Any) -> float:
    return float(trial.intermediate_values[max(trial.intermediate_values)])


def _draw_history(complete: list[Any], pruned: list[Any], names: tuple[str, str], path: Path) -> None:
    figure = make_figure(12, 5)
    left, right = figure.subplots(1, 2)
    numbers, values = [trial.number for trial in complete], [trial.value for trial in complete]
    left.scatter([trial.number for trial in pruned], [_last(trial) for trial in pruned], s=22, color="#b9b9b4", label="pruned")
    left.scatter(numbers, values, s=26, color=COLOURS[0], label="complete")
    if values:
        left.step(numbers, np.maximum.accumulate(values), where="post", color=COLOURS[1], linewidth=1.6, label="best so far")
    left.legend(frameon=False, fontsize=9)
    plain(left, f"{names[0]}: trials", "trial", names[1])
    for trial in [*pruned, *complete]:
        steps = sorted(trial.intermediate_values)
        colour = COLOURS[0] if trial in complete else "#b9b9b4"
        right.plot(steps, [trial.intermediate_values[step] for step in steps], color=colour, linewidth=1, alpha=0.7, marker=".")
    plain(right, "How trials went", "step", names[1])
    save_figure(figure, path)


def _draw_slices(complete: list[Any], pruned: list[Any], measure: str, path: Path) -> None:
    names = sorted({name for trial in [*complete, *pruned] for name in trial.params})
    n_rows = max(1, -(-len(names) // 4))
    figure = make_figure(14, 3.6 * n_rows)
    panels = np.atleast_1d(figure.subplots(n_rows, 4, sharey=True)).ravel()
    for panel, name in zip(panels, names, strict=False):
        for trials, colour in ((pruned, "#b9b9b4"), (complete, COLOURS[0])):
            panel.scatter([t.params[name] for t in trials], [_last(t) for t in trials], s=22, color=colour, alpha=0.8)
        if name in ("rate", "weight_decay"):
            panel.set_xscale("log")
            panel.tick_params(axis="x", which="minor", labelbottom=False)  # within one decade they lie on one another
        else:
            panel.xaxis.get_major_locator().set_params(integer=True)
        plain(panel, name.replace("_", " "))
    for panel in panels[len(names) :]:
        panel.set_visible(False)
    panels[0].set_ylabel(measure)
    save_figure(figure, path)


def _draw_importance(study: optuna.Study, path: Path) -> None:
    import optuna  # noqa: PLC0415

    shares = optuna.importance.get_param_importances(study, evaluator=optuna.importance.PedAnovaImportanceEvaluator())
    figure = make_figure(8, 0.5 * len(shares) + 1.2)
    axes = figure.subplots()
    axes.barh([name.replace("_", " ") for name in shares], list(shares.values()), color=COLOURS[0], height=0.65)
    axes.invert_yaxis()
    plain(axes, "What mattered", "share of the spread explained")
    axes.grid(visible=False, axis="y")
    save_figure(figure, path)
