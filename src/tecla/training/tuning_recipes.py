"""What can be tuned: networks, the sizes between which each is looked for, and the bench on which its trials are compared.

Every bench reads all its data before the first trial, and judges by what no trial learned from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset

from tecla.corpora import Corpus, load_corpus
from tecla.corpora.corpus import Recording
from tecla.errors import InputError, OptionError
from tecla.io.audio import load_audio
from tecla.io.midi import load_midi
from tecla.models.crnn import CRNN, CRNNConfig
from tecla.models.line import LineConfig
from tecla.models.se_unet import SEUNet
from tecla.models.transformer import Transformer, TransformerConfig
from tecla.models.unet import UNet, UNetConfig
from tecla.models.unet_bilstm import UNetBiLSTM, UNetBiLSTMConfig
from tecla.training.examples import ExampleConfig, Examples
from tecla.training.home_piano import write_home_piano
from tecla.training.loop import Loss
from tecla.training.material import load_material
from tecla.training.networks import OWN, make_piano_network, standardise
from tecla.training.sampled_piano import load_banks
from tecla.training.transcriber import first_features, make_loss, make_sound
from tecla.training.validation import Validation
from tecla.training.voice import LineExamples, LineMix, line_loss, make_line_network
from tecla.training.voice_classes import ClipBatches, believe, class_loss, load_clips
from tecla.training.voice_validation import LineValidation
from tecla.transcription.features import SAMPLE_RATE

HELD_OUT_IN: Final = 5  # of the training clips, one in so many judges: the validation clips are nobody's to choose by


@dataclass(frozen=True)
class TuneOptions:
    """What a search is asked for; `storage` is a .journal or .db file, or the address of a database."""

    recipe: str
    trials: int
    storage: str
    corpora: tuple[str, ...] = ()
    pianos: str | None = None
    steps: int = 200
    batch: int = 4
    n_frames: int = 250
    seed: int = 0


@dataclass(frozen=True)
class Bench:
    """What the trials of a search share: batches by number, the loss, who judges (higher is better), and what a new network gets."""

    batches: Dataset[Any]
    loss: Loss
    judge: Callable[[nn.Module], float]
    prepare: Callable[[nn.Module], None] = lambda network: None


def piano_bench(options: TuneOptions) -> Bench:
    """Rendered and recorded pianos; note onset F1 of held-out ones, at the threshold that suits each network best."""
    material, device = load_material(options.corpora), torch.device("cpu")
    share = material.train
    if options.corpora and not (share.performances or share.recorded):
        raise InputError(f"{', '.join(options.corpora)} hold no notes to learn from: tecla corpora audit says what is wrong")
    if options.corpora and not (material.validation.performances or material.validation.recorded):
        raise InputError(f"{', '.join(options.corpora)} hold nothing to judge by: add a corpus with a validation split")
    recorded = options.batch // 3 if share.recorded else 0
    config = ExampleConfig(options.seed, options.n_frames, rendered=options.batch - recorded, recorded=recorded)
    pianos = Path(options.pianos).expanduser() if options.pianos else write_home_piano(Path(options.storage).absolute().parent / "pianos")
    sound = make_sound(config, pianos, share.sounds, device)
    validation = Validation(material.validation, sound, config)
    examples = Examples(config, share.performances or share.recorded, share.recorded)
    features = first_features(examples, sound, device)
    return Bench(
        examples, make_loss(sound, device), lambda network: validation(network)["onset_f1"], lambda network: standardise(network, features)
    )


def line_bench(options: TuneOptions) -> Bench:
    """Made-up singing, lines on pianos and clips of the voice corpus if they are named; note onset F1 of other lines and clips."""
    learned, judged = _clips(options) if options.corpora else ([], [])
    rest = max(1, options.batch // 4)
    mix = LineMix(options.seed, pool=max(1, min(32, options.steps // 2)), sung=max(1, options.batch - 2 * rest), piano=rest, recorded=rest)
    banks = load_banks(Path(options.pianos).expanduser()) if options.pianos else None
    clips = [(load_audio(take.audio, SAMPLE_RATE), load_midi(take.midi)) for take in learned if take.audio is not None]
    return Bench(LineExamples(mix, banks, clips), line_loss, LineValidation(judged))


def clip_bench(options: TuneOptions) -> Bench:
    """The voice corpus' own task, silence and three notes; frame accuracy of training clips that were kept back."""
    if not options.corpora:
        raise OptionError(f"{options.recipe} learns from the voice corpus: give --corpus voice:FOLDER")
    clips, judged = (load_clips(takes) for takes in _clips(options))

    def judge(network: nn.Module) -> float:
        return float(np.mean(believe(network, judged.features).argmax(-1) == judged.classes.numpy()))

    def prepare(network: Any) -> None:
        network.standardise.fit(clips.features)

    return Bench(ClipBatches(clips, options.batch, options.seed), class_loss("both"), judge, prepare)


def _clips(options: TuneOptions) -> tuple[list[Recording], list[Recording]]:
    """The training clips of the voice corpus, those to learn from and those to judge by."""
    corpora: list[Corpus] = [load_corpus(spec) for spec in options.corpora]
    takes = [take for corpus in corpora if corpus.name == "voice" for take in corpus.of_split("train").recordings if take.audio is not None]
    learned, judged = [take for i, take in enumerate(takes) if i % HELD_OUT_IN], takes[::HELD_OUT_IN]
    if len(learned) < options.batch or not judged:
        raise InputError(
            f"{', '.join(options.corpora)} hold {len(takes)} sung clips to train on: name the voice corpus (voice:FOLDER), whole"
        )
    return learned, judged


@dataclass(frozen=True)
class Recipe:
    """A network that can be tuned: how it is made from whole numbers, between which values each is looked for, and on which bench."""

    make: Callable[..., nn.Module]
    sizes: Mapping[str, tuple[int, int]]
    bench: Callable[[TuneOptions], Bench] = piano_bench
    measure: str = "onset F1"


def _clip_recipe(network: Any, config: Any, sizes: Mapping[str, tuple[int, int]]) -> Recipe:
    """A network of four classes, 24 ms a frame, as the shipped one."""
    make = partial(config, stride=4)
    return Recipe(lambda **chosen: network(make(**chosen)), {"channels": (4, 16), **sizes}, clip_bench, "frame accuracy")


def _piano_recipe(name: str, **sizes: tuple[int, int]) -> Recipe:
    return Recipe(partial(make_piano_network, name), sizes)


RECIPES: Final[Mapping[str, Recipe]] = {
    "transcriber": _piano_recipe(
        OWN, channels=(16, 48), blocks=(2, 6), mix_channels=(2, 12), memory=(16, 64), pedal_memory=(16, 48)
    ),
    "hppnet": _piano_recipe("hppnet", channels=(4, 16), wide=(16, 64), memory=(16, 64)),
    "hcqt-hppnet": _piano_recipe("hcqt-hppnet", channels=(8, 32), blocks=(1, 4), memory=(16, 64)),
    "onsets-frames": _piano_recipe("onsets-frames", channels=(8, 32), embedding=(64, 256), memory=(32, 128)),
    "kong-regression": _piano_recipe("kong-regression", embedding=(48, 192), memory=(24, 96)),
    "crnn": _piano_recipe("crnn", channels=(8, 32), embedding=(64, 256), memory=(48, 192), layers=(1, 2)),
    "transformer": Recipe(
        lambda sixteens, **sizes: make_piano_network("transformer", width=16 * sixteens, **sizes),
        {"sixteens": (4, 16), "channels": (8, 32), "layers": (1, 4)},
    ),
    "unet": _piano_recipe("unet", channels=(4, 16), embedding=(96, 384), depth=(2, 4)),
    "unet-bilstm": _piano_recipe("unet-bilstm", channels=(4, 16), embedding=(64, 256), memory=(48, 192)),
    "se-unet": _piano_recipe("se-unet", channels=(4, 16), embedding=(96, 384), depth=(2, 4)),
    "voice": Recipe(
        lambda **sizes: make_line_network(LineConfig(**sizes)),
        {"channels": (8, 24), "mix_channels": (2, 6), "blocks": (1, 4), "whole": (24, 96), "memory": (24, 96)},
        line_bench,
    ),
    "voice-crnn": _clip_recipe(CRNN, CRNNConfig, {"embedding": (24, 96), "memory": (32, 128), "layers": (1, 3)}),
    "voice-transformer": _clip_recipe(
        Transformer, lambda **sizes: TransformerConfig(width=16 * sizes.pop("sixteens"), **sizes),
        {"sixteens": (2, 8), "layers": (1, 4)},
    ),
    "voice-unet": _clip_recipe(UNet, UNetConfig, {"embedding": (48, 192), "depth": (2, 4)}),
    "voice-unet-bilstm": _clip_recipe(UNetBiLSTM, UNetBiLSTMConfig, {"embedding": (48, 192), "memory": (32, 128)}),
    "voice-se-unet": _clip_recipe(SEUNet, UNetConfig, {"embedding": (48, 192), "depth": (2, 4)}),
}  # fmt: skip
