"""Sound files in, as a stream of mono float32 blocks in constant memory, and out, whole or not at all.

One reader, FFmpeg's through PyAV, in a process of its own (decoder.py): measured beside libsndfile it is as fast, reads video and
m4a too, goes on past damage in the middle of a file where libsndfile gives up, and keeps quiet on stderr. encoding.py writes.
"""

from __future__ import annotations

import itertools
import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tecla.errors import InputError, InputWarning, OptionError, OutputError
from tecla.io.decoder import decode_mono, probe
from tecla.io.decoding import mix
from tecla.io.encoding import WRITABLE, EncodingError, write_frames
from tecla.io.target import whole_target

SAMPLE_RATE: Final = 16_000
READABLE: Final = frozenset(
    ".wav .flac .mp3 .ogg .oga .opus .m4a .aac .mp4 .m4v .mov .mkv .webm .avi .aif .aiff .w64 .caf .wma .au .mka .ac3".split()
)
_LOWEST_RATE: Final = 2_000
_HIGHEST_RATE: Final = 768_000
_DC_SEC: Final = 5
_LOUDEST: Final = 1e4  # float files are sometimes scaled as integers; beyond this the power spectrum would overflow


@dataclass(frozen=True)
class AudioSource:
    """Sound that can be read again and again from its beginning, a block at a time.

    `sample_rate` in Hz and `channels` are the source's own; `duration_sec` is what it claims (None: it does not say).
    """

    name: str
    sample_rate: int
    channels: int
    duration_sec: float | None
    read: Callable[[], Iterator[NDArray[np.float32]]]

    def blocks(self, sample_rate: int = SAMPLE_RATE) -> Iterator[NDArray[np.float32]]:
        """Mono blocks of any length, (n,) float32, resampled as one stream: no seams.

        Samples that are not finite are 0. A constant offset (DC), as its first seconds show it, is taken out: it would
        pass for loudness.

        Raises:
            InputError: nothing in it can be decoded, or it holds no finite sample.

        Warns:
            InputWarning: part of it is damaged or missing.
        """
        import soxr  # noqa: PLC0415

        stream = soxr.ResampleStream(self.sample_rate, sample_rate, 1, dtype="float32")
        for block in _centred(_finite(self.name, self.read()), _DC_SEC * self.sample_rate):
            out = stream.resample_chunk(block)
            if len(out):
                yield out
        yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


def open_audio(path: str | os.PathLike[str]) -> AudioSource:
    """Opens a sound file, or a video's first sound track; nothing is decoded yet.

    Raises:
        InputError: missing, empty, of no format FFmpeg knows, or without sound; the message says which.
    """
    path = Path(path)
    sample_rate, channels, duration_sec = probe(path)
    if not _LOWEST_RATE <= sample_rate <= _HIGHEST_RATE:
        raise InputError(f"{path} has a sample rate of {sample_rate} Hz: resample it to between {_LOWEST_RATE} and {_HIGHEST_RATE} Hz")
    return AudioSource(str(path), sample_rate, channels, duration_sec, lambda: decode_mono(path))


def array_source(samples: ArrayLike, sample_rate: int, name: str = "the array") -> AudioSource:
    """Sound already in memory: (n,), (n, channels) or (channels, n), float, or integer of full scale.

    Raises:
        InputError: no samples, more than two dimensions, or not numbers.
        OptionError: a sample rate out of bounds.
    """
    array = np.asarray(samples)
    if array.ndim not in (1, 2) or not array.size or array.dtype.kind not in "fiu":
        raise InputError(f"{name} has shape {array.shape} and type {array.dtype}: give (samples,) or (samples, channels) numbers")
    if not _LOWEST_RATE <= sample_rate <= _HIGHEST_RATE:
        raise OptionError(f"sample_rate is {sample_rate} Hz: must be {_LOWEST_RATE} to {_HIGHEST_RATE}")
    frames = array.reshape(len(array), -1) if array.ndim == 1 or array.shape[0] >= array.shape[1] else array.T

    def read() -> Iterator[NDArray[np.float32]]:
        for start in range(0, len(frames), sample_rate):
            yield mix(frames[start : start + sample_rate])

    return AudioSource(name, int(sample_rate), frames.shape[1], len(frames) / sample_rate, read)


def load_audio(path: str | os.PathLike[str], sample_rate: int = SAMPLE_RATE) -> NDArray[np.float32]:
    """A whole file as mono, (n,) float32.

    Raises:
        InputError: as `open_audio` and `AudioSource.blocks`.
    """
    return np.concatenate(list(open_audio(path).blocks(sample_rate)))


def save_audio(
    path: str | os.PathLike[str], samples: NDArray[np.floating[Any]] | Iterable[NDArray[np.floating[Any]]], sample_rate: int
) -> None:
    """Writes wav or flac (16 bit), mp3 or ogg (Vorbis), as the suffix says; samples beyond full scale are clipped.

    Shape:
        samples: (n,) or (n, channels) float, or an iterable of such blocks

    Raises:
        OutputError: another suffix, a rate the format has not, or a target that cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in WRITABLE:
        raise OutputError(f"{path} cannot be written: tecla writes sound as {', '.join(WRITABLE)}")
    blocks = map(_frames, [samples] if isinstance(samples, np.ndarray) else samples)
    first = next(blocks, np.zeros((0, 1), np.float32))
    with whole_target(path) as neighbour:
        try:
            write_frames(neighbour, suffix, itertools.chain([first], blocks), sample_rate, first.shape[1])
        except EncodingError as error:
            raise OutputError(f"{path} cannot be written ({error}): free some space, or try .wav") from error


def _frames(block: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """(n,) or (n, channels) -> (n, channels), within full scale."""
    frames = np.asarray(block, np.float32)
    return np.clip(frames.reshape(len(frames), -1 if len(frames) else 1), -1.0, 1.0)


def _finite(name: str, blocks: Iterator[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """The blocks with zeros for what is not finite, and the refusal of a source that holds nothing else."""
    n_samples = n_bad = 0
    for block in blocks:
        bad = ~np.isfinite(block)
        n_samples, n_bad = n_samples + len(block), n_bad + int(bad.sum())
        yield np.clip(np.where(bad, np.float32(0), block), -_LOUDEST, _LOUDEST)
    if n_samples == n_bad:
        what = "only samples that are not numbers (NaN)" if n_bad else "no sound"
        raise InputError(f"{name} holds {what}: record or export it again")
    if n_bad:
        warnings.warn(InputWarning(f"{name} holds {n_bad} samples that are not numbers (NaN): read as silence"), stacklevel=2)


def _centred(blocks: Iterator[NDArray[np.float32]], n_first: int) -> Iterator[NDArray[np.float32]]:
    """The blocks less the mean of their first `n_first` samples."""
    first: list[NDArray[np.float32]] = []
    for block in blocks:
        first.append(block)
        if sum(map(len, first)) >= n_first:
            break
    start = np.concatenate(first) if first else np.zeros(1, np.float32)
    middle = np.float32(start.mean(dtype=np.float64))
    yield start - middle
    for block in blocks:
        yield block - middle
