"""FFmpeg in a process of its own: both ends. What may happen to that process, and what it may use, stands in `apart`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tecla.apart import Message, Trade, ask
from tecla.io import decoding

FFMPEG: Final = Trade("tecla.io.decoder", "FFmpeg", "it is damaged: record it again, or export it as wav, flac or mp3")
_PART_SAMPLES: Final = 2**18


def probe(path: Path) -> tuple[int, int, float | None]:
    """Sample rate in Hz, channels, and the duration claimed, in seconds.

    Raises:
        InputError: as `decoding.probe`, or FFmpeg died of it.
    """
    (facts,) = [json.loads(body) for _, body in _asked("probe", path)]
    return facts[0], facts[1], facts[2]


def decode_mono(path: Path) -> Iterator[NDArray[np.float32]]:
    """Blocks of at most some seconds, (n,) float32, NaN where a sample is not finite; what was lost inside is silence.

    Raises:
        InputError: as `decoding.decode_mono`, or FFmpeg died of it.

    Warns:
        InputWarning: part of it is damaged or missing.
    """
    for _, body in _asked("decode_mono", path):
        yield np.frombuffer(body, np.float32)


def _asked(act: str, path: Path) -> Iterator[Message]:
    folder = None if path.is_absolute() else str(Path.cwd())
    yield from ask(FFMPEG, str(path), {"act": act, "path": str(path), "folder": folder})


def answer(request: dict[str, Any], _: bytes) -> Iterator[Message]:
    """The process's end: the facts of a file as JSON, or its sound as parts of float32."""
    path = Path(request["path"])
    if request["folder"]:
        os.chdir(request["folder"])
    if request["act"] == "probe":
        yield b"F", json.dumps(decoding.probe(path)).encode()
        return
    for block in decoding.decode_mono(path):
        for start in range(0, len(block), _PART_SAMPLES):
            yield b"S", block[start : start + _PART_SAMPLES].tobytes()
