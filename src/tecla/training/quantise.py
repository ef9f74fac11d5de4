"""A network's convolutions in whole numbers of eight bits: half the file, half as fast again, for weights that exist.

Activations need a scale each, found on music that is played here: improvised pieces and random textures on the sampled piano that comes
with tecla, in rooms, microphones and noise. Weights keep seven bits, as processors without VNNI add up pairs in sixteen. Memories
and heads stay as they are: they are a third of the exact network's work, and what they say is not rounded.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import onnx
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from tecla.errors import InputError
from tecla.io.target import write_whole
from tecla.models.features import Spectrogram
from tecla.training.examples import ExampleConfig, Examples
from tecla.training.home_piano import write_home_piano
from tecla.training.transcriber import make_sound

_EXAMPLES: Final = ExampleConfig(seed=1, n_frames=400, rendered=4, recorded=0)
_BATCHES: Final = 8
_ROUNDED: Final = ["Conv", "Add", "Concat", "Slice", "Pad", "Relu"]
_TRUNK: Final = ("/fold", "/enter", "/blocks")  # parts of `models.harmonic.HarmonicNet`, as their nodes are named


def quantise(source: Path, target: Path) -> None:
    """Writes the network of an .onnx file that `tecla.training.export` wrote with its trunk in eight bits, whole or not at all.

    Raises:
        InputError: the file is no such network.
    """
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)  # the quantiser tells of every step it takes
        try:
            plain, rounded = Path(folder) / "plain.onnx", Path(folder) / "rounded.onnx"
            quant_pre_process(str(source), str(plain), skip_symbolic_shape=True)
            others = [node.name for node in onnx.load(plain).graph.node if not any(part in node.name for part in _TRUNK)]
            quantize_static(
                plain, rounded, _Music(Path(folder)), quant_format=QuantFormat.QDQ, op_types_to_quantize=_ROUNDED, nodes_to_exclude=others,
                per_channel=True, reduce_range=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
            )  # fmt: skip
        except Exception as error:  # of onnx, onnxruntime and protobuf, without a common kind
            raise InputError(f"{source} holds no network that can be rounded ({error}): name an .onnx file that tecla exported") from error
        finally:
            logging.disable(logging.NOTSET)
        write_whole(target, rounded.read_bytes())


class _Music(CalibrationDataReader):  # type: ignore[misc]
    """What the quantiser listens to, one example at a time."""

    def __init__(self, folder: Path) -> None:
        self._examples = _features(folder)

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        return next(self._examples, None)


def _features(folder: Path) -> Iterator[dict[str, NDArray[Any]]]:
    sound = make_sound(_EXAMPLES, write_home_piano(folder / "pianos"), [], torch.device("cpu"))
    examples, spectrogram = Examples(_EXAMPLES, [], []), Spectrogram()
    for number in range(_BATCHES):
        for features in spectrogram(sound(examples[number])):
            yield {"features": features[None].numpy()}
