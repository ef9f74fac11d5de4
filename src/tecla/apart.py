"""Work in a process of its own: a stranger's file may crash a C++ library, hang it or fill its memory, and costs no more than itself.

Both ends are here. A process takes requests, a line of JSON each with raw bytes behind it, and answers in messages: a byte that says
what kind, four that say how long, and that much. Nothing in them is code. Processes that have answered wait for the next request, so a
thousand files start one. Each has a bound of memory, and one of processor time from one message to the next.
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
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import astuple, dataclass
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from tecla.errors import InputError, InputWarning

_HEADER: Final = struct.Struct("<cI")
_WARNING, _REFUSAL, _END = b"W", b"R", b"E"
_BEGIN: Final = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from tecla.apart import serve; serve(*json.loads(sys.argv[2]))"

Message = tuple[bytes, bytes]


@dataclass(frozen=True)
class Trade:
    """A kind of process: what it does, and with how much.

    Attributes:
        module: its `answer(request, body)` yields the messages, with kinds of its own; InputErrors and InputWarnings come through.
        library: that may die, as messages name it; mend: what whoever sent the file may do then.
        most_sec: of processor time from one message to the next; most_bytes: of memory.
    """

    module: str
    library: str
    mend: str
    most_sec: int = 10
    most_bytes: int = 2 * 2**30


def ask(trade: Trade, name: str, request: dict[str, Any], body: bytes = b"") -> Iterator[Message]:
    """What a process that is idle, or a new one, answers: (kind, body).

    Args:
        name: of what is asked about, for messages.

    Raises:
        InputError: the process refused it, or died of it.

    Warns:
        InputWarning: as the process did.
    """
    with _lock:
        process = _idle[trade].pop() if _idle[trade] else None
    if process is not None and not process.alive:
        process.end()
        process = None
    used = process is not None
    process = process or _Process(trade)
    refusal, whole = None, False
    try:
        messages = process.ask(name, request, body)
        try:
            first = next(messages)
        except InputError:
            if not used:
                raise
            process.end()  # what it read before may have harmed it: a file is only blamed for a death of its own
            process = _Process(trade)
            messages = process.ask(name, request, body)
            first = next(messages)
        for kind, answer in chain([first], messages):
            if kind == _REFUSAL:
                refusal = answer.decode("utf-8", "surrogateescape")
            elif kind == _WARNING:
                warnings.warn(InputWarning(answer.decode("utf-8", "surrogateescape")), stacklevel=4)
            elif kind != _END:
                yield kind, answer
        whole = True
    finally:
        if whole:
            with _lock:
                _idle[trade].append(process)
        else:
            process.end()
    if refusal is not None:
        raise InputError(refusal)


class _Process:
    """From outside. It ends with whoever started it: by its stdin when it looks there, by its lifeline in the middle of work."""

    def __init__(self, trade: Trade) -> None:
        paths = [entry for entry in sys.path if entry] + [str(Path(__file__).parents[1])]
        self._trade = trade
        ends = os.pipe() if os.name == "posix" else ()  # nothing is ever written to it
        self._lifeline = ends[1:]
        self._process = subprocess.Popen(
            # -P: no module beside a stranger's file
            [sys.executable, "-P", "-c", _BEGIN, json.dumps(paths), json.dumps([*astuple(trade), *ends[:1]])],
            pass_fds=ends[:1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
            start_new_session=True,  # Ctrl-C is its parent's to answer
        )
        for end in ends[:1]:
            os.close(end)
        self._requests, self._answers = cast(BinaryIO, self._process.stdin), cast(BinaryIO, self._process.stdout)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, name: str, request: dict[str, Any], body: bytes) -> Iterator[Message]:
        """Its messages, to the last. Raises InputError if it dies."""
        try:
            self._requests.write(json.dumps({"name": name, "n_bytes": len(body), "request": request}).encode() + b"\n")
            self._requests.write(body)
            self._requests.flush()
            kind = b""
            while kind != _END:
                kind, n_bytes = _HEADER.unpack(self._read(_HEADER.size))
                yield kind, self._read(n_bytes)
        except (EOFError, BrokenPipeError, ConnectionResetError) as error:
            raise InputError(_cause_of_death(self._process.wait(), name, self._trade)) from error

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        with suppress(BrokenPipeError):  # half a request may still wait to be written
            self._requests.close()
        self._answers.close()
        for end in self._lifeline:
            os.close(end)
        self._lifeline = ()

    def _read(self, n_bytes: int) -> bytes:
        read = self._answers.read(n_bytes)
        if len(read) < n_bytes:
            raise EOFError
        return read


_idle: defaultdict[Trade, list[_Process]] = defaultdict(list)
_not_ours: list[_Process] = []  # a forked process must neither use nor end those of its parent
_lock = threading.Lock()


def _cause_of_death(code: int, name: str, trade: Trade) -> str:
    if code >= 0:
        return f"{name} cannot be read ({trade.library}'s process ended with {code}): {trade.mend}"
    if -code == getattr(signal, "SIGXCPU", None):
        return f"{name} keeps {trade.library} busy without end; {trade.mend}"
    return f"{name} crashes {trade.library} ({signal.Signals(-code).name}); {trade.mend}"


@atexit.register
def end_all() -> None:
    """Ends the processes that wait for work."""
    with _lock:
        for processes in _idle.values():
            while processes:
                processes.pop().end()


def _after_fork() -> None:
    for processes in _idle.values():
        _not_ours.extend(processes)
    _idle.clear()
    _lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_after_fork)


def serve(module: str, library: str, mend: str, most_sec: int, most_bytes: int, lifeline: int | None = None) -> None:
    """The process, from inside: answers until nobody asks any more."""
    trade = Trade(module, library, mend, most_sec, most_bytes)
    if lifeline is not None:
        _end_with(lifeline)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer
    _limit("RLIMIT_CORE", 0)
    _limit("RLIMIT_AS", trade.most_bytes)
    try:
        for line in sys.stdin.buffer:
            asked = json.loads(line)
            _answer(trade, asked["name"], asked["request"], sys.stdin.buffer.read(asked["n_bytes"]), answers)
    except BrokenPipeError:
        os._exit(0)  # whoever asked is gone


def _end_with(lifeline: int) -> None:
    """Has the system send a signal that ends this process, whatever it is at, when the other end of a pipe is closed."""
    with suppress(ImportError, AttributeError, OSError):
        import fcntl  # noqa: PLC0415

        fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)


def _answer(trade: Trade, name: str, request: dict[str, Any], body: bytes, answers: BinaryIO) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", InputWarning)
        try:
            _allow_more_time(trade.most_sec)
            for kind, answer in import_module(trade.module).answer(request, body):
                _send(answers, kind, answer)
                _allow_more_time(trade.most_sec)
        except InputError as error:
            _send(answers, _REFUSAL, str(error).encode("utf-8", "surrogateescape"))
        except MemoryError:
            why = f"{name} would need more than {trade.most_bytes // 2**30} GB of memory: {trade.mend}"
            _send(answers, _REFUSAL, why.encode("utf-8", "surrogateescape"))
    for warning in caught:
        if issubclass(warning.category, InputWarning):
            _send(answers, _WARNING, str(warning.message).encode("utf-8", "surrogateescape"))
    _send(answers, _END)


def _send(answers: BinaryIO, kind: bytes, body: bytes = b"") -> None:
    answers.write(_HEADER.pack(kind, len(body)) + body)
    answers.flush()


def _allow_more_time(most_sec: int) -> None:
    used = os.times()
    _limit("RLIMIT_CPU", int(used.user + used.system) + most_sec)


def _limit(name: str, most: int) -> None:
    """A limit of the system's, as far as the system has it."""
    with suppress(ImportError, AttributeError, ValueError, OSError):
        import resource  # noqa: PLC0415

        which = getattr(resource, name)
        hard = resource.getrlimit(which)[1]
        resource.setrlimit(which, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
