"""Frames of many recordings on one plane, by UMAP of what the network sees of them."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tecla.cli.progress import counting_progress
from tecla.errors import MissingExtraError
from tecla.evaluation.curves import Judged
from tecla.io.audio import load_audio
from tecla.transcription.features import FRAME_RATE, HOP_SAMPLES, MARGIN_SAMPLES, spectrogram
from tecla.transcription.level import NOMINAL_DB, loud_part_db

MOST_FRAMES: Final = 1500
_OUTCOMES: Final = ("all right", "a miss", "silence", "an invention")
_REGISTERS: Final = ("below C3", "C3 to B3", "C4 to B4", "C5 and above", "silence")


@dataclass(frozen=True)
class FrameMap:
    """Shape: points (N, 2); outcomes, registers (N,) indices into the names."""

    points: NDArray[np.float64]
    outcomes: NDArray[np.intp]
    registers: NDArray[np.intp]
    outcome_names: Sequence[str] = _OUTCOMES
    register_names: Sequence[str] = _REGISTERS


def map_frames(pieces: Sequence[Judged], sounds: Sequence[Path | None], shifts_sec: Sequence[float]) -> FrameMap | None:
    """A map of at most `MOST_FRAMES` frames spread over the recordings; None where there is no sound.

    Raises:
        MissingExtraError: umap-learn is not installed. InputError: a sound cannot be read.
    """
    heard = [(piece, sound, shift) for piece, sound, shift in zip(pieces, sounds, shifts_sec, strict=True) if sound is not None]
    if not heard:
        return None
    umap = _load_umap()
    features, outcomes, registers = [], [], []
    with counting_progress("frames") as update:
        for number, (piece, sound, shift_sec) in enumerate(heard):
            rows, frames = _some_frames(sound, -(-MOST_FRAMES // len(heard)))
            at_sec = frames / FRAME_RATE - shift_sec
            features.append(rows)
            outcomes.append(_outcome(piece, at_sec))
            registers.append(_register(piece, at_sec))
            update(number + 1, len(heard))
    table = np.concatenate(features)
    chosen = np.unique(np.linspace(0, len(table) - 1, min(MOST_FRAMES, len(table))).astype(int))
    points = _project(umap, table[chosen])
    return FrameMap(points, np.concatenate(outcomes)[chosen], np.concatenate(registers)[chosen])


def _load_umap() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it tells of TensorFlow, which nobody asked for
            from umap.umap_ import UMAP  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtraError("the map of frames needs umap-learn: pip install 'tecla[report]'") from error
    return UMAP


def _project(umap: Any, table: NDArray[np.float32]) -> NDArray[np.float64]:
    """Thirty principal components, then UMAP, with its bar on stderr."""
    centred = table - table.mean(0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    narrow = centred @ axes[:30].T
    neighbours = min(15, len(table) - 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one seed means one thread, which it says each time
        if sys.stderr.isatty():  # its bar begins only after a minute of compiling
            print("drawing the map of frames: about a minute", file=sys.stderr)
        bar = {"desc": "map of frames", "leave": False, "disable": None}  # None: only where someone looks on
        mapper = umap(n_neighbors=neighbours, min_dist=0.15, random_state=0, init="pca", tqdm_kwds=bar)
        return np.asarray(mapper.fit_transform(narrow), np.float64)


def _some_frames(sound: Path, n_wanted: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Features of frames spread over a recording, (N, F), and their numbers, (N,)."""
    samples = load_audio(sound)
    samples = samples * np.float32(10 ** ((NOMINAL_DB - max(loud_part_db([samples]), -100.0)) / 20))
    padded = np.pad(samples, MARGIN_SAMPLES)
    frames = np.unique(np.linspace(0, max(0, len(samples) // HOP_SAMPLES - 1), n_wanted).astype(int))
    rows = [spectrogram(padded[frame * HOP_SAMPLES :][: 2 * MARGIN_SAMPLES])[-1] for frame in frames]
    return np.concatenate(rows), frames


def _outcome(piece: Judged, at_sec: NDArray[np.float64]) -> NDArray[np.intp]:
    """0 all right, 1 a missed note sounds, 2 silence, 3 an invented one is heard."""
    played = _sounding(piece.reference.notes["onset_sec"], piece.reference.sounding_offset_sec(), at_sec)
    missed = _sounding(piece.reference.notes["onset_sec"][~piece.found], piece.reference.notes["offset_sec"][~piece.found], at_sec)
    invented = _sounding(piece.estimate.notes["onset_sec"][~piece.right], piece.estimate.notes["offset_sec"][~piece.right], at_sec)
    return np.where(invented, 3, np.where(missed, 1, np.where(played, 0, 2)))


def _register(piece: Judged, at_sec: NDArray[np.float64]) -> NDArray[np.intp]:
    """The register of the lowest note that sounds."""
    notes, ends = piece.reference.notes, piece.reference.sounding_offset_sec()
    found = np.full(len(at_sec), len(_REGISTERS) - 1)
    for band, low in zip((3, 2, 1, 0), (72, 60, 48, 0), strict=True):
        inside = (notes["pitch"] >= low) & (notes["pitch"] < low + (12 if band in (1, 2) else 48))
        found[_sounding(notes["onset_sec"][inside], ends[inside], at_sec)] = band
    return found


def _sounding(begin_sec: NDArray[np.float64], end_sec: NDArray[np.float64], at_sec: NDArray[np.float64]) -> NDArray[np.bool_]:
    """At which times something sounds."""
    begun = np.searchsorted(np.sort(begin_sec), at_sec, side="right")
    over = np.searchsorted(np.sort(end_sec), at_sec, side="right")
    return np.asarray(begun > over)
