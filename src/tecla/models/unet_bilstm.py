"""U-Net whose frames are read once more, forwards and backwards, by an LSTM: it sees shapes and remembers where it is in a note."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from tecla.models.crnn import spread
from tecla.models.masking import remember
from tecla.models.unet import UNet, UNetConfig


@dataclass(frozen=True)
class UNetBiLSTMConfig(UNetConfig):
    """Sizes of the U-Net, and of the LSTM in each direction."""

    memory: int = 64


class UNetBiLSTM(nn.Module):
    """Shape: features (B, W, T, F), mask (B, T) or None -> logits (B, T, n_outputs)."""

    def __init__(self, config: UNetBiLSTMConfig | None = None) -> None:
        super().__init__()
        self.config = c = config or UNetBiLSTMConfig()
        self.unet = UNet(c)
        self.unet.answer = nn.Identity()
        self.memory = nn.LSTM(c.embedding, c.memory, batch_first=True, bidirectional=True)
        self.answer = nn.Linear(2 * c.memory, c.n_outputs)
        self.drop = nn.Dropout(c.dropout)

    @property
    def standardise(self) -> nn.Module:
        """Where `fit` puts the numbers of the training features."""
        return self.unet.standardise

    def forward(self, features: Tensor, mask: Tensor | None = None) -> Tensor:
        frames, mask = self.unet.frames(features, mask)
        logits = self.answer(self.drop(remember(self.memory, self.drop(frames), mask)))
        return spread(logits, self.config.stride, features.shape[2])
