"""FFmpeg in a process of its own: a stranger's file may crash it, hang it or fill its memory, and costs no more than that file.

Both ends are here. A process takes requests, a line of JSON each, and answers in messages: a byte that says what kind, four that say how
long, and that much. Nothing in them is code. Processes that have answered wait for the next request, so a thousand files start
one. Each has two gigabytes, and ten seconds of processor time from one block of sound to the next.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import struct
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import numpy as np
from numpy.typing import NDArray

from tecla.errors import InputError, InputWarning
from tecla.io import decoding

_MOST_BYTES: Final = 2 * 2**30
_MOST_SEC: Final = 10
_HEADER: Final = struct.Struct("<cI")
_FACTS, _SOUND, _WARNING, _REFUSAL, _END = b"F", b"S", b"W", b"R", b"E"
_PART_SAMPLES: Final = 2**18
_BEGIN: Final = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from tecla.io.decoder import serve; serve()"


def probe(path: Path) -> tuple[int, int, float | None]:
    """Sample rate in Hz, channels, and the duration claimed, in seconds.

    Raises:
        InputError: as `decoding.probe`, or FFmpeg died of it.
    """
    (facts,) = [json.loads(body) for kind, body in _asked("probe", path) if kind == _FACTS]
    return facts[0], facts[1], facts[2]


def decode_mono(path: Path) -> Iterator[NDArray[np.float32]]:
    """Blocks of at most some seconds, (n,) float32, NaN where a sample is not finite; what was lost inside is silence.

    Raises:
        InputError: as `decoding.decode_mono`, or FFmpeg died of it.

    Warns:
        InputWarning: part of it is damaged or missing.
    """
    for kind, body in _asked("decode_mono", path):
        if kind == _SOUND:
            yield np.frombuffer(body, np.float32)
        elif kind == _WARNING:
            warnings.warn(InputWarning(body.decode("utf-8", "surrogateescape")), stacklevel=4)


class _Decoder:
    """A process, from outside. It ends with its stdin, so with whoever started it, too."""

    def __init__(self) -> None:
        paths = [entry for entry in sys.path if entry] + [str(Path(__file__).parents[2])]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _BEGIN, json.dumps(paths)],  # -P: not even a module beside a stranger's file
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
            start_new_session=True,  # Ctrl-C is its parent's to answer
        )
        self._requests, self._answers = cast(BinaryIO, self._process.stdin), cast(BinaryIO, self._process.stdout)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, act: str, path: Path) -> Iterator[tuple[bytes, bytes]]:
        """Its messages, to the last. Raises InputError if it dies."""
        folder = None if path.is_absolute() else str(Path.cwd())
        try:
            self._requests.write(json.dumps({"act": act, "path": str(path), "folder": folder}).encode() + b"\n")
            self._requests.flush()
            kind = b""
            while kind != _END:
                kind, n_bytes = _HEADER.unpack(self._read(_HEADER.size))
                yield kind, self._read(n_bytes)
        except (EOFError, BrokenPipeError, ConnectionResetError) as error:
            raise InputError(_cause_of_death(self._process.wait(), path)) from error

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        with suppress(BrokenPipeError):  # half a request may still wait to be written
            self._requests.close()
        self._answers.close()

    def _read(self, n_bytes: int) -> bytes:
        read = self._answers.read(n_bytes)
        if len(read) < n_bytes:
            raise EOFError
        return read


_idle: list[_Decoder] = []
_not_ours: list[_Decoder] = []  # a forked process must neither use nor end those of its parent
_lock = threading.Lock()


def _asked(act: str, path: Path) -> Iterator[tuple[bytes, bytes]]:
    """What a process that is idle, or a new one, answers."""
    with _lock:
        decoder = _idle.pop() if _idle else None
    if decoder is not None and not decoder.alive:
        decoder.end()
        decoder = None
    decoder = decoder or _Decoder()
    refusal, whole = None, False
    try:
        for kind, body in decoder.ask(act, path):
            if kind == _REFUSAL:
                refusal = body.decode("utf-8", "surrogateescape")
            yield kind, body
        whole = True
    finally:
        if whole:
            with _lock:
                _idle.append(decoder)
        else:
            decoder.end()
    if refusal is not None:
        raise InputError(refusal)


def _cause_of_death(code: int, path: Path) -> str:
    mend = "it is damaged: record it again, or export it as wav, flac or mp3"
    if code >= 0:
        return f"{path} cannot be decoded (FFmpeg's process ended with {code}): {mend}"
    if -code == getattr(signal, "SIGXCPU", None):
        return f"{path} keeps FFmpeg busy without end; {mend}"
    return f"{path} crashes FFmpeg ({signal.Signals(-code).name}); {mend}"


@atexit.register
def _end_all() -> None:
    with _lock:
        while _idle:
            _idle.pop().end()


def _after_fork() -> None:
    _not_ours.extend(_idle)
    _idle.clear()
    _lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_after_fork)


def serve() -> None:
    """The process, from inside: answers until nobody asks any more."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer
    _limit("RLIMIT_CORE", 0)
    _limit("RLIMIT_AS", _MOST_BYTES)
    try:
        for line in sys.stdin.buffer:
            _answer(json.loads(line), answers)
    except BrokenPipeError:
        os._exit(0)  # whoever asked is gone


def _answer(request: dict[str, Any], answers: BinaryIO) -> None:
    path = Path(request["path"])
    if request["folder"]:
        os.chdir(request["folder"])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", InputWarning)
        try:
            for kind, body in _found(request["act"], path):
                _send(answers, kind, body)
                _allow_more_time()
        except InputError as error:
            _send(answers, _REFUSAL, str(error).encode("utf-8", "surrogateescape"))
        except MemoryError:
            why = f"{path} would need more than {_MOST_BYTES // 2**30} GB of memory: record it again, or export it as wav, flac or mp3"
            _send(answers, _REFUSAL, why.encode("utf-8", "surrogateescape"))
    for warning in caught:
        if issubclass(warning.category, InputWarning):
            _send(answers, _WARNING, str(warning.message).encode("utf-8", "surrogateescape"))
    _send(answers, _END)


def _found(act: str, path: Path) -> Iterator[tuple[bytes, bytes]]:
    _allow_more_time()
    if act == "probe":
        yield _FACTS, json.dumps(decoding.probe(path)).encode()
        return
    for block in decoding.decode_mono(path):
        for start in range(0, len(block), _PART_SAMPLES):
            yield _SOUND, block[start : start + _PART_SAMPLES].tobytes()


def _send(answers: BinaryIO, kind: bytes, body: bytes = b"") -> None:
    answers.write(_HEADER.pack(kind, len(body)) + body)
    answers.flush()


def _allow_more_time() -> None:
    used = os.times()
    _limit("RLIMIT_CPU", int(used.user + used.system) + _MOST_SEC)


def _limit(name: str, most: int) -> None:
    """A limit of the system's, as far as the system has it."""
    with suppress(ImportError, AttributeError, ValueError, OSError):
        import resource  # noqa: PLC0415

        which = getattr(resource, name)
        hard = resource.getrlimit(which)[1]
        resource.setrlimit(which, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
