"""What FFmpeg can decode, as mono at the file's own rate; damage costs the damaged part, never the time of the rest.

FFmpeg is C that strangers' files can kill: everyone but `decoder`, which runs this in a process of its own, asks that.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from tecla.errors import InputError, InputWarning

if TYPE_CHECKING:
    import av
    from av.container import InputContainer

# A playlist named .wav must not make FFmpeg open other files or the network: only containers that hold their own sound.
_CONTAINERS: Final = "wav,w64,aiff,au,caf,flac,mp3,aac,ogg,mov,matroska,webm,avi,asf,flv,mpegts,mpeg,ac3,eac3,amr,wv,ape,tta,voc,dts,dsf,rm"
_OPTIONS: Final = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"}
_WITH_DURATION: Final = {"flac", "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "aiff", "w64", "au", "caf"}
_GAP_SEC: Final = 0.03  # longer than timestamps jitter, shorter than anyone would hear notes move
_LONGEST_GAP_SEC: Final = 60.0
_MOST_SILENCE_SEC: Final = 600.0  # filled in beyond what was read: a few bytes must not last for days
_MOST_BROKEN: Final = 100  # breaks in a container that are passed over
_FORMATS: Final = frozenset(kind + planar for kind in ("u8", "s16", "s32", "flt", "dbl") for planar in ("", "p"))  # that numpy has
_MOST_PLANES: Final = 8  # PyAV (to 18.1) reads past the end of FFmpeg's array of planes beyond these, and dies
_MISSING_SEC: Final = 0.25
_CANCELLED: Final = 0.01  # of a channel's power, below which a mean of channels is no picture of it: one is wired the wrong way round


def probe(path: Path) -> tuple[int, int, float | None]:
    """Sample rate in Hz, channels, and the duration claimed, in seconds.

    Raises:
        InputError: missing, empty, a folder, unreadable, no known format, or no sound track.
    """
    with _open(path) as container:
        stream = container.streams.audio[0]
        duration = None
        if stream.duration is not None and stream.time_base is not None:
            duration = float(stream.duration * stream.time_base)
        elif container.duration is not None:
            duration = container.duration / 1e6
        return stream.rate, stream.channels, duration


def _open(path: Path) -> InputContainer:
    import av  # noqa: PLC0415

    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder: name a sound file in it")
        if path.stat().st_size == 0:
            raise InputError(f"{path} is empty: record or copy it again")
        # "file:", since a colon in a name would name a protocol; "replace", since tags are often not UTF-8
        container = av.open(f"file:{path}", options=_OPTIONS, metadata_errors="replace")
    except (av.error.InvalidDataError, av.error.EOFError, av.error.ArgumentError) as error:
        raise InputError(f"{path} is not a sound file that tecla can read, or is damaged: export it again as wav, flac or mp3") from error
    except (av.error.FFmpegError, OSError) as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): check its name and permissions") from error
    if not any(stream.codec_context and stream.rate for stream in container.streams.audio[:1]):  # no context: codec unknown
        container.close()
        raise InputError(f"{path} holds no sound: export it again as wav, flac or mp3")
    stream = container.streams.audio[0]
    if stream.channels > _MOST_PLANES and stream.format is not None and stream.format.is_planar:
        container.close()
        raise InputError(f"{path} has {stream.channels} channels: mix it down to at most {_MOST_PLANES}")
    return container


@dataclass
class _Tally:
    """What a decoding lost, in packets and samples, to say so at its end."""

    good: int = 0
    bad: int = 0
    broken: int = 0
    read: int = 0
    filled: int = 0
    pending: list[NDArray[np.float32]] = field(default_factory=list)


def decode_mono(path: Path) -> Iterator[NDArray[np.float32]]:
    """Blocks of about a second, (n,) float32, NaN where a sample is not finite; what was lost inside is silence.

    Raises:
        InputError: as `probe`, or more of it is undecodable than not.

    Warns:
        InputWarning: part of it is damaged or missing.
    """
    tally = _Tally()
    with _open(path) as container:
        rate = container.streams.audio[0].rate
        for samples in _decode_frames(container, rate, tally):
            tally.read += len(samples)
            tally.pending.append(samples)
            if sum(map(len, tally.pending)) >= rate:
                yield np.concatenate(tally.pending)
                tally.pending.clear()
    if tally.bad > tally.good or (tally.broken and not tally.read):
        raise InputError(f"{path} is damaged beyond use, or no sound file: record or export it again")
    if tally.pending:
        yield np.concatenate(tally.pending)
    _warn_of_loss(path, tally, rate)


def _decode_frames(container: InputContainer, rate: int, tally: _Tally) -> Iterator[NDArray[np.float32]]:
    """Mono samples frame by frame, silence in the place of what cannot be decoded."""
    import av  # noqa: PLC0415

    begin_sec: float | None = None
    for packet in _packets(container, tally):
        try:
            frames = packet.decode()
            tally.good += bool(frames)
        except av.error.FFmpegError:
            tally.bad += 1
            continue
        for frame in frames:
            if frame.sample_rate != rate or not _is_readable(frame):
                tally.bad += 1
                continue
            if frame.time is not None:
                begin_sec = frame.time if begin_sec is None else begin_sec
                gap_sec = frame.time - begin_sec - tally.read / rate
                if _GAP_SEC < gap_sec < min(_LONGEST_GAP_SEC, _MOST_SILENCE_SEC + (tally.read - 2 * tally.filled) / rate):
                    tally.filled += round(gap_sec * rate)
                    yield np.zeros(round(gap_sec * rate), np.float32)
            yield _to_mono(frame)


def _packets(container: InputContainer, tally: _Tally) -> Iterator[av.Packet[av.AudioStream]]:
    """The track's packets, also those behind a break that the container's reader can get over."""
    import av  # noqa: PLC0415

    while tally.broken <= _MOST_BROKEN:
        try:
            yield from container.demux(container.streams.audio[0])
            return
        except av.error.FFmpegError:
            tally.broken += 1
    # The reader gets no further: what was read so far is all there is.


def _is_readable(frame: av.AudioFrame) -> bool:
    return frame.format.name in _FORMATS and not (frame.format.is_planar and frame.layout.nb_channels > _MOST_PLANES)


def _to_mono(frame: av.AudioFrame) -> NDArray[np.float32]:
    array: NDArray[Any] = frame.to_ndarray()  # (channels, n) when planar, (1, n * channels) when packed
    return mix(array.T if frame.format.is_planar else array.reshape(-1, frame.layout.nb_channels))


def mix(frames: NDArray[Any]) -> NDArray[np.float32]:
    """Channels averaged, full scale 1; a sample is NaN where no channel is finite. Channels that cancel are heard by the first loud one.

    Shape:
        frames: (n, channels), float, or integer of full scale
        returns: (n,) float32
    """
    with np.errstate(over="ignore", invalid="ignore"):  # numbers beyond float32, and infinities that cancel
        mono = _average(frames)
        if frames.dtype.kind == "f" and not np.isfinite(mono).all():
            finite = np.isfinite(frames.astype(np.float32))
            mono = _average(np.where(finite, frames, 0.0))
            mono[~finite.any(axis=1)] = np.nan
        if frames.shape[1] > 1:
            return _uncancelled(frames, mono)
    return mono


def _uncancelled(frames: NDArray[Any], mono: NDArray[np.float32]) -> NDArray[np.float32]:
    channels = [_average(frames[:, channel : channel + 1]) for channel in range(frames.shape[1])]
    power = [float(channel @ channel) for channel in channels]
    if not float(mono @ mono) < _CANCELLED * max(power):
        return mono
    return next(channel for channel, own in zip(channels, power, strict=True) if 2 * own >= max(power))


def _average(frames: NDArray[Any]) -> NDArray[np.float32]:
    """Mean of the columns, one addition each: four times faster than numpy's mean over a short axis."""
    n_channels = frames.shape[1]
    total = frames[:, 0].astype(np.float32)
    for channel in range(1, n_channels):
        total += frames[:, channel]
    if frames.dtype.kind == "f":
        return total / np.float32(n_channels)
    limits = np.iinfo(frames.dtype)
    middle = (float(limits.max) + float(limits.min) + 1.0) / 2  # 128 for unsigned bytes, 0 for signed types
    return (total / np.float32(n_channels) - np.float32(middle)) / np.float32(limits.max + 1.0 - middle)


def _warn_of_loss(path: Path, tally: _Tally, rate: int) -> None:
    read_sec = tally.read / rate
    claimed_sec = _wav_claims_sec(path) if path.suffix.lower() == ".wav" else _header_claims_sec(path)
    if claimed_sec is not None and read_sec < claimed_sec - _MISSING_SEC:
        what = f"is damaged or cut short: {read_sec:.1f} of {claimed_sec:.1f} s could be read"
        warnings.warn(InputWarning(f"{path} {what}"), stacklevel=4)
    elif tally.bad or tally.broken or tally.filled:
        warnings.warn(InputWarning(f"{path} is damaged: {tally.filled / rate:.1f} s in it are read as silence"), stacklevel=4)


def _header_claims_sec(path: Path) -> float | None:
    """The duration in a header; None for streams, whose duration FFmpeg can only guess from their size."""
    with _open(path) as container:
        kind = container.format.name
    if kind == "mp3":
        with path.open("rb") as file:
            head = file.read(2**16)
        return probe(path)[2] if b"Xing" in head or b"Info" in head else None
    return probe(path)[2] if kind in _WITH_DURATION else None


def _wav_claims_sec(path: Path) -> float | None:
    """The duration that a wav's header claims: FFmpeg answers what is there instead."""
    with path.open("rb") as file:
        head = file.read(2**16)
    at, bytes_per_sec = 12, 0
    while head[:4] == b"RIFF" and at + 20 <= len(head):
        kind, size = head[at : at + 4], int.from_bytes(head[at + 4 : at + 8], "little")
        if kind == b"fmt ":
            bytes_per_sec = int.from_bytes(head[at + 16 : at + 20], "little")
        if kind == b"data":
            streamed = size == 0 or size >= 0x7FFFF000  # written to a pipe: the size was never filled in
            return None if streamed or not bytes_per_sec else size / bytes_per_sec
        at += 8 + size + size % 2
    return None
