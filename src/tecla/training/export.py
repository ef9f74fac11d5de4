"""Trained network -> .onnx that needs no torch. Batch norms are folded into their convolutions, logits become activations."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Final

import onnx
import torch
from torch import Tensor, nn

from tecla.io.target import whole_target
from tecla.transcription.features import N_BINS, WINDOWS

MEMORY_STRIDE: Final = "memory_stride"  # all else about a network can be read from the shapes of its weights


class _Activated(nn.Module):
    """The network as it is used: probabilities, without the batch axis on the way out."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        heads = self.network(features)
        return torch.sigmoid(heads.keys[0]), torch.sigmoid(heads.pedals[0])


def export_onnx(network: nn.Module, path: Path) -> None:
    """Writes a network to ONNX, whole or not at all.

    Shape:
        input "features": (1, W, T, F); outputs "keys": (T, P, 6), "pedals": (T, 4), both 0..1; T is free
    """
    example = torch.zeros(1, len(WINDOWS), 100, N_BINS)  # no multiple of 8: networks that pad their frames must do so while they are traced
    with whole_target(path) as neighbour, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of a GRU whose batch may change; here it is always 88 keys
        torch.onnx.export(
            _Activated(network).cpu().eval(), (example,), str(neighbour), input_names=["features"], output_names=["keys", "pedals"],
            dynamic_axes={"features": {2: "frames"}, "keys": {0: "frames"}, "pedals": {0: "frames"}}, opset_version=17, dynamo=False,
        )  # fmt: skip
        model = onnx.load(neighbour)
        onnx.helper.set_model_props(model, {MEMORY_STRIDE: str(getattr(getattr(network, "config", None), "memory_stride", 1))})
        onnx.save(model, neighbour)
