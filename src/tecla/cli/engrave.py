"""tecla engrave: a performance in, a page out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tecla.cli.batch import beside

if TYPE_CHECKING:
    from tecla.engraving import Wishes


def engrave(
    notes: Annotated[Path, typer.Argument(metavar="IN", help="A performance: .mid, .json or .csv.")],
    outputs: Annotated[
        list[Path] | None,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            help="What to write: .musicxml .mxl .pdf, .svg .png (a file a page), .mid (the page played as written)."
            " Repeat it for several. Without it: IN.musicxml beside the input.",
        ),
    ] = None,
    title: Annotated[str | None, typer.Option(help="Title on the page; without it the file's name.")] = None,
    composer: Annotated[str, typer.Option(help="Composer on the page.")] = "",
    time_signature: Annotated[str | None, typer.Option("--time", metavar="3/4", help="Time signature of the whole piece.")] = None,
    key: Annotated[str | None, typer.Option(metavar="Eb", help="Key of the whole piece: Eb, F#m, or -3 for three flats.")] = None,
    transpose: Annotated[
        str | None, typer.Option(metavar="C", help="Write it in another key, the nearest way: its main signature becomes that of C.")
    ] = None,
    tempo: Annotated[float | None, typer.Option(metavar="BPM", help="Quarters a minute, roughly: settles what a quarter is.")] = None,
    level: Annotated[
        Literal["faithful", "clean", "easy"],
        typer.Option(help="Every note; without ghost notes and slips; or melody over a simple left hand."),
    ] = "faithful",
    swing: Annotated[bool, typer.Option("--swing", help="Eighths played long and short: written even, under the word Swing.")] = False,
    repeats: Annotated[
        bool, typer.Option("--repeats", help="What is played twice in a row is written once, between repeat signs, with its endings.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace outputs that exist already.")] = False,
) -> None:
    """Write a performance as notation: beats, bars, hands, voices, keys.

    \b
    tecla engrave nocturne.mid                          nocturne.musicxml beside it
    tecla engrave take.mid -o take.pdf --title Waltz    pages to print
    tecla engrave take.mid -o easy.pdf --level easy --transpose C
                                                        easier to play, without a sharp or a flat
    tecla engrave rondo.mid -o rondo.pdf --repeats      what comes twice in a row once, between repeat signs

    What you state is obeyed, the rest is inferred. A .mid that a program wrote, all notes on the grid of its own beats, is
    believed: bars, rhythm and hands are those of the file. Pages (.pdf .svg .png) need pip install 'tecla[score]'.
    """
    from tecla import workbench  # noqa: PLC0415
    from tecla.pages import check_page  # noqa: PLC0415
    from tecla.written import load_ruled  # noqa: PLC0415

    begin = time.perf_counter()
    targets = list(dict.fromkeys(outputs or [])) or [beside(notes, ".musicxml")]
    for target in targets:
        check_page(target, force, [notes.resolve()])
    wishes = _wishes(notes.stem if title is None else title, composer, time_signature, key, tempo, level, swing, transpose, repeats)
    performance, ruled = load_ruled(notes)
    score = workbench.engrave(performance, wishes, ruled)
    written = [path for target in targets for path in workbench.save_score(score, target, force=force)]
    took_sec = time.perf_counter() - begin
    on_page, played = len(score.notes()), len(performance)
    notes_told = f"{played:,} notes" if on_page == played else f"{on_page:,} of {played:,} notes"
    whose = ", as the file has them" if ruled is not None and tempo is None and not swing else ""
    print(f"{', '.join(map(str, written))}: {notes_told} in {len(score.measures):,} bars{whose}; took {took_sec:.1f} s")


def _wishes(
    title: str,
    composer: str,
    time_signature: str | None,
    key: str | None,
    tempo: float | None,
    level: str,
    swing: bool,
    transpose: str | None,
    repeats: bool,
) -> Wishes:
    from tecla.engraving import Wishes  # noqa: PLC0415
    from tecla.errors import InputError, OptionError  # noqa: PLC0415
    from tecla.music.notation import TimeSignature, parse_key  # noqa: PLC0415

    try:
        metre = None if time_signature is None else TimeSignature.parse(time_signature)
    except InputError as error:
        raise OptionError(str(error)) from error
    stated, becomes = (None if name is None else parse_key(name) for name in (key, transpose))
    return Wishes(title, composer, metre, stated, tempo, level, swing=swing, transposed_to=becomes, repeats=repeats)
