"""tecla train voice: the network for a single line."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import Annotated

import typer

from tecla.errors import OptionError


def voice(
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT.onnx", help="The weights; their card lies beside them.")],
    corpus: Annotated[
        str | None, typer.Option(metavar="voice:FOLDER", help="Clips of the voice corpus to learn from beside what is made up.")
    ] = None,
    pianos: Annotated[Path | None, typer.Option(help="A folder of sampled pianos: lines with their attacks.")] = None,
    classes: Annotated[bool, typer.Option("--classes", help="Learn the corpus' own task instead: silence, C4, E4, G4.")] = False,
    steps: Annotated[
        int, typer.Option(help="How many batches; with --classes, how many times all clips in each of four cycles.", min=1)
    ] = 400,
    seed: Annotated[int, typer.Option(min=0, help="Decides every random choice.")] = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a training of this output that was stopped; of the other options none counts.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace outputs that exist already, and begin anew.")] = False,
) -> None:
    """Train the network for a single line: singing, whistling, any instrument that plays one note at a time.

    \b
    tecla train voice -o voice.onnx                                          from made-up singing alone
    tecla train voice --corpus voice:clips --pianos pianos -o voice.onnx     with clips and pianos
    tecla train voice --classes --corpus voice:clips --steps 20 -o ceg.onnx  the corpus' own three notes
    tecla train voice -o voice.onnx --resume                                 go on after Ctrl-C
    tecla transcribe --mode voice --model voice.onnx hum.m4a                 use it

    While it trains, what it has come to lies beside the output, in voice.run; at the end that folder goes. Stopped before anything was
    kept, it begins anew.
    """
    from tecla.cli.train import interruptible, require_torch, watching  # noqa: PLC0415

    require_torch()
    from tecla.io.target import check_target  # noqa: PLC0415
    from tecla.training import voice_run  # noqa: PLC0415

    if output.suffix != ".onnx":
        raise OptionError(f"{output} is no .onnx file: name the weights so")
    check_target(output, force)
    folder = output.with_suffix(".run")
    if force and not resume and (folder / "run.json").exists():
        shutil.rmtree(folder)
    kept = None if pianos is None else str(pianos.expanduser().absolute())
    options = voice_run.load_options(folder) if resume else voice_run.VoiceOptions(corpus, kept, classes, steps, seed)
    if not resume:
        voice_run.check_new(folder, options)
    with interruptible(lambda: _left(output, folder)), watching() as watch:
        network, card = voice_run.train_voice(folder, options, lambda numbers: watch.report(numbers, int(numbers["steps"])))
    voice_run.export_voice(network, output, card)
    shutil.rmtree(folder, ignore_errors=True)
    print(f"{output}: tecla transcribe --mode voice --model {output} uses it")


def _left(output: Path, folder: Path) -> str:
    """What a stopped training has left, and how it goes on."""
    if (folder / "run.json").exists():
        return f"{folder} keeps what it had come to; go on with: tecla train voice -o {shlex.quote(str(output))} --resume"
    return f"nothing of {output} was kept yet, so the same command begins anew"
