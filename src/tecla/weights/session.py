"""Opens networks. Those that come with tecla run here; a stranger's runs in a process of its own, for as long as it is used.

An ONNX file is no code, but a program all the same: it may loop for ever or ask for any amount of memory, and onnxruntime is C++.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from tecla.apart import Message, Trade, ask
from tecla.errors import InputError, MissingExtraError, OptionError

WEIGHTS: Final = Path(__file__).parent
STRANGERS: Final = Trade("tecla.weights.session", "onnxruntime", "use weights that tecla trained", most_sec=60)

Feeds = Mapping[str, NDArray[Any]]
Device = Literal["cpu", "cuda"]

# Many processes share a GPU, each with what it needs; and no convolution is chosen by the clock: the same sound gives the same notes.
_CUDA: Final = {"arena_extend_strategy": "kSameAsRequested", "cudnn_conv_algo_search": "DEFAULT", "use_tf32": "0"}


class Session(Protocol):
    """A network that is open.

    Attributes:
        inputs, outputs: their names, in order; metadata: what the file says of itself.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    metadata: dict[str, str]

    def run(self, outputs: Sequence[str] | None, feeds: Feeds) -> list[NDArray[Any]]:
        """The outputs named, or all, on one thread."""


def open_network(path: Path, device: Device = "cpu") -> Session:
    """A network ready to run; several threads may run it side by side.

    Raises:
        InputError: it is no network, or opening it kills its process.
        MissingExtraError: onnxruntime was built without CUDA. OptionError: CUDA does not come up, or not for this network.
    """
    if path.resolve().parent == WEIGHTS.resolve():
        return _Here(path, device)
    if device != "cpu":  # a process that may not fill the memory cannot open a GPU
        raise OptionError(f"{path} does not come with tecla, and such networks run on the processor alone: name a shipped model, or no GPU")
    return _Apart(path)


class _Here:
    """In this process."""

    def __init__(self, path: Path, device: Device = "cpu") -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_mem_pattern = False  # it plans for the largest window once more, and gains nothing here
        options.log_severity_level = 4
        providers = _cuda(options) if device == "cuda" else ["CPUExecutionProvider"]
        try:  # without a fallback, which prints and tries again
            self._session = onnxruntime.InferenceSession(str(path), options, providers=providers, enable_fallback=False)
        except Exception as error:  # onnxruntime's errors share no public base class
            raise InputError(_unusable(path, error)) from error
        if device == "cuda" and "CUDAExecutionProvider" not in self._session.get_providers():  # it would go on on the processor
            raise OptionError("no GPU can be used here: it takes NVIDIA's driver, and pip install 'onnxruntime-gpu[cuda,cudnn]'")
        self.inputs = tuple(graph_input.name for graph_input in self._session.get_inputs())
        self.outputs = tuple(output.name for output in self._session.get_outputs())
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map

    def run(self, outputs: Sequence[str] | None, feeds: Feeds) -> list[NDArray[Any]]:
        """As Session."""
        results: list[NDArray[Any]] = self._session.run(outputs, feeds)
        return results


def _cuda(options: onnxruntime.SessionOptions) -> list[Any]:
    """The providers of a session on a GPU."""
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise MissingExtraError("onnxruntime knows no GPU here: pip uninstall onnxruntime, then pip install 'onnxruntime-gpu[cuda,cudnn]'")
    options.use_deterministic_compute = True
    if hasattr(onnxruntime, "preload_dlls"):  # CUDA as pip installs it; what is missing, it prints
        with redirect_stdout(io.StringIO()):
            onnxruntime.preload_dlls()
    return [("CUDAExecutionProvider", _CUDA), "CPUExecutionProvider"]


class _Apart:
    """In processes of its own: one for each thread that runs it."""

    def __init__(self, path: Path) -> None:
        self._file = str(path.absolute())
        (facts,) = [json.loads(body) for _, body in ask(STRANGERS, self._file, {"file": self._file})]
        self.inputs, self.outputs = tuple(facts["inputs"]), tuple(facts["outputs"])
        self.metadata: dict[str, str] = facts["metadata"]

    def run(self, outputs: Sequence[str] | None, feeds: Feeds) -> list[NDArray[Any]]:
        """As Session. Raises InputError if the network fails or dies."""
        request = {"file": self._file, "outputs": outputs, "feeds": [[name, *_form(array)] for name, array in feeds.items()]}
        (forms, *arrays) = [body for _, body in ask(STRANGERS, self._file, request, b"".join(map(_bytes, feeds.values())))]
        return [np.frombuffer(body, kind).reshape(shape) for (kind, shape), body in zip(json.loads(forms), arrays, strict=True)]


def answer(request: dict[str, Any], body: bytes) -> Iterator[Message]:
    """The process's end: what the network says of itself, or its outputs for what is fed to it."""
    path = Path(request["file"])
    session = _opened(path, path.stat().st_mtime_ns)
    if "feeds" not in request:
        yield b"F", json.dumps({"inputs": session.inputs, "outputs": session.outputs, "metadata": session.metadata}).encode()
        return
    feeds, at = {}, 0
    for name, kind, shape in request["feeds"]:
        count = int(np.prod(shape))
        feeds[name] = np.frombuffer(body, kind, count, at).reshape(shape)
        at += feeds[name].nbytes
    try:
        results = session.run(request["outputs"], feeds)
        forms = [_form(result) for result in results]
    except Exception as error:  # as above; and what comes out of a stranger's network may be no array
        raise InputError(_unusable(path, error)) from error
    yield b"F", json.dumps(forms).encode()
    for result in results:
        yield b"A", _bytes(result)


@lru_cache(maxsize=2)  # a composer is two networks
def _opened(path: Path, _: int) -> _Here:
    return _Here(path)


def _form(array: NDArray[Any]) -> tuple[str, tuple[int, ...]]:
    if array.dtype.kind not in "biuf":
        raise TypeError(f"an array of {array.dtype} is no array of numbers")
    return array.dtype.str, array.shape


def _bytes(array: NDArray[Any]) -> bytes:
    return np.ascontiguousarray(array).tobytes()


def _unusable(path: Path, error: Exception) -> str:
    return f"{path} cannot be used as a network: {(str(error).splitlines() or [type(error).__name__])[0]}"
