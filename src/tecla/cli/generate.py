"""tecla generate: more music, from nothing or from what was just played."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tecla.composition import Composition, Request


def generate(
    outputs: Annotated[
        list[Path],
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            help="What to write: .mid .json .csv; .wav .flac .mp3 .ogg; a page as .musicxml .mxl .pdf .svg; a roll as .png, "
            "its sound as .waveform.png; "
            "from abc-lstm and chorales .abc. Repeat it for several.",
        ),
    ],
    prompt: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Go on from this: .mid .json .csv .abc, or a recording, which is transcribed first.")
    ] = None,
    model: Annotated[
        str, typer.Option(help="abc-lstm (tunes), chorales (four voices), performance (piano), or the path of a .json card.")
    ] = "performance",
    seconds: Annotated[float, typer.Option(help="How much new music; 0: as much as the model likes (performance: 30).")] = 0.0,
    bars: Annotated[int, typer.Option(help="How many bars, for models that know bars; 0: as many as the model likes.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same music.")] = 0,
    variations: Annotated[int, typer.Option(min=1, max=1000, help="So many, with seeds counting up: OUT-1, OUT-2, ...")] = 1,
    temperature: Annotated[float, typer.Option(help="Above 1 bolder, below 1 safer.")] = 1.0,
    top_k: Annotated[int, typer.Option(help="Only the k likeliest; 0: all.")] = 0,
    top_p: Annotated[float, typer.Option(help="Only the likeliest that together reach this probability.")] = 0.98,
    min_p: Annotated[float, typer.Option(help="Only what is at least this fraction as likely as the likeliest.")] = 0.0,
    key: Annotated[str, typer.Option(help="Keep to a key: D, 'F# minor', 'A dorian'.")] = "",
    range_: Annotated[str, typer.Option("--range", metavar="LOW-HIGH", help="Keep to MIDI pitches, such as 36-84.")] = "21-108",
    density: Annotated[float, typer.Option(help="About so many notes a second; 0: as it comes.")] = 0.0,
    new_only: Annotated[bool, typer.Option("--new-only", help="Without the prompt: only the new notes, from 0 s.")] = False,
    harmonise: Annotated[bool, typer.Option("--harmonise", help="Set the prompt's melody in four voices (chorales).")] = False,
    fill: Annotated[str, typer.Option(metavar="FROM-TO", help="Play these seconds of the prompt anew, such as 12.5-20.")] = "",
    ending: Annotated[bool, typer.Option("--ending", help="Lead the music to an end after --seconds.")] = False,
    mask: Annotated[bool, typer.Option("--mask/--no-mask", help="Keep tunes inside the grammar of ABC.")] = True,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace outputs that exist already.")] = False,
) -> None:
    """Make more music: from nothing, or going on from a prompt.

    \b
    tecla generate -o new.mid --seconds 60                      a minute of piano
    tecla generate --prompt take.wav -o on.mid --new-only       what might follow a recording
    tecla generate --prompt a.mid --fill 10-14 -o b.mid         other music between two moments
    tecla generate --model abc-lstm --key "E minor" -o tune.abc -o tune.mid
    tecla generate --model chorales --prompt melody.mid --harmonise -o chorale.mid

    Beside each OUT lies OUT.provenance.json: model, seed, parameters and prompt.
    """
    from tecla import workbench  # noqa: PLC0415
    from tecla.composition import Request  # noqa: PLC0415
    from tecla.generation.sampling import SamplingOptions  # noqa: PLC0415

    low, high = _span(range_, "--range", 21, 108)
    gap = _span(fill, "--fill") if fill else None
    sampling = SamplingOptions(temperature, top_k, top_p, min_p)
    asked = (seconds, bars, key, int(low), int(high), density, new_only, harmonise, gap, ending, mask)
    requests = [Request(model, number, sampling, *asked) for number in range(seed, seed + variations)]
    plans = [[_numbered(target, index, variations) for target in dict.fromkeys(outputs)] for index in range(1, variations + 1)]
    for target in (target for plan in plans for target in plan):
        _check_output(target, prompt, force)
    music = prompt if prompt is None or prompt.suffix.lower() == ".abc" else workbench.load_prompt(prompt)
    for request, targets in zip(requests, plans, strict=True):
        begin = time.perf_counter()
        composition = workbench.generate(request, music)
        for target in targets:
            workbench.save_composition(composition, target, force=force)
            _save_provenance(composition, request, prompt, target)
        print(_summary(composition, targets, time.perf_counter() - begin))


def _span(text: str, option: str, low: float = 0.0, high: float = float("inf")) -> tuple[float, float]:
    """Two numbers with a dash between.

    >>> _span("36-84", "--range")
    (36.0, 84.0)
    """
    from tecla.errors import OptionError  # noqa: PLC0415

    first, _, last = text.partition("-")
    try:
        span = (float(first), float(last))
    except ValueError as error:
        raise OptionError(f"{option} is {text!r}: write two numbers with a dash, such as {option} 36-84") from error
    if not low <= span[0] < span[1] <= high:
        raise OptionError(f"{option} is {text!r}: the first number must be below the second, and both within {low:g} to {high:g}")
    return span


def _check_output(target: Path, prompt: Path | None, force: bool) -> None:
    from tecla import workbench  # noqa: PLC0415
    from tecla.io.target import check_target  # noqa: PLC0415

    inputs = [] if prompt is None else [prompt.resolve()]
    check = check_target if target.suffix.lower() == ".abc" else workbench.check_output
    check(target, force, inputs)
    check_target(_provenance_of(target), force, inputs)


def _numbered(target: Path, index: int, variations: int) -> Path:
    """OUT-2 of OUT; what comes before .waveform.png is the name.

    >>> _numbered(Path("a.waveform.png"), 2, 3).name, _numbered(Path("b.c.mid"), 2, 3).name
    ('a-2.waveform.png', 'b.c-2.mid')
    """
    name, *rest = target.name.rsplit(".", 2 if target.name.lower().endswith(".waveform.png") else 1)
    return target if variations == 1 else target.with_name(".".join([f"{name}-{index}", *rest]))


def _save_provenance(composition: Composition, request: Request, prompt: Path | None, target: Path) -> None:
    import hashlib  # noqa: PLC0415
    import json  # noqa: PLC0415

    from tecla.io.target import write_whole  # noqa: PLC0415

    source = {"file": prompt.name, "sha256": hashlib.sha256(prompt.read_bytes()).hexdigest()} if prompt else None
    text = json.dumps({"output": target.name, **composition.provenance, "prompt": source}, indent=1)
    write_whole(_provenance_of(target), f"{text}\n".encode())


def _provenance_of(target: Path) -> Path:
    return target.with_name(f"{target.name}.provenance.json")


def _summary(composition: Composition, targets: list[Path], took_sec: float) -> str:
    performance = composition.performance
    written = ", ".join(map(str, targets))
    tokens, notes = (count / took_sec for count in (composition.provenance["made"]["tokens"], len(performance)))
    speed = f"{tokens:.0f} tokens and {notes:.0f} notes a second, {performance.duration_sec / took_sec:.1f} times real time"
    return f"{written}: {len(performance):,} notes, {performance.duration_sec:.1f} s; took {took_sec:.1f} s ({speed})"
