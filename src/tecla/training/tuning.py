"""Searching for settings: one Optuna study a network, kept in a file, so that it can be stopped, resumed and shared by many processes.

A trial trains a network for the same steps on the same batches and is judged as runs are (validation.py); one that falls behind the
median of the others is pruned. Nothing is searched before all its data have been read: a corpus that is missing or broken stops the
study before its first trial, since settings found on other data than one believes are worse than none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import torch
from torch import nn

from tecla.errors import InputError, MissingExtraError, OptionError, TeclaError
from tecla.models.harmonic import HarmonicConfig, HarmonicNet
from tecla.models.hcqt_hppnet import HCQTConfig, HCQTNet
from tecla.models.hppnet import HPPNet, HPPNetConfig
from tecla.models.kong_regression import KongConfig, KongRegression
from tecla.models.onsets_frames import OnsetsFrames, OnsetsFramesConfig
from tecla.training import loop
from tecla.training.examples import ExampleConfig, Examples
from tecla.training.home_piano import write_home_piano
from tecla.training.loop import LoopConfig, State
from tecla.training.material import load_material
from tecla.training.transcriber import make_loss, make_sound
from tecla.training.validation import Validation

if TYPE_CHECKING:
    import optuna

JUDGED: Final = 4  # times a trial is judged, evenly over its steps; between them it may be pruned
_START_UP: Final = 4  # trials before any is pruned


@dataclass(frozen=True)
class Recipe:
    """A network that can be tuned: how it is made from whole numbers, and between which values each is looked for."""

    make: Callable[..., nn.Module]
    sizes: Mapping[str, tuple[int, int]]


RECIPES: Final[Mapping[str, Recipe]] = {
    "transcriber": Recipe(
        lambda **sizes: HarmonicNet(HarmonicConfig(**sizes)),
        {"channels": (16, 48), "blocks": (2, 6), "mix_channels": (2, 12), "memory": (16, 64), "pedal_memory": (16, 48)},
    ),
    "hppnet": Recipe(lambda **sizes: HPPNet(HPPNetConfig(**sizes)), {"channels": (4, 16), "wide": (16, 64), "memory": (16, 64)}),
    "hcqt-hppnet": Recipe(lambda **sizes: HCQTNet(HCQTConfig(**sizes)), {"channels": (8, 32), "blocks": (1, 4), "memory": (16, 64)}),
    "onsets-frames": Recipe(
        lambda **sizes: OnsetsFrames(OnsetsFramesConfig(**sizes)), {"channels": (8, 32), "embedding": (64, 256), "memory": (32, 128)}
    ),
    "kong-regression": Recipe(lambda **sizes: KongRegression(KongConfig(**sizes)), {"embedding": (48, 192), "memory": (24, 96)}),
}


@dataclass(frozen=True)
class TuneOptions:
    """What a search is asked for; `storage` is a .journal or .db file, or the address of a database."""

    recipe: str
    trials: int
    storage: str
    corpora: tuple[str, ...] = ()
    pianos: str | None = None
    steps: int = 200
    batch: int = 4
    n_frames: int = 250
    seed: int = 0


def tune(options: TuneOptions, on_trial: Callable[[int, float | None], None] = lambda number, value: None) -> optuna.Study:
    """Adds trials to a study, which is made where there is none, and gives it back.

    Args:
        on_trial: called after each trial with its number and its onset F1, None if it was pruned.

    Raises:
        OptionError: no such recipe, or no trials. InputError: a corpus is missing, or holds nothing to learn from or to judge by.
        MissingExtraError: optuna is not installed.
    """
    _check(options)
    _load_optuna()
    bench = _Bench(options)  # before the study is touched
    study = open_study(options.storage, options.recipe, options.seed)

    def objective(trial: optuna.Trial) -> float:
        return bench.judge(trial)

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
        backend = storage if "://" in storage else f"sqlite:///{Path(storage).absolute()}"
    pruner = optuna.pruners.MedianPruner(n_startup_trials=_START_UP)
    # Processes that share a study must not draw the same: the seed is the first one's alone.
    sampler = optuna.samplers.TPESampler(seed=seed if not _has_study(optuna, backend, recipe) else None)
    return optuna.create_study(
        storage=backend, study_name=recipe, direction="maximize", load_if_exists=True, pruner=pruner, sampler=sampler
    )  # fmt: skip


class _Bench:
    """Everything that trials share: the data, read once, and who judges."""

    def __init__(self, options: TuneOptions) -> None:
        self.options, self.device = options, torch.device("cpu")
        material = load_material(options.corpora)
        share = material.train
        if options.corpora and not (share.performances or share.recorded):
            raise InputError(f"{', '.join(options.corpora)} hold no notes to learn from: tecla corpora audit says what is wrong")
        if options.corpora and not (material.validation.performances or material.validation.recorded):
            raise InputError(f"{', '.join(options.corpora)} hold nothing to judge by: add a corpus with a validation split")
        recorded = options.batch // 3 if share.recorded else 0
        config = ExampleConfig(options.seed, options.n_frames, rendered=options.batch - recorded, recorded=recorded)
        pianos = (
            Path(options.pianos).expanduser() if options.pianos else write_home_piano(Path(options.storage).absolute().parent / "pianos")
        )
        sound = make_sound(config, pianos, share.sounds, self.device)
        self.examples = Examples(config, share.performances or share.recorded, share.recorded)
        self.loss, self.validation = make_loss(sound, self.device), Validation(material.validation, sound, config)

    def judge(self, trial: optuna.Trial) -> float:
        """Trains one network with what the trial suggests; its onset F1 at the end."""
        import optuna  # noqa: PLC0415

        recipe, steps = RECIPES[self.options.recipe], self.options.steps
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

        def save(state: State) -> None:
            nonlocal reached
            reached = self.validation(state.average)["onset_f1"]
            trial.report(reached, state.step)
            if state.step < steps and trial.should_prune():
                raise optuna.TrialPruned

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.options.seed)
            state = loop.new_state(lambda: recipe.make(**sizes), config, self.device)
        trial.set_user_attr("parameters", sum(p.numel() for p in state.network.parameters()))
        try:
            loop.train(state, self.examples, self.loss, config, lambda *_: None, save)
        except TeclaError as error:  # too high a rate for this network: a finding, not an accident
            trial.set_user_attr("diverged", str(error))
            raise optuna.TrialPruned from error
        return reached


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
