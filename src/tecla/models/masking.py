"""Frames that are only padding: kept at zero after every layer, so that a clip answers the same alone and beside longer ones."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


def keep(x: Tensor, mask: Tensor | None) -> Tensor:
    """Sets frames that are padding to zero.

    Shape:
        x: (B, T, ...) or, with a channel axis before time, (B, C, T, F); mask: (B, T) 1 for frames that count, None for all
    """
    if mask is None:
        return x
    return x * (mask[:, None, :, None] if x.ndim == 4 else mask.reshape(*mask.shape, *[1] * (x.ndim - 2)))


def coarser(mask: Tensor | None, factor: int) -> Tensor | None:
    """The mask of frames that stand for `factor` frames each; one that holds any real frame counts. T must divide."""
    if mask is None:
        return None
    return mask.reshape(mask.shape[0], -1, factor).amax(-1)


def remember(layer: nn.GRU | nn.LSTM, x: Tensor, mask: Tensor | None) -> Tensor:
    """A recurrent layer over (B, T, C); with a mask, the way back begins at each clip's own end."""
    if mask is None:
        y: Tensor = layer(x)[0]
        return y
    lengths = mask.sum(1).long().clamp(min=1).cpu()
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    return torch.as_tensor(pad_packed_sequence(layer(packed)[0], batch_first=True, total_length=x.shape[1])[0])


def pad_frames(x: Tensor, mask: Tensor | None, multiple: int) -> tuple[Tensor, Tensor | None]:
    """Appends frames of silence, and marks them as padding, until their number divides: (B, C, T, F), (B, T)."""
    missing = -x.shape[2] % multiple
    if not missing:
        return x, mask
    mask = torch.ones(x.shape[0], x.shape[2], device=x.device) if mask is None else mask
    return nn.functional.pad(x, (0, 0, 0, missing)), nn.functional.pad(mask, (0, missing))
