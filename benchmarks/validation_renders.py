"""Held-out music on the training pianos, in rooms and through microphones as in training: pairs to calibrate and to judge on.

    python benchmarks/validation_renders.py MAESTRO_FOLDER PIANOS_FOLDER OUT_FOLDER [--pieces 40] [--seconds 45] [--seed 1]
    python benchmarks/validation_renders.py improvised PIANOS_FOLDER OUT_FOLDER    pieces made up on the spot: nobody's music

Writes PIECE.flac and PIECE.mid, a stretch of one performance of MAESTRO's validation split each: a corpus for `folder:OUT_FOLDER`.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from tecla.corpora import maestro
from tecla.io.audio import save_audio
from tecla.io.midi import load_midi, save_midi
from tecla.music import Performance
from tecla.training.examples import PRE_ROLL_SEC, Batch, ExampleConfig, excerpt, note_table
from tecla.training.improvised import improvised
from tecla.training.transcriber import make_sound
from tecla.transcription.features import FRAME_RATE, MARGIN_SAMPLES, SAMPLE_RATE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("music")
    parser.add_argument("pianos", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--pieces", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=45.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    config = ExampleConfig(options.seed, int(options.seconds * FRAME_RATE), rendered=1, recorded=0)
    sound = make_sound(config, options.pianos, [], torch.device("cpu"))
    for number, (name, whole) in enumerate(performances(options.music, options.pieces, 3 * config.sound_sec)):
        stem = options.out / name
        if stem.with_suffix(".mid").exists():
            continue
        rng = np.random.default_rng([options.seed, number])
        played = excerpt(whole, rng.uniform(0, max(0.0, whole.duration_sec - config.sound_sec)), config.sound_sec, 1.0)
        table, lift = note_table([played], config.sound_sec, rng)
        none, unused = torch.zeros(0), torch.zeros(1, 1, 1, 1)
        samples = sound(Batch((1 << 31) + number, table, lift, torch.zeros(1), none.long(), none, none, unused, unused))[0].numpy()
        heard = played.shifted(-PRE_ROLL_SEC)
        onset_sec = heard.notes["onset_sec"]
        kept = heard.notes[(onset_sec >= 0) & (onset_sec < options.seconds)]
        moves = heard.controls.copy()
        moves["time_sec"] = np.maximum(moves["time_sec"], 0.0)
        samples = samples[MARGIN_SAMPLES : MARGIN_SAMPLES + int(options.seconds * SAMPLE_RATE)]
        save_audio(stem.with_suffix(".flac"), samples / max(1.0, np.abs(samples).max()), SAMPLE_RATE)
        save_midi(Performance(kept, moves), stem.with_suffix(".mid"))
        print(stem.name, len(kept), flush=True)


def performances(music: str, pieces: int, duration_sec: float) -> Iterator[tuple[str, Performance]]:
    """Names and performances: evenly spread over MAESTRO's validation split, or made up from seeds that no training begins with."""
    if music == "improvised":
        yield from ((f"improvised{number:03d}", improvised(np.random.default_rng([7, number]), duration_sec)) for number in range(pieces))
        return
    takes = maestro.load(Path(music)).of_split("validation").recordings
    for i in np.linspace(0, len(takes) - 1, pieces).astype(int):
        yield Path(takes[i].name).name, load_midi(takes[i].midi)


if __name__ == "__main__":
    main()
