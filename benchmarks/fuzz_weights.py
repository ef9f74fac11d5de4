"""What fuzz.py does to networks, their cards and what training keeps: readers, and small good files for each, made here.

A stranger's network runs in a process of its own, which ends it after 60 s of processor time. Here it has 1 s; the way is the same: one
line, and the next network is answered by a new process.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

SOUND: Final = np.random.default_rng(0).normal(0, 0.1, 3200).astype(np.float32)
PARTS: Final = ("network", "average", "optimizer", "progress")
Read = Callable[[Path], object]
READERS: Final[dict[str, tuple[str, Read]]] = {}  # by name: the suffix of their files, and what they do with one


def reads(name: str, suffix: str) -> Callable[[Read], Read]:
    """Enters a reader in the table of all."""

    def enter(read: Read) -> Read:
        READERS[name] = suffix, read
        return read

    return enter


@reads("onnx", ".onnx")
def read_onnx(path: Path) -> object:
    """What `tecla transcribe --model FILE` does with a network: opens it, has it hear eight frames, decodes what it says."""
    from tecla.transcription.decode import DecodeConfig, decode_notes, decode_pedal
    from tecla.transcription.features import N_BINS, WINDOWS
    from tecla.transcription.network import Network

    short_of_time()
    heard = Network(path, threads=1)(frames(len(WINDOWS), N_BINS))
    return decode_notes(heard.keys, DecodeConfig()), decode_pedal(heard.pedals, DecodeConfig())


@reads("voice", ".onnx")
def read_voice(path: Path) -> object:
    """What `tecla voice --model FILE` does with one, on a fifth of a second."""
    from tecla.transcription.monophonic.transcriber import LineTranscriber

    short_of_time()
    return LineTranscriber.load(str(path)).transcribe(lambda: [SOUND], bends=True)


@reads("onnxruntime", ".onnx")
def read_onnxruntime(path: Path) -> object:
    """What the process of its own does, here: so that the mutator sees deaths, and networks that never end."""
    from tecla.transcription.features import N_BINS, WINDOWS
    from tecla.weights.session import answer

    features = frames(len(WINDOWS), N_BINS)[None]
    return list(answer({"file": str(path), "outputs": None, "feeds": [["features", "<f4", features.shape]]}, features.tobytes()))


@reads("card", ".json")
def read_card(path: Path) -> object:
    """The card beside a transcriber's weights, and what its numbers make of some notes."""
    from tecla.transcription.confidence import load_calibration
    from tecla.transcription.dynamics import load_dynamics

    weights, chances = path.with_suffix(".onnx"), np.linspace(0, 1, 5)
    dynamics = load_dynamics(weights)
    return load_calibration(weights)(chances), dynamics and dynamics(chances, -20 * chances, np.arange(0, 88, 20))


@reads("composer-card", ".json")
def read_composer_card(path: Path) -> object:
    """The card beside a network that writes music: `tecla generate --model CARD`, for two steps."""
    from tecla.generation import engine
    from tecla.generation.readings import Readings

    for suffix, data in (tiny_composer() if not path.with_suffix(".onnx").exists() else {}).items():
        path.with_suffix(suffix).write_bytes(data)
    engine._opened.cache_clear()
    engine.open_network = opened_here  # these are ours
    opened = engine.Engine.load(str(path))
    reader = Readings(opened, opened.card.get("readings", (0,)))
    for _ in range(2):
        reader.feed(np.full((1, opened.slots), int(reader.decide(np.zeros(opened.slots, np.int64))[0].argmax())))
    return reader


@reads("checkpoint", ".safetensors")
def read_checkpoint(path: Path) -> object:
    from tecla.training.stored import load_stored

    return load_stored(path)


@reads("resumed", ".part")
def read_resumed(path: Path) -> object:
    """A run that is gone on with, one part of its checkpoint being the file; its first byte says which."""
    from tecla.errors import InputError
    from tecla.training.loop import load_checkpoint, new_state

    data = path.read_bytes()
    if not data:
        raise InputError("no part")
    folder = path.parent / "checkpoint"
    folder.mkdir(exist_ok=True)
    parts = {**tiny_run(), PARTS[data[0] % len(PARTS)]: data[1:]}
    for name, part in parts.items():
        (folder / f"{name}.safetensors").write_bytes(part)
    return load_checkpoint(new_state(one_layer, *loop_config()), folder)


@reads("composer", ".safetensors")
def read_composer(path: Path) -> object:
    """A composer's checkpoint, as it is shipped from."""
    from tecla.training.ship import restore

    return restore(path, "lstm")


@reads("options", ".json")
def read_options(path: Path) -> object:
    """What a run was asked for."""
    from tecla.training.run import load_options

    (path.parent / "run.json").write_bytes(path.read_bytes())
    return load_options(path.parent)


@reads("pt", ".pt")
def read_pt(path: Path) -> object:
    """A checkpoint of an older tecla, converted."""
    from tecla.training.stored import convert

    return convert(path)


@reads("init", ".onnx")
def read_init(path: Path) -> object:
    """`tecla train transcriber --init FILE`."""
    from tecla.training.pretrained import load_pretrained

    return load_pretrained(path)


def seeds(name: str) -> Iterator[bytes]:
    """Small good files of a reader's kind."""
    if name in ("onnx", "onnxruntime"):  # a loop's count, changed, hardly ever ends: of ten thousand, six; "onnx" would wait for each
        yield tiny_transcriber(loops=name == "onnxruntime")
    elif name == "voice":
        yield tiny_line()
    elif name == "card":
        dynamics = dict.fromkeys(("rest", "heard", "level", "key", "least", "span"), 0.5)
        yield json.dumps({"calibration": {"slope": 2.2, "intercept": 0.8}, "dynamics": dynamics}).encode()
    elif name == "composer-card":
        yield tiny_composer()[".json"]
    elif name == "checkpoint":
        yield from (tiny_run()["network"], tiny_run()["progress"])
    elif name == "resumed":
        yield from (bytes([number]) + tiny_run()[part] for number, part in enumerate(PARTS))
    elif name == "composer":
        yield tiny_checkpoint()
    else:
        yield from {"options": tiny_options, "pt": tiny_pt, "init": tiny_init}[name]()


@cache
def opened_here(path: Path) -> Any:
    """A network of ours, here and not in a process of its own, which would answer its errors in this way."""
    from tecla.errors import InputError
    from tecla.weights import session

    class Here(session._Here):
        def run(self, outputs: Any, feeds: Any) -> list[NDArray[Any]]:
            try:
                return super().run(outputs, feeds)
            except Exception as error:
                raise InputError(str(error)) from error

    return Here(path)


def frames(n_windows: int, n_bins: int) -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=(n_windows, 8, n_bins)).astype(np.float32)


def short_of_time() -> None:
    from tecla.weights import session

    session.STRANGERS = replace(session.STRANGERS, most_sec=1)


def graph(outputs: list[tuple[str, list[Any]]], facts: dict[str, str], loops: bool = True) -> bytes:
    """A network of every kind of part that one has: constants, a product, a recurrence, perhaps a loop. Says the same of every frame."""
    from onnx import TensorProto, helper, numpy_helper

    def value(name: str, kind: int = TensorProto.FLOAT, shape: list[Any] | None = None) -> Any:
        return helper.make_tensor_value_info(name, kind, shape)

    weights = np.linspace(-1, 1, 16, dtype=np.float32)
    constants = {"w": weights[:4].reshape(1, 4), "gru": np.tile(weights[:12], 4).reshape(1, 12, 4), "n": np.array(3), "yes": np.array(True)}
    body = helper.make_graph(
        [helper.make_node("Identity", ["on"], ["still"]), helper.make_node("Tanh", ["x"], ["y"])],
        "body",
        [value("i", TensorProto.INT64, []), value("on", TensorProto.BOOL, []), value("x")],
        [value("still", TensorProto.BOOL, []), value("y")],
    )
    nodes = [
        helper.make_node("ReduceMean", ["features"], ["mean"], axes=[0, 1, 3], keepdims=0),  # (T,)
        helper.make_node("Unsqueeze", ["mean", "ends"], ["frames"]),  # (T, 1, 1)
        helper.make_node("MatMul", ["frames", "w"], ["a"]),  # (T, 1, 4)
        helper.make_node("GRU", ["a", "gru", "gru"], ["c"], hidden_size=4),  # (T, 1, 1, 4)
        helper.make_node("Loop", ["n", "yes", "c"], ["e"], body=body) if loops else helper.make_node("Tanh", ["c"], ["e"]),
        helper.make_node("ReduceMean", ["e"], ["f"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Sigmoid", ["f"], ["chance"]),
    ]
    for name, shape in outputs:
        constants |= {f"{name} ones": np.ones(shape, np.float32), f"{name} axes": np.arange(1, 1 + len(shape))}
        nodes += [
            helper.make_node("Unsqueeze", ["chance", f"{name} axes"], [f"{name} one"]),
            helper.make_node("Mul", [f"{name} one", f"{name} ones"], [name]),
        ]
    held = [numpy_helper.from_array(array, name) for name, array in {**constants, "ends": np.array([1, 2])}.items()]
    whole = helper.make_graph(
        nodes, "tiny", [value("features", shape=[1, None, None, None])], [value(name) for name, _ in outputs], initializer=held
    )
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, facts)
    return bytes(model.SerializeToString())


def tiny_transcriber(loops: bool = True) -> bytes:
    return graph([("keys", [88, 6]), ("pedals", [4])], {}, loops)


def tiny_line() -> bytes:
    facts = {"hop_samples": "192", "pitches": "60 64 67", "frames_together": "2", "window_frames": "60", "context_frames": "10"}
    return graph([("states", [4]), ("events", [2])], facts, loops=False)


def one_layer() -> Any:
    from torch import nn

    return nn.Linear(3, 2)


def loop_config() -> tuple[Any, Any]:
    import torch

    from tecla.training.loop import LoopConfig

    return LoopConfig(steps=2, warm_up=1, decay=1, bfloat16=False), torch.device("cpu")


@cache
def tiny_run() -> dict[str, bytes]:
    """The parts of a run's checkpoint after a step."""
    import torch

    from tecla.training.loop import new_state, save_checkpoint

    torch.set_num_threads(1)
    state = new_state(one_layer, *loop_config())
    state.network(torch.ones(1, 3)).sum().backward()
    state.optimizer.step()
    state.step, state.history = 1, [{"step": 1, "loss": 0.5}]
    with tempfile.TemporaryDirectory() as folder:
        save_checkpoint(state, Path(folder))
        return {name: (Path(folder) / f"{name}.safetensors").read_bytes() for name in PARTS}


@cache
def tiny_checkpoint() -> bytes:
    import torch

    from tecla.generation.models.lstm import Lstm, LstmConfig
    from tecla.training.composer import keep

    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        keep(Lstm(LstmConfig(5, width=4, layers=1, embedding=2)), Path(folder) / "a.safetensors", {"seen": "nothing"})
        return (Path(folder) / "a.safetensors").read_bytes()


@cache
def tiny_composer() -> dict[str, bytes]:
    """The three files of a network that writes four voices, by their suffixes."""
    from tecla.generation.models.music_transformer import MusicTransformer, MusicTransformerConfig
    from tecla.training.composer import keep
    from tecla.training.ship import ship

    network = MusicTransformer(MusicTransformerConfig(90, 4, width=8, heads=2, layers=1, reach=4, phases=16, runs=True, first_pitch=2))
    with tempfile.TemporaryDirectory() as folder:
        stem = Path(folder) / "a"
        keep(network, stem.with_suffix(".safetensors"), {"seen": "nothing"})
        card = {"name": "a", "tokenizer": "jsb-grid", "context": 64, "licence": "CC0-1.0", "readings": [-1, 0]}
        ship(stem.with_suffix(".safetensors"), "music-transformer", stem, card)
        return {suffix: Path(f"{stem}{suffix}").read_bytes() for suffix in (".onnx", ".head.onnx", ".json")}


def tiny_options() -> Iterator[bytes]:
    from dataclasses import asdict

    from tecla.training.run import RunOptions

    yield json.dumps(asdict(RunOptions(("smd:FOLDER",)))).encode()


def tiny_pt() -> Iterator[bytes]:
    """Torch's own format, of now and of long ago."""
    import torch

    for zipped in (True, False):
        with tempfile.TemporaryDirectory() as folder:
            kept = {"network": one_layer().state_dict(), "step": 3}
            torch.save(kept, Path(folder) / "a.pt", _use_new_zipfile_serialization=zipped)
            yield (Path(folder) / "a.pt").read_bytes()


def tiny_init() -> Iterator[bytes]:
    import torch

    from tecla.models.harmonic import HarmonicConfig, HarmonicNet
    from tecla.training.export import export_onnx
    from tecla.transcription.features import N_BINS, WINDOWS

    torch.manual_seed(0)
    network = HarmonicNet(HarmonicConfig(channels=4, blocks=1, mix_channels=2, memory=2, pedal_memory=3)).train()
    network(torch.randn(2, len(WINDOWS), 20, N_BINS))  # norms that have seen nothing would all bring the same bias
    with tempfile.TemporaryDirectory() as folder:
        export_onnx(network, Path(folder) / "a.onnx")
        yield (Path(folder) / "a.onnx").read_bytes()
