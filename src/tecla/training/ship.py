"""Checkpoint -> what ships: two ONNX graphs with half-precision weights and a card.

Weights lie in float16 and are cast when the graph is loaded: half the download, and figures that move in the fourth digit (the card's
figures are those of the shipped files).
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from tecla.generation.models.continuous_decoder import ContinuousDecoder, ContinuousDecoderConfig
from tecla.generation.models.gpt import Gpt, GptConfig
from tecla.generation.models.lstm import Lstm, LstmConfig
from tecla.generation.models.music_transformer import MAX_RUN, MusicTransformer, MusicTransformerConfig
from tecla.generation.models.timed_attention import FADES_SEC, N_KEYS
from tecla.training.stored import fitted, load_stored

Network = Gpt | Lstm | MusicTransformer | ContinuousDecoder
_KINDS: dict[str, tuple[Any, Any]] = {
    "gpt": (Gpt, GptConfig),
    "lstm": (Lstm, LstmConfig),
    "music-transformer": (MusicTransformer, MusicTransformerConfig),
    "continuous-decoder": (ContinuousDecoder, ContinuousDecoderConfig),
}


class _TransformerTrunk(nn.Module):
    def __init__(self, network: MusicTransformer) -> None:
        super().__init__()
        self.network = network

    def forward(self, previous: Tensor, start: Tensor, runs: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hidden, grown = self.network.step(previous, start, runs, list(zip(k.unbind(0), v.unbind(0), strict=True)))
        return hidden, torch.stack([k for k, _ in grown]), torch.stack([v for _, v in grown])


class _TransformerHead(nn.Module):
    def __init__(self, network: MusicTransformer) -> None:
        super().__init__()
        self.network = network

    def forward(self, hidden: Tensor, row: Tensor) -> Tensor:
        return self.network.decide(hidden, row)


class _GptTrunk(nn.Module):
    def __init__(self, network: Gpt) -> None:
        super().__init__()
        self.network = network

    def forward(self, previous: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hidden, grown = self.network.advance(previous[..., 0], list(zip(k.unbind(0), v.unbind(0), strict=True)))
        return hidden, torch.stack([k for k, _ in grown]), torch.stack([v for _, v in grown])


class _LstmTrunk(nn.Module):
    def __init__(self, network: Lstm) -> None:
        super().__init__()
        self.network = network

    def forward(self, previous: Tensor, h: Tensor, c: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, ...]:
        hidden, state = self.network.advance(previous[..., 0], [h, c, k, v])
        return (hidden, *state)


class _TokenHead(nn.Module):
    def __init__(self, network: Gpt | Lstm) -> None:
        super().__init__()
        self.network = network

    def forward(self, hidden: Tensor, row: Tensor) -> Tensor:
        logits: Tensor = self.network.logits(hidden)
        return logits[:, :, None] + 0 * row[..., None]


class _EventTrunk(nn.Module):
    def __init__(self, network: ContinuousDecoder) -> None:
        super().__init__()
        self.network = network

    def forward(self, previous: Tensor, start: Tensor, time: Tensor, lately: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, ...]:
        past = list(zip(k.unbind(0), v.unbind(0), strict=True))
        hidden, (_, time, lately, grown) = self.network.step(previous, (start, time, lately, past))
        return hidden, time, lately, torch.stack([k for k, _ in grown]), torch.stack([v for _, v in grown])


class _EventHead(nn.Module):
    def __init__(self, network: ContinuousDecoder) -> None:
        super().__init__()
        self.network = network

    def forward(self, hidden: Tensor, row: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        shift, what, velocity = row[..., 0], row[..., 1].long(), row[..., 2].long()
        return (
            self.network.shift_params(hidden),
            self.network.what_logits(hidden, shift),
            self.network.velocity_logits(hidden, shift, what),
            self.network.duration_params(hidden, shift, what, velocity),
        )


def restore(checkpoint: Path, kind: str) -> tuple[Network, dict[str, Any]]:
    """The network of a checkpoint, ready to judge, and the note of its run.

    Raises:
        InputError: the checkpoint is damaged, or another kind's.
    """
    kept = load_stored(checkpoint)
    build, configure = _KINDS[kind]
    with fitted(checkpoint):
        config = configure(**kept["config"])
        _check_size(build, config, kept["weights"])
        network = build(config)
        network.load_state_dict(kept["weights"])
        return network.eval(), kept["note"]


def _check_size(build: Callable[[Any], nn.Module], config: Any, weights: dict[str, Tensor]) -> None:
    """Raises ValueError for a network that its weights do not fill, before it takes any memory."""
    if config.layers > len(weights):
        raise ValueError(f"{config.layers} layers")
    with torch.device("meta"):
        size = sum(parameter.numel() for parameter in build(config).parameters())
    if size > sum(weight.numel() for weight in weights.values()):
        raise ValueError(f"a network of {size} numbers")


@torch.no_grad()
def soften(network: MusicTransformer, temperature: float) -> None:
    """Divides every logit by `temperature`, in the weights themselves.

    A network that has overfitted is surer on music it has not seen than it is right; one number, chosen on held-out pieces, mends part of
    that (Guo et al. 2017).
    """
    layers = [network.logits] + ([network.intervals.moves] if network.intervals is not None else [])
    for layer in layers:
        layer.weight.div_(temperature)
        layer.bias.div_(temperature)


def ship(checkpoint: Path, kind: str, stem: Path, card: dict[str, Any], temperature: float = 1.0) -> None:
    """Writes stem.onnx, stem.head.onnx and stem.json; `card` says what no file can know: corpus, licence, figures, context."""
    network, note = restore(checkpoint, kind)
    if isinstance(network, MusicTransformer) and temperature != 1.0:
        soften(network, temperature)
        note["temperature"] = {"divided_by": temperature, "chosen_on": "the validation split"}
    facts, trunk, head = _parts(network)
    inputs = {"previous": {1: "L"}, "runs": {1: "L"}, **{name: {axis: "P"} for name, axis in facts["growing"].items()}}
    state = {name: torch.zeros(shape) for name, shape in _opened(facts).items()}
    row = torch.zeros(1, 2, facts["slots"], dtype=torch.int64 if facts["dtype"] == "int64" else torch.float32)
    extras = {"start": torch.zeros(1, dtype=torch.int64)} if kind not in ("gpt", "lstm") else {}
    extras |= {"runs": torch.zeros_like(row)} if kind == "music-transformer" else {}
    feeds = {"previous": row, **extras, **state}
    outputs = ["hidden", *(f"{name}_out" for name in state)]
    _export(trunk, feeds, outputs, inputs, Path(f"{stem}.onnx"))
    hidden = torch.zeros(1, 2, facts.pop("hidden"))
    _export(head, {"hidden": hidden, "row": row}, facts.pop("outputs"), {"hidden": {1: "L"}, "row": {1: "L"}}, Path(f"{stem}.head.onnx"))
    parameters = sum(p.numel() for p in network.parameters())
    text = json.dumps({**card, "kind": kind, "parameters": parameters, **facts, "training": note}, indent=1)
    Path(f"{stem}.json").write_text(text + "\n", encoding="utf-8")


def _opened(facts: dict[str, Any]) -> dict[str, list[int]]:
    """State shapes with a past of three rows instead of none: tracing an empty axis would freeze it."""
    shapes = {name: list(shape) for name, shape in facts["state"].items()}
    for name, axis in facts["growing"].items():
        shapes[name][axis] = 3
    return shapes


def _parts(network: Network) -> tuple[dict[str, Any], nn.Module, nn.Module]:
    """What the engine must know of a network, its trunk and its head."""
    facts: dict[str, Any]
    if isinstance(network, Lstm):
        state = {name: list(tensor.shape) for name, tensor in zip("hckv", network.empty_state(1), strict=True)}
        facts = {"slots": 1, "dtype": "int64", "begin": [0], "state": state, "growing": {"k": 1, "v": 1}}
        facts |= {"hidden": network.config.width, "outputs": ["logits"]}
        return facts, _LstmTrunk(network), _TokenHead(network)
    config = network.config
    shape = [config.layers, 1, config.heads, 0, config.width // config.heads]
    facts = {"state": {"k": shape, "v": shape}, "growing": {"k": 3, "v": 3}, "hidden": config.width}
    if isinstance(network, Gpt):
        facts |= {"slots": 1, "dtype": "int64", "begin": [0], "rereads": True, "outputs": ["logits"]}
        return facts, _GptTrunk(network), _TokenHead(network)
    if isinstance(network, MusicTransformer):
        slots = network.config.slots
        facts |= {"slots": slots, "dtype": "int64", "begin": [0] * slots, "max_run": MAX_RUN, "outputs": ["logits"]}
        facts["hidden"] += slots if network.config.first_pitch else 0
        return facts, _TransformerTrunk(network), _TransformerHead(network)
    carried = {"time": [1], "lately": [1, len(FADES_SEC), N_KEYS]}
    facts |= {"state": {**carried, **facts["state"]}, "hidden": config.width + len(FADES_SEC) * N_KEYS}
    facts |= {"slots": 4, "dtype": "float32", "begin": [0, 90, 0, 0], "outputs": ["shift", "what", "velocity", "duration"]}
    return {**facts, "components": network.config.components}, _EventTrunk(network), _EventHead(network)


def _export(module: nn.Module, feeds: dict[str, Tensor], outputs: list[str], axes: dict[str, dict[int, str]], path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer warns of every constant it folds
        torch.onnx.export(
            module.eval(),
            tuple(feeds.values()),
            str(path),
            dynamo=False,
            opset_version=17,
            input_names=list(feeds),
            output_names=outputs,
            dynamic_axes={name: axis for name, axis in axes.items() if name in feeds},
        )
    halve(path)


def halve(path: Path) -> None:
    """Stores the large float32 weights of a graph as float16 and casts them back on loading."""
    graph = onnx.load(path)
    casts = []
    for weight in graph.graph.initializer:
        if weight.data_type == TensorProto.FLOAT and numpy_helper.to_array(weight).size > 256:
            name = weight.name
            small = numpy_helper.to_array(weight).astype("float16")
            weight.CopyFrom(numpy_helper.from_array(small, f"{name}.half"))
            casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    for at, cast in enumerate(casts):
        graph.graph.node.insert(at, cast)
    onnx.save(graph, path)
