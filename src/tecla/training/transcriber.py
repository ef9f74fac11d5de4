"""The recipe of tecla's own transcriber: its data, its sound, its network, its loss, put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tecla.models.features import Spectrogram
from tecla.models.harmonic import HarmonicConfig
from tecla.training.examples import Batch, ExampleConfig, Examples
from tecla.training.losses import transcription_loss
from tecla.training.networks import OWN, make_piano_network
from tecla.training.sampled_piano import load_banks
from tecla.training.sound import Sound

TEACHER_SHARE: Final = 0.5  # of what is wanted


def make_sound(config: ExampleConfig, banks_folder: Path | None, recordings: Sequence[NDArray[np.int16]], device: torch.device) -> Sound:
    """What makes the audio of the batches: sampled pianos, and recordings as (S,) int16 at 16 kHz."""
    begins = torch.tensor(np.cumsum([0, *(len(r) for r in recordings)]), device=device)
    joined = np.concatenate([*recordings, np.zeros(2, np.int16)])
    banks = load_banks(banks_folder, device=device) if banks_folder is not None else None
    return Sound(config, banks, torch.from_numpy(joined).to(device), begins)


def make_network(name: str = OWN, config: HarmonicConfig | None = None) -> Callable[[], nn.Module]:
    """A maker of networks laid out for convolutions; `config` is for tecla's own."""
    sizes = vars(config) if config else {}
    return lambda: make_piano_network(name, **sizes).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


@torch.no_grad()
def first_features(examples: Examples, sound: Sound, device: torch.device, n_batches: int = 4) -> Tensor:
    """Features of the first batches, (B, W, T, F): what training sound looks like."""
    spectrogram = Spectrogram().to(device)
    return torch.cat([spectrogram(sound(examples[number].to(device))) for number in range(n_batches)])


def make_loss(
    sound: Sound, device: torch.device, teacher: nn.Module | None = None
) -> Callable[[nn.Module, Any], tuple[Tensor, dict[str, Tensor]]]:
    """The loss of a network on a batch: sound, features (in full precision: they span 100 dB), logits, comparison.

    With a teacher, half of what is wanted is what it hears in the same sound: how likely each event is, which labels cannot tell
    (Hinton et al. 2015).
    """
    spectrogram = Spectrogram().to(device)
    if teacher is not None:
        teacher.to(device).eval()

    def loss(network: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        batch = batch.to(device)
        with torch.no_grad(), torch.autocast(device.type, enabled=False):
            features = spectrogram(sound(batch)).contiguous(memory_format=torch.channels_last)
        keys, pedals = batch.keys, batch.pedals
        if teacher is not None:
            with torch.no_grad():
                told = teacher(features)
            keys = keys.float().lerp(torch.sigmoid(told.keys.float()), TEACHER_SHARE)
            pedals = pedals.float().lerp(torch.sigmoid(told.pedals.float()), TEACHER_SHARE)
        heads = network(features)
        with torch.autocast(device.type, enabled=False):
            return transcription_loss(heads, keys, pedals)

    return loss
