"""tecla archive: thousands of recordings in, an archive with a catalogue out; its report; a melody found in it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from tecla.cli.weights import Weights

if TYPE_CHECKING:
    from tecla.archive.run import Tally
    from tecla.music import Performance


class _RunByDefault(typer.core.TyperGroup):
    """`tecla archive IN... -o OUT` means `tecla archive run IN... -o OUT`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=_RunByDefault, no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})

_Archive = Annotated[str, typer.Argument(metavar="OUT", help="An archive that tecla archive made.")]
_Edition = Annotated[
    str | None, typer.Option(metavar="NAME", help="Which edition, where there are several; without it the newest.", show_default=False)
]


@app.callback()
def archive() -> None:
    """Transcribe thousands of recordings, and keep a catalogue of them.

    \b
    tecla archive recordings/ -o archive/          all recordings; again later: what is new, changed or failed
    tecla archive report archive/                  one page: hours, failures, passages to hear
    tecla archive find "C4 E4 G4" --in archive/    a melody in any transposition
    tecla archive export archive/ -o files.csv     the catalogue, to take away

    `tecla archive IN... -o OUT` is short for `tecla archive run IN... -o OUT`; a folder named like a command is given as ./report.
    """


@app.command("run")
def run(
    inputs: Annotated[list[str], typer.Argument(metavar="IN...", help="Folders, sound files, zip files, s3://bucket/folder, gs://...")],
    out: Annotated[str, typer.Option("-o", "--output", metavar="OUT", help="The archive: a folder, or s3://bucket/folder, gs://...")],
    to: Annotated[
        str, typer.Option(metavar="mid,musicxml,json", help="What to write for each recording: mid, json, csv, musicxml, mxl, pdf, png.")
    ] = "mid,json",
    workers: Annotated[int | None, typer.Option(metavar="N", help="Files at a time; else one for each core.", show_default=False)] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            "--ray", metavar="ADDRESS", help="Work on a Ray cluster: auto, host:6379 or ray://host:10001. Needs pip install 'tecla[ray]'."
        ),
    ] = None,
    model: Weights = "default",
    gpus_per_worker: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Run the network on a GPU, of which each worker takes this part: 0.125 for eight on each. Needs onnxruntime-gpu.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Transcribe everything, and go on where the last run ended.

    \b
    tecla archive recordings/ -o archive/                      MIDI and JSON of all of them
    tecla archive tapes/ disks.zip -o archive/ --to mid,mxl    two inputs; notation too
    tecla archive s3://sounds/1958 -o s3://notes --ray auto    on a Ray cluster, between buckets
    tecla archive tapes/ -o archive/ --gpus-per-worker 0.25    the network on a GPU that four workers share

    A second run does what is new, changed or failed. Other weights make an edition beside the old one. Stop it when you like: what is
    finished is finished, what is not is heard again. Exits with 1 if recordings failed; the catalogue says why.
    """
    from tecla.archive.run import run_archive  # noqa: PLC0415
    from tecla.cli.archive_progress import archive_progress  # noqa: PLC0415

    formats = tuple(name.strip().lstrip(".").lower() for name in to.split(",") if name.strip())
    try:
        with archive_progress() as progress:
            tally = run_archive(inputs, out, formats, model, workers, ray, progress, gpus_per_worker)
    except KeyboardInterrupt:
        print("stopped; what is finished is kept, and the same command goes on from there", file=sys.stderr)
        raise typer.Exit(130) from None
    print(_summary(tally, out))
    for failure in tally.failures[:20]:
        print(f"failed: {failure}", file=sys.stderr)
    if tally.failed > 20:
        print(f"... and {tally.failed - 20} more: tecla archive report {out}", file=sys.stderr)
    if tally.failed:
        raise typer.Exit(1)


@app.command("report")
def report(
    archive: _Archive,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="PAGE", help="The page; without it OUT/report.html.", show_default=False)
    ] = None,
    edition: _Edition = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace a PAGE that exists already; OUT/report.html always is.")] = False,
) -> None:
    """Write one page about an archive: hours, failures, confidence, what may be no piano, passages to hear.

    The page holds everything in itself, the sound too, so that it can be sent and kept.
    """
    from tecla.archive.report import write_report  # noqa: PLC0415

    print(write_report(archive, output, edition, force=force))


@app.command("find")
def find(
    phrase: Annotated[str | None, typer.Argument(metavar="NOTES", help="A melody: 'C4 E4 G4', with # and b.", show_default=False)] = None,
    midi: Annotated[
        Path | None, typer.Option("--midi", metavar="PHRASE", help="A melody played: .mid, .json or .csv.", show_default=False)
    ] = None,
    archive: Annotated[str, typer.Option("--in", "-i", metavar="OUT", help="The archive to search.")] = ".",
    limit: Annotated[int, typer.Option("-n", "--limit", help="How many places to show.", min=1)] = 20,
    edition: _Edition = None,
) -> None:
    """Find a melody across an archive, in any transposition.

    \b
    tecla archive find "E5 D#5 E5 D#5 E5 B4 D5 C5 A4" --in archive/
    tecla archive find --midi theme.mid --in archive/

    Places are found where the notes follow each other in one line, in the top voice, the bass or between; the likeliest come first.
    """
    from tecla.archive.find import parse_phrase, phrase_of  # noqa: PLC0415
    from tecla.archive.search import search  # noqa: PLC0415
    from tecla.errors import OptionError  # noqa: PLC0415

    if (phrase is None) == (midi is None):
        raise OptionError('name a melody either as notes, "C4 E4 G4", or as --midi PHRASE')
    wanted = parse_phrase(phrase) if phrase is not None else phrase_of(_load(midi or Path()))
    hits = search(archive, wanted, limit, edition)
    for hit in hits.shown:
        print(hit)
    about = "" if hits.all_seen else "about "
    found = f"{about}{hits.n_places:,} places in {about}{hits.n_recordings:,} of" if hits.n_places else "not found in"
    print(f"{found} {hits.n_searched:,} recordings", file=sys.stderr)


@app.command("export")
def export(
    archive: _Archive,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="TABLE", help="The table: .csv or .parquet.")],
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace a table that exists already.")] = False,
) -> None:
    """Write the catalogue as a table to take away: a row for each file of each edition.

    Parquet needs pip install 'tecla[archive]'.
    """
    from tecla.archive.export import export_catalogue  # noqa: PLC0415

    print(f"{output}: {export_catalogue(archive, output, force):,} rows")


def _load(path: Path) -> Performance:
    from tecla import workbench  # noqa: PLC0415

    return workbench.load(path)


def _summary(tally: Tally, out: str) -> str:
    if not tally.to_do:
        return f"{out}: nothing to do, all {tally.found:,} recordings are in edition {tally.edition}"
    hours, speed = tally.heard_sec / 3600, tally.real_time_factor
    parts = [f"{out}: {tally.done:,} of {tally.to_do:,} recordings done ({hours:.2f} h, {speed:.1f} times real time)"]
    if tally.found > tally.to_do:
        parts.append(f"{tally.found - tally.to_do:,} were done before")
    if tally.not_piano:
        parts.append(f"{tally.not_piano:,} may be no piano")
    if tally.failed:
        parts.append(f"{tally.failed:,} failed")
    return "; ".join(parts) + f"; edition {tally.edition}"
