"""Held-out music on a piano that no network here has heard, a soundfont's, played by FluidSynth: pairs to judge on.

    python benchmarks/held_out_piano.py MAESTRO_FOLDER FluidR3_GM.sf2 OUT_FOLDER [--pieces 20] [--seconds 60]
    tecla evaluate transcriber --corpus folder:OUT_FOLDER

Writes PIECE.wav and PIECE.mid, a stretch of one performance each, of as many compositions of MAESTRO's validation split.
"""

import argparse
import subprocess
from pathlib import Path

from tecla.corpora import maestro
from tecla.io.midi import load_midi, save_midi
from tecla.music import Performance
from tecla.training.examples import excerpt

FIRST_SEC, LAST_SEC = 0.2, 1.0  # no note begins nearer to the ends
BEGIN_SHARE = 0.3  # of a performance that goes before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("maestro", type=Path)
    parser.add_argument("soundfont", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--pieces", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    compositions: set[str] = set()
    for take in maestro.load(options.maestro).of_split("validation").recordings[::3]:
        if take.composition in compositions or len(compositions) == options.pieces:
            continue
        whole = load_midi(take.midi)
        if whole.duration_sec < 1.5 * options.seconds:
            continue
        compositions.add(take.composition)
        midi = options.out / f"p{len(compositions) - 1:02d}.mid"
        save_midi(stretch(whole, options.seconds), midi)
        sound = midi.with_suffix(".wav")
        subprocess.run(["fluidsynth", *"-ni -q -r 44100 -g 0.4 -R 1 -F".split(), sound, options.soundfont, midi], check=True)
        print(midi, take.name, flush=True)


def stretch(whole: Performance, seconds: float) -> Performance:
    """The stretch that is played: its notes, and the pedal from its beginning."""
    heard = excerpt(whole, BEGIN_SHARE * whole.duration_sec, seconds, 1.0)
    onset_sec, moved_sec = heard.notes["onset_sec"], heard.controls["time_sec"]
    return Performance(heard.notes[(onset_sec >= FIRST_SEC) & (onset_sec < seconds - LAST_SEC)], heard.controls[moved_sec >= 0])


if __name__ == "__main__":
    main()
