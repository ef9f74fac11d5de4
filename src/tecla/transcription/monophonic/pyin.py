"""The mathematical baseline: pYIN (Mauch & Dixon, ICASSP 2014), as librosa has it, cut into notes.

pYIN says the pitch of every frame, or none. It knows no notes: a frame's pitch is rounded, and the same best path that reads the network
reads it, with all doubt spread over the neighbouring semitones. It needs the extra `voice`.
"""

from __future__ import annotations

import warnings
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tecla.errors import MissingExtraError
from tecla.music import Performance
from tecla.transcription.features import SAMPLE_RATE
from tecla.transcription.level import SILENCE_DB, loud_part_db
from tecla.transcription.monophonic.decode import LineBelief, decode_line
from tecla.transcription.monophonic.features import HOP_SAMPLES, LOWEST_PITCH, N_PITCHES
from tecla.transcription.monophonic.transcriber import write_line
from tecla.transcription.transcriber import Blocks

_FRAME_SAMPLES: Final = 2048
_SPREAD: Final = 0.35  # semitones of doubt
_VOICED: Final = 0.5


def transcribe_by_pyin(blocks: Blocks, bends: bool = False) -> Performance:
    """The notes of a single line from (N,) float32 blocks at 16 kHz; the whole sound is held in memory.

    Raises:
        MissingExtraError: librosa is not installed.
    """
    samples = np.concatenate([np.zeros(0, np.float32), *blocks()])
    level_db = loud_part_db([samples])
    if level_db < SILENCE_DB:
        return Performance()
    pitch, voiced = pyin(samples)
    belief = to_belief(pitch, voiced, frame_level_db(samples, len(pitch)))
    notes = decode_line(belief, SAMPLE_RATE / HOP_SAMPLES)
    return write_line(notes, belief, np.arange(LOWEST_PITCH, LOWEST_PITCH + N_PITCHES), SAMPLE_RATE / HOP_SAMPLES, level_db, bends)


def pyin(samples: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """MIDI pitch with its fraction (T,), and the probability that there is one (T,), every `HOP_SAMPLES`.

    Raises:
        MissingExtraError: librosa is not installed.
    """
    try:
        import librosa  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError('pYIN needs librosa: pip install "tecla[voice]"') from error
    said: Any = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # librosa warns of windows that hold less than two periods of the lowest pitch
        said = librosa.pyin(
            samples, fmin=float(librosa.midi_to_hz(LOWEST_PITCH)), fmax=float(librosa.midi_to_hz(96)), sr=SAMPLE_RATE,
            frame_length=_FRAME_SAMPLES, hop_length=HOP_SAMPLES, fill_na=None,
        )  # fmt: skip
    hz, voiced, probability = said
    return np.asarray(librosa.hz_to_midi(hz)), np.where(voiced, np.maximum(probability, _VOICED), np.minimum(probability, 1 - _VOICED))


def to_belief(pitch: NDArray[np.float64], voiced: NDArray[np.float64], level_db: NDArray[np.float32]) -> LineBelief:
    """A pitch a frame as a belief in every semitone; onsets are not known."""
    distance = (pitch[:, None] - np.arange(LOWEST_PITCH, LOWEST_PITCH + N_PITCHES)) / _SPREAD
    near = np.exp(-0.5 * np.square(distance)) + 1e-4
    held = near / near.sum(1, keepdims=True) * np.clip(voiced, 0.05, 0.95)[:, None]
    states = np.concatenate([1 - held.sum(1, keepdims=True), held], 1).astype(np.float32)
    bend = (pitch - np.round(pitch)).astype(np.float32)
    return LineBelief(states, np.full(len(pitch), 0.5, np.float32), bend, level_db)


def frame_level_db(samples: NDArray[np.float32], n_frames: int) -> NDArray[np.float32]:
    """Loudness around each frame, (T,) dB."""
    padded = np.pad(samples, (_FRAME_SAMPLES // 4, _FRAME_SAMPLES // 4 + n_frames * HOP_SAMPLES))
    framed = np.lib.stride_tricks.sliding_window_view(padded, _FRAME_SAMPLES // 2)[::HOP_SAMPLES][:n_frames]
    return (10 * np.log10(np.square(framed).mean(1) + 1e-10)).astype(np.float32)
