"""Waveform -> Performance: level, features, network, notes and pedals, in one pass over sound of any length.

Memory does not grow with the sound: a note needs the activations from just before its onset to `LONGEST_NOTE_FRAMES`
after it, so notes are decoded while the sound streams by and older activations are forgotten. For the same reason
nothing depends on where the pieces were cut. Nor does it depend on where the recording was: its loudest sample always stands
in the middle of a frame, for the network hears a stroke a little differently between two frames than in one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from tecla.music.performance import SUSTAIN, Performance
from tecla.transcription.coherence import mend_key_up, mend_pedal, release_later
from tecla.transcription.concert_pitch import ConcertPitch, stretch, stretched
from tecla.transcription.confidence import Calibration, load_calibration
from tecla.transcription.decode import (
    LONGEST_NOTE_FRAMES,
    DecodeConfig,
    DecodedNotes,
    decode_notes,
    decode_pedal,
    frames_to_sec,
    key_index_to_pitch,
    load_reading,
    stack,
)
from tecla.transcription.dynamics import Dynamics, load_dynamics
from tecla.transcription.evenness import even_keys
from tecla.transcription.features import FRAME_RATE, HOP_SAMPLES, SAMPLE_RATE
from tecla.transcription.level import NOMINAL_DB, SILENCE_DB, Summit, block_power, loud_part_of, passage_db
from tecla.transcription.network import Activations, Network, find_weights
from tecla.weights.session import Device

Offsets = Literal["key", "sounding"]
Blocks = Callable[[], Iterable[NDArray[np.float32]]]

_KEPT_SAMPLES: Final = 15 * 60 * SAMPLE_RATE  # 58 MB
_CONTEXT_FRAMES: Final = 10  # activations kept before the first onset still to decode
_SHORTEST_NOTE_SEC: Final = 0.02
_RELEASE_BEFORE_RESTRIKE_SEC: Final = 0.005
# Dampers reach the strings before a player piano's pedal counts as up, by 30 to 75 ms (medians of takes); on sampled pianos at once.
_PEDAL_RELEASE_SHIFT_SEC: Final = 0.03


class Transcriber:
    """A network, how to read it, how far to believe it, and how its velocities lie in a take."""

    def __init__(
        self,
        network: Network,
        config: DecodeConfig | None = None,
        calibration: Calibration | None = None,
        dynamics: Dynamics | None = None,
    ) -> None:
        self.network, self.config, self.calibration = network, config or DecodeConfig(), calibration or Calibration()
        self.dynamics = dynamics

    @classmethod
    def load(cls, model: str = "default", threads: int = 0, device: Device = "cpu") -> Transcriber:
        """Shipped weights by name, or an .onnx file; `threads` 0 uses every core.

        Raises:
            OptionError: no such model, or no GPU for it. InputError: the file is no network, or its card is damaged.
            MissingExtraError: a GPU is asked for, and onnxruntime knows none.
        """
        weights = find_weights(model)
        return cls(Network(weights, threads, device), load_reading(weights), load_calibration(weights), load_dynamics(weights))

    def transcribe(
        self,
        blocks: Blocks,
        on_progress: Callable[[float], None] | None = None,
        offsets: Offsets = "key",
        a4_hz: float | None = None,
        on_tuning: Callable[[float], None] | None = None,
    ) -> Performance:
        """What was played. Empty if nothing can be heard.

        Args:
            blocks: gives (N,) float32 stretches of mono audio at 16 kHz, none of which it changes later; called once for level and tuning,
                and once more for the notes if the sound is long.
            on_progress: called with the seconds heard so far.
            offsets: "key" ends notes at key-up, with the pedal beside them; "sounding" where the string falls silent, without.
            a4_hz: what the A above middle C sounds at; None to find out, by the nearest key.
            on_tuning: called once, with that frequency.
        """
        summit, pitch, sound = Summit(), ConcertPitch(), _Rehearing(blocks)
        power = block_power(pitch.watch(summit.watch(sound.first())))
        level_db = loud_part_of(power)
        if level_db < SILENCE_DB:
            return Performance()
        a4_hz = pitch.a4_hz if a4_hz is None else a4_hz
        if on_tuning is not None:
            on_tuning(a4_hz)
        factor = stretch(a4_hz)
        gain = np.float32(10 ** ((NOMINAL_DB - level_db) / 20))
        lead = -round(summit.sample * factor) % HOP_SAMPLES
        parts, pedals = [], []
        for notes, pedal in self._pieces(block * gain for block in chain([np.zeros(lead, np.float32)], stretched(sound.again(), factor))):
            parts.append(notes)
            pedals.append(pedal)
            if on_progress is not None:
                on_progress(sum(map(len, pedals)) / FRAME_RATE / factor)
        notes = _placed(join(parts), lead / HOP_SAMPLES, factor)
        down_up = (decode_pedal(np.concatenate(pedals), self.config) - lead / HOP_SAMPLES) / factor
        notes = replace(notes, confidence=self.calibration(notes.confidence))
        if self.dynamics is not None:
            loudness_db = passage_db(power, frames_to_sec(notes.onset))
            notes = replace(notes, velocity=self.dynamics(notes.velocity, loudness_db, notes.key_index))
        notes = replace(notes, velocity=even_keys(notes.velocity, frames_to_sec(notes.onset), notes.key_index))
        return perform(notes, mend_pedal(frames_to_sec(down_up)), offsets, _PEDAL_RELEASE_SHIFT_SEC)

    def _pieces(self, blocks: Iterator[NDArray[np.float32]]) -> Iterator[tuple[DecodedNotes, NDArray[np.float32]]]:
        """Notes as soon as all they need was heard, with times in frames of the whole sound; and the pedals' activations."""
        kept, begin, decoded = stack([]), 0, 0  # `kept` starts at frame `begin`; onsets before `decoded` are done
        for heard in self.network.stream(blocks):
            kept = stack([kept, Activations(heard.keys, heard.pedals)])
            ready = begin + len(kept.keys) - LONGEST_NOTE_FRAMES - _CONTEXT_FRAMES
            notes = decode_notes(kept.keys, self.config, decoded - begin, max(decoded, ready) - begin)
            yield _placed(notes, -begin), heard.pedals
            decoded = max(decoded, ready)
            forget = max(0, decoded - _CONTEXT_FRAMES - begin)
            kept, begin = Activations(kept.keys[forget:], kept.pedals[forget:]), begin + forget
        yield _placed(decode_notes(kept.keys, self.config, decoded - begin), -begin), np.zeros((0, 4), np.float32)


class _Rehearing:
    """Sound that is heard twice: kept from the first time if it is short, else decoded anew."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._kept: list[NDArray[np.float32]] | None = None

    def first(self) -> Iterator[NDArray[np.float32]]:
        kept: list[NDArray[np.float32]] = []
        samples = 0
        for block in self._blocks():
            samples += len(block)
            if samples <= _KEPT_SAMPLES:
                kept.append(block)
            else:
                kept.clear()
            yield block
        if samples <= _KEPT_SAMPLES:
            self._kept = kept

    def again(self) -> Iterable[NDArray[np.float32]]:
        return self._blocks() if self._kept is None else self._kept


def perform(notes: DecodedNotes, pedal_sec: NDArray[np.float64], offsets: Offsets, release_shift_sec: float = 0.0) -> Performance:
    """Decoded notes and mended pedal intervals -> Performance in which they agree; releases are written so much later."""
    order = np.lexsort((notes.onset, notes.key_index))
    onset = np.maximum(frames_to_sec(notes.onset[order]), 0.0)
    key_up, silent = frames_to_sec(notes.key_up[order]), frames_to_sec(notes.sounding_end[order])
    same_key = np.append(np.diff(notes.key_index[order]) == 0, False)[: len(onset)]
    limit = np.where(same_key, np.append(onset[1:], 0.0)[: len(onset)] - _RELEASE_BEFORE_RESTRIKE_SEC, np.inf)
    end = mend_key_up(onset, key_up, silent, limit, pedal_sec) if offsets == "key" else np.minimum(silent, limit)
    end = np.minimum(np.maximum(end, onset + _SHORTEST_NOTE_SEC), np.maximum(limit, onset))
    velocity = np.clip(np.round(notes.velocity[order] * 127), 1, 127)
    controls = (
        [move for down, up in release_later(pedal_sec, release_shift_sec) for move in ((down, SUSTAIN, 127), (up, SUSTAIN, 0))]
        if offsets == "key"
        else []
    )
    pitch = key_index_to_pitch(notes.key_index[order])
    return Performance.from_arrays(onset, end, pitch, velocity, np.clip(notes.confidence[order], 0, 1), controls)


def join(parts: list[DecodedNotes]) -> DecodedNotes:
    """Notes of consecutive pieces as one."""
    if not parts:
        return DecodedNotes(np.zeros(0, np.intp), *(np.zeros(0) for _ in range(5)))
    return DecodedNotes(*(np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])))


def _placed(notes: DecodedNotes, lead: float, factor: float = 1.0) -> DecodedNotes:
    """Notes of a sound that began `lead` frames late and was `factor` times too long, where they were played."""
    onset, key_up, silent = ((frames - lead) / factor for frames in (notes.onset, notes.key_up, notes.sounding_end))
    return DecodedNotes(notes.key_index, onset, key_up, silent, notes.velocity, notes.confidence)
