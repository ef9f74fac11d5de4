"""tecla train, tecla export: a network of one's own."""

from __future__ import annotations

import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

NEEDED: Final = ("torch", "onnx", "matplotlib", "tensorboard")

app = typer.Typer(help="Train a network of your own (needs the extra: pip install 'tecla[train]').", no_args_is_help=True)


@app.command("transcriber")
def transcriber(
    corpora: Annotated[
        list[str] | None,
        typer.Option(
            "--corpus",
            metavar="NAME:FOLDER",
            help="What to learn from; repeat it for several. With sound it is cut, without it is rendered.",
        ),
    ] = None,
    init: Annotated[
        str | None,
        typer.Option(metavar="WEIGHTS", help="Go on from trained weights: pretrained (those that come with tecla), or an .onnx file."),
    ] = None,
    teacher: Annotated[
        str | None,
        typer.Option(
            metavar="WEIGHTS", help="Learn half from what these weights hear: a small network from a large one, --teacher default."
        ),
    ] = None,
    pianos: Annotated[
        Path | None, typer.Option(help="A folder of sampled pianos to render with. Without it: the piano that comes with tecla.")
    ] = None,
    minutes: Annotated[float | None, typer.Option(help="About how long to train on this machine. (default: 45)")] = None,
    steps: Annotated[int | None, typer.Option(help="How many batches to train on, instead of minutes.")] = None,
    network: Annotated[
        str,
        typer.Option(
            help="tecla, or to compare with: hppnet, hcqt-hppnet, onsets-frames, kong-regression, crnn, transformer, unet,"
            " unet-bilstm, se-unet (sizes of a laptop)."
        ),
    ] = "tecla",
    size: Annotated[
        str | None,
        typer.Option(help="Of tecla's own: full, as `default` ships, or small, as `small` does. (default: full on a GPU, small without)"),
    ] = None,
    batch: Annotated[int | None, typer.Option(help="Examples of 10 s a batch. (default: 32 on a GPU, 6 without)")] = None,
    rate: Annotated[float | None, typer.Option(help="Peak learning rate. (default: 0.002, with --init 0.0003)")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides every random choice.")] = 0,
    device: Annotated[str | None, typer.Option(help="cpu or cuda. (default: cuda where there is one)")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes that make batches ahead.")] = 0,
    run: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="RUN", help="The folder of the run. (default: runs/ and the time)")
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="Go on with a run where it stopped; of the other options only the device and workers count."),
    ] = None,
) -> None:
    """Train the transcriber, from rendered and from recorded pianos.

    \b
    tecla train transcriber --minutes 45                          from nothing: music made up on the way, on tecla's own piano
    tecla train transcriber --corpus maestro:maestro-v3.0.0       MAESTRO: its MIDI rendered, or its sound if it is there
    tecla train transcriber --corpus folder:my-recordings         pairs of sound and MIDI of the same name
    tecla train transcriber --init pretrained --corpus mine       tecla's own weights, taught your piano (see tecla corpora add)
    tecla train transcriber --size small --teacher default        a small network that a large one teaches
    tecla train transcriber --network hppnet --minutes 45         another network of the zoo, in the same way
    tecla train transcriber --resume runs/2026-11-20-150000       go on

    Several GPUs: torchrun --nproc-per-node 4 -m tecla.cli train transcriber ...

    Stop it with Ctrl-C: the run folder holds the last checkpoint, the best weights, the curves and events for TensorBoard, and --resume
    goes on from that checkpoint. Stopped before the first one, it begins anew.
    """
    require_torch()
    from tecla.training import run as runs  # noqa: PLC0415
    from tecla.training.team import joined  # noqa: PLC0415

    where = runs.choose_device(device)
    on_gpu = where.type == "cuda"
    options = runs.RunOptions(
        corpora=tuple(corpora or ()),
        pianos=None if pianos is None else str(pianos),
        init=init,
        teacher=teacher,
        network=network,
        size=size or ("full" if on_gpu else "small"),
        minutes=45.0 if minutes is None and steps is None else minutes,
        steps=steps,
        batch=(32 if on_gpu else 6) if batch is None else batch,
        peak_rate=(3e-4 if init else 2e-3) if rate is None else rate,
        seed=seed,
        save_every=500 if on_gpu else 20 if init and not teacher else 100,
    )
    with joined(where) as team:
        folder = team.agree(resume or run or Path("runs") / datetime.now().strftime("%Y-%m-%d-%H%M%S"))
        with interruptible(lambda: _left(folder) if team.leads else ""), watching() as watch:
            if resume is None and team.leads:
                runs.begin(folder, options)
            team.agree(None)
            state = runs.go_on(folder, team, watch.read, watch.report, workers)
    if team.leads:
        print(f"{folder}: {state.step:,} steps, best validation onset F1 {state.best:.3f}; its weights: tecla export {folder}")


def _left(folder: Path) -> str:
    """What a stopped run has left, and how it goes on."""
    if (folder / "checkpoint").exists():
        kept = f"{folder} keeps its last checkpoint and the best weights; go on from there"
    elif (folder / "run.json").exists():
        kept = f"no checkpoint was written yet, so {folder} begins anew"
    else:
        return "nothing was begun yet"
    return f"{kept} with: tecla train transcriber --resume {shlex.quote(str(folder))}"


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run; with --int8 also weights, a .onnx file.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="OUT.onnx", help="Where to write. (default: RUN/transcriber.onnx)")
    ] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="Convolutions in eight bits: half the size, half as fast again, a little less exact.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace outputs that exist already.")] = False,
) -> None:
    """Write the best weights of a run as one .onnx file, with a card beside it.

    \b
    tecla export runs/first
    tecla transcribe take.wav --model runs/first/transcriber.onnx
    tecla export runs/first/transcriber.onnx --int8 -o fast.onnx
    """
    require_torch()
    from tecla.io.target import check_target  # noqa: PLC0415
    from tecla.training.release import export_rounded, export_run  # noqa: PLC0415

    weights = run if run.suffix == ".onnx" else run / "transcriber.onnx"
    target = output or weights.with_stem(weights.stem + "-int8" if int8 else weights.stem)
    check_target(target, force)
    if int8 and weights == run:
        card = export_rounded(run, target)
    elif int8:
        with tempfile.TemporaryDirectory() as folder:
            exact = Path(folder) / "transcriber.onnx"
            export_run(run, exact)
            card = export_rounded(exact, target)
    else:
        card = export_run(run, target)
    print(f"{target} and {card.name}: tecla transcribe --model {target} uses them")


def require_torch() -> None:
    """Says which extra is missing before anything is begun."""
    from importlib.util import find_spec  # noqa: PLC0415

    from tecla.errors import MissingExtraError  # noqa: PLC0415

    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise MissingExtraError(f"training needs {' and '.join(missing)}: pip install 'tecla[train]'")


class _Watch:
    """Shows a run's numbers: a bar where someone looks on, and a line for every report either way."""

    def __init__(self, bar: Any) -> None:
        self._bar, self._task = bar, bar.add_task("reading", total=None)

    def read(self, done: int, total: int) -> None:
        """Files read so far."""
        self._bar.update(self._task, description="reading", completed=done, total=total)

    def report(self, numbers: dict[str, float], steps: int) -> None:
        """Numbers of one step of a run of so many steps."""
        said = "  ".join(f"{name} {numbers[name]:.4g}" for name in ("loss", "rate", "onset_f1", "sec") if name in numbers)
        self._bar.update(self._task, description="training", completed=numbers["step"], total=steps)
        self._bar.console.print(f"step {int(numbers['step']):,} of {steps:,}  {said}", highlight=False)


@contextmanager
def interruptible(left: Callable[[], str]) -> Iterator[None]:
    """Leaves at Ctrl-C with one line that says what is left; with none where there is nothing to say."""
    try:
        yield
    except KeyboardInterrupt:
        if said := left():
            print(f"stopped; {said}", file=sys.stderr)
        raise typer.Exit(130) from None


@contextmanager
def watching() -> Iterator[_Watch]:
    """A bar on the terminal that shows a run's numbers."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    console = Console(file=sys.stderr, soft_wrap=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield _Watch(bar)
