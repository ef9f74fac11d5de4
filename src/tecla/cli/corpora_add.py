"""tecla corpora add: one's own recordings and the MIDI that was played become pairs to learn from."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tecla.cli.weights import Weights

if TYPE_CHECKING:
    from tecla.corpora.pairing import Pair
    from tecla.music import Performance


def add(
    places: Annotated[list[Path], typer.Argument(metavar="IN...", help="Recordings, the MIDI that was played, or folders of both.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FOLDER", help="The corpus: made, or added to.")],
    model: Weights = "default",
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace pairs that the corpus has already.")] = False,
) -> None:
    """Pair your recordings with the MIDI that was played, put them on one clock, and copy them, trimmed, into a corpus.

    \b
    tecla corpora add phone/ yamaha/ -o mine
    tecla train transcriber --init pretrained --corpus mine

    Files of one name belong together; the others are paired by what is played in them. The recording may have begun seconds apart from the
    MIDI, and its clock may run at another speed: both are found from the notes that tecla hears. Noise before the first note and after the
    last is cut. What does not match is refused. NAME.png shows how well each pair lies on each other; the originals are never written to.
    """
    from tecla.corpora import pairing, pictures  # noqa: PLC0415
    from tecla.errors import InputError  # noqa: PLC0415

    pictures.make_figure(1, 1)
    sounds, midis = pairing.gather(places)
    named, left_sounds, left_midis = pairing.pair_by_name(sounds, midis)
    _check_new(output, sounds, midis, force)
    hear = _listener(model)
    failures: list[InputError] = []
    for sound, midi in named:
        try:
            _keep(pairing.join(sound, midi, hear), output)
        except InputError as error:
            failures.append(error)
    found, unpaired = pairing.join_by_content(left_sounds, left_midis, hear) if left_midis else ([], [])
    for pair in found:
        _keep(pair, output)
    failures += unpaired or ([InputError(f"{sound} has no MIDI of its name") for sound in left_sounds] if not left_midis else [])
    if failures:
        print(f"{len(failures)} of {len(sounds)} recordings are left out:", *failures, sep="\n  ", file=sys.stderr)
        raise typer.Exit(1)


def _check_new(folder: Path, sounds: list[Path], midis: list[Path], force: bool) -> None:
    """Refuses before any is heard what would replace a pair, or an original: the corpus may lie where the recordings do."""
    from tecla.corpora.pairing import files_of  # noqa: PLC0415
    from tecla.errors import InputError  # noqa: PLC0415
    from tecla.io.target import check_target  # noqa: PLC0415

    names = [sound.stem for sound in sounds]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"two recordings are called {twice}: rename one of them")
    originals = {path.resolve() for path in (*sounds, *midis)}
    for target in (target for name in names for target in files_of(folder, name)):
        check_target(target, force, originals)


def _keep(pair: Pair, folder: Path) -> None:
    from tecla import workbench  # noqa: PLC0415
    from tecla.corpora import pairing, pictures  # noqa: PLC0415

    entry = pairing.save_pair(pair, workbench.open_sound(pair.sound), folder)
    pictures.draw_alignment(pair, pairing.files_of(folder, pair.name).picture)
    line, (begin_sec, end_sec) = pair.line, entry["cut_sec"]
    print(
        f"{folder / pair.name}: {pair.sound.name} and {pair.midi.name}, {end_sec - begin_sec:.0f} s;"
        f" began {line.shift_sec:+.3f} s apart, speed {1e6 * (line.speed - 1):+.0f} ppm; {line.heard_share:.0%} of the notes heard,"
        f" {1000 * line.spread_sec:.0f} ms off"
    )


def _listener(model: str) -> Callable[[Path], tuple[Performance, float]]:
    """Hears each sound once, with a bar."""
    from tecla import workbench  # noqa: PLC0415
    from tecla.cli.progress import listening_progress  # noqa: PLC0415

    known: dict[Path, tuple[Performance, float]] = {}

    def hear(sound: Path) -> tuple[Performance, float]:
        if sound not in known:
            source = workbench.open_sound(sound)
            with listening_progress(sound.name, source.duration_sec) as progress:
                heard = workbench.transcribe(source, model=model, on_progress=progress.update)
            known[sound] = heard, source.duration_sec or progress.heard_sec
        return known[sound]

    return hear
