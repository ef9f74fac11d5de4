"""The picture behind the piano roll: how loud each quarter of a semitone is, on the roll's own axes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.io.audio import AudioSource
from tecla.transcription.features import BINS_PER_SEMITONE, HOP_SAMPLES, MARGIN_SAMPLES, spectrogram

WIDEST_PX: Final = 16384
_ROWS: Final = 88 * BINS_PER_SEMITONE
_RANGE: Final = 3.0  # from loudest to black, in the features' unit of 20 dB
_PIECE_SAMPLES: Final = 60 * 16000


def spectrogram_png(sound: AudioSource) -> bytes:
    """A grey PNG, black for silence: (352, T) pixels, highest key above; columns from 0 s to the sound's end.

    There are 50 columns a second as long as they fit in 16,384, and as many as fit otherwise. Windows of 0.13 s and 0.5 s are
    averaged in decibels: the one knows when, the other which key.
    """
    from PIL import Image  # noqa: PLC0415

    columns = np.concatenate(list(_pieces(sound)))  # (T, 352)
    if len(columns) > WIDEST_PX:
        edges = np.linspace(0, len(columns), WIDEST_PX + 1).astype(int)[:-1]
        columns = np.maximum.reduceat(columns, edges, axis=0)
    loudest = np.percentile(columns, 99.9) if columns.size else 0.0
    shade = np.clip(1.0 + (columns.astype(np.float32) - loudest) / _RANGE, 0.0, 1.0)
    picture = Image.fromarray(np.ascontiguousarray(np.round(255 * shade).astype(np.uint8).T[::-1]), "L")
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _pieces(sound: AudioSource) -> Iterator[NDArray[np.float16]]:
    """Columns of a minute at a time, (n, 352) float16."""
    kept = np.zeros(MARGIN_SAMPLES, np.float32)
    for block in sound.blocks():
        kept = np.concatenate([kept, block])
        if len(kept) >= _PIECE_SAMPLES + 2 * MARGIN_SAMPLES:
            n_frames = (len(kept) - 2 * MARGIN_SAMPLES) // HOP_SAMPLES
            yield _columns(kept[: (n_frames - 1) * HOP_SAMPLES + 2 * MARGIN_SAMPLES])
            kept = kept[n_frames * HOP_SAMPLES :]
    yield _columns(np.concatenate([kept, np.zeros(MARGIN_SAMPLES, np.float32)]))


def _columns(samples: NDArray[np.float32]) -> NDArray[np.float16]:
    _, middle, long = spectrogram(samples)
    return ((middle + long)[:, :_ROWS] / 2).astype(np.float16)
