"""How exactly two clocks are brought together: known shifts, drifts and noise put on pairs that lie on each other, and found again.

    python benchmarks/align_clocks.py PAIRS_FOLDER [--takes 12] [--seed 0]

PAIRS_FOLDER as `folder:` takes it, such as benchmarks/validation_renders.py writes. Each sound is preceded by up to 20 s of noise,
recorded by a clock that is up to 0.3 % too fast or too slow, and covered with noise; the MIDI begins anywhere, and its own clock is up to
5 % off. The error is that of the line, in milliseconds of the sound, at its worse end, as it is and less what tecla's ears are late at all
(the median error over the takes).
"""

import argparse
from pathlib import Path

import numpy as np
import soxr

from tecla.corpora import load_corpus
from tecla.corpora.clocks import find_line
from tecla.errors import InputError
from tecla.io.audio import SAMPLE_RATE, array_source, load_audio
from tecla.io.midi import load_midi
from tecla.music import Performance
from tecla.transcription import Transcriber


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--takes", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    takes = load_corpus(f"folder:{options.pairs}").recordings
    takes = [takes[i] for i in np.linspace(0, len(takes) - 1, min(options.takes, len(takes))).astype(int)]
    transcriber, errors_ms = Transcriber.load("default", threads=1), []
    print("noise dB | speed, 1/1000 | shift s | heard | spread ms | mean error ms | drift error ms over the take")
    for number, take in enumerate(takes):
        rng = np.random.default_rng([options.seed, number])
        speed, lead_sec, early_sec = 1 + rng.uniform(-3e-3, 3e-3), rng.uniform(0, 20), rng.uniform(-10, 10)
        tempo = 1 + rng.uniform(-0.05, 0.05)
        snr_db = (np.inf, 20.0, 10.0)[number % 3]
        sound = soxr.resample(load_audio(take.audio), SAMPLE_RATE, SAMPLE_RATE * speed).astype(np.float32)  # longer: slower
        sound = np.concatenate([np.zeros(int(lead_sec * SAMPLE_RATE), np.float32), sound])
        level = 0.0 if snr_db == np.inf else float(np.sqrt((sound**2).mean())) * 10 ** (-snr_db / 20)
        sound = sound + rng.normal(size=len(sound)).astype(np.float32) * np.float32(max(level, 1e-4))
        played = load_midi(take.midi)
        notes = played.notes.copy()
        for name in ("onset_sec", "offset_sec"):
            notes[name] = notes[name] * tempo + early_sec
        heard = transcriber.transcribe(array_source(sound, SAMPLE_RATE).blocks)
        try:
            line = find_line(Performance(notes), heard, len(sound) / SAMPLE_RATE)
        except InputError as error:
            print(f"{snr_db:8.0f} | refused: {error}")
            continue
        ends_sec = played.notes["onset_sec"][[0, -1]]
        true_sec = ends_sec * speed + int(lead_sec * SAMPLE_RATE) / SAMPLE_RATE
        off_ms = 1000 * (line.to_sound(ends_sec * tempo + early_sec) - true_sec)
        errors_ms.append(off_ms)
        print(
            f"{snr_db:8.0f} | {1e3 * (speed / tempo - 1):+13.2f} | {line.shift_sec:+7.2f} | {line.heard_share:5.0%} |"
            f" {1000 * line.spread_sec:9.1f} | {off_ms.mean():+13.2f} | {off_ms[1] - off_ms[0]:+.2f}",
            flush=True,
        )
    off = np.array(errors_ms)
    late_ms = float(np.median(off))
    print(f"worse end of each take: {np.abs(off).max(1).mean():.2f} ms on average, {np.abs(off).max():.2f} ms at worst;")
    print(f"less the ears' {late_ms:+.2f} ms: {np.abs(off - late_ms).max(1).mean():.2f} and {np.abs(off - late_ms).max():.2f} ms")


if __name__ == "__main__":
    main()
