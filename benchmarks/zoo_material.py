"""What the networks of benchmarks/zoo.py learn from and are judged by, made once and kept in a folder.

Lessons are batches of two stretches of MAESTRO's training performances, rendered on sampled pianos, and one of MAPS' software pianos. Three
kinds: "all"; "one-piano" (the same performances on the first piano alone); "dry" (all pianos, without rooms, microphones, noise, overload).
Takes: "choice" renders of other training performances, by which each network's onset threshold is chosen; "renders" of validation
performances, in other rooms; "real" the first half minute of real recordings. All from the same seed, for every network the same.
What is kept is sound, with its targets drawn in every style, so that other features and other targets are of the same sound.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tecla.corpora import load_corpus
from tecla.corpora.corpus import Recording
from tecla.io.audio import load_audio
from tecla.io.midi import load_midi
from tecla.music import Performance
from tecla.music.performance import CONTROL, NOTE
from tecla.training.acoustics import World, active_rms
from tecla.training.examples import ExampleConfig, Examples
from tecla.training.material import Share
from tecla.training.sampled_piano import load_banks
from tecla.training.sound import Sound
from tecla.training.stored import load_stored, save_stored
from tecla.training.validation import Take, recorded_takes, rendered_takes
from tecla.transcription.level import NOMINAL_DB
from tecla.transcription.targets import Style

KINDS = ("all", "one-piano", "dry")
STYLES: tuple[Style, ...] = ("sub-frame", "soft", "grid")
LESSON_FRAMES, TAKE_FRAMES = 200, 500
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Sounding:
    """The sound of a batch, and its targets: those of keys by style."""

    samples: Tensor
    keys: dict[str, Tensor]
    pedals: Tensor


@dataclass(frozen=True)
class Lesson:
    """A batch as every network gets it."""

    features: Tensor
    keys: Tensor
    pedals: Tensor


class Lessons(torch.utils.data.Dataset[Lesson]):
    """The same lessons over and over, in an order that depends on the number alone."""

    def __init__(self, made: Sequence[Lesson]) -> None:
        self.made = made

    def __getitem__(self, number: int) -> Lesson:
        epoch, place = divmod(number, len(self.made))
        return self.made[int(np.random.default_rng(epoch).permutation(len(self.made))[place])]


@dataclass(frozen=True)
class Material:
    """Lessons to learn from, and lessons to see by how learning goes."""

    lessons: list[Lesson]
    held_out: list[Lesson]


class Dry(World):
    """Sound as it leaves the piano, at its level."""

    def __call__(self, dry: Tensor, lift: Tensor | None, key_noise: Tensor | None, recorded: Tensor, relative_db: Tensor) -> Tensor:  # noqa: D102
        return dry / active_rms(dry) * 10 ** ((relative_db[:, None] + NOMINAL_DB) / 20)


def load_material(options: argparse.Namespace, kind: str, picture: Any) -> Material:
    """Lessons from the folder of the run, made where they are missing."""
    path = _folder(options) / f"sound-{kind}.safetensors"
    parts = _kept(path, lambda: [[vars(one) for one in part] for part in _make_sound(options, kind)])
    learned, held_out = ([Sounding(**one) for one in part] for part in parts)
    seen = iter(_kept(path.with_stem(f"{path.stem}-{type(picture).__name__}"), lambda: _look([*learned, *held_out], picture)))
    lessons, judged = ([Lesson(next(seen), one.keys[options.targets], one.pedals) for one in part] for part in (learned, held_out))
    return Material(lessons[: options.lessons], judged)


def load_takes(options: argparse.Namespace) -> dict[str, list[Take]]:
    """Takes by name, made where they are missing."""
    return read_takes(_folder(options), lambda: {name: [_apart(take) for take in part] for name, part in _make_takes(options).items()})


def read_takes(folder: Path, make: Any = None) -> dict[str, list[Take]]:
    """Takes by name, out of the folder that `load_takes` keeps them in."""
    return {name: [_together(**take) for take in part] for name, part in _kept(folder / "takes.safetensors", make).items()}


def _apart(take: Take) -> dict[str, Tensor]:
    """A take as tensors; its notes and controls as the bytes that they are."""
    rows = {"notes": take.played.notes, "controls": take.played.controls}
    return {
        "samples": take.samples,
        **{name: torch.from_numpy(np.frombuffer(array.tobytes(), np.uint8).copy()) for name, array in rows.items()},
    }


def _together(samples: Tensor, notes: Tensor, controls: Tensor) -> Take:
    return Take(Performance(notes.numpy().view(NOTE), controls.numpy().view(CONTROL)), samples)


def _folder(options: argparse.Namespace) -> Path:
    folder: Path = options.material or options.out / "material"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@torch.no_grad()
def _look(made: list[Sounding], picture: Any) -> list[Tensor]:
    return [picture(one.samples).half() for one in made]


def _kept(path: Path, make: Any) -> Any:
    if make is not None and not path.exists():
        save_stored(make(), path)
    return load_stored(path)


def _make_sound(options: argparse.Namespace, kind: str) -> tuple[list[Sounding], list[Sounding]]:
    maestro = load_corpus(f"maestro:{options.maestro}")
    recorded = _recorded(load_corpus(f"maps:{options.maps_synth}").of_split("train").recordings[::4]) if options.maps_synth else Share()
    config = ExampleConfig(options.seed, LESSON_FRAMES, rendered=2, recorded=1 if recorded.recorded else 0)
    banks = load_banks(options.pianos, None if kind != "one-piano" else _first_piano(options.pianos))
    begins = torch.tensor(np.cumsum([0, *(len(sound) for sound in recorded.sounds)]))
    joined = torch.from_numpy(np.concatenate([*recorded.sounds, np.zeros(2, np.int16)]))

    @torch.no_grad()
    def make(performances: list[Performance], number: int, seed: int) -> list[Sounding]:
        own = replace(config, seed=seed)
        sound = Sound(own, banks, joined, begins, Dry if kind == "dry" else World)
        drawn = {style: Examples(replace(own, style=style), performances, recorded.recorded) for style in STYLES}
        made = []
        for place in range(number):
            batches = {style: examples[place] for style, examples in drawn.items()}
            batch = batches["sub-frame"]
            made.append(Sounding(sound(batch), {style: one.keys for style, one in batches.items()}, batch.pedals))
        return made

    train = _performances(maestro.of_split("train").recordings[:: options.every])
    return make(train, options.lessons, options.seed), make(
        _performances(maestro.of_split("validation").recordings[3::12]), 6, options.seed + 7
    )


def _make_takes(options: argparse.Namespace) -> dict[str, list[Take]]:
    maestro = load_corpus(f"maestro:{options.maestro}")
    config = ExampleConfig(options.seed + 1, TAKE_FRAMES)
    sound = Sound(config, load_banks(options.pianos), torch.zeros(2, dtype=torch.int16), torch.tensor([0]))

    def rendered(takes: Sequence[Recording], seed: int) -> list[Take]:
        own = replace(config, seed=seed)  # the number of what is rendered is always the same: only the seed makes another room
        return rendered_takes(Share(_performances(takes)), Sound(own, sound.banks, sound.recordings, sound.begins), own)

    held_out = maestro.of_split("validation").recordings
    takes = {
        "choice": rendered(maestro.of_split("train").recordings[1 :: len(maestro.of_split("train").recordings) // 8][:8], options.seed + 2),
        "renders": [*rendered(held_out[::12], options.seed + 3), *rendered(held_out[6::12], options.seed + 4)],
    }
    if options.maps:
        takes["real"] = recorded_takes(_recorded(load_corpus(f"maps:{options.maps}").of_split("test").recordings))
    return takes


def _performances(takes: Sequence[Recording]) -> list[Performance]:
    return [load_midi(take.midi) for take in takes]


def _recorded(takes: Sequence[Recording]) -> Share:
    found = [(load_midi(take.midi), load_audio(take.audio, 16000)) for take in takes if take.audio is not None]
    return Share(recorded=[played for played, _ in found], sounds=[(sound.clip(-1, 1) * 32767).astype(np.int16) for _, sound in found])


def _first_piano(folder: Path) -> list[str]:
    return [min(folder.glob("*/bank.json")).parent.name]
