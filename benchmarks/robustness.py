"""How much of its hearing tecla keeps when recordings get worse: note F1 under noise, rooms, cheap microphones, codecs, clipping, tuning.

    python benchmarks/robustness.py --corpus maps:maps-disklavier-dev --seconds 60 --png robustness.png --json robustness.json

Each take is spoilt in each way, transcribed whole, and judged against its own MIDI after the one shift that suits it best.
Other programs stand beside it: `--write FOLDER` puts the spoilt sound there as CONDITION/TAKE.flac, and `--estimates NAME=FOLDER` judges
the MIDI that a program made of it, FOLDER/CONDITION/TAKE.mid.
"""

import argparse
import io
import json
import math
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import soxr
from numpy.typing import NDArray

from tecla.corpora import Recording, load_corpus
from tecla.evaluation import notes, shift, uncertainty
from tecla.io.audio import array_source, load_audio, save_audio
from tecla.io.midi import load_midi
from tecla.music import Performance
from tecla.workbench import transcribe

RATE = 44_100
Sound = NDArray[np.float32]
Spoil = Callable[[Sound, np.random.Generator], Sound]


def level(sound: Sound) -> float:
    """Loud part of a sound: the 95th percentile of the rms of 0.1 s."""
    blocks = sound[: len(sound) // 4410 * 4410].reshape(-1, 4410)
    return float(np.percentile(np.sqrt(np.square(blocks).mean(1)), 95)) + 1e-9


def noise(decibels: float) -> Spoil:
    """Pink noise, so many decibels below the loud part."""

    def spoil(sound: Sound, rng: np.random.Generator) -> Sound:
        spectrum = np.fft.rfft(rng.normal(size=len(sound))) / np.sqrt(np.maximum(np.fft.rfftfreq(len(sound), 1 / RATE), 20))
        hiss = np.fft.irfft(spectrum, len(sound))
        return np.float32(sound + hiss / hiss.std() * level(sound) * 10 ** (-decibels / 20))

    return spoil


def room(decay_sec: float, direct_db: float) -> Spoil:
    """A room by its RT60 and by how far the direct sound stands above the reverberation."""

    def spoil(sound: Sound, rng: np.random.Generator) -> Sound:
        time_sec = np.arange(int(decay_sec * RATE)) / RATE
        tail = rng.normal(size=len(time_sec)) * 10 ** (-3 * time_sec / decay_sec) * (1 - np.exp(-time_sec / 0.003))
        response = tail / np.sqrt(np.square(tail).sum()) * 10 ** (-direct_db / 20)
        response[0] += 1
        return convolved(sound, response)

    return spoil


def band(low_hz: float, high_hz: float, hiss_db: float) -> Spoil:
    """A small microphone: what it passes, and its hiss."""

    def spoil(sound: Sound, rng: np.random.Generator) -> Sound:
        hz = np.fft.rfftfreq(len(sound), 1 / RATE)
        gain = 1 / np.sqrt(1 + (low_hz / np.maximum(hz, 1)) ** 4) / np.sqrt(1 + (hz / high_hz) ** 6)
        return noise(hiss_db)(np.float32(np.fft.irfft(np.fft.rfft(sound) * gain, len(sound))), rng)

    return spoil


def clipped(decibels: float) -> Spoil:
    """Recorded so many decibels too loud."""
    return lambda sound, _: np.clip(sound / np.abs(sound).max() * 10 ** (decibels / 20), -1, 1).astype(np.float32)


def played_at(speed: float) -> Spoil:
    """Played back faster: higher, too. The reference follows, to the nearer of the two keys and to the other: half a semitone is either."""
    return lambda sound, _: np.asarray(soxr.resample(sound, RATE * speed, RATE), np.float32)


def honky_tonk(cents: float) -> Spoil:
    """An upright whose strings have drifted apart: the sound and two detuned copies of it."""
    return lambda sound, _: np.float32((sound + detuned(sound, -cents) + detuned(sound, cents)) / 3)


def detuned(sound: Sound, cents: float) -> Sound:
    """Higher by some cents at the same speed: half-second windows that overlap, each read faster around its own middle."""
    window = RATE // 2
    fade, out = np.hanning(window + 1)[:window], np.zeros(len(sound) + window)
    step = np.arange(window)
    for begin in range(0, len(sound), window // 2):
        at = begin + window / 2 + (step - window / 2) * 2 ** (cents / 1200)
        out[begin : begin + window] += fade * read(sound, at)
    return np.float32(out[: len(sound)])


def read(sound: Sound, at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Samples between samples, silence outside."""
    below = np.floor(at).astype(int)
    padded = np.pad(sound.astype(np.float64), (1, 2))
    inside = np.clip(below + 1, 0, len(padded) - 2)
    return padded[inside] + (at - below) * (padded[inside + 1] - padded[inside])


def quiet(decibels: float) -> Spoil:
    """Recorded too softly, on 16 bits."""
    return lambda sound, _: np.float32(np.round(sound / np.abs(sound).max() * 10 ** (-decibels / 20) * 32767) / 32767)


def coded(codec: str, container: str, bit_rate: int) -> Spoil:
    """Through a lossy codec and back; what the codec puts before the sound is taken off by the shift."""

    def spoil(sound: Sound, _: np.random.Generator) -> Sound:
        rate = 48_000
        samples = np.asarray(soxr.resample(sound, RATE, rate), np.float32)
        memory = io.BytesIO()
        with av.open(memory, "w", container) as file:
            stream: Any = file.add_stream(codec, rate=rate, layout="mono", bit_rate=bit_rate)
            frame = av.AudioFrame.from_ndarray(samples[None], "fltp", "mono")
            frame.sample_rate, frame.pts = rate, 0
            # One resampler from beginning to end: it cuts the sound into frames of the length that the codec wants.
            cutter = av.AudioResampler(stream.format.name, "mono", rate, stream.codec_context.frame_size or 1152)
            for part in [*cutter.resample(frame), *cutter.resample(None), None]:
                file.mux(stream.encode(part))
        memory.seek(0)
        with av.open(memory) as file:
            mixer = av.AudioResampler("flt", "mono", RATE)
            parts = [part for frame in [*file.decode(audio=0), None] for part in mixer.resample(frame)]
        return np.concatenate([part.to_ndarray().reshape(-1) for part in parts]).astype(np.float32)

    return spoil


def convolved(sound: Sound, response: NDArray[np.float64]) -> Sound:
    size = len(sound) + len(response)
    return np.float32(np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(response, size), size)[: len(sound)])


def phone(sound: Sound, rng: np.random.Generator) -> Sound:
    return band(300, 3400, 30)(room(0.4, 3)(sound, rng), rng)


def laptop(sound: Sound, rng: np.random.Generator) -> Sound:
    return band(180, 7000, 25)(room(0.5, 0)(sound, rng), rng)


# name, family, severity (to draw it), how to spoil, how much faster the spoilt sound runs
CONDITIONS: list[tuple[str, str, float, Spoil, float]] = [
    ("clean", "clean", 0, lambda sound, _: sound, 1.0),
    *((f"noise-{db}dB", "noise, dB below", db, noise(db), 1.0) for db in (20, 10, 0)),
    ("room-small", "room, s", 0.4, room(0.4, 6), 1.0),
    ("room-large", "room, s", 1.0, room(1.0, 0), 1.0),
    ("room-church", "room, s", 2.5, room(2.5, -4), 1.0),
    ("microphone-laptop", "microphone", 1, laptop, 1.0),
    ("microphone-phone", "microphone", 2, phone, 1.0),
    ("mp3-64k", "codec, kbit/s", 64, coded("libmp3lame", "mp3", 64_000), 1.0),
    ("opus-32k", "codec, kbit/s", 32, coded("libopus", "ogg", 32_000), 1.0),
    *((f"clipped-{db}dB", "clipping, dB", db, clipped(db), 1.0) for db in (6, 12)),
    *((f"tuned{c:+d}c", "tuning, cents", c, played_at(2 ** (c / 1200)), 2 ** (c / 1200)) for c in (-30, 30)),
    *((f"speed-{speed}", "speed", speed, played_at(speed), speed) for speed in (0.97, 1.03)),
    ("honky-tonk", "detuned strings, cents", 12, honky_tonk(12), 1.0),
    ("quiet-30dB", "quiet, dB", 30, quiet(30), 1.0),
]


def main() -> None:
    arguments = parse()
    takes = [take for take in load_corpus(arguments.corpus).recordings if take.audio is not None]
    conditions = [row for row in CONDITIONS if not arguments.only or row[0] in arguments.only]
    results: dict[str, dict[str, dict[str, float]]] = {}  # program, condition, take
    for take in takes:
        whole = load_audio(take.audio, RATE)[: int(arguments.seconds * RATE)]
        for number, (name, _, _, spoil, speed) in enumerate(conditions):
            sound = spoil(whole, np.random.default_rng([arguments.seed, number]))
            for program, found in hear(arguments, name, take, sound):
                f1 = onset_f1(take, arguments.seconds, speed, found)
                results.setdefault(program, {}).setdefault(name, {})[take.name] = f1
    if arguments.write:
        return
    summary = {
        program: {name: vars(uncertainty.evaluate(list(by_take.values()))) for name, by_take in by_condition.items()}
        for program, by_condition in results.items()
    }
    print(f"{'':20}", *(f"{program:20}" for program in summary))
    for row in conditions:
        cells = (by_condition[row[0]] for by_condition in summary.values())
        print(f"{row[0]:20}", *(f"{cell['mean']:.3f} [{cell['low']:.3f}, {cell['high']:.3f}]" for cell in cells), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps({"takes": results, "summary": summary}, indent=1))
    if arguments.png:
        draw(summary, conditions, arguments.png)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True, help="recordings with MIDI, as tecla evaluate transcriber takes them")
    parser.add_argument("--seconds", type=float, default=60, help="of each take, from its beginning")
    parser.add_argument("--only", action="append", choices=[row[0] for row in CONDITIONS])
    parser.add_argument("--write", type=Path, help="write the spoilt sound here and hear nothing")
    parser.add_argument("--estimates", action="append", default=[], metavar="NAME=FOLDER", help="another program's MIDI of that sound")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--png", type=Path)
    return parser.parse_args()


def hear(arguments: argparse.Namespace, condition: str, take: Recording, sound: Sound) -> Iterator[tuple[str, Performance]]:
    """What each program makes of a sound: (its name, notes)."""
    if arguments.write:
        folder = arguments.write / condition
        folder.mkdir(parents=True, exist_ok=True)
        save_audio(folder / f"{take.name}.flac", [sound[:, None]], RATE)
        return
    yield "tecla", transcribe(array_source(sound, RATE))
    for program, _, folder in (text.partition("=") for text in arguments.estimates):
        yield program, load_midi(Path(folder) / condition / f"{take.name}.mid")


def onset_f1(take: Recording, seconds: float, speed: float, found: Performance) -> float:
    played = load_midi(take.midi)
    played = Performance(played.notes[played.notes["onset_sec"] < seconds - 0.1], played.controls)
    nearer = round(12 * math.log2(speed))
    found = Performance(found.notes[found.notes["onset_sec"] < (seconds - 0.1) / speed], found.controls)
    references = [faster(played, speed).transposed(semitones) for semitones in sorted({0, nearer})]
    return max(notes.evaluate(r, found.shifted(-shift.evaluate(r, found).shift_sec), offsets="key").onset.f1 for r in references)


def faster(played: Performance, speed: float) -> Performance:
    struck, moves = played.notes.copy(), played.controls.copy()
    for times in (struck["onset_sec"], struck["offset_sec"], moves["time_sec"]):
        times /= speed
    return Performance(struck, moves)


def draw(summary: dict[str, dict[str, dict[str, float]]], conditions: list[tuple[str, str, float, Spoil, float]], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure((8, 0.36 * len(conditions) + 1.3), layout="constrained")
    axes = figure.subplots()
    place = np.arange(len(conditions))[::-1]
    spread = 0.25 * (np.arange(len(summary)) - (len(summary) - 1) / 2)
    for program, shift_up, colour, marker in zip(summary, -spread, ("#c0562f", "#3f6c8f", "#7a8b4f", "#6b5b7b"), "osD^", strict=False):
        rows = [summary[program][row[0]] for row in conditions]
        mean, low, high = (np.array([row[key] for row in rows]) for key in ("mean", "low", "high"))
        whiskers = {"xerr": [mean - low, high - mean], "elinewidth": 1, "capsize": 2}
        axes.errorbar(mean, place + shift_up, fmt=marker, color=colour, markersize=5, label=program, **whiskers)
    families = [row[1] for row in conditions]
    for above, (one, other) in enumerate(pairwise(families)):
        if one != other:
            axes.axhline(place[above] - 0.5, color="#d8d4cc", lw=0.8)
    names = [row[0] for row in conditions]
    axes.set(
        yticks=place, yticklabels=names, xlim=(0, 1), ylim=(-0.6, len(names) - 0.4), xlabel="onset F1, mean and 95 % interval over takes"
    )
    axes.legend(loc="lower left", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
