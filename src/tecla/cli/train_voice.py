"""tecla train voice: the network for a single line."""

from __future__ import annotations

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
    seed: Annotated[int, typer.Option(help="Decides every random choice.")] = 0,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace outputs that exist already.")] = False,
) -> None:
    """Train the network for a single line: singing, whistling, any instrument that plays one note at a time.

    \b
    tecla train voice -o voice.onnx                                          from made-up singing alone
    tecla train voice --corpus voice:clips --pianos pianos -o voice.onnx     with clips and pianos
    tecla train voice --classes --corpus voice:clips --steps 20 -o ceg.onnx  the corpus' own three notes
    tecla transcribe --mode voice --model voice.onnx hum.m4a                 use it
    """
    from tecla.cli.train import require_torch, watching  # noqa: PLC0415

    require_torch()
    from tecla.corpora import load_corpus  # noqa: PLC0415
    from tecla.io.target import check_target  # noqa: PLC0415
    from tecla.training import voice_run  # noqa: PLC0415

    if output.suffix != ".onnx":
        raise OptionError(f"{output} is no .onnx file: name the weights so")
    check_target(output, force)
    clips = load_corpus(corpus) if corpus else None
    if classes and clips is None:
        raise OptionError("--classes needs --corpus voice:FOLDER")
    total = voice_run.class_steps(clips, steps) if classes and clips else steps
    with watching() as watch:

        def report(numbers: dict[str, float]) -> None:
            watch.report(numbers, total)

        if classes and clips is not None:
            network = voice_run.train_clip_classes(clips, steps, seed, report)
        else:
            network = voice_run.train_line(clips, pianos, steps, seed, report)
    card = voice_run.describe(clips, None if classes else pianos, steps=steps, seed=seed, classes=classes)
    voice_run.export_voice(network, output, card)
    print(f"{output}: tecla transcribe --mode voice --model {output} uses it")
