"""tecla corpora: what there is to learn from and to judge on; fetched, looked at, checked, and grown by one's own recordings."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tecla.cli.corpora_add import add

if TYPE_CHECKING:
    from tecla.corpora.pieces import Piece
    from tecla.corpora.statistics import CorpusFacts

app = typer.Typer(help="Collections of music to learn from and to judge on.", no_args_is_help=True)
app.command("add")(add)

Spec = Annotated[
    str, typer.Argument(metavar="NAME:FOLDER", help="maps, maestro, smd, asap, jsb, irish_abc or folder; a colon; where it lies.")
]


@app.command("list")
def list_all() -> None:
    """List the corpora that tecla can read, with licence and split."""
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from tecla.cli.tables import make_console  # noqa: PLC0415
    from tecla.corpora import ABOUT  # noqa: PLC0415

    table = Table("name", "title", "licence", "split", "download", box=SIMPLE_HEAD, pad_edge=False)
    for about in ABOUT.values():
        sizes = [f"{name} {size(part.size_bytes)}".strip() for name, part in about.parts.items()]
        table.add_row(about.name, about.title, about.licence, about.split, ", ".join(sizes) or "by hand: see info")
    make_console().print(table)


@app.command("info")
def info(
    corpus: Annotated[str, typer.Argument(metavar="NAME[:FOLDER]", help="A corpus; with a folder, what is in it as well.")],
) -> None:
    """Tell a corpus' licence, citation, version, checksums and split; with its folder, what of it is there.

    \b
    tecla corpora info maestro
    tecla corpora info maestro:maestro-v3.0.0
    """
    from tecla.corpora import ABOUT  # noqa: PLC0415
    from tecla.errors import OptionError  # noqa: PLC0415

    name, _, place = corpus.partition(":")
    if name not in ABOUT:
        raise OptionError(f"there is no corpus {name!r}: choose {', '.join(ABOUT)}")
    about = ABOUT[name]
    for what in ("title", "version", "licence", "citation", "url", "split", "obtain"):
        if getattr(about, what):
            print(f"{what:9} {getattr(about, what)}")
    for part, download in about.parts.items():
        print(f"{'download':9} {part}: {download.url} {size(download.size_bytes)} SHA-256 {download.sha256 or 'not published'}")
    if place:
        _print_contents(corpus)


def _print_contents(spec: str) -> None:
    from tecla.corpora.pieces import load_pieces  # noqa: PLC0415

    pieces = load_pieces(spec)
    print(f"{'here':9} {len(pieces):,} pieces, {sum(piece.audio is not None for piece in pieces):,} of them with sound")
    for split in dict.fromkeys(piece.split for piece in pieces):
        chosen = [piece for piece in pieces if piece.split == split]
        print(f"{'':9} {split}: {len(chosen):,} pieces of {len({piece.composition for piece in chosen}):,} works")


@app.command("download")
def download(
    corpus: Annotated[str, typer.Argument(metavar="NAME", help="maestro, asap, jsb or irish_abc.")],
    folder: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FOLDER", help="Where it goes. (default: the corpus' name)")
    ] = None,
    part: Annotated[str | None, typer.Option(help="Which part, where there are several: midi or full. (default: the smallest)")] = None,
) -> None:
    """Fetch a corpus from where it is published, where its licence allows that.

    \b
    tecla corpora download maestro -o maestro-v3.0.0          the MIDI, 58 MB
    tecla corpora download maestro --part full                with the sound, 108 GB

    A download that breaks off goes on where it stopped. Nothing gets its name before its checksum is right.
    """
    from tecla.cli.progress import counting_progress  # noqa: PLC0415
    from tecla.corpora import ABOUT  # noqa: PLC0415
    from tecla.corpora.download import choose_part, fetch  # noqa: PLC0415
    from tecla.errors import OptionError  # noqa: PLC0415

    if corpus not in ABOUT:
        raise OptionError(f"there is no corpus {corpus!r}: choose {', '.join(ABOUT)}")
    about = ABOUT[corpus]
    chosen = choose_part(about, part)
    print(f"{about.title}, {about.licence}. {about.citation}", file=sys.stderr)
    with counting_progress(f"{corpus} {size(chosen.size_bytes)}".strip()) as update:
        place = fetch(chosen, folder or Path(corpus), update)
    print(f"{place}: {about.title}; tecla corpora info {corpus}:{place}")


@app.command("eda")
def eda(
    corpora: Annotated[list[str], typer.Argument(metavar="NAME:FOLDER...", help="One corpus, or several to compare.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="Draw distributions.png, and features of one excerpt of each, into it."),
    ] = None,
    pieces: Annotated[int | None, typer.Option(min=1, help="Look at so many pieces of each, spread evenly over it.")] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace outputs that exist already.")] = False,
) -> None:
    """Count what is in corpora: works, composers, hours, notes, pitches, lengths, velocities, voices, pedals, outliers.

    \b
    tecla corpora eda maestro:maestro-v3.0.0 maps:MAPS -o pictures/
    """
    from tecla.cli.corpora_tables import print_facts  # noqa: PLC0415
    from tecla.corpora import pictures  # noqa: PLC0415
    from tecla.corpora.pieces import load_pieces  # noqa: PLC0415
    from tecla.io.target import check_target  # noqa: PLC0415

    if output is not None:
        check_target(output / "distributions.png", force)
        pictures.make_figure(1, 1)
    chosen = {spec: _spread(load_pieces(spec), pieces) for spec in corpora}
    facts = [_study(spec, found) for spec, found in chosen.items()]
    print_facts(facts)
    if output is not None:
        pictures.draw_distributions(facts, output / "distributions.png")
        for spec, found in chosen.items():
            _draw_features(spec, found, output)


def _study(spec: str, pieces: list[Piece]) -> CorpusFacts:
    from tecla.cli.progress import counting_progress  # noqa: PLC0415
    from tecla.corpora.statistics import study  # noqa: PLC0415

    with counting_progress(spec) as update:
        return study(spec.rstrip("/").rsplit("/", 1)[-1], pieces, lambda done: update(done, len(pieces)))


def _spread(pieces: list[Piece], wanted: int | None) -> list[Piece]:
    if wanted is None or wanted >= len(pieces):
        return pieces
    step = len(pieces) / wanted
    return [pieces[int(i * step)] for i in range(wanted)]


def _draw_features(spec: str, pieces: list[Piece], output: Path) -> None:
    """The liveliest eight seconds of the first recording; of a corpus without sound, as tecla's own piano plays them."""
    from tecla.corpora.excerpts import lively_excerpt  # noqa: PLC0415
    from tecla.corpora.pictures import draw_spectra  # noqa: PLC0415

    piece = next((one for one in pieces if one.audio is not None), pieces[0])
    samples, played, begin_sec = lively_excerpt(piece)
    who = "as recorded" if piece.audio is not None else "played by tecla's sampled piano"
    target = output / f"features-{spec.split(':', maxsplit=1)[0]}.png"
    draw_spectra(samples, played, target, f"{piece.name}, from {begin_sec:.0f} s, {who}; boxes are the notes of its MIDI")


@app.command("audit")
def audit(
    corpus: Spec,
    pieces: Annotated[int | None, typer.Option(min=1, help="Judge so many pieces alone, spread evenly over the corpus.")] = None,
) -> None:
    """Find what is wrong with a corpus; exits with 1 if anything is.

    \b
    tecla corpora audit folder:my-recordings

    Halves without a partner, lengths that disagree, files that cannot be read, silent or clipped sound, and pieces that stand in two
    splits, by their names or by their notes.
    """
    from tecla.cli.progress import counting_progress  # noqa: PLC0415
    from tecla.corpora import ABOUT, split_spec  # noqa: PLC0415
    from tecla.corpora.audit import audit as find  # noqa: PLC0415
    from tecla.corpora.pieces import load_pieces  # noqa: PLC0415

    everything = load_pieces(corpus)
    chosen = _spread(everything, pieces)
    with counting_progress(corpus) as update:
        findings = find(everything, split_spec(corpus, ABOUT)[1], lambda done: update(done, len(chosen)), chosen)
    for finding in findings:
        print(f"{finding.kind}: {finding.name} {finding.what}")
    if findings:
        print(f"{corpus}: {len(findings)} things to mend in {len(chosen):,} pieces", file=sys.stderr)
        raise typer.Exit(1)
    print(f"{corpus}: {len(chosen):,} pieces, nothing wrong")


def size(n_bytes: int) -> str:
    """Bytes as one says them; "" for none.

    >>> size(58_416_533), size(0)
    ('58 MB', '')
    """
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= scale:
            return f"{n_bytes / scale:.0f} {unit}"
    return ""
