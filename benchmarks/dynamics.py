"""Fits the `dynamics` entry of a transcriber's card: what the network heard of a stroke and how loud its passage is -> velocity.

    python benchmarks/dynamics.py --pianos pianos-16k --corpus maestro:maestro-v3.0.0 --corpus maps:maps-synth --batches 100

Prints the line that fits rendered and recorded training music best (least squares), the mean error with and without it, and the
entry. `--steeper` multiplies the weight of the passage's level after the fit, as microphones and rooms of the renders differ more than
one take's do; together with the square it was chosen on development recordings.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from tecla.training.examples import Batch, ExampleConfig, Examples
from tecla.training.material import load_material
from tecla.training.sound import Sound
from tecla.training.transcriber import make_sound
from tecla.transcription.decode import velocity_at
from tecla.transcription.features import HOP_SAMPLES, MARGIN_SAMPLES, SAMPLE_RATE, spectrogram
from tecla.transcription.level import NOMINAL_DB, block_power, loud_part_of, passage_db
from tecla.transcription.network import Network, find_weights
from tecla.transcription.targets import EVENT_REACH_FRAMES

ONSET, VELOCITY = 0, 1


def main() -> None:
    arguments = parse()
    material = load_material(arguments.corpus)
    config = ExampleConfig(arguments.seed, 500, rendered=5, recorded=3 if material.train.recorded else 0)
    sound = make_sound(config, arguments.pianos, material.train.sounds, torch.device("cpu"))
    examples = Examples(config, material.train.performances, material.train.recorded)
    network = Network(find_weights(arguments.model))
    heard = np.concatenate([notes_of(examples[number], sound, network) for number in range(arguments.batches)])
    print(json.dumps(fit(heard, arguments.steeper), indent=1))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pianos", type=Path, required=True)
    parser.add_argument("--corpus", action="append", default=[], help="none: improvised pieces")
    parser.add_argument("--model", default="default")
    parser.add_argument("--batches", type=int, default=100)
    parser.add_argument("--steeper", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=11)
    return parser.parse_args()


def notes_of(batch: Batch, sound: Sound, network: Network) -> NDArray[np.float64]:
    """(N, 4): log odds of the velocity heard, passage in dB, key index, velocity played 0..1; one row a struck note."""
    rows = []
    for samples, keys in zip(sound(batch).numpy(), batch.keys.float().numpy(), strict=True):
        activations = network(spectrogram(samples)).keys
        frame, key = np.nonzero(keys[..., ONSET] >= 1 - 0.5 / EVENT_REACH_FRAMES - 1e-3)
        inside = (frame > 1) & (frame < len(keys) - 2)
        frame, key = frame[inside], key[inside]
        velocity = np.clip(velocity_at(activations, frame, key), 0.01, 0.99)
        power = block_power([samples])
        # Levels here are those of the take already: its loud part is at the nominal one, not this stretch's.
        level_db = passage_db(power, (frame * HOP_SAMPLES + MARGIN_SAMPLES) / SAMPLE_RATE) + loud_part_of(power) - NOMINAL_DB
        rows.append(np.stack([np.log(velocity / (1 - velocity)), np.clip(level_db, -60, 10), key, keys[frame, key, VELOCITY]], 1))
    return np.concatenate(rows)


def fit(heard: NDArray[np.float64], steeper: float) -> dict[str, float]:
    """Least squares for the line, then for what its square is worth."""
    log_odds, level_db, key, played = heard.T
    terms = np.stack([np.ones(len(heard)), log_odds, level_db / 20, (key - 44) / 44], 1)
    line = np.linalg.lstsq(terms, played, rcond=None)[0]
    for name, columns in (("without the level", [0, 1]), ("with it", [0, 1, 2, 3])):
        part = np.linalg.lstsq(terms[:, columns], played, rcond=None)[0]
        print(f"{len(heard)} notes, mean error {name}: {127 * np.abs(terms[:, columns] @ part - played).mean():.2f} steps of velocity")
    line[2] *= steeper
    squared = np.maximum(terms @ line, 0) ** 2
    least, span = np.linalg.lstsq(np.stack([np.ones(len(heard)), squared], 1), played, rcond=None)[0]
    return dict(zip(("rest", "heard", "level", "key", "least", "span"), np.round([*line, least, span], 3).tolist(), strict=True))


if __name__ == "__main__":
    main()
