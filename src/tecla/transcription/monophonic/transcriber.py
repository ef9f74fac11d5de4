"""Waveform -> the notes of a single line: level, features, network, best path; bends between the semitones if wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.music import Performance
from tecla.music.performance import BEND
from tecla.transcription.features import SAMPLE_RATE
from tecla.transcription.level import NOMINAL_DB, SILENCE_DB, loud_part_db
from tecla.transcription.monophonic.decode import LineBelief, LineConfig, LineNotes, decode_line
from tecla.transcription.monophonic.network import LineNetwork, find_line_weights
from tecla.transcription.transcriber import Blocks

_LOUD_VELOCITY: Final = 96  # of a note as loud as the take's loud part
_VELOCITY_PER_DB: Final = 1.6
_BEND_STEP: Final = 0.05  # semitones; smaller movements are not written


class LineTranscriber:
    """A network for a single line, and how to read it."""

    def __init__(self, network: LineNetwork, config: LineConfig | None = None) -> None:
        self.network, self.config = network, config or LineConfig()

    @classmethod
    def load(cls, model: str = "default") -> LineTranscriber:
        """Shipped weights by name, or an .onnx file.

        Raises:
            OptionError: no such model. InputError: the file is no network for a line.
        """
        return cls(LineNetwork(find_line_weights(model)))

    def transcribe(self, blocks: Blocks, on_progress: Callable[[float], None] | None = None, bends: bool = False) -> Performance:
        """What was sung or played. Empty if nothing can be heard.

        Args:
            blocks: called twice (for the level, then for the notes), gives (N,) float32 stretches of mono audio at 16 kHz.
            on_progress: called with the seconds heard so far.
            bends: keep how far the sound strays from its notes' pitches: intonation, vibrato, glides.
        """
        level_db = loud_part_db(blocks())
        if level_db < SILENCE_DB:
            return Performance()
        belief = self._listen(blocks, level_db, on_progress)
        frame_rate = SAMPLE_RATE / self.network.hop_samples
        notes = decode_line(belief, frame_rate, self.config)
        return write_line(notes, belief, self.network.pitches, frame_rate, level_db, bends)

    def _listen(self, blocks: Blocks, level_db: float, on_progress: Callable[[float], None] | None) -> LineBelief:
        """Belief of the whole sound; 26 kB a second of it, so that an hour takes 90 MB."""
        parts, heard = list[LineBelief](), 0
        for part in self.network.stream(blocks(), 10 ** ((NOMINAL_DB - level_db) / 20)):
            parts.append(part)
            heard += len(part.onset)
            if on_progress is not None:
                on_progress(heard * self.network.hop_samples / SAMPLE_RATE)
        return LineBelief(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("states", "onset", "bend", "level_db")))


def write_line(
    notes: LineNotes, belief: LineBelief, pitches: NDArray[np.intp], frame_rate: float, level_db: float, bends: bool
) -> Performance:
    """Decoded notes as a Performance: seconds, pitches (S,) by state, velocities by level, bends if wanted."""
    line = Performance.from_arrays(
        notes.onset / frame_rate,
        notes.offset / frame_rate,
        pitches[notes.state - 1],
        _velocity(notes, belief.level_db - level_db),
        np.clip(notes.confidence, 0, 1),
    )
    return Performance(line.notes, bends=bends_of(notes, belief.bend, frame_rate)) if bends else line


def _velocity(notes: LineNotes, above_loud_db: NDArray[np.float32]) -> NDArray[np.intp]:
    """Velocity by the loudest part of each note, against the loud part of the take, (N,) 1..127."""
    peaks = [np.percentile(above_loud_db[int(a) : max(int(a) + 1, int(b))], 90) for a, b in zip(notes.onset, notes.offset, strict=True)]
    return np.clip(np.round(_LOUD_VELOCITY + _VELOCITY_PER_DB * np.array(peaks)), 1, 127).astype(np.intp)


def bends_of(notes: LineNotes, bend: NDArray[np.float32], frame_rate: float) -> NDArray[np.void]:
    """Bends (K,) of `BEND` within the notes, smoothed over three frames, each note's first at its onset, and 0 after the last."""
    smooth = np.convolve(np.pad(bend.astype(np.float64), 1, "edge"), np.full(3, 1 / 3), "valid")
    rows, last = list[tuple[float, float]](), 0.0
    for onset, offset in zip(notes.onset, notes.offset, strict=True):
        first, stop = int(np.ceil(onset)), int(offset)
        for number, frame in enumerate(range(first, max(stop, first + 1))):
            value = float(smooth[min(frame, len(smooth) - 1)])
            if number == 0 or abs(value - last) >= _BEND_STEP:
                rows.append((max(onset, frame) / frame_rate if number else onset / frame_rate, value))
                last = value
    if rows:
        rows.append((float(notes.offset[-1]) / frame_rate, 0.0))
    return np.array(rows, BEND)
