"""tecla transcribe: sound in, notes out; one file, several, or folders of them."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tecla.cli.batch import Job, plan_jobs, run_jobs
from tecla.cli.weights import WEIGHTS_HELP
from tecla.errors import OptionError

if TYPE_CHECKING:
    from tecla.music import Performance


def transcribe(
    sounds: Annotated[list[Path], typer.Argument(metavar="IN", help="Sound or video files, or folders of them.")],
    outputs: Annotated[
        list[str] | None,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            help="What to write; its suffix decides: .mid .json .csv; a page as .musicxml .mxl .pdf .svg;"
            " .png (piano roll), .waveform.png; .wav .flac .mp3 .ogg (played)."
            " Repeat it for several. With several inputs: a folder,"
            " or a pattern such as '*.json' or 'notes/*.csv'. Without it: IN.mid beside each input.",
        ),
    ] = None,
    offsets: Annotated[
        Literal["key", "sounding"],
        typer.Option(
            help="Where notes end: when the key comes up, with the pedal written beside it; or when the sound stops, pedal included."
        ),
    ] = "key",
    mode: Annotated[
        Literal["piano", "voice"], typer.Option(help="What is heard: a piano, or a single line that is sung, whistled or played.")
    ] = "piano",
    bend: Annotated[bool, typer.Option("--bend", help="With --mode voice: keep intonation, vibrato and glides as pitch bends.")] = False,
    model: Annotated[
        str,
        typer.Option(help=f"{WEIGHTS_HELP} With --mode voice: default, c4-e4-g4, pyin (needs the extra voice), or an .onnx file."),
    ] = "default",
    a4: Annotated[
        float | None,
        typer.Option(
            metavar="HZ",
            help="What the A above middle C sounds at: 415 for baroque pitch, 440 for as it is. Without it tecla listens"
            " how a piano or its tape is tuned, and takes the nearest keys.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace outputs that exist already.")] = False,
) -> None:
    """Write down what a piano plays: notes with velocity, and pedals; or what a single voice sings.

    \b
    tecla transcribe nocturne.m4a                 nocturne.mid beside it
    tecla transcribe take.wav -o a.mid -o a.png   MIDI and a picture of it
    tecla transcribe concert.mp4 -o notes.json    notes with their confidence
    tecla transcribe recordings/ -o midi/         every recording in a folder
    tecla transcribe --mode voice --bend hum.m4a  a melody, one note at a time

    Reads wav, flac, mp3, ogg, m4a, mp4 and most else, of any rate and length.

    A batch goes on past a bad file, lists the failures at its end and exits with 1.
    """
    if a4 is not None and mode == "voice":
        raise OptionError("--a4 is for a piano: a voice is heard at whatever pitch it has")
    if bend and mode != "voice":
        raise OptionError("--bend needs --mode voice: a piano's notes do not bend")
    batch = plan_jobs(sounds, outputs or [])
    run_jobs(batch, lambda job: _transcribe_one(job, offsets, model, mode, bend, a4, force), force)


def _transcribe_one(
    job: Job, offsets: Literal["key", "sounding"], model: str, mode: Literal["piano", "voice"], bend: bool, a4_hz: float | None, force: bool
) -> None:
    from tecla import workbench  # noqa: PLC0415
    from tecla.cli.progress import listening_progress  # noqa: PLC0415

    begin = time.perf_counter()
    source = workbench.open_sound(job.sound)
    tunings: list[float] = []
    tell = tunings.append if mode == "piano" else None
    with listening_progress(job.sound.name, source.duration_sec) as progress:
        performance = workbench.transcribe(
            source, offsets=offsets, mode=mode, bends=bend, model=model, on_progress=progress.update, a4_hz=a4_hz, on_tuning=tell
        )
    for target in job.targets:
        workbench.save(performance, target, title=job.sound.stem, force=force)
    heard_sec = progress.heard_sec or source.duration_sec or 0.0  # silence is known before the first step of progress
    print(_summary(job, performance, heard_sec, time.perf_counter() - begin, *tunings))
    sys.stdout.flush()


def _summary(job: Job, performance: Performance, heard_sec: float, took_sec: float, a4_hz: float = 440.0) -> str:
    """One line: what was written, what is in it, how it was tuned if not as usual, how long it took."""
    written = ", ".join(map(str, job.targets))
    times = heard_sec / took_sec
    speed = f"took {took_sec:.1f} s" + (f" ({times:.{1 if times < 10 else 0}f} times real time)" if heard_sec > 1 else "")
    if not len(performance):
        return f"{written}: no notes, nothing to hear in {job.sound.name} ({clock(heard_sec)}); {speed}"
    tuning = "" if a4_hz == 440 else f"A4 at {a4_hz:.0f} Hz, "
    return f"{written}: {_contents(performance)}, {tuning}{clock(heard_sec)}; {speed}"


def _contents(performance: Performance) -> str:
    from tecla.music import SOFT, SUSTAIN  # noqa: PLC0415
    from tecla.music.pitch import pitch_to_name  # noqa: PLC0415

    pitch, velocity = performance.notes["pitch"], performance.notes["velocity"]
    notes = "1 note" if len(performance) == 1 else f"{len(performance):,} notes"
    pedals = [f"{len(performance.pedal_intervals(number))} {name}" for number, name in ((SUSTAIN, "sustain"), (SOFT, "soft"))]
    range_ = f"{pitch_to_name(int(pitch.min()))} to {pitch_to_name(int(pitch.max()))}"
    return f"{notes}, {range_}, velocity {velocity.min()} to {velocity.max()}, pedals {' and '.join(pedals)}"


def clock(seconds: float) -> str:
    """Seconds as a player shows them, and less than ten to a tenth.

    >>> clock(65.4), clock(3725), clock(0.12)
    ('1:05', '1:02:05', '0.1 s')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}" if minutes >= 60 else f"{minutes}:{rest:02d}"
