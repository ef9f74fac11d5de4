"""How far the network stands above the floor: its multiply-adds, over what one core of this machine can do of them.

    python benchmarks/floor.py [MODEL ...]     default, small or .onnx files

The peak is that of a large matrix product in the same run, in floating point and in eight bits; the network runs on one thread. Other
work on the machine slows both alike, so the ratio can be trusted sooner than the times.
"""

from __future__ import annotations

import collections
import json
import math
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

from tecla.transcription.features import FRAME_RATE, N_BINS, WINDOWS
from tecla.transcription.network import find_weights

FRAMES = 400
RUNS = 16
SIDE = 1024


def main(models: list[str]) -> None:
    peaks = {"float": peak("MatMul", np.float32, np.float32), "eight bits": peak("MatMulInteger", np.uint8, np.int8)}
    print("peak:", ", ".join(f"{giga:.0f} billion multiply-adds a second in {kind}" for kind, giga in peaks.items()))
    for name in models or ["default", "int8", "small"]:
        path = find_weights(name) if not name.endswith(".onnx") else Path(name)
        print(f"\n{name}: milliseconds of one core for a second of sound, millions of multiply-adds, of the peak")
        spent = profile(path)
        floor_ms = 0.0
        for kind, (ms, millions) in sorted(spent.items(), key=lambda item: -item[1][0])[:8]:
            giga = peaks["eight bits" if kind.startswith("QLinear") else "float"]
            floor_ms += millions / giga
            print(f"  {kind:18} {ms:6.2f} ms {millions:7.0f} M  {millions / giga / ms:6.1%}")
        total_ms = sum(ms for ms, _ in spent.values())
        millions = sum(m for _, m in spent.values())
        print(f"  {'all':18} {total_ms:6.2f} ms {millions:7.0f} M  {floor_ms / total_ms:6.1%}: the floor is {floor_ms:.2f} ms")


def peak(kind: str, given: Any, stored: Any) -> float:
    """Billions of multiply-adds a second of a product of two large matrices, best of a few; one is known beforehand, as weights are."""
    number = helper.np_dtype_to_tensor_dtype(np.dtype(given))
    ins = [helper.make_tensor_value_info("a", number, [SIDE, SIDE])]
    outs = [helper.make_tensor_value_info("c", TensorProto.INT32 if kind == "MatMulInteger" else number, [SIDE, SIDE])]
    weights = [numpy_helper.from_array(np.ones((SIDE, SIDE), stored), "b")]
    graph = helper.make_graph([helper.make_node(kind, ["a", "b"], ["c"])], "product", ins, outs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    session = ort.InferenceSession(model.SerializeToString(), one_thread())
    feeds, best = {"a": np.ones((SIDE, SIDE), given)}, math.inf
    for _ in range(RUNS):
        begun = time.perf_counter()
        session.run(None, feeds)
        best = min(best, time.perf_counter() - begun)
    return float(SIDE**3 / best / 1e9)


def profile(path: Path) -> dict[str, tuple[float, float]]:
    """Kind of node -> (ms, millions of multiply-adds) for a second of sound; each node at its fastest run."""
    with tempfile.TemporaryDirectory() as folder:
        options = one_thread()
        options.enable_profiling, options.profile_file_prefix = True, f"{folder}/profile"
        session = ort.InferenceSession(str(path), options)
        features = np.random.default_rng(0).random((1, len(WINDOWS), FRAMES, N_BINS), np.float32)
        for _ in range(RUNS):
            session.run(None, {session.get_inputs()[0].name: features})
        events = json.loads(Path(session.end_profiling()).read_text())
    weights, nodes = kernels(path), {}
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            name, done = event["name"].removesuffix("_kernel_time"), event["args"]
            ins, outs = shapes(done["input_type_shape"]), shapes(done["output_type_shape"])
            stored = weights.get(name.split("_token_")[0]) or [shape for shape in ins[1:] if len(shape) > 1]
            ms = min(event["dur"] / 1e3, nodes[name][1] if name in nodes else math.inf)
            nodes[name] = done["op_name"], ms, multiply_adds(done["op_name"], stored, ins, outs)
    seconds = FRAMES / FRAME_RATE
    spent: dict[str, tuple[float, float]] = collections.defaultdict(lambda: (0.0, 0.0))
    for kind, ms, count in nodes.values():
        spent[kind] = spent[kind][0] + ms / seconds, spent[kind][1] + count / 1e6 / seconds
    return spent


def kernels(path: Path) -> dict[str, list[list[int]]]:
    """Node -> shapes of the weights that it multiplies with, whatever they are rounded to; a profile does not tell them all."""
    graph = onnx.load(str(path)).graph
    stored = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in stored:
            stored[node.output[0]] = stored[node.input[0]]
    return {node.name: [stored[name] for name in node.input if len(stored.get(name, [])) > 1] for node in graph.node}


def one_thread() -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return options


def shapes(stated: list[dict[str, list[int]]]) -> list[list[int]]:
    return [next(iter(entry.values())) for entry in stated]


def multiply_adds(kind: str, weights: list[list[int]], inputs: list[list[int]], outputs: list[list[int]]) -> float:
    """What a node must multiply, by the shapes of its weights, of what goes in and of what comes out."""
    if kind in ("Conv", "FusedConv", "QLinearConv"):
        return math.prod(outputs[0]) * math.prod(weights[0][1:])
    if kind == "GRU":
        return math.prod(inputs[0][:2]) * sum(map(math.prod, weights[:2]))
    if kind in ("MatMul", "FusedMatMul", "Gemm"):
        return math.prod(outputs[0]) * inputs[0][-1]
    return 0.0


if __name__ == "__main__":
    main(sys.argv[1:])
