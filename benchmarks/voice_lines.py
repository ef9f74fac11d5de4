"""Single lines of any pitch: tecla's network, other weights, pYIN and CREPE (crepe.py) on the same sound.

    python benchmarks/voice_lines.py [--corpus CLIPS_FOLDER] [--split validation] [--model voice.onnx --model pyin ...] [--lines 16]

"lines": made-up singing, whistling and playing of 6 s (tecla.training.singing) that no training draws, dry and through rooms and noise;
note onset F1 within 50 ms, and with ends. "clips": the voice corpus, an octave below its labels, onset F1 within 100 ms (labels are by hand
and some 60 ms off), of those that begin before the sound ends; every note counts, also those of other pitches than the corpus' three.
95 % intervals by bootstrap over lines and clips; behind them, differences from the first model, paired.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from crepe import SIZES, transcribe_by_crepe
from numpy.typing import NDArray

from tecla.corpora import load_corpus
from tecla.corpora.voice import CLIP_SEC, SUNG_OCTAVE
from tecla.evaluation import notes, uncertainty
from tecla.io.audio import load_audio
from tecla.io.midi import load_midi
from tecla.music import Performance
from tecla.training.acoustics import World
from tecla.training.singing import random_line
from tecla.workbench import transcribe

LINE_SEC, SEED = 6.0, 977_000
Take = tuple[NDArray[np.float32], Performance]


def made_up(number: int) -> dict[str, list[Take]]:
    """Lines dry, and the same out in the world."""
    lines = [random_line(np.random.default_rng([SEED, i]), LINE_SEC) for i in range(number)]
    dry = torch.from_numpy(np.stack([line.samples for line in lines]))
    dry = dry / dry.abs().amax(1, keepdim=True) * 0.3
    world = World(torch.device("cpu"), torch.Generator().manual_seed(SEED))
    wet = world(dry, None, None, torch.zeros(number), torch.zeros(number))
    return {
        name: [(samples.numpy(), line.notes) for samples, line in zip(sound, lines, strict=True)]
        for name, sound in (("lines, dry", dry), ("lines, in rooms", wet))
    }


def clips(folder: Path, split: str, every: int) -> list[Take]:
    """Clips of the voice corpus as they are sung."""
    takes = load_corpus(f"voice:{folder}").of_split(split).recordings[::every]
    read = [(load_audio(take.audio, 16000)[: int(16000 * CLIP_SEC)], load_midi(take.midi).notes) for take in takes if take.audio]
    return [(sound, Performance(line[line["onset_sec"] < CLIP_SEC - 0.05]).transposed(SUNG_OCTAVE)) for sound, line in read]


def heard(sound: NDArray[np.float32], model: str) -> Performance:
    """What a model writes down."""
    return transcribe_by_crepe(sound, model) if model in SIZES else transcribe(sound, 16000, mode="voice", model=model)


def judge(takes: list[Take], model: str, tolerance_sec: float) -> dict[str, list[float]]:
    """Onset F1, and with ends, of every take."""
    found = [notes.evaluate(line, heard(sound, model), tolerance_sec=tolerance_sec) for sound, line in takes]
    return {"onset": [m.onset.f1 for m in found], "and end": [m.onset_offset.f1 for m in found]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--split", default="validation")
    parser.add_argument("--every", type=int, default=1, help="take each n-th clip")
    parser.add_argument("--model", action="append")
    parser.add_argument("--lines", type=int, default=16)
    options = parser.parse_args()
    torch.set_num_threads(1)
    groups = made_up(options.lines) if options.lines else {}
    if options.corpus:
        groups["clips"] = clips(options.corpus, options.split, options.every)
    print("| sound | model | onset F1 % | and end |\n|---|---|---|---|")
    for group, takes in groups.items():
        first: dict[str, list[float]] = {}
        for model in options.model or ["default", "pyin"]:
            found = judge(takes, model, 0.1 if group == "clips" else 0.05)
            cells = [_interval(uncertainty.evaluate(values)) for values in found.values()]
            if first:
                cells = [f"{c} ({_interval(uncertainty.paired_difference(found[r], first[r]))})" for c, r in zip(cells, found, strict=True)]
            first = first or found
            print(f"| {group} | {model} | {' | '.join(cells)} |", flush=True)


def _interval(interval: uncertainty.Interval) -> str:
    return f"{100 * interval.mean:.1f} [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"


if __name__ == "__main__":
    main()
