"""Every reader on files that nobody meant well: python benchmarks/fuzz.py [READER ...] [--inputs 100000] [--keep FOLDER]

Needs `pip install atheris`. libFuzzer changes small good files in a child process, guided by what tecla's own code does with
them. An input counts as found when the reader raises anything but a TeclaError, dies, takes longer than 10 s or more than 2 GB;
it is kept in FOLDER, and the next child goes on where the last one died. The same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import io
import itertools
import re
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
import fuzz_weights
from fuzz_weights import READERS, reads

ROOT: Final = Path(__file__).parents[1]
LIMITS: Final = ("-timeout=10", "-rss_limit_mb=2048", "-malloc_limit_mb=2048", "-print_final_stats=1", "-verbosity=0", "-detect_leaks=0")
MOST_FOUND: Final = 50
PART: Final = 5_000  # inputs a child reads; what a part that was stopped did is not counted
WORDS: Final = (  # what a mutator would hardly stumble upon
    "1e999999999", "1/0", "-1", "0", "NaN", "1e308", "2147483648", "99999999999999999999", "0.000000001", "<!DOCTYPE", "<!ENTITY",
    "encoding='punycode'", "encoding='utf-7'", "<backup>", "<chord/>", "<grace/>", "<divisions>", "<duration>", "<staff>", "<voice>",
    "\\x0aQ:", "\\x0aL:1/", "\\x0aM:", "\\x0aV:", "[1", "|:", ":|", "(9:9:9", "{", "}", "[[", "true", "null", "/////", ",,,,",
)  # fmt: skip


@reads("audio", ".wav")
def read_audio(path: Path) -> object:
    from tecla.io.audio import open_audio

    return sum(len(block) for block in open_audio(path).blocks())


@reads("ffmpeg", ".wav")
def read_ffmpeg(path: Path) -> object:
    """What the process of its own does, here: so that the mutator sees the decoder's code, and deaths are found."""
    from tecla.io.decoding import decode_mono

    return sum(len(block) for block in decode_mono(path))


@reads("midi", ".mid")
def read_midi(path: Path) -> object:
    from tecla.io.midi import load_midi

    return load_midi(path)


@reads("musicxml", ".musicxml")
@reads("mxl", ".mxl")
def read_musicxml(path: Path) -> object:
    from tecla.io.musicxml import load_musicxml
    from tecla.io.xmlwriter import score_to_xml
    from tecla.music.playing import play_score

    score = load_musicxml(path)
    return score_to_xml(score), play_score(score)


@reads("abc", ".abc")
def read_abc(path: Path) -> object:
    from tecla.io.abc import load_abc
    from tecla.io.abc_play import tune_to_performance

    return [tune_to_performance(tune) for tune in load_abc(path)]


@reads("json", ".json")
def read_json(path: Path) -> object:
    from tecla.io.notes import load_json

    return load_json(path)


@reads("csv", ".csv")
def read_csv(path: Path) -> object:
    from tecla.io.notes import load_csv

    return load_csv(path)


@reads("verovio", ".musicxml")
def read_verovio(path: Path) -> object:
    """A page of whatever the reader of MusicXML lets through, drawn here and not in a process of its own."""
    from tecla.io.musicxml import load_musicxml
    from tecla.io.xmlwriter import score_to_xml
    from tecla.rendering.verovio_process import answer

    return list(answer({"follow": True}, score_to_xml(load_musicxml(path)).encode()))


def seeds(name: str) -> Iterator[bytes]:
    """Small good files of a reader's kind, made here."""
    from tecla.io.midi import save_midi
    from tecla.io.musicxml import save_musicxml
    from tecla.io.notes import save_csv, save_json
    from tecla.music import Performance

    played = Performance.from_arrays(
        [0.1, 0.5, 0.9, 1.3], [0.4, 0.8, 1.2, 2.1], [60, 64, 67, 48], 70, controls=[(0.3, 64, 90), (1.0, 64, 0)]
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"seed{READERS[name][0]}"
        if name == "abc":
            yield b"X:1\nT:" + b"9" * 5000 + b"\nK:C\nC|\n"  # digits for the mutator to carry to where numbers stand
            yield b'X:1\nT:a\nM:6/8\nL:1/8\nQ:3/8=80\nK:D dor\n|:"Am"A2B {g}c>d (3efg|[1 [CE]2 z4:|[2 ^F,6|]\n'
        elif name in ("audio", "ffmpeg"):
            yield from sounds()
        elif name in ("musicxml", "mxl", "verovio"):
            from tecla.engraving import Wishes, engrave

            save_musicxml(engrave(played, Wishes()), path)
        elif name in (saved := {"midi": save_midi, "json": save_json, "csv": save_csv}):
            saved[name](played, path)
        else:
            yield from fuzz_weights.seeds(name)
        if path.exists():
            yield path.read_bytes()


def sounds() -> Iterator[bytes]:
    """A tenth of a second of a tone in every kind of file that FFmpeg writes without other libraries."""
    import av
    import soundfile

    tone = (0.3 * np.sin(np.arange(4410) * 0.05)).astype(np.float32)[None]
    vorbis = io.BytesIO()
    soundfile.write(vorbis, tone[0], 44_100, format="OGG", subtype="VORBIS")
    yield vorbis.getvalue()
    for format_, codec in (
        ("wav", "pcm_s16le"), ("flac", "flac"), ("mp3", "libmp3lame"), ("ogg", "libopus"), ("mp4", "aac"),
        ("matroska", "aac"), ("aiff", "pcm_s16be"), ("caf", "pcm_s16be"), ("au", "pcm_s16be"), ("asf", "wmav2"), ("w64", "pcm_s24le"),
        ("ac3", "ac3"), ("avi", "mp3"), ("adts", "aac"),
    ):  # fmt: skip
        target = io.BytesIO()
        try:
            with av.open(target, "w", format=format_) as container:
                stream: Any = container.add_stream(codec, rate=48_000 if codec == "libopus" else 44_100, layout="mono")
                stream.bit_rate = 64_000
                frame = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
                frame.sample_rate = 44_100
                for packet in [*stream.encode(frame), *stream.encode(None)]:
                    container.mux(packet)
        except (av.FFmpegError, ValueError) as error:
            print(f"no {format_} ({codec}): {error}", file=sys.stderr)
            continue
        yield target.getvalue()


def fuzz_here(reader: str, arguments: list[str]) -> None:
    """The child: libFuzzer's own loop, which never returns."""
    import atheris

    with atheris.instrument_imports(include=["tecla"]):
        from tecla.errors import TeclaError

        suffix, read = READERS[reader]
        folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        for number, data in enumerate(seeds(reader)):  # imports everything while instrumentation is on
            (folder / f"seed-{number}{suffix}").write_bytes(data)
            read(folder / f"seed-{number}{suffix}")
    warnings.simplefilter("ignore")
    numbers = itertools.count()

    def one_input(data: bytes) -> None:
        # Networks stay open in their process by name and time of change, and many inputs come within one tick of the clock.
        path = folder / f"input{next(numbers) if suffix == '.onnx' else ''}{suffix}"
        path.write_bytes(data)
        try:
            with suppress(TeclaError):
                read(path)
        finally:
            path.unlink()

    atheris.Setup([sys.argv[0], *arguments], one_input)
    atheris.Fuzz()


def fuzz(reader: str, inputs: int, keep: Path) -> None:
    """The parent: children until enough inputs were read, and a line that says what was found. Asked again, it goes on."""
    folder = keep / reader
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds(reader)):
        (corpus / f"seed-{number}").write_bytes(data)
    words = folder / "words.txt"
    words.write_text("".join(f'"{word}"\n' for word in WORDS))
    largest = max(path.stat().st_size for path in corpus.glob("seed-*"))
    seen = tally(folder)
    while seen["inputs"] < inputs and seen["found"] < MOST_FOUND:
        limits = [
            *LIMITS,
            f"-runs={min(inputs - seen['inputs'], PART)}",
            f"-max_len={4 * largest}",
            f"-seed={seen['parts'] + 1}",
            f"-artifact_prefix={folder}/",
            f"-dict={words}",
        ]
        command = [sys.executable, __file__, "--child", reader, *limits, str(corpus)]
        child = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        text = child.stdout + f"\nreturned {child.returncode}\n".encode()
        (folder / f"log-{seen['parts']:04d}.txt").write_bytes(text)
        seen = tally(folder)
    slowest = f"slowest under {seen['slowest_sec'] + 1} s, peak {seen['peak_mb']} MB"
    print(f"{reader:9s} {seen['inputs']:7d} inputs: {seen['found']} found, {slowest}", flush=True)


def tally(folder: Path) -> dict[str, int]:
    """What the children that have ended in this folder did, this time or before."""
    logs = [path.read_text("utf-8", "replace") for path in sorted(folder.glob("log-*.txt"))]
    stats = [{name: int(value) for name, value in re.findall(r"stat::(\w+):\s+(\d+)", text)} for text in logs]
    return {
        "parts": len(logs),
        "inputs": sum(max(part.get("number_of_executed_units", 0), 1) for part in stats),
        "found": sum(not text.endswith("returned 0\n") for text in logs),
        "slowest_sec": max((part.get("slowest_unit_time_sec", 0) for part in stats), default=0),
        "peak_mb": max((part.get("peak_rss_mb", 0) for part in stats), default=0),
    }


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        fuzz_here(sys.argv[2], sys.argv[3:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("readers", nargs="*", default=list(READERS), metavar="READER", help=f"of {', '.join(READERS)}; all unless named")
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"))
    options = parser.parse_args()
    for reader in options.readers:
        fuzz(reader, options.inputs, options.keep.absolute())


if __name__ == "__main__":
    main()
