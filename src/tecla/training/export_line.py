"""A single-line network -> .onnx that needs no torch, and says of itself which frames and which pitches it speaks of."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from tecla.io.target import whole_target
from tecla.models.line import LineHeads
from tecla.transcription.monophonic.features import N_BINS, WINDOWS


class _Believed(nn.Module):
    """Any network for a line as it is used: probabilities of states, (T, S + 1), and onset and bend, (T, 2); without a batch axis."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        heads = self.network(features)
        if isinstance(heads, LineHeads):
            return torch.softmax(heads.states[0], -1), torch.stack([torch.sigmoid(heads.onset[0]), heads.bend[0]], -1)
        # A network of classes says nothing of onsets: the path alone decides where notes begin.
        return torch.softmax(heads[0], -1), torch.stack([0 * heads[0, :, 0] + 0.5, 0 * heads[0, :, 0]], -1)


def export_line_onnx(
    network: nn.Module,
    path: Path,
    hop_samples: int,
    pitches: Sequence[int],
    frames_together: int = 1,
    window: tuple[int, int] = (1332, 166),
) -> None:
    """Writes a network to ONNX, whole or not at all.

    Args:
        frames_together: how many frames it sees as one.
        window: how many frames it should be given at once, and how many of them, on each side, as context only.

    Shape:
        input "features": (1, W, T, F); outputs "states": (T, S + 1), "events": (T, 2) onset 0..1 and bend in semitones; T is free
    """
    example = torch.zeros(1, len(WINDOWS), 96, N_BINS)
    numbers = {"hop_samples": hop_samples, "frames_together": frames_together, "window_frames": window[0], "context_frames": window[1]}
    said = {name: str(number) for name, number in numbers.items()} | {"pitches": " ".join(map(str, pitches))}
    with whole_target(path) as neighbour, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of a GRU whose batch may change; here it is always one
        torch.onnx.export(
            _Believed(network).cpu().eval(), (example,), str(neighbour), input_names=["features"], output_names=["states", "events"],
            dynamic_axes={"features": {2: "frames"}, "states": {0: "frames"}, "events": {0: "frames"}}, opset_version=17, dynamo=False,
        )  # fmt: skip
        graph = onnx.load(neighbour)
        onnx.helper.set_model_props(graph, said)
        onnx.save(graph, neighbour)
