"""What the network is asked to get right, and how much each part weighs."""

from __future__ import annotations

from typing import Final, Literal

import torch
from torch import Tensor
from torch.nn import functional

from tecla.models.harmonic import Heads
from tecla.transcription.targets import KEY_CHANNELS, PEDAL_CHANNELS

# Onsets fill one frame in a thousand and frames one in twenty: weights bring their losses to one size.
KEY_WEIGHTS: Final = {"onset": 8.0, "velocity": 0.0, "sounding": 1.0, "sounding_end": 2.5, "key": 1.0, "key_up": 2.5}
PEDAL_WEIGHTS: Final = {"sustain": 0.04, "sustain_down": 0.24, "sustain_up": 0.24, "soft": 0.02}
VELOCITY_WEIGHT: Final = 0.6


Kind = Literal["weighted", "plain", "pos_weight", "focal", "dice"]
POSITIVE_WEIGHT: Final = 4.0
FOCUS: Final = 2.0


def transcription_loss(
    heads: Heads, keys: Tensor, pedals: Tensor, mask: Tensor | None = None, kind: Kind = "weighted"
) -> tuple[Tensor, dict[str, Tensor]]:
    """Weighted sum of binary cross-entropies on soft targets, and of the velocity's error where a note begins.

    `kind` is for comparison with other ways out of 999 silent cells in a thousand: "plain" weighs no channel, "pos_weight" counts what
    sounds four times, "focal" counts what is already right less (Lin et al. 2017, with the distance to a soft target for its
    error, as Li et al. 2020), "dice" adds one minus the overlap of answer and target (Milletari et al. 2016).

    Shape:
        keys: (B, T, P, 6), pedals: (B, T, 4) targets; mask: (B, T) 1 for frames that count, None for all
        returns: scalar, and its unweighted parts by name
    """
    mask = torch.ones(keys.shape[:2], device=keys.device) if mask is None else mask
    key_parts = _entropies(heads.keys, keys, mask[:, :, None, None], kind)
    pedal_parts = _entropies(heads.pedals, pedals, mask[:, :, None], kind)
    parts = dict(zip(KEY_CHANNELS, key_parts, strict=True)) | dict(zip(PEDAL_CHANNELS, pedal_parts, strict=True))
    begins = keys[..., 0].square() * mask[:, :, None]  # the frame nearest the onset counts most
    error = torch.sigmoid(heads.keys[..., 1].float()) - keys[..., 1]
    # A tenth of the range is what an ear, and the usual metric, forgives: Huber around it.
    velocity = (functional.huber_loss(error, torch.zeros_like(error), reduction="none", delta=0.1) * begins).sum() / (begins.sum() + 1)
    parts["velocity"] = velocity * 10
    total = VELOCITY_WEIGHT * parts["velocity"]
    for name, weight in (KEY_WEIGHTS | PEDAL_WEIGHTS).items():
        if weight:
            total = total + (1.0 if kind == "plain" else weight) * parts[name]
    return total, {name: part.detach() for name, part in parts.items()}


def _entropies(logits: Tensor, wanted: Tensor, mask: Tensor, kind: Kind) -> Tensor:
    """Mean binary cross-entropy of each channel over the frames that count, (channels,), as `kind` has it."""
    logits, wanted = logits.float(), wanted.float()
    weight = torch.tensor(POSITIVE_WEIGHT, device=logits.device) if kind == "pos_weight" else None
    entropy = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none", pos_weight=weight) * mask
    said = torch.sigmoid(logits)
    if kind == "focal":
        entropy = entropy * (wanted - said).abs() ** FOCUS
    mean = entropy.flatten(0, -2).sum(0) / (mask.sum() * (logits[0, 0].numel() / logits.shape[-1])).clamp(min=1)
    if kind != "dice":
        return mean
    common, both = (said * wanted * mask).flatten(0, -2).sum(0), ((said + wanted) * mask).flatten(0, -2).sum(0)
    return mean + 0.01 * (1 - (2 * common + 1) / (both + 1))  # scaled to the size of an entropy where nearly all is silent
