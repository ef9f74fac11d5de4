"""What the network is asked to get right, and how much each part weighs."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from tecla.models.harmonic import Heads
from tecla.transcription.targets import KEY_CHANNELS, PEDAL_CHANNELS

# Onsets fill one frame in a thousand and frames one in twenty: weights bring their losses to one size.
KEY_WEIGHTS: Final = {"onset": 8.0, "velocity": 0.0, "sounding": 1.0, "sounding_end": 2.5, "key": 1.0, "key_up": 2.5}
PEDAL_WEIGHTS: Final = {"sustain": 0.04, "sustain_down": 0.08, "sustain_up": 0.08, "soft": 0.02}
VELOCITY_WEIGHT: Final = 0.6


def transcription_loss(heads: Heads, keys: Tensor, pedals: Tensor, mask: Tensor | None = None) -> tuple[Tensor, dict[str, Tensor]]:
    """Weighted sum of binary cross-entropies on soft targets, and of the velocity's error where a note begins.

    Shape:
        keys: (B, T, P, 6), pedals: (B, T, 4) targets; mask: (B, T) 1 for frames that count, None for all
        returns: scalar, and its unweighted parts by name
    """
    mask = torch.ones(keys.shape[:2], device=keys.device) if mask is None else mask
    key_parts = _entropies(heads.keys, keys, mask[:, :, None, None])
    pedal_parts = _entropies(heads.pedals, pedals, mask[:, :, None])
    parts = dict(zip(KEY_CHANNELS, key_parts, strict=True)) | dict(zip(PEDAL_CHANNELS, pedal_parts, strict=True))
    begins = keys[..., 0].square() * mask[:, :, None]  # the frame nearest the onset counts most
    error = torch.sigmoid(heads.keys[..., 1].float()) - keys[..., 1]
    # A tenth of the range is what an ear, and the usual metric, forgives: Huber around it.
    velocity = (functional.huber_loss(error, torch.zeros_like(error), reduction="none", delta=0.1) * begins).sum() / (begins.sum() + 1)
    parts["velocity"] = velocity * 10
    total = VELOCITY_WEIGHT * parts["velocity"]
    for name, weight in (KEY_WEIGHTS | PEDAL_WEIGHTS).items():
        if weight:
            total = total + weight * parts[name]
    return total, {name: part.detach() for name, part in parts.items()}


def _entropies(logits: Tensor, wanted: Tensor, mask: Tensor) -> Tensor:
    """Mean binary cross-entropy of each channel over the frames that count, (channels,)."""
    entropy = functional.binary_cross_entropy_with_logits(logits.float(), wanted.float(), reduction="none") * mask
    return entropy.flatten(0, -2).sum(0) / (mask.sum() * (logits[0, 0].numel() / logits.shape[-1])).clamp(min=1)
