"""Runs the note-wise network (ONNX) on a performance."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from tecla.engraving.notewise import HEADS, N_OUTPUTS, Readings, features
from tecla.music import Performance

WEIGHTS: Final = "engrave.onnx"
_SPAN: Final = 2048  # notes read at once; the network saw windows of a few hundred
_MARGIN: Final = 192  # notes of context to either side, thrown away
_PERIOD_LIMITS: Final = (-4.5, 3.0)  # log2 seconds a quarter: 44 ms to 8 s


def read_notes(performance: Performance) -> Readings:
    """What the network says of each note; long performances are read in overlapping spans, so memory stays bounded."""
    seen = features(performance)
    n = len(seen)
    logits = np.zeros((n, N_OUTPUTS), np.float64)
    for start in range(0, n, _SPAN):
        low, high = max(0, start - _MARGIN), min(n, start + _SPAN + _MARGIN)
        out = _session().run(["logits"], {"notes": seen[None, low:high]})[0][0]
        stop = min(n, start + _SPAN)
        logits[start:stop] = out[start - low : stop - low]
    return _split(logits)


@lru_cache(maxsize=1)
def _session() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    data = resources.files("tecla").joinpath("weights", WEIGHTS).read_bytes()
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def _split(logits: NDArray[np.float64]) -> Readings:
    parts, at = {}, 0
    for name, width in HEADS.items():
        parts[name] = logits[:, at : at + width]
        at += width
    logs = {f"log_{name}": _log_softmax(parts[name]) for name in ("shift", "place", "value", "metre", "bar_eighth", "key", "alter")}
    odds = {name: _sigmoid(parts[name][:, 0]) for name in ("downbeat", "beat")}
    quarter = 2.0 ** np.clip(parts["period"][:, 0], *_PERIOD_LIMITS)
    return Readings(**logs, **odds, left=_sigmoid(parts["staff"][:, 0]), flags=_sigmoid(parts["flags"]), quarter_sec=quarter)


def _log_softmax(x: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted = x - x.max(axis=1, keepdims=True) if len(x) else x
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -30, 30))))
