"""The shipped weights as a network to learn on with.

Their .onnx file is all there is of them. Batch norms were folded into their convolutions when it was written, so here the norms
only add what the convolutions bring as a bias.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Self

import onnx
import torch
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import numpy_helper
from torch import Tensor, nn

from tecla.errors import InputError
from tecla.models.harmonic import HarmonicConfig, HarmonicNet
from tecla.training.export import MEMORY_STRIDE

_ONNX_GATES: Final = (1, 0, 2)  # ONNX keeps a GRU's gates as update, reset, new; torch as reset, update, new


def load_pretrained(path: Path) -> HarmonicNet:
    """The network of an .onnx file that `tecla.training.export` wrote, on the CPU; its norms stay as they are in training.

    Raises:
        InputError: the file is no such network.
    """
    try:
        model = onnx.load(str(path))
        graph, stated = model.graph, {prop.key: prop.value for prop in model.metadata_props}
        weights = {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in graph.initializer}
        weights |= _from_eight_bits(graph, weights)
        convolutions, memories, heads = (_weights_of(graph, weights, kind) for kind in ("Conv", "GRU", "MatMul"))
        # Rounding may have turned these round: the pedals' memory hears twice the channels, and their head has fewer answers.
        memories.sort(key=lambda tensors: tensors[0].shape[-1])
        heads.sort(key=lambda tensors: -tensors[0].shape[-1])
        config = HarmonicConfig(
            channels=convolutions[1][0].shape[0],
            blocks=(len(convolutions) - 2) // 4,
            mix_channels=convolutions[2][0].shape[0],
            memory=memories[0][1].shape[-1],
            memory_stride=int(stated.get(MEMORY_STRIDE, "1")),
            pedal_memory=memories[1][1].shape[-1],
        )
        _check_size(config, sum(tensor.numel() for of_kind in (convolutions, memories, heads) for node in of_kind for tensor in node))
        network = HarmonicNet(config)
        _fill_convolutions(network, convolutions)
        for memory, tensors in zip((network.memory, network.pedal_memory), memories, strict=True):
            _fill_memory(memory, *tensors)
        for head, (matrix,), name in zip((network.keys, network.pedals), heads, ("keys", "pedals"), strict=True):
            _put(head.weight, matrix.T.contiguous())
            _put(head.bias, weights[f"network.{name}.bias"])
    except (OSError, ValueError, LookupError, RuntimeError, TypeError, AttributeError, ArithmeticError, DecodeError) as error:
        why = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path} holds no network that tecla exported ({why}): name another .onnx file") from error
    return _freeze_norms(network)


def _check_size(config: HarmonicConfig, n_weights: int) -> None:
    """Raises ValueError for a network that its weights do not fill, before it takes any memory: a tensor of 60,000 by 0 is small."""
    with torch.device("meta"):
        size = sum(parameter.numel() for parameter in HarmonicNet(config).parameters())
    if size > 2 * n_weights:  # norms were folded away
        raise ValueError(f"{n_weights} weights for a network of {size}")


class _FrozenNorm(nn.BatchNorm2d):
    """A batch norm that keeps its statistics while the network learns: small batches would only unsettle what large ones found out."""

    def train(self, mode: bool = True) -> Self:
        return super().train(False)


def _freeze_norms(network: HarmonicNet) -> HarmonicNet:
    for module in network.modules():
        for name, norm in module.named_children():
            if isinstance(norm, nn.BatchNorm2d):
                frozen = _FrozenNorm(norm.num_features)
                frozen.load_state_dict(norm.state_dict())
                setattr(module, name, frozen.train())
    return network


def _from_eight_bits(graph: onnx.GraphProto, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The numbers that rounded weights stand for, by the name under which the graph uses them."""
    numbers = {}
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and all(name in weights for name in node.input):
            rounded, scale, zero = (weights[name].float() for name in node.input)
            by_channel = (-1,) + (1,) * (rounded.ndim - 1) if scale.ndim else ()  # one scale for each row of the first axis, or one for all
            numbers[node.output[0]] = (rounded - zero.view(by_channel)) * scale.view(by_channel)
    return numbers


def _weights_of(graph: onnx.GraphProto, weights: dict[str, Tensor], kind: str) -> list[list[Tensor]]:
    """The tensors that each node of a kind brings with it, in the order in which the network uses them."""
    return [[weights[name] for name in node.input if name in weights] for node in graph.node if node.op_type == kind]


def _fill_convolutions(network: HarmonicNet, tensors: list[list[Tensor]]) -> None:
    pairs: list[tuple[Any, Any]] = [(network.fold, network.fold_norm), (network.enter, network.enter_norm)]
    for block in network.blocks:
        mix: Any = block.mix
        pairs += [(mix.narrow, None), (mix.widen, mix.norm), (block.first, block.first_norm), (block.second, block.second_norm)]
    for (convolution, norm), (weight, bias) in zip(pairs, tensors, strict=True):
        _put(convolution.weight, weight)
        _put(convolution.bias if norm is None else norm.bias, bias)
        if norm is not None:
            norm.running_var.fill_(1 - norm.eps)


def _fill_memory(memory: nn.GRU, into: Tensor, across: Tensor, bias: Tensor) -> None:
    """ONNX: into (directions, 3H, C), across (directions, 3H, H), bias (directions, 6H)."""
    size = memory.hidden_size

    def gates(rows: Tensor) -> Tensor:
        return torch.cat([rows[g * size : (g + 1) * size] for g in _ONNX_GATES])

    for direction, suffix in enumerate(("", "_reverse")):
        halves = bias[direction].split(3 * size)
        parts = {"weight_ih_l0": into[direction], "weight_hh_l0": across[direction], "bias_ih_l0": halves[0], "bias_hh_l0": halves[1]}
        for name, rows in parts.items():
            _put(getattr(memory, name + suffix), gates(rows))


def _put(parameter: Tensor, weights: Tensor) -> None:
    """Raises ValueError where they are no weights of its shape: torch would take them, and fail at the first sound."""
    if parameter.shape != weights.shape or parameter.dtype != weights.dtype:
        raise ValueError(f"{tuple(weights.shape)} of {weights.dtype} where {tuple(parameter.shape)} of {parameter.dtype} belong")
    parameter.data = weights
