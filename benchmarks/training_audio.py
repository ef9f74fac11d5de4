"""How fast training audio is made: python benchmarks/training_audio.py [cpu|cuda] [THREADS]

Renders batches of random textures on the piano that comes with tecla, through rooms, microphones and noise, and prints seconds of
sound a second, beside what batches, features and one step of the full network cost on the same device.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from tecla.models.features import Spectrogram
from tecla.training import loop
from tecla.training.examples import ExampleConfig, Examples
from tecla.training.home_piano import write_home_piano
from tecla.training.loop import LoopConfig
from tecla.training.run import choose_device
from tecla.training.transcriber import make_loss, make_network, make_sound

ROUNDS = 3


def median_sec(work: Callable[[int], Any], device: torch.device) -> float:
    """Median seconds of a few rounds, after one to warm up; `work` takes the round's number."""
    took = []
    for number in range(ROUNDS + 1):
        begin = time.perf_counter()
        work(number)
        if device.type == "cuda":
            torch.cuda.synchronize()
        took.append(time.perf_counter() - begin)
    return sorted(took[1:])[ROUNDS // 2]


def main() -> None:
    device = choose_device(sys.argv[1] if len(sys.argv) > 1 else None)
    torch.set_num_threads(int(sys.argv[2]) if len(sys.argv) > 2 else torch.get_num_threads())
    config = ExampleConfig(n_frames=500, rendered=32 if device.type == "cuda" else 4, recorded=0)
    with tempfile.TemporaryDirectory() as folder:
        sound = make_sound(config, write_home_piano(Path(folder)), [], device)
    examples, spectrogram, audio_sec = Examples(config, [], []), Spectrogram().to(device), config.rendered * config.n_frames / 50
    batches = [examples[number].to(device) for number in range(ROUNDS + 1)]
    audio = sound(batches[0])
    schedule = LoopConfig()
    state, loss = loop.new_state(make_network(), schedule, device), make_loss(sound, device)
    parts = {
        "a batch's notes and labels": lambda number: examples[number],
        "its sound": lambda number: sound(batches[number]),
        "features": lambda _: spectrogram(audio),
        "a whole step": lambda number: loop.learn(state, batches[number], loss, 1e-4, schedule, device),
    }
    print(f"{device}, {torch.get_num_threads()} threads, batches of {config.rendered} x {config.n_frames / 50:.0f} s")
    for name, work in parts.items():
        took = median_sec(work, device)
        print(f"{name:27} {took:7.3f} s  {audio_sec / took:7.0f} x real time")


if __name__ == "__main__":
    main()
