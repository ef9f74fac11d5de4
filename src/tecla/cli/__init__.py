"""The command line: one file per command, each thin. Heavy rooms are imported inside the commands."""

from __future__ import annotations

import signal
import sys
import threading
import warnings
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from tecla import __version__
from tecla.cli import archive, corpora, engrave, evaluate, generate, live, originality, render, studio, train, train_voice, transcribe, tune
from tecla.errors import InputWarning, TeclaError

app = typer.Typer(
    name="tecla",
    help="Listens to a piano and writes down what it heard.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich would take the brackets of "tecla[live]" for markup and swallow them
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("transcribe")(transcribe.transcribe)
app.command("live")(live.live)
app.command("engrave")(engrave.engrave)
app.command("render")(render.render)
app.command("generate")(generate.generate)
evaluate.app.command("originality")(originality.originality)
app.add_typer(evaluate.app, name="evaluate")
train.app.command("voice")(train_voice.voice)
app.add_typer(train.app, name="train")
app.command("studio")(studio.studio)
app.add_typer(corpora.app, name="corpora")
app.command("tune")(tune.tune)
app.command("export")(train.export)
app.add_typer(archive.app, name="archive")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tecla {__version__}")
        raise typer.Exit


@app.callback()
def tecla(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Listens to a piano and writes down what it heard."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a command line (the process's own unless given) and exits: 0 done, 1 part of a batch failed, 2 refused, 130 or 143 stopped."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _stop)
    with warnings.catch_warnings():
        warnings.simplefilter("once", InputWarning)
        warnings.showwarning = _print_warning
        try:
            app(args=None if arguments is None else list(arguments), prog_name="tecla")
        except TeclaError as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(2)


def _stop(number: int, _: object) -> NoReturn:
    """Leaves as Ctrl-C does, so that what is half-written is taken away."""
    sys.exit(128 + number)


def _print_warning(message: Warning | str, *_: object, **__: object) -> None:
    print(f"warning: {message}", file=sys.stderr)
