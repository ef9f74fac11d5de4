"""Sound at the speed at which it happens: from a microphone, or from a file played back in real time.

Both give what has arrived since they were last asked, so a listener who is late gets one long stretch and can catch up.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tecla.errors import InputError, MissingExtraError
from tecla.io.audio import SAMPLE_RATE

_PIECE_SEC: Final = 0.02
_UNPLUGGED_SEC: Final = 5.0


def listen(device: str | None = None) -> Iterator[NDArray[np.float32]]:
    """What a microphone hears from now on, (N,) float32 mono at 16 kHz, until the iterator is closed.

    Args:
        device: its number, or part of its name; None is the system's own choice.

    Raises:
        MissingExtraError: sounddevice or PortAudio is not installed. InputError: no such microphone, or it was unplugged.
    """
    import soxr  # noqa: PLC0415

    sounddevice = _import_sounddevice()
    arrived = queue.SimpleQueue[NDArray[np.float32]]()
    name = int(device) if device is not None and device.isdecimal() else device
    try:
        rate = int(sounddevice.query_devices(name, "input")["default_samplerate"])
        stream = sounddevice.InputStream(
            rate, int(rate * _PIECE_SEC), name, 1, "float32", "low", callback=lambda block, *_: arrived.put(block[:, 0].copy())
        )
        with stream:
            resampler = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")
            while True:
                yield resampler.resample_chunk(_drain(arrived))
    except (ValueError, sounddevice.PortAudioError) as error:
        known = ", ".join(f"{d['index']} {d['name']}" for d in sounddevice.query_devices() if d["max_input_channels"])
        what = "the microphone" if device is None else f"the microphone {device!r}"
        raise InputError(f"{what} cannot be opened ({error}): name a file, or one of: {known or 'none was found'}") from error


def play_back(blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """A recording's (N,) blocks at 16 kHz as they would arrive from a microphone, in real time."""
    begin, given = time.perf_counter(), 0
    for block in blocks:
        while len(block):
            due = round((time.perf_counter() - begin) * SAMPLE_RATE) - given
            if due < _PIECE_SEC * SAMPLE_RATE:
                time.sleep(_PIECE_SEC - max(due, 0) / SAMPLE_RATE)
                continue
            yield block[:due]
            block, given = block[due:], given + len(block[:due])


def _drain(arrived: queue.SimpleQueue[NDArray[np.float32]]) -> NDArray[np.float32]:
    try:
        pieces = [arrived.get(timeout=_UNPLUGGED_SEC)]
        while not arrived.empty():
            pieces.append(arrived.get_nowait())
    except queue.Empty as error:
        raise InputError(f"the microphone has given nothing for {_UNPLUGGED_SEC:.0f} s: is it still plugged in?") from error
    return np.concatenate(pieces)


def _import_sounddevice() -> Any:
    try:
        import sounddevice  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError('a microphone needs sounddevice: pip install "tecla[live]", or name a file') from error
    except OSError as error:  # the package is there, the library is not: Linux only
        raise MissingExtraError("a microphone needs PortAudio: install it (Debian, Ubuntu: apt install libportaudio2)") from error
    return sounddevice
