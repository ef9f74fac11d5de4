"""A piano that no network has heard: a honky-tonk made of two detuned uprights, revoiced, in a small room, on a telephone.

    python benchmarks/own_piano.py MAESTRO_FOLDER PIANOS_FOLDER OUT_FOLDER [--minutes 10] [--seed 3]
    tecla corpora add OUT/phone OUT/yamaha -o OUT/mine
    tecla train transcriber --init pretrained --corpus OUT/mine -o OUT/run
    tecla export OUT/run
    tecla evaluate transcriber --corpus OUT/test --model OUT/run/transcriber.onnx

The instrument: the bank kawai-upright twice, each key's two strings 10 to 30 cents apart (one draw a key, the same in every take), a
hard attack (+10 dB above 3 kHz), a nasal box (+9 dB around 900 Hz, nothing below 150 Hz), a small room (0.25 s), overload, hiss at
-45 dB. The music: performances of MAESTRO's validation split; OUT/test has other compositions than OUT/phone. Each recording begins up
to 15 s before or after its MIDI, and its clock is up to 200 ppm off.
"""

import argparse
from pathlib import Path

import numpy as np
import soxr
import torch

from tecla.corpora import maestro
from tecla.io.audio import save_audio
from tecla.io.midi import load_midi, save_midi
from tecla.music import Performance
from tecla.training.examples import excerpt, note_table
from tecla.training.sampled_piano import Banks, load_banks, render
from tecla.transcription.features import SAMPLE_RATE

TEST_TAKES, TEST_SEC, TAKE_SEC = 8, 45.0, 150.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("maestro", type=Path)
    parser.add_argument("pianos", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    banks = load_banks(options.pianos, ["kawai-upright"])
    takes = {take.composition: take for take in maestro.load(options.maestro).of_split("validation").recordings}
    chosen = list(np.random.default_rng(options.seed).permutation(sorted(takes)))
    own = [takes[name] for name in chosen[: round(60 * options.minutes / TAKE_SEC)]]
    test = [takes[name] for name in chosen[-TEST_TAKES:]]
    for number, take in enumerate(own):
        rng = np.random.default_rng([options.seed, number])
        played = clipped(load_midi(take.midi), 20.0, TAKE_SEC)
        sound = honky_tonk(played, TAKE_SEC + 2, banks, rng)
        lead = 2e-3 * rng.normal(size=int(rng.uniform(1, 15) * SAMPLE_RATE))
        clock = 1 + rng.uniform(-200e-6, 200e-6)
        sound = soxr.resample(np.concatenate([lead, sound]), SAMPLE_RATE, SAMPLE_RATE * clock)
        write(options.out / "phone" / f"REC_{number:04}.wav", sound)
        write(options.out / "yamaha" / f"SONG{number + 17:03}.mid", played.shifted(rng.uniform(0, 15)))
    for number, take in enumerate(test):
        played = clipped(load_midi(take.midi), 10.0, TEST_SEC)
        write(options.out / "test" / f"test{number}.flac", honky_tonk(played, TEST_SEC + 2, banks, np.random.default_rng([9, number])))
        write(options.out / "test" / f"test{number}.mid", played)


def clipped(whole: Performance, begin_sec: float, length_sec: float) -> Performance:
    """The notes that begin in a stretch, from time 0."""
    begin_sec = min(begin_sec, max(0.0, whole.duration_sec - length_sec))
    stretch = excerpt(whole, begin_sec, length_sec, 1.0)
    onset_sec = stretch.notes["onset_sec"]
    moves = stretch.controls.copy()
    moves["time_sec"] = np.maximum(moves["time_sec"], 0.0)
    return Performance(stretch.notes[(onset_sec >= 0) & (onset_sec < length_sec)], moves)


def honky_tonk(played: Performance, length_sec: float, banks: Banks, rng: np.random.Generator) -> np.ndarray:
    """The sound of the instrument, (n,) at 16 kHz."""
    cents = np.random.default_rng(0).uniform(5, 15, 128)  # half the distance of a key's two strings
    table, _ = note_table([played], length_sec, rng)
    sides = []
    for sign in (-1, 1):
        # bank, tuning, spread, range dB, bend, darkening, tilt dB, unevenness dB: columns of random_pianos
        piano = torch.tensor([[0.0, 6.0, 0.0, 30.0, 0.6, 0.1, 2.0, 1.5]])
        detuned = table.pitch + torch.from_numpy(sign * cents[table.pitch.long().numpy()] / 100).float()
        strings = type(table)(**{**vars(table), "pitch": detuned})
        sides.append(render(strings, banks, piano, int(length_sec * SAMPLE_RATE), torch.Generator().manual_seed(0))[0].numpy())
    return telephone(sides[0] + sides[1], rng)


def telephone(dry: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Voicing, room, overload and hiss."""
    room_rng = np.random.default_rng(1)
    n_room = int(0.25 * SAMPLE_RATE)
    room = room_rng.normal(size=n_room) * np.exp(-np.arange(n_room) / (0.05 * SAMPLE_RATE)) * 0.06
    room[0] = 1.0
    size = 1 << (len(dry) + n_room).bit_length()
    hz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    gain = 10 ** (10 / 20 / (1 + np.exp(-(hz - 3000) / 300))) * 10 ** (9 / 20 * np.exp(-(np.log2(np.maximum(hz, 1) / 900) ** 2) / 0.3))
    gain *= 1 / (1 + (150 / np.maximum(hz, 1)) ** 4)
    wet = np.fft.irfft(np.fft.rfft(dry, size) * np.fft.rfft(room, size) * gain, size)[: len(dry)]
    wet = np.tanh(1.5 * wet / np.percentile(np.abs(wet), 99.8))
    return 0.6 * wet + 10 ** (-45 / 20) * rng.normal(size=len(wet))


def write(path: Path, what: np.ndarray | Performance) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(what, Performance):
        save_midi(what, path)
    else:
        save_audio(path, what.astype(np.float32).clip(-1, 1), SAMPLE_RATE)
    print(path, flush=True)


if __name__ == "__main__":
    main()
