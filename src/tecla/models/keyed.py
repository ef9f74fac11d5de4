"""A network with a row of answers a frame as a piano transcriber: the row is read as 88 keys by 6 channels, and 4 pedals."""

from __future__ import annotations

from typing import Final

from torch import Tensor, nn

from tecla.models.harmonic import Heads
from tecla.music.pitch import N_KEYS
from tecla.transcription.targets import KEY_CHANNELS, PEDAL_CHANNELS

N_ANSWERS: Final = N_KEYS * len(KEY_CHANNELS) + len(PEDAL_CHANNELS)


class Keyed(nn.Module):
    """Shape: features (B, W, T, F) -> Heads; `network` gives (B, T, N_ANSWERS)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Tensor) -> Heads:
        answers = self.network(features)
        keys = answers[..., : -len(PEDAL_CHANNELS)].unflatten(-1, (N_KEYS, len(KEY_CHANNELS)))
        return Heads(keys, answers[..., -len(PEDAL_CHANNELS) :])
