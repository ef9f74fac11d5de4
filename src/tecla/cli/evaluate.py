"""tecla evaluate: estimates beside what was played; a pair, two folders, or a transcriber on a corpus."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tecla.cli.evaluate_confidence import confidence
from tecla.cli.evaluate_score import score
from tecla.cli.weights import Weights

if TYPE_CHECKING:
    from tecla.cli.judging import Take, Verdict
    from tecla.corpora import Corpus, Recording
    from tecla.evaluation.pieces import Piece
    from tecla.music import Performance

app = typer.Typer(help="Judge transcriptions against what was played.", no_args_is_help=True)
app.command("score")(score)
app.command("confidence")(confidence)

Json = Annotated[Path | None, typer.Option("--json", metavar="OUT", help="Write every figure of every piece as JSON.")]
Png = Annotated[Path | None, typer.Option("--png", metavar="FOLDER", help="Draw each piece: hits, misses and inventions, after the shift.")]
Report = Annotated[
    Path | None,
    typer.Option(
        metavar="OUT.html", help="Write a page: curves, confusions, reliability, a map of the frames, the worst passages to hear."
    ),
]
Versus = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Another system's .mid, .json or .csv by piece, for the paired difference.")
]
Force = Annotated[bool, typer.Option("--force", "-f", help="Replace outputs that exist already.")]


@app.command("notes")
def notes(
    reference: Annotated[Path, typer.Argument(metavar="REFERENCE", help="What was played: .mid, .json, .csv, or a folder of them.")],
    estimate: Annotated[Path, typer.Argument(metavar="ESTIMATE", help="What was heard: a file, or a folder with the same names.")],
    versus: Versus = None,
    json: Json = None,
    png: Png = None,
    report: Report = None,
    force: Force = False,
) -> None:
    """Compare notes and pedals with what was played.

    \b
    tecla evaluate notes played.mid heard.mid
    tecla evaluate notes played/ heard/ --versus theirs/ --json figures.json

    mir_eval's rules: onsets within 50 ms, ends within 20 % or 50 ms, velocities within a tenth after a linear fit.
    Every figure stands twice: as the times are, and after the one constant shift (-30 to 60 ms) that suits a piece best.
    """
    from tecla.cli.judging import takes_of_files  # noqa: PLC0415

    _check_targets([json, report], [png], force)
    others = takes_of_files(reference, versus) if versus else []
    _report(takes_of_files(reference, estimate), others, json, png, report, f"{estimate.name} against {reference.name}")


@app.command("transcriber")
def transcriber(
    corpus: Annotated[
        str, typer.Option(metavar="NAME:FOLDER", help="maps, maestro, smd, or folder (your own pairs); a colon; where it lies.")
    ],
    split: Annotated[
        str | None, typer.Option(help="Which split to judge on. Without it: test where there is one, else everything.")
    ] = None,
    model: Weights = "default",
    estimates: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Judge the transcriptions in a folder instead of transcribing.")
    ] = None,
    versus: Versus = None,
    keep: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Keep the transcriptions as MIDI.")] = None,
    json: Json = None,
    png: Png = None,
    report: Report = None,
    force: Force = False,
) -> None:
    """Transcribe a corpus and compare with what was played, whole pieces against the original MIDI.

    \b
    tecla evaluate transcriber --corpus maps:~/MAPS
    tecla evaluate transcriber --corpus maps:~/MAPS --estimates theirs/
    tecla evaluate transcriber --corpus folder:takes/ --model my.onnx --versus theirs/

    Means come with a 95 % interval (bootstrap over pieces); a difference between two systems is paired by piece.
    """
    from tecla.cli.judging import takes_of_corpus  # noqa: PLC0415
    from tecla.corpora import load_corpus  # noqa: PLC0415

    _check_targets([json, report], [png, keep], force)
    chosen = _choose(load_corpus(corpus), split)
    others = takes_of_corpus(chosen, _reader(versus)) if versus else []
    takes = takes_of_corpus(chosen, _reader(estimates) if estimates else _listener(model, keep))
    _report(takes, others, json, png, report, f"{estimates or model} on {chosen.title}")


def _choose(corpus: Corpus, split: str | None) -> Corpus:
    tested = any(recording.split == "test" for recording in corpus.recordings)
    return corpus.of_split(split or "test") if split or tested else corpus


def _reader(folder: Path) -> Callable[[Recording], Performance]:
    from tecla.cli.judging import load_estimate  # noqa: PLC0415

    return lambda recording: load_estimate(folder, recording.name)


def _listener(model: str, keep: Path | None) -> Callable[[Recording], Performance]:
    """Transcribes a recording, with a bar, and keeps the MIDI if asked."""
    from tecla import workbench  # noqa: PLC0415
    from tecla.cli.progress import listening_progress  # noqa: PLC0415
    from tecla.errors import InputError  # noqa: PLC0415

    def listen(recording: Recording) -> Performance:
        if recording.audio is None:
            raise InputError(f"{recording.midi} has no sound beside it: add it, or give --estimates")
        source = workbench.open_sound(recording.audio)
        with listening_progress(recording.name, source.duration_sec) as progress:
            heard = workbench.transcribe(source, model=model, on_progress=progress.update)
        if keep is not None:
            workbench.save(heard, keep / f"{recording.name}.mid")
        return heard

    return listen


def _check_targets(files: list[Path | None], folders: list[Path | None], force: bool) -> None:
    """Refuses before any work what could not, or should not, be written after it."""
    from tecla.errors import OutputError  # noqa: PLC0415
    from tecla.io.target import check_target  # noqa: PLC0415

    for file in files:
        if file is not None:
            check_target(file, force)
    for folder in folders:
        if folder is None or not folder.exists():
            continue
        if not folder.is_dir():
            raise OutputError(f"{folder} is a file: name a folder")
        if any(folder.iterdir()) and not force:
            raise OutputError(f"{folder} holds files already: give --force to write among them, or another folder")


def _report(takes: list[Take], others: list[Take], json: Path | None, png: Path | None, report: Path | None, title: str) -> None:
    """Judges, prints the tables, writes what was asked for, and exits with 1 if part of it failed."""
    from tecla.cli import tables  # noqa: PLC0415
    from tecla.cli.judging import draw_piece, judge, save_json  # noqa: PLC0415
    from tecla.cli.reporting import Collected, save_report  # noqa: PLC0415

    collected = Collected()

    def watch(take: Take, piece: Piece, reference: Performance, estimate: Performance) -> None:
        if png is not None:
            draw_piece(piece, reference, estimate, png / f"{take.name}.png")
        if report is not None:
            collected.add(take, piece, reference, estimate)

    verdict = judge(takes, others, watch)
    tables.print_verdict(verdict)
    if json is not None:
        save_json(verdict, json)
    if report is not None:
        save_report(collected, verdict, report, title)
    _say_failures(verdict, len(takes) + len(others))


def _say_failures(verdict: Verdict, n_takes: int) -> None:
    if verdict.failures:
        print(f"{len(verdict.failures)} of {n_takes} failed and are left out:", *verdict.failures, sep="\n  ", file=sys.stderr)
        raise typer.Exit(1)
