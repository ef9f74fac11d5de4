"""tecla tune: settings for a network, searched for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def tune(
    recipe: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE",
            help="For the piano: transcriber, hppnet, hcqt-hppnet, onsets-frames, kong-regression, crnn, transformer, unet, unet-bilstm,"
            " se-unet. For a single line: voice (any pitch);"
            " voice-crnn, voice-transformer, voice-unet, voice-unet-bilstm, voice-se-unet (silence, C4, E4, G4).",
        ),
    ],
    trials: Annotated[int, typer.Option(help="How many trials to add.")] = 20,
    storage: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Where the study is kept: .journal, .db, or a database's address. (default: tuning/RECIPE.journal)"
        ),
    ] = None,
    corpora: Annotated[
        list[str] | None, typer.Option("--corpus", metavar="NAME:FOLDER", help="What to learn from and to judge by; repeat it for several.")
    ] = None,
    pianos: Annotated[Path | None, typer.Option(help="A folder of sampled pianos. Without it: the piano that comes with tecla.")] = None,
    steps: Annotated[int, typer.Option(help="Batches that each trial learns from.")] = 200,
    batch: Annotated[int, typer.Option(help="Examples of 5 s a batch; 4 s of a single line.")] = 4,
    seed: Annotated[int, typer.Option(min=0, help="Decides every random choice of the trials.")] = 0,
    plots: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FOLDER", help="Where the pictures go. (default: beside the study)")
    ] = None,
) -> None:
    """Search for the settings of a network with Optuna (needs the extras: pip install 'tecla[train,tune]').

    \b
    tecla tune voice-crnn --trials 30 --batch 16 --steps 150 --corpus voice:voice-c4-e4-g4
    tecla tune transcriber --trials 50 --corpus maestro:maestro-v3.0.0
    tecla tune transcriber --trials 50 --corpus maestro:maestro-v3.0.0     the same again goes on; in a second terminal, it helps

    One study a network. It is kept after every trial: stop it with Ctrl-C, start it again, run it in several processes, or on several
    machines with a database's address. Trials that fall behind are pruned. Draws history.png, slices.png and importance.png.
    Without --corpus the music is random and played on tecla's own piano, or sung by nobody; a corpus that is missing or broken stops it
    before any trial. Judged by held-out music; the three notes by training clips that are kept back.
    """
    from tecla.cli.train import require_torch  # noqa: PLC0415

    require_torch()
    from tecla.training import tuning  # noqa: PLC0415
    from tecla.training.tuning_pictures import draw_study  # noqa: PLC0415
    from tecla.training.tuning_recipes import RECIPES, TuneOptions  # noqa: PLC0415

    measure = RECIPES[recipe].measure if recipe in RECIPES else ""
    kept = storage or f"tuning/{recipe}.journal"
    options = TuneOptions(
        recipe, trials, kept, tuple(corpora or ()), None if pianos is None else str(pianos), steps=steps, batch=batch, seed=seed
    )

    def tell(number: int, value: float | None) -> None:
        print(f"trial {number}: {'pruned' if value is None else f'{measure} {value:.3f}'}", flush=True)

    study = tuning.tune(options, tell)
    best = max((trial for trial in study.trials if trial.value is not None), key=lambda trial: trial.value or 0.0, default=None)
    for path in draw_study(study, plots or (Path(kept).parent if "://" not in kept else Path("tuning")), measure):
        print(path)
    if best is not None:
        settings = ", ".join(f"{name} {value:.3g}" for name, value in best.params.items())
        print(f"best of {len(study.trials)}: trial {best.number}, {measure} {best.value:.3f}: {settings}")
