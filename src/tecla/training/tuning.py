"""Searching for settings: one Optuna study a network, kept in a file, so that it can be stopped, resumed and shared by many processes.

A trial trains a network for the same steps on the same batches and is judged by its bench (tuning_recipes.py); one that falls behind the
median of the others is pruned. Nothing is searched before all its data have been read: a corpus that is missing or broken stops the
study before its first trial, since settings found on other data than one believes are worse than none.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import torch
from torch import nn

from tecla.errors import MissingExtraError, OptionError, TeclaError
from tecla.training import loop
from tecla.training.loop import LoopConfig, State
from tecla.training.tuning_recipes import RECIPES, Bench, TuneOptions

if TYPE_CHECKING:
    import optuna

JUDGED: Final = 4  # times a trial is judged, evenly over its steps; between them it may be pruned
_START_UP: Final = 4  # trials before any is pruned


def tune(options: TuneOptions, on_trial: Callable[[int, float | None], None] = lambda number, value: None) -> optuna.Study:
    """Adds trials to a study, which is made where there is none, and gives it back.

    Args:
        on_trial: called after each trial with its number and what it reached, None if it was pruned.

    Raises:
        OptionError: no such recipe, no trials, or a recipe without the corpus it needs. InputError: a corpus is missing, or holds
            nothing to learn from or to judge by.
        MissingExtraError: optuna is not installed.
    """
    _check(options)
    _load_optuna()
    bench = RECIPES[options.recipe].bench(options)  # before the study is touched
    study = open_study(options.storage, options.recipe, options.seed)

    def objective(trial: optuna.Trial) -> float:
        return judge(bench, options, trial)

    def tell(_: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        on_trial(trial.number, trial.value if trial.state.name == "COMPLETE" else None)

    study.optimize(objective, n_trials=options.trials, callbacks=[tell])
    return study


def open_study(storage: str, recipe: str, seed: int = 0) -> optuna.Study:
    """The study of a recipe in a storage, made where there is none.

    Raises:
        MissingExtraError: optuna is not installed.
    """
    optuna = _load_optuna()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if storage.endswith(".journal"):
        Path(storage).parent.mkdir(parents=True, exist_ok=True)
        backend: Any = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(storage))
    else:
        backend = _database(optuna, storage if "://" in storage else f"sqlite:///{Path(storage).absolute()}")
    pruner = optuna.pruners.MedianPruner(n_startup_trials=_START_UP)
    # Processes that share a study must not draw the same: the seed is the first one's alone.
    sampler = optuna.samplers.TPESampler(seed=seed if not _has_study(optuna, backend, recipe) else None)
    return optuna.create_study(
        storage=backend, study_name=recipe, direction="maximize", load_if_exists=True, pruner=pruner, sampler=sampler
    )  # fmt: skip


def judge(bench: Bench, options: TuneOptions, trial: optuna.Trial) -> float:
    """Trains one network with what the trial suggests; what the bench finds of it at the end."""
    import optuna  # noqa: PLC0415

    recipe, steps = RECIPES[options.recipe], options.steps
    sizes = {name: trial.suggest_int(name, low, high, log=True) for name, (low, high) in recipe.sizes.items()}
    config = LoopConfig(
        steps=steps,
        warm_up=max(1, steps // 10),
        decay=max(1, steps // 3),
        peak_rate=trial.suggest_float("rate", 3e-4, 1e-2, log=True),
        weight_decay=trial.suggest_float("weight_decay", 1e-4, 1e-1, log=True),
        save_every=max(1, steps // JUDGED),
        report_every=steps,
        bfloat16=False,  # torch's half-precision convolutions on a CPU go wrong for numbers of channels that are no multiple of 8
    )
    reached = 0.0

    def make() -> nn.Module:
        network = recipe.make(**sizes)
        bench.prepare(network)
        return network

    def save(state: State) -> None:
        nonlocal reached
        reached = bench.judge(state.average)
        trial.report(reached, state.step)
        if state.step < steps and trial.should_prune():
            raise optuna.TrialPruned

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        state = loop.new_state(make, config, torch.device("cpu"))
    trial.set_user_attr("parameters", sum(p.numel() for p in state.network.parameters()))
    try:
        loop.train(state, bench.batches, bench.loss, config, lambda *_: None, save)
    except TeclaError as error:  # too high a rate for this network: a finding, not an accident
        trial.set_user_attr("diverged", str(error))
        raise optuna.TrialPruned from error
    return reached


def _database(optuna: Any, address: str) -> Any:
    """A database whose connections are closed after each use: nobody says when a study is no longer looked at."""
    from sqlalchemy.pool import NullPool  # noqa: PLC0415

    return optuna.storages.RDBStorage(address, engine_kwargs={"poolclass": NullPool})


def _has_study(optuna: Any, storage: Any, name: str) -> bool:
    return name in optuna.get_all_study_names(storage)


def _check(options: TuneOptions) -> None:
    if options.recipe not in RECIPES:
        raise OptionError(f"there is no recipe {options.recipe!r}: choose {', '.join(RECIPES)}")
    for name in ("trials", "steps", "batch", "n_frames"):
        if getattr(options, name) < 1:
            raise OptionError(f"{name} is {getattr(options, name)}: must be at least 1")


def _load_optuna() -> Any:
    try:
        import optuna  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtraError("tuning needs optuna: pip install 'tecla[train,tune]'") from error
    return optuna
