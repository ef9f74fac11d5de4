"""tecla render: notes in, something to hear or to look at out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from tecla.cli.batch import beside


def render(
    notes: Annotated[Path, typer.Argument(metavar="IN", help="A performance: .mid, .json or .csv; or a score: .musicxml, .mxl or .abc.")],
    outputs: Annotated[
        list[Path] | None,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            help="What to write: .wav .flac .mp3 .ogg (played on the sampled piano), .png (piano roll), .mid .json .csv."
            " Repeat it for several. Without it: IN.wav beside the input.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace outputs that exist already.")] = False,
) -> None:
    """Play a performance, or a score as it is written, on the sampled piano, or draw it.

    \b
    tecla render nocturne.mid                  nocturne.wav beside it
    tecla render a.mid -o a.mp3 -o roll.png    sound and a piano roll
    tecla render reel.abc                      reel.wav: its repeats taken
    """
    from tecla import workbench  # noqa: PLC0415

    begin = time.perf_counter()
    targets = list(dict.fromkeys(outputs or [])) or [beside(notes, ".wav")]
    for target in targets:
        workbench.check_output(target, force, [notes.resolve()])
    performance = (workbench.play if notes.suffix.lower() in workbench.PLAYED_SUFFIXES else workbench.load)(notes)
    for target in targets:
        workbench.save(performance, target, title=notes.stem, force=force)
    took_sec = time.perf_counter() - begin
    print(f"{', '.join(map(str, targets))}: {len(performance):,} notes; took {took_sec:.1f} s")
