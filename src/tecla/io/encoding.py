"""Blocks of sound to a file: wav, flac and ogg through libsndfile, mp3 through FFmpeg, which lets LAME be told how hard to try.

An encoder takes as long as the piano that it listens to, so one block is written while the next is played.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.float32]  # (n, channels), within full scale

_SOUNDFILE: Final = {".wav": ("WAV", "PCM_16"), ".flac": ("FLAC", "PCM_16"), ".ogg": ("OGG", "VORBIS")}
WRITABLE: Final = (*_SOUNDFILE, ".mp3")
_WRITE_FRAMES: Final = 2**14  # libsndfile's Vorbis encoder lays what it is given on the stack, and a thread's may hold half a megabyte
# LAME's V2 (FFmpeg counts it in 118ths), each channel by itself: finding out what two channels share is a quarter of its work.
_MP3_OPTIONS: Final = {"compression_level": "7", "joint_stereo": "0", "flags": "+qscale", "global_quality": str(2 * 118)}
_MP3_RATES: Final = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_MP3_LAYOUTS: Final = {1: "mono", 2: "stereo"}


class EncodingError(Exception):
    """Why a file could not be written, in a few words; whoever makes the blocks raises what it likes."""


def write_frames(path: Path, suffix: str, blocks: Iterable[Frames], sample_rate: int, n_channels: int) -> None:
    """Writes blocks as one of `WRITABLE`, whatever the path's own suffix.

    Raises:
        EncodingError: the format has not this rate or number of channels, or the target took no more.
        OSError: the target cannot be written.
    """
    opened = _mp3_writer if suffix == ".mp3" else _soundfile_writer
    with opened(path, suffix, sample_rate, n_channels) as write:
        _write_behind(write, blocks)


@contextmanager
def _soundfile_writer(path: Path, suffix: str, sample_rate: int, n_channels: int) -> Iterator[Callable[[Frames], Any]]:
    import soundfile  # noqa: PLC0415

    kind, subtype = _SOUNDFILE[suffix]
    try:
        with soundfile.SoundFile(path, "w", sample_rate, n_channels, subtype, format=kind) as file:
            yield file.write
    except (soundfile.LibsndfileError, AssertionError) as error:  # a short write is an assertion in soundfile
        raise EncodingError(str(error) or "the disk is full") from error


@contextmanager
def _mp3_writer(path: Path, suffix: str, sample_rate: int, n_channels: int) -> Iterator[Callable[[Frames], None]]:
    import av  # noqa: PLC0415

    if sample_rate not in _MP3_RATES or n_channels not in _MP3_LAYOUTS:
        raise EncodingError(f"mp3 has no {n_channels} channels at {sample_rate} Hz")
    layout = _MP3_LAYOUTS[n_channels]
    try:
        with av.open(str(path), "w", format=suffix[1:]) as file:
            stream = file.add_stream("libmp3lame", rate=sample_rate, options=_MP3_OPTIONS)
            stream.layout, stream.format = layout, "fltp"
            into_frames = av.AudioResampler("fltp", layout, sample_rate, frame_size=1152)

            def write(block: Frames) -> None:
                frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block.T), "fltp", layout)
                frame.sample_rate = sample_rate
                for whole in into_frames.resample(frame):
                    file.mux(stream.encode(whole))

            yield write
            for rest in (*into_frames.resample(None), None):
                file.mux(stream.encode(rest))
    except av.FFmpegError as error:
        raise EncodingError(error.strerror or str(error)) from error


def _write_behind(write: Callable[[Frames], Any], blocks: Iterable[Frames]) -> None:
    def write_block(block: Frames) -> None:
        for start in range(0, len(block), _WRITE_FRAMES):
            write(block[start : start + _WRITE_FRAMES])

    with ThreadPoolExecutor(1) as behind:
        written = None
        for block in blocks:
            if written is not None:
                written.result()
            written = behind.submit(write_block, block)
        if written is not None:
            written.result()
